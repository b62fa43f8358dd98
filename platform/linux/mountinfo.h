/* What /proc tells about mounts: where they are and who uses them. */
#ifndef WCL_PLATFORM_LINUX_MOUNTINFO_H
#define WCL_PLATFORM_LINUX_MOUNTINFO_H

#include <wcl/base.h>

/* One mount, as proc(5) has it, with its escapes undone. */
typedef struct wcl_mount_line {
    unsigned major, minor; /* of the file system */
    char *root;            /* the folder of it that is mounted */
    char *point;
    char *attributes; /* "ro,nosuid" and so on, of the mount */
    char *type;
    char *source;
    char *options; /* of the file system */
} wcl_mount_line;

/* Calls `visit` for each line of a process's mountinfo until it returns false. A file that is gone
 * has none. False where this process lacks what it takes to read them all. */
bool wcl_mountinfo_each(const char *file, bool (*visit)(void *context, wcl_mount_line *mount),
                        void *context);

/* Whether the open file is the root of a mount. */
bool wcl_mountinfo_is_mounted(int fd);

/* Processes with a file or folder beneath `path` open, as "NAME (PID), ..."; "" if none is found.
 */
void wcl_mountinfo_users(const char *path, char *text, size_t size);

/* The number of this process's mount namespace; 0 where it cannot be told. */
uint64_t wcl_mountinfo_namespace(void);

/*
 * Whether a mount of this source is in use in a place other than `path`: somewhere else in this
 * process's mount namespace, or as the root of any other. All else that other namespaces have of it
 * are copies, which they got by being made and which end with the originals or are nobody's; but
 * for `path` in the namespace `maker`, unless that is this process's. Who uses it is put into
 * `text`.
 */
bool wcl_mountinfo_is_elsewhere(const char *source, const char *path, uint64_t maker, char *text,
                                size_t size);

#endif
