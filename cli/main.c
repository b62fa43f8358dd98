/* The wcl program. */
#include <stdio.h>
#include <wcl/base.h>

int main(void)
{
    printf("wcl %s\n", wcl_version());
    return 0;
}
