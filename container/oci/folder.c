/* Where the portable provider keeps containers. */
#include "container/oci/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "base/json.h"
#include "container/oci/protocol.h"

#define DEFAULT_RUN_DIR "/run/wcl"
#define DEFAULT_HOME "/var/lib/wcl"
#define DEFAULT_RUNTIME "runc"
#define SUPERVISOR_NAME "wcl-supervisor"
#define TEARDOWN_NAME "wcl-container-teardown"
#define FILE_LIMIT (4 * 1024 * 1024)

static const char *choose(const char *option, const char *variable, const char *otherwise)
{
    if (option && *option)
        return option;
    const char *value = getenv(variable);
    return value && *value ? value : otherwise;
}

static char *join(const char *folder, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* The installed program, or the one beside which the library was built. */
static char *find_program(const char *chosen, const char *name)
{
    if (*chosen) {
        const char *slash = strrchr(chosen, '/');
        char *path;
        int length = slash ? (int)(slash - chosen) : 1;
        return asprintf(&path, "%.*s/%s", length, slash ? chosen : ".", name) < 0 ? NULL : path;
    }
    char *installed = join(WCL_LIBEXEC_DIR, name);
    if (!installed || access(installed, X_OK) == 0)
        return installed;
    free(installed);
    return join(WCL_BUILD_LIBEXEC_DIR, name);
}

static wcl_status folder_fill(wcl_container_folder *place, const wcl_container_options *options,
                              const char *id, wcl_error *error)
{
    const char *run_dir = choose(options ? options->run_dir : NULL, "WCL_RUN", DEFAULT_RUN_DIR);
    const char *supervisor = choose(options ? options->supervisor : NULL, "WCL_SUPERVISOR", "");
    char resolved[PATH_MAX];

    WCL_CLEANUP_FREE char *wanted = join(run_dir, "containers");
    if (!wanted)
        return wcl_fail_memory(error);
    if (wcl_durable_make_folders(AT_FDCWD, wanted, 0755, 0700, error) != WCL_OK)
        return WCL_FAILED;
    if (!realpath(wanted, resolved))
        return wcl_fail_errno(error, errno, "cannot use the folder '%s' for running containers",
                              wanted);
    place->run_dir = strdup(resolved);
    place->path = id ? join(resolved, id) : NULL;
    place->runtime =
        strdup(choose(options ? options->runtime : NULL, "WCL_RUNTIME", DEFAULT_RUNTIME));
    place->supervisor = *supervisor ? strdup(supervisor) : find_program("", SUPERVISOR_NAME);
    place->teardown = find_program(supervisor, TEARDOWN_NAME);
    place->network_dir = options && options->network_dir && *options->network_dir
                             ? strdup(options->network_dir)
                             : join(choose(NULL, "WCL_HOME", DEFAULT_HOME), "hns");
    if (!place->run_dir || (id && !place->path) || !place->runtime || !place->supervisor ||
        !place->teardown || !place->network_dir)
        return wcl_fail_memory(error);
    return WCL_OK;
}

wcl_status wcl_container_folder_init(wcl_container_folder *place,
                                     const wcl_container_options *options, const char *id,
                                     wcl_error *error)
{
    memset(place, 0, sizeof(*place));
    if (folder_fill(place, options, id, error) == WCL_OK)
        return WCL_OK;
    wcl_container_folder_free(place);
    return WCL_FAILED;
}

wcl_status wcl_container_folder_sibling(const wcl_container_folder *place, const char *id,
                                        wcl_container_folder *sibling, wcl_error *error)
{
    *sibling = (wcl_container_folder) { .run_dir = strdup(place->run_dir),
                                        .path = join(place->run_dir, id),
                                        .runtime = strdup(place->runtime),
                                        .supervisor = strdup(place->supervisor),
                                        .teardown = strdup(place->teardown),
                                        .network_dir = strdup(place->network_dir) };
    if (sibling->run_dir && sibling->path && sibling->runtime && sibling->supervisor &&
        sibling->teardown && sibling->network_dir)
        return WCL_OK;
    wcl_container_folder_free(sibling);
    return wcl_fail_memory(error);
}

void wcl_container_folder_free(wcl_container_folder *place)
{
    free(place->run_dir);
    free(place->path);
    free(place->runtime);
    free(place->supervisor);
    free(place->teardown);
    free(place->network_dir);
    memset(place, 0, sizeof(*place));
}

bool wcl_container_folder_is_current(const wcl_container_folder *place, int folder)
{
    struct stat named, opened;

    return stat(place->path, &named) == 0 && fstat(folder, &opened) == 0 &&
           named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

bool wcl_container_folder_lock(int folder)
{
    return flock(folder, LOCK_EX | LOCK_NB) == 0;
}

wcl_container_folder_state wcl_container_folder_examine(const wcl_container_folder *place,
                                                        int *folder)
{
    *folder = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return WCL_CONTAINER_FOLDER_ABSENT;
    if (flock(*folder, LOCK_SH | LOCK_NB) < 0)
        return WCL_CONTAINER_FOLDER_TENDED;
    flock(*folder, LOCK_UN);
    if (!wcl_container_folder_is_current(place, *folder)) {
        close(*folder);
        *folder = -1;
        return WCL_CONTAINER_FOLDER_ABSENT;
    }
    return faccessat(*folder, WCL_SUPERVISOR_SOCKET, F_OK, 0) == 0 ? WCL_CONTAINER_FOLDER_LOST
                                                                   : WCL_CONTAINER_FOLDER_STALE;
}

wcl_status wcl_container_folder_write(int folder, const char *name, const char *text,
                                      wcl_error *error)
{
    return wcl_durable_write(folder, name, text, strlen(text), 0600, error);
}

wcl_status wcl_container_folder_read(int folder, const char *name, wcl_buffer *text,
                                     wcl_error *error)
{
    WCL_CLEANUP_FD int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = 1;

    if (fd < 0 && errno == ENOENT)
        return WCL_END;
    while (fd >= 0 && got > 0 && text->size <= FILE_LIMIT) {
        if (wcl_buffer_reserve(text, 16384, error) != WCL_OK)
            return WCL_FAILED;
        got = read(fd, text->data + text->size, 16384);
        if (got > 0)
            text->size += (size_t)got;
        text->data[text->size] = 0;
    }
    if (fd < 0 || got < 0)
        return wcl_fail_errno(error, errno, "cannot read the file '%s'", name);
    return WCL_OK;
}

wcl_status wcl_container_folder_read_json(int folder, const char *name, cJSON **json,
                                          wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_status status = wcl_container_folder_read(folder, name, &text, error);

    if (status == WCL_END)
        return wcl_fail_errno(error, ENOENT, "cannot read the file '%s'", name);
    if (status != WCL_OK)
        return WCL_FAILED;
    return wcl_json_parse((const char *)text.data, text.size, FILE_LIMIT, json, error);
}
