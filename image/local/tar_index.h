/* The index of a tar that lies in a file: where in it each file's bytes are. */
#ifndef WCL_IMAGE_TAR_INDEX_H
#define WCL_IMAGE_TAR_INDEX_H

#include <wcl/base.h>

typedef struct wcl_tar_member {
    char *name;   /* without "./" in front and "/" behind */
    char *target; /* of a link: another member's name; NULL for a file */
    uint64_t offset;
    uint64_t size;
} wcl_tar_member;

typedef struct wcl_tar_index {
    wcl_tar_member *members; /* in the order of their names; of several of one name the last */
    size_t count;
    size_t capacity;
} wcl_tar_index;

/* Goes through the headers of the tar that `fd` holds, of `size` bytes. `hooks` may be NULL. */
wcl_status wcl_tar_index_read(int fd, uint64_t size, const wcl_hooks *hooks, wcl_tar_index *index,
                              wcl_error *error);
void wcl_tar_index_free(wcl_tar_index *index);

/* The file of that name, through links; NULL where there is none. */
const wcl_tar_member *wcl_tar_index_find(const wcl_tar_index *index, const char *name);

#endif
