/* Writing a file beside its name and renaming it in the end. */
#include "layer/tar/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/host_path.h"

struct wcl_new_file {
    int file;
    char *name;      /* NULL for standard output */
    char *temporary; /* NULL once it has been renamed */
};

static wcl_status make_temporary(wcl_new_file *file, wcl_error *error)
{
    const char *slash = strrchr(file->name, '/');
    int folder_size = slash ? (int)(slash + 1 - file->name) : 0;
    wcl_guid guid;
    char suffix[37];

    if (wcl_guid_random(&guid, error) != WCL_OK)
        return WCL_FAILED;
    wcl_guid_format(&guid, suffix);
    if (asprintf(&file->temporary, "%.*s.wcl-%s", folder_size, file->name, suffix) < 0) {
        file->temporary = NULL;
        return wcl_fail_memory(error);
    }
    file->file = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->file < 0) {
        int number = errno;
        free(file->temporary);
        file->temporary = NULL;
        return wcl_fail_errno(error, number, "the file cannot be made");
    }
    return WCL_OK;
}

wcl_status wcl_new_file_open(const char *name, wcl_new_file **file, wcl_error *error)
{
    wcl_new_file *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->file = STDOUT_FILENO;
    if (strcmp(name, "-") != 0) {
        made->name = wcl_host_path(name);
        if (!made->name || make_temporary(made, error) != WCL_OK) {
            if (!made->name)
                wcl_fail_memory(error);
            wcl_new_file_free(made);
            return WCL_FAILED;
        }
    }
    *file = made;
    return WCL_OK;
}

wcl_status wcl_new_file_write(void *context, const void *data, size_t size, wcl_error *error)
{
    wcl_new_file *file = context;
    return wcl_write_fd(&file->file, data, size, error);
}

wcl_status wcl_new_file_finish(wcl_new_file *file, wcl_error *error)
{
    if (!file->name)
        return WCL_OK;
    int result = close(file->file);
    file->file = -1;
    if (result != 0)
        return wcl_fail_errno(error, errno, "writing the file");
    if (rename(file->temporary, file->name) != 0)
        return wcl_fail_errno(error, errno, "giving the file its name '%s'", file->name);
    free(file->temporary);
    file->temporary = NULL;
    return WCL_OK;
}

void wcl_new_file_free(wcl_new_file *file)
{
    if (!file)
        return;
    if (file->name && file->file >= 0)
        close(file->file);
    if (file->temporary) {
        unlink(file->temporary);
        free(file->temporary);
    }
    free(file->name);
    free(file);
}
