/* readdir() that fails when it is told to, as it does where a disk cannot be read. */
#include "tests/tools/broken_listing.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/types.h>

int names_before_failure = -1;

/* Stands in for the C library's. */
struct dirent *readdir(DIR *listing)
{
    static struct dirent *(*real)(DIR *);

    if (names_before_failure >= 0 && names_before_failure-- == 0) {
        errno = EIO;
        return NULL;
    }
    if (!real) {
        void *found = dlsym(RTLD_NEXT, sizeof(off_t) == 8 ? "readdir64" : "readdir");
        memcpy(&real, &found, sizeof(real));
    }
    return real(listing);
}
