/* Opening what a LAYER argument names. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
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

static wcl_status cli_source_open_tar(cli *cli, const char *file, const cli_limits *limits,
                                      wcl_layer_reader **reader, wcl_error *error)
{
    wcl_tar_reader_options options = { .struct_size = sizeof(options),
                                       .max_size = limits->max_size,
                                       .max_entries = limits->max_entries,
                                       .max_ratio = limits->max_ratio };
    struct stat info;

    /* Read again where that is possible: what is looked for is found in two passes. */
    static off_t start = -1;
    if (strcmp(file, "-") == 0 && start < 0)
        start = lseek(STDIN_FILENO, 0, SEEK_CUR);
    else if (strcmp(file, "-") == 0)
        lseek(STDIN_FILENO, start, SEEK_SET);
    static cli_input stalling;
    stalling.fd = cli_open_stalling(file);
    wcl_status status = stalling.fd >= 0
                            ? wcl_tar_reader_open(cli_read, &stalling, &options, reader, error)
                            : wcl_tar_reader_open_file(file, &options, reader, error);
    if (status != WCL_OK)
        return WCL_FAILED;
    bool sized = strcmp(file, "-") != 0 && stat(file, &info) == 0 && S_ISREG(info.st_mode);
    cli_progress_source(cli, *reader, sized ? (uint64_t)info.st_size : 0);
    return WCL_OK;
}

static wcl_status cli_source_open_folder(const char *folder, const char *format,
                                         wcl_layer_reader **reader, wcl_error *error)
{
    if (format ? strcmp(format, "transport") == 0 : is_transport_folder(folder))
        return wcl_transport_reader_open(folder, reader, error);
    return wcl_dir_reader_open(folder, reader, error);
}

bool cli_is_layer(cli *cli, const char *id)
{
    wcl_driver driver = cli_driver(cli);
    bool exists = false;

    return wcl_layer_id_check(id, NULL) == WCL_OK &&
           wcl_layer_exists(&driver, id, &exists, NULL) == WCL_OK && exists;
}

char *cli_layer_id(cli *cli, const char *name, wcl_error *error)
{
    wcl_driver driver = cli_driver(cli);
    wcl_image_info *image = NULL;
    const char *found = NULL;
    char *id = NULL;

    if (cli_is_layer(cli, name))
        found = name;
    else if (wcl_image_get_info(&driver, name, &image, error) == WCL_OK && image->layer_count)
        found = image->layers[0];
    else if (image)
        wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the image has no layers");
    else if (error->code == WCL_CODE_FILE_NOT_FOUND || error->code == WCL_CODE_INVALID_NAME)
        wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no layer and no image of that name");
    else
        return NULL;
    if (found && !(id = strdup(found)))
        wcl_fail_memory(error);
    if (!id)
        wcl_error_context(error, NULL, name);
    wcl_free(image);
    return id;
}

static wcl_status open_layer_or_image(cli *cli, const char *name, wcl_layer_reader **reader,
                                      wcl_error *error)
{
    wcl_driver driver = cli_driver(cli);
    char *id = cli_layer_id(cli, name, error);

    if (!id)
        return WCL_FAILED;
    wcl_status status =
        wcl_layer_reader_open(&driver, id, (wcl_parents) { NULL, 0 }, reader, error);
    free(id);
    return status;
}

bool cli_is_stored(cli *cli, const char *layer)
{
    struct stat info;

    if (strcmp(layer, "-") == 0)
        return false;
    /* An id wins over a file of that name in the working folder, unless a path was written. */
    if (!strchr(layer, '/') && cli_is_layer(cli, layer))
        return true;
    return stat(layer, &info) != 0 && strchr("./", layer[0]) == NULL;
}

wcl_status cli_open_layer_limited(cli *cli, const char *layer, const char *format,
                                  const cli_limits *limits, wcl_layer_reader **reader,
                                  wcl_error *error)
{
    struct stat info;

    if (!format && cli_is_stored(cli, layer))
        return open_layer_or_image(cli, layer, reader, error);

    bool found = strcmp(layer, "-") != 0 && stat(layer, &info) == 0;
    if (format ? strcmp(format, "oci") == 0
               : strcmp(layer, "-") == 0 || (found && !S_ISDIR(info.st_mode)))
        return cli_source_open_tar(cli, layer, limits, reader, error);
    return cli_source_open_folder(layer, format, reader, error);
}

bool cli_is_tar(cli *cli, const char *layer)
{
    struct stat info;

    if (strcmp(layer, "-") == 0)
        return true;
    return (strchr(layer, '/') || !cli_is_layer(cli, layer)) && stat(layer, &info) == 0 &&
           S_ISREG(info.st_mode);
}

wcl_status cli_open_layer(cli *cli, const char *layer, const char *format,
                          wcl_layer_reader **reader, wcl_error *error)
{
    const cli_limits usual = { .max_size = 0 };

    return cli_open_layer_limited(cli, layer, format, &usual, reader, error);
}
