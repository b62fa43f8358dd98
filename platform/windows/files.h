/*
 * Files of layers as Windows has them: by long paths, opened for backup, never through a link.
 * Paths are UTF-8 (WTF-8); a long path is absolute and begins with \\?\, so that names of any
 * length and shape reach the file system as they are.
 */
#ifndef WCL_PLATFORM_WINDOWS_FILES_H
#define WCL_PLATFORM_WINDOWS_FILES_H

#include "base/buffer.h"
#include "platform/windows/vmcompute.h"

/* The long path of any path; wcl_free(). NULL after a failure. */
char *wcl_long_path(const char *path, wcl_error *error);

/* The long path of `path`, relative with forward slashes, in the long path `folder`. */
char *wcl_long_join(const char *folder, const char *path, wcl_error *error);

/* What a file is opened for. */
typedef enum wcl_open_mode {
    WCL_OPEN_PLAIN,   /* an existing one, to be read */
    WCL_OPEN_READ,    /* an existing one, to be read with its security */
    WCL_OPEN_RESTORE, /* an existing file or folder, to be written with its security */
    WCL_CREATE,       /* a new file, to be written with its security */
    WCL_CREATE_PLAIN, /* a new file, to be written */
    WCL_OPEN_TIMES,   /* an existing folder, to set its times */
} wcl_open_mode;

/* Opens it with backup semantics, a link itself and not its target. `*file` is a HANDLE. */
wcl_status wcl_file_open(const char *path, wcl_open_mode mode, void **file, wcl_error *error);
void wcl_file_close(void *file); /* NULL is allowed */

wcl_status wcl_file_get_info(void *file, wcl_vm_file_info *info, wcl_error *error);
wcl_status wcl_file_set_info(void *file, const wcl_vm_file_info *info, wcl_error *error);
/* The whole of a file, of at most `limit` bytes; WCL_END where there is none. */
wcl_status wcl_file_read_all(const char *path, size_t limit, wcl_buffer *data, wcl_error *error);
wcl_status wcl_file_write(void *file, const void *data, size_t size, wcl_error *error);

/* `*attributes` of a file or link; WCL_END where there is none. */
wcl_status wcl_file_attributes(const char *path, uint32_t *attributes, wcl_error *error);

/* A folder that exists already is an error unless `may_exist`. */
wcl_status wcl_folder_make(const char *path, bool may_exist, wcl_error *error);

/* Makes `path` another name of `target`, in the place of a file that is there. */
wcl_status wcl_file_link(const char *path, const char *target, wcl_error *error);

/* Removes a file, or a folder with all that is in it; links are removed, not followed. What is not
 * there is no error. */
wcl_status wcl_file_remove(const char *path, wcl_error *error);

/* The names in a folder, one behind the other, each with its NUL, and an empty one at the end;
 * wcl_free(). NULL after a failure. */
char *wcl_folder_names(const char *path, wcl_error *error);

/* A new empty folder for temporary files, by its ordinary path; wcl_free(). */
char *wcl_folder_temporary(wcl_error *error);

/*
 * Whether the folders that lead to `path` in the long path `root` are folders and not links, so
 * that what is made there stays in `root`. `*checked` remembers the folder that was checked last;
 * it begins as NULL and is freed with wcl_free().
 */
wcl_status wcl_check_folders(const char *root, const char *path, char **checked, wcl_error *error);

#endif
