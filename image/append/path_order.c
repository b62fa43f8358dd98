/* The order of paths in a layer. */
#include "image/append/source.h"

/* Where a character sorts: the end of a path first, then the slash, then all others. */
static int rank(char character)
{
    if (character == '\0')
        return 0;
    return character == '/' ? 1 : (unsigned char)character + 1;
}

int wcl_append_path_compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return rank(*a) - rank(*b);
}
