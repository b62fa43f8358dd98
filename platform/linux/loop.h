/* Loop devices: files as block devices. Each detaches itself when its last user lets go of it. */
#ifndef WCL_PLATFORM_LINUX_LOOP_H
#define WCL_PLATFORM_LINUX_LOOP_H

#include <wcl/base.h>

typedef struct wcl_loop_options {
    bool read_only;
    bool direct;         /* past the page cache of the file, where its file system can do that */
    uint32_t block_size; /* 512 to 4096 */
} wcl_loop_options;

#define WCL_LOOP_PATH_SIZE 32

/*
 * Attaches a file to a free loop device and opens that. The device keeps the open file description
 * of `file`, and so a flock() on it, for as long as it is attached.
 */
wcl_status wcl_loop_attach(int file, const wcl_loop_options *options, int *device,
                           char path[WCL_LOOP_PATH_SIZE], wcl_error *error);

/* The name ("loop0") of the device that holds the file system of the open file `fd`. */
wcl_status wcl_loop_name_of(int fd, char name[256], wcl_error *error);

/* Opens the device that holds the file system of the open file `fd`. */
wcl_status wcl_loop_open_of(int fd, int *device, wcl_error *error);

/* Makes the device as large as its file has become. */
wcl_status wcl_loop_refresh(int device, wcl_error *error);

#endif
