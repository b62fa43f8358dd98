/* Opening what a LAYER argument names. */
#include <stdlib.h>
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

static void set_error(wcl_error *error, uint32_t code, const char *subject, const char *message)
{
    *error = (wcl_error)WCL_ERROR_INIT;
    error->code = code;
    snprintf(error->subject, sizeof(error->subject), "%s", subject);
    snprintf(error->message, sizeof(error->message), "%s", message);
}

bool cli_is_layer(cli *cli, const char *id)
{
    wcl_driver driver = cli_driver(cli);
    bool exists = false;

    return wcl_layer_id_check(id, NULL) == WCL_OK &&
           wcl_layer_exists(&driver, id, &exists, NULL) == WCL_OK && exists;
}

static char *keep_id(const char *id, const char *name, wcl_error *error)
{
    char *kept = strdup(id);

    if (!kept)
        set_error(error, WCL_CODE_OUT_OF_MEMORY, name, "out of memory");
    return kept;
}

char *cli_layer_id(cli *cli, const char *name, wcl_error *error)
{
    wcl_driver driver = cli_driver(cli);
    wcl_image_info *image = NULL;
    char *id = NULL;

    if (cli_is_layer(cli, name))
        return keep_id(name, name, error);
    if (wcl_image_get_info(&driver, name, &image, error) == WCL_OK) {
        if (image->layer_count)
            id = keep_id(image->layers[0], name, error);
        else
            set_error(error, WCL_CODE_INVALID_PARAMETER, name, "the image has no layers");
    } else if (error->code == WCL_CODE_FILE_NOT_FOUND || error->code == WCL_CODE_INVALID_NAME) {
        set_error(error, WCL_CODE_FILE_NOT_FOUND, name,
                  "there is no layer and no image of that name");
    }
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

wcl_status cli_open_layer_limited(cli *cli, const char *layer, const char *format,
                                  const cli_limits *limits, wcl_layer_reader **reader,
                                  wcl_error *error)
{
    struct stat info;
    bool found = strcmp(layer, "-") != 0 && stat(layer, &info) == 0;

    /* An id wins over a file of that name in the working folder, unless a path was written. */
    if (!format && !strchr(layer, '/') && cli_is_layer(cli, layer))
        return open_layer_or_image(cli, layer, reader, error);
    if (!format && !found && strcmp(layer, "-") != 0 && strchr("./", layer[0]) == NULL)
        return open_layer_or_image(cli, layer, reader, error);

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
    const cli_limits usual = { .size = NULL };

    return cli_open_layer_limited(cli, layer, format, &usual, reader, error);
}
