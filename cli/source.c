/* Opening what a LAYER argument names. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static bool exists_in(const char *folder, const char *name)
{
    char path[4096];
    struct stat info;

    return snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path) &&
           lstat(path, &info) == 0;
}

/* A transport folder has the sibling of its Files folder, or at least the list of tombstones. */
static bool is_transport_folder(const char *folder)
{
    return exists_in(folder, "Files.$wcidirs$") || exists_in(folder, "tombstones.txt");
}

static wcl_status open_tar(cli *cli, const char *file, uint64_t max_size, wcl_layer_reader **reader,
                           wcl_error *error)
{
    wcl_tar_reader_options options = { .struct_size = sizeof(options), .max_size = max_size };
    struct stat info;

    static cli_input standard_input = { STDIN_FILENO };
    wcl_status status =
        strcmp(file, "-") == 0
            ? wcl_tar_reader_open(cli_read, &standard_input, &options, reader, error)
            : wcl_tar_reader_open_file(file, &options, reader, error);
    if (status != WCL_OK)
        return WCL_FAILED;
    bool sized = strcmp(file, "-") != 0 && stat(file, &info) == 0 && S_ISREG(info.st_mode);
    cli_progress_source(cli, *reader, sized ? (uint64_t)info.st_size : 0);
    return WCL_OK;
}

static wcl_status open_folder(const char *folder, const char *format, wcl_layer_reader **reader,
                              wcl_error *error)
{
    if (format ? strcmp(format, "transport") == 0 : is_transport_folder(folder))
        return wcl_transport_reader_open(folder, reader, error);
    return wcl_dir_reader_open(folder, reader, error);
}

/* Looks without making a home where there is none. */
static bool is_layer(const wcl_driver *driver, const char *id)
{
    struct stat info;
    bool exists = false;

    return stat(driver->home_dir, &info) == 0 && wcl_layer_id_check(id, NULL) == WCL_OK &&
           wcl_layer_exists(driver, id, &exists, NULL) == WCL_OK && exists;
}

wcl_status cli_open_layer_limited(cli *cli, const char *layer, const char *format,
                                  uint64_t max_size, wcl_layer_reader **reader, wcl_error *error)
{
    struct stat info;
    bool found = strcmp(layer, "-") != 0 && stat(layer, &info) == 0;
    wcl_driver driver = cli_driver(cli);

    /* An id wins over a file of that name in the working folder, unless a path was written. */
    if (!format && !strchr(layer, '/') && is_layer(&driver, layer))
        return wcl_layer_reader_open(&driver, layer, (wcl_parents) { NULL, 0 }, reader, error);

    if (format ? strcmp(format, "oci") == 0
               : strcmp(layer, "-") == 0 || (found && !S_ISDIR(info.st_mode)))
        return open_tar(cli, layer, max_size, reader, error);
    return open_folder(layer, format, reader, error);
}

wcl_status cli_open_layer(cli *cli, const char *layer, const char *format,
                          wcl_layer_reader **reader, wcl_error *error)
{
    return cli_open_layer_limited(cli, layer, format, 0, reader, error);
}
