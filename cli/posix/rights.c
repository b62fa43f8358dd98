/*
 * Commands that only read what they are given and write plain files do so without any capability of
 * root, so that a fault in reading a layer from outside gives no power over the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/posix/capabilities.h"

/* What the command line names. */
typedef struct named_paths {
    const char *inputs[64];
    size_t input_count;
    const char *outputs[4];
    size_t output_count;
} named_paths;

/* False where there are more than can be kept in mind. */
static bool add_input(named_paths *named, const char *path)
{
    if (!path || strcmp(path, "-") == 0)
        return true;
    if (named->input_count == sizeof(named->inputs) / sizeof(named->inputs[0]))
        return false;
    named->inputs[named->input_count++] = path;
    return true;
}

static void add_output(named_paths *named, const char *path)
{
    if (path && strcmp(path, "-") != 0)
        named->outputs[named->output_count++] = path;
}

static bool take_paths(const cli *cli, const cli_option *options, int argc, char **argv,
                       named_paths *named)
{
    bool all = true;

    for (; options && options->name; options++) {
        if (options->kind != CLI_OPTION_VALUE)
            continue;
        if (cli->command->needs == CLI_NEEDS_NO_RIGHTS_FOR_TARS &&
            strcmp(options->name, "to") == 0 && *options->value &&
            strcmp(*options->value, "dir") == 0)
            return false; /* what it makes has owners and is of all kinds */
        if (strcmp(options->name, "input") == 0 || strcmp(options->name, "ca") == 0)
            all = add_input(named, *options->value) && all;
        if (strcmp(options->name, "output") == 0 || strcmp(options->name, "html") == 0)
            add_output(named, *options->value);
    }
    if (cli->command->needs == CLI_NEEDS_NO_RIGHTS_FOR_TARS && argc > 2)
        add_output(named, argv[--argc]);
    for (int i = 1; i < argc; i++)
        all = add_input(named, argv[i]) && all;
    return all;
}

/* The nearest folder above a path that exists; `folder` has PATH_MAX bytes. */
static const char *folder_above(const char *path, char *folder)
{
    struct stat info;

    if (snprintf(folder, CLI_PATH_SIZE, "%s", path) >= CLI_PATH_SIZE)
        return NULL;
    for (;;) {
        char *slash = strrchr(folder, '/');
        if (!slash)
            return ".";
        slash[slash == folder] = '\0';
        if (stat(folder, &info) == 0 || errno != ENOENT || slash == folder)
            return folder;
    }
}

static bool may_write(const char *path)
{
    char folder[CLI_PATH_SIZE];
    const char *above = folder_above(path, folder);

    return above && faccessat(AT_FDCWD, above, W_OK | X_OK, AT_EACCESS) == 0 &&
           (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 || errno != EACCES);
}

/* Whether the home and what is in it are this user's own, or it can be made. */
static bool is_own_home(const char *home)
{
    struct stat info;

    if (stat(home, &info) == 0)
        return info.st_uid == geteuid() && (info.st_mode & 0700) == 0700;
    return errno == ENOENT && may_write(home);
}

/* What a sandbox holds has other owners and attributes that only root sees. */
static bool is_sandbox(const wcl_driver *driver, const char *id)
{
    wcl_layer_info *info = NULL;
    bool found =
        wcl_layer_get_info(driver, id, &info, NULL) == WCL_OK && strcmp(info->kind, "sandbox") == 0;

    wcl_free(info);
    return found;
}

static bool reads_sandbox(cli *cli, int argc, char **argv)
{
    wcl_driver driver = cli_driver(cli);
    bool found = false;
    char **ids = NULL;
    size_t count = 0;

    /* Whatever is asked, the home is opened, and with all rights cleared of what others left. */
    wcl_layer_exists(&driver, "clean", &found, NULL);
    found = false;
    for (int i = 1; i < argc && !found; i++)
        found = wcl_layer_id_check(argv[i], NULL) == WCL_OK && is_sandbox(&driver, argv[i]);
    if (argc == 1 && strcmp(cli->command->name, "verify") == 0 &&
        wcl_layer_list(&driver, &ids, &count, NULL) == WCL_OK)
        for (size_t i = 0; i < count && !found; i++)
            found = is_sandbox(&driver, ids[i]);
    wcl_free(ids);
    return found;
}

static capabilities_kept rights_for(const cli *cli, const named_paths *named)
{
    capabilities_kept rights = CAPABILITIES_NONE;
    struct stat info;

    if (!is_own_home(cli->home))
        return CAPABILITIES_ALL;
    for (size_t i = 0; i < named->input_count; i++) {
        if (faccessat(AT_FDCWD, named->inputs[i], R_OK, AT_EACCESS) != 0) {
            if (errno == EACCES)
                rights = CAPABILITIES_READ;
        } else if (stat(named->inputs[i], &info) != 0 || S_ISDIR(info.st_mode)) {
            return CAPABILITIES_ALL; /* what is in it may be anyone's */
        }
    }
    for (size_t i = 0; i < named->output_count; i++)
        if (!may_write(named->outputs[i]))
            return CAPABILITIES_ALL;
    return rights;
}

void cli_drop_rights(cli *cli, const cli_option *options, int argc, char **argv)
{
    named_paths named = { .input_count = 0 };

    if (cli->command->needs == CLI_NEEDS_ALL_RIGHTS || !capabilities_are_there() ||
        !take_paths(cli, options, argc, argv, &named))
        return;
    if (reads_sandbox(cli, argc, argv))
        return;
    capabilities_lower();
    capabilities_keep(rights_for(cli, &named));
}
