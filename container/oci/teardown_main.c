/*
 * wcl-container-teardown PATH: what a container's supervisor becomes when the container has stopped
 * and nobody holds a handle of it: gives back what it had and removes its folder.
 */
#include <stdio.h>

#include "container/oci/teardown.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("wcl-container-teardown is started by the wcl library, after each container\n",
              stderr);
        return 2;
    }
    return wcl_container_teardown(argv[1], true, NULL) == WCL_OK ? 0 : 1;
}
