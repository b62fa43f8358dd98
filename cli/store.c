/* import, export, create, expand, mount, unmount, remove, layers, diff, verify: the store. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "cli/bind.h"
#include "cli/commands.h"

/* ---- Parents -------------------------------------------------------------------------------- */

/*
 * The chain that -l names: one parent, a layer or an image, stands for itself and all of its own;
 * several are the chain as it is, nearest first. The texts belong to it or to the caller's list.
 */
typedef struct parent_chain {
    char *id;
    wcl_layer_info *info;
    const char **ids;
    wcl_parents parents;
} parent_chain;

static wcl_status make_chain(cli *cli, const wcl_driver *driver, const cli_list *named,
                             parent_chain *chain)
{
    *chain = (parent_chain) { .parents = { named->items, named->count } };
    if (named->count != 1)
        return WCL_OK;
    /* The path of a layer ends in its id. */
    const char *slash = strrchr(named->items[0], '/');
    const bool is_path = strchr("./", named->items[0][0]) != NULL;
    chain->id = cli_layer_id(cli, slash && is_path ? slash + 1 : named->items[0], &cli->error);
    if (!chain->id || wcl_layer_get_info(driver, chain->id, &chain->info, &cli->error) != WCL_OK)
        return WCL_FAILED;
    chain->ids = calloc(chain->info->parent_count + 1, sizeof(char *));
    if (!chain->ids) {
        cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "find parents", chain->id, "out of memory");
        return WCL_FAILED;
    }
    chain->ids[0] = chain->id;
    for (size_t i = 0; i < chain->info->parent_count; i++)
        chain->ids[i + 1] = chain->info->parents[i];
    chain->parents = (wcl_parents) { chain->ids, chain->info->parent_count + 1 };
    return WCL_OK;
}

static void free_chain(parent_chain *chain)
{
    wcl_free(chain->info);
    free(chain->ids);
    free(chain->id);
}

/* ---- import --------------------------------------------------------------------------------- */

static void print_import(cli *cli, const char *id, const wcl_import_result *result)
{
    const char *os = result->os == WCL_OS_WINDOWS ? "windows" : "linux";

    if (!cli->json) {
        if (!cli->quiet)
            printf("%s %s\n", cli_shown(id), result->diff_id);
        return;
    }
    json_out out = { .stream = stdout };
    json_begin(&out, NULL, '{');
    json_text(&out, "id", id);
    json_text(&out, "os", os);
    json_text(&out, "kind", result->kind);
    json_text(&out, "diff_id", result->diff_id);
    json_text(&out, "blob_digest", result->blob_digest);
    json_unsigned(&out, "size", result->size);
    json_unsigned(&out, "entries", result->entries);
    json_end(&out, '{');
}

static int import_from(cli *cli, const char *id, const char *tar, const wcl_driver *driver,
                       wcl_parents parents, const wcl_import_options *options)
{
    cli_input input = { STDIN_FILENO };
    wcl_import_result result = WCL_IMPORT_RESULT_INIT;
    struct stat info;

    if (tar && strcmp(tar, "-") != 0) {
        input.fd = open(tar, O_RDONLY | O_CLOEXEC);
        if (input.fd < 0)
            return cli_fail(cli, errno == ENOENT ? WCL_CODE_FILE_NOT_FOUND : WCL_CODE_IO, "import",
                            id, "cannot open '%s': %s", tar, strerror(errno));
        posix_fadvise(input.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    if (fstat(input.fd, &info) == 0 && S_ISREG(info.st_mode))
        cli_progress_total(cli, (uint64_t)info.st_size);
    wcl_status status =
        wcl_layer_import_tar(driver, id, parents, cli_read, &input, options, &result, &cli->error);
    cli_progress_done(cli);
    if (input.fd != STDIN_FILENO)
        close(input.fd);
    if (status != WCL_OK)
        return EXIT_FAILED;
    print_import(cli, id, &result);
    return 0;
}

int command_import(cli *cli, int argc, char **argv)
{
    cli_list named = { .items = NULL };
    const char *tar = NULL, *digest = NULL, *os = NULL;
    cli_limits limits = { .max_size = 0 };
    wcl_import_options options = { .struct_size = sizeof(options) };
    const cli_option table[] = {
        CLI_LIST("layer", 'l', "PARENT",
                 "the layer or image it stands on; several: all of the chain, nearest first",
                 &named),
        CLI_VALUE("input", 'i', "TAR", "the layer's tar (default: standard input)", &tar),
        CLI_VALUE("expect-digest", 0, "DIGEST", "refuse a tar or blob of another digest", &digest),
        CLI_VALUE("os", 0, "OS", "windows or linux (default: its parent's, or found out)", &os),
        CLI_TAR_LIMITS(limits),
        CLI_MEMORY_LIMIT(limits),
        CLI_END
    };
    parent_chain chain = { .info = NULL };

    int result = cli_parse(cli, table, &argc, argv, 1, 1, 0);
    if (!result && os && strcmp(os, "windows") != 0 && strcmp(os, "linux") != 0)
        result = cli_usage_error(cli, "--os must be windows or linux");
    if (!result) {
        wcl_driver driver = cli_driver(cli);
        options.expect_digest = digest;
        CLI_SET_LIMITS(&options, &limits);
        options.max_memory = limits.max_memory;
        options.os = !os ? WCL_OS_UNKNOWN : *os == 'w' ? WCL_OS_WINDOWS : WCL_OS_LINUX;
        result = cli_exit_code(make_chain(cli, &driver, &named, &chain));
        if (!result)
            result = import_from(cli, argv[1], tar, &driver, chain.parents, &options);
    }
    free_chain(&chain);
    cli_list_free(&named);
    return result;
}

/* ---- export --------------------------------------------------------------------------------- */

static wcl_status export_to(cli *cli, const char *id, const char *tar, const wcl_driver *driver,
                            const wcl_tar_writer_options *options)
{
    const wcl_parents none = { NULL, 0 };
    wcl_error *error = &cli->error;
    wcl_new_file *file = NULL;

    if (wcl_new_file_open(tar, &file, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        wcl_layer_export_tar(driver, id, none, wcl_write_fd, wcl_new_file_fd(file), options, error);
    cli_progress_done(cli);
    if (status == WCL_OK)
        status = wcl_new_file_finish(file, error);
    wcl_new_file_free(file);
    return status;
}

int command_export(cli *cli, int argc, char **argv)
{
    const char *tar = "-";
    cli_compression compression;
    wcl_tar_writer_options options = { .struct_size = sizeof(options) };
    cli_option table[2 + CLI_COMPRESSIONS] = {
        CLI_VALUE("output", 'o', "TAR", "where to (default: standard output)", &tar),
    };

    cli_compression_options(&compression, table);
    int result = cli_parse(cli, table, &argc, argv, 1, 1, 0);
    if (!result)
        result = cli_compression_read(cli, &compression, "", &options);
    if (result)
        return result;
    wcl_driver driver = cli_driver(cli);
    WCL_CLEANUP_FREE char *id = cli_layer_id(cli, argv[1], &cli->error);
    return id ? cli_exit_code(export_to(cli, id, tar, &driver, &options)) : EXIT_FAILED;
}

/* ---- create, expand, mount, unmount, remove ------------------------------------------------- */

int command_create(cli *cli, int argc, char **argv)
{
    cli_list named = { .items = NULL };
    uint64_t size = 0;
    const cli_option table[] = {
        CLI_LIST("layer", 'l', "PARENT",
                 "the layer or image it stands on; several: all of the chain", &named),
        CLI_SIZE("size", "the most that can be written to it, like 20G", 1, &size), CLI_END
    };
    parent_chain chain = { .info = NULL };

    int result = cli_parse(cli, table, &argc, argv, 1, 1, 0);
    if (!result && named.count == 0)
        result = cli_usage_error(cli, "a sandbox needs a parent (-l)");
    if (!result) {
        wcl_driver driver = cli_driver(cli);
        result = cli_exit_code(make_chain(cli, &driver, &named, &chain));
        if (!result)
            result = cli_exit_code(wcl_layer_create_sandbox(
                &driver, argv[1], chain.parents.paths[0], chain.parents, size, &cli->error));
    }
    free_chain(&chain);
    cli_list_free(&named);
    return result;
}

int command_expand(cli *cli, int argc, char **argv)
{
    uint64_t size;

    if (!cli_parse_size(argv[2], &size) || size == 0)
        return cli_usage_error(cli, "'%s' is not a size", argv[2]);
    wcl_driver driver = cli_driver(cli);
    return cli_exit_code(wcl_layer_expand_sandbox(&driver, argv[1], size, &cli->error));
}

static void print_mount(cli *cli, const char *id, const char *path)
{
    if (!cli->json) {
        printf("%s\n", path); /* not for people only: cd "$(wcl mount ID)" */
        return;
    }
    json_out out = { .stream = stdout };
    json_texts(&out, "id", id, "path", path);
}

static int mount_layer(cli *cli, const char *id, const char *target)
{
    const wcl_parents none = { NULL, 0 };
    WCL_CLEANUP_FREE char *path = NULL;

    wcl_driver driver = cli_driver(cli);
    if (wcl_layer_activate(&driver, id, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (wcl_layer_prepare(&driver, id, none, &cli->error) != WCL_OK) {
        wcl_layer_deactivate(&driver, id, NULL);
        return EXIT_FAILED;
    }
    if (wcl_layer_mount_path(&driver, id, &path, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (target && cli_bind_mount(cli, path, target) != 0) {
        wcl_layer_unprepare(&driver, id, NULL);
        wcl_layer_deactivate(&driver, id, NULL);
        return EXIT_FAILED;
    }
    print_mount(cli, id, target ? target : path);
    return 0;
}

int command_mount(cli *cli, int argc, char **argv)
{
    WCL_CLEANUP_FREE char *id = cli_layer_id(cli, argv[1], &cli->error);
    return id ? mount_layer(cli, id, argv[2]) : EXIT_FAILED;
}

static int unmount_layer(cli *cli, const char *id)
{
    WCL_CLEANUP_FREE char *path = NULL;

    wcl_driver driver = cli_driver(cli);
    if (wcl_layer_mount_path(&driver, id, &path, &cli->error) != WCL_OK ||
        cli_unbind_mounts(cli, path) != 0 ||
        wcl_layer_unprepare(&driver, id, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    return cli_exit_code(wcl_layer_deactivate(&driver, id, &cli->error));
}

int command_unmount(cli *cli, int argc, char **argv)
{
    WCL_CLEANUP_FREE char *id = cli_layer_id(cli, argv[1], &cli->error);
    return id ? unmount_layer(cli, id) : EXIT_FAILED;
}

int command_remove(cli *cli, int argc, char **argv)
{
    wcl_driver driver = cli_driver(cli);
    return cli_exit_code(wcl_layer_destroy(&driver, argv[1], &cli->error));
}

/* ---- layers ---------------------------------------------------------------------------------- */

static void json_layer(json_out *out, const wcl_layer_info *info)
{
    json_begin(out, NULL, '{');
    json_text(out, "id", info->id);
    json_text(out, "os", info->os);
    json_text(out, "kind", info->kind);
    json_begin(out, "parents", '[');
    for (size_t i = 0; i < info->parent_count; i++)
        json_text(out, NULL, info->parents[i]);
    json_end(out, '[');
    if (info->diff_id)
        json_text(out, "diff_id", info->diff_id);
    if (info->blob_digest)
        json_text(out, "blob_digest", info->blob_digest);
    if (info->media_type)
        json_text(out, "media_type", info->media_type);
    json_unsigned(out, "blob_size", info->blob_size);
    json_unsigned(out, "size", info->tar_size);
    json_unsigned(out, "data_size", info->data_size);
    json_unsigned(out, "entries", info->entries);
    json_unsigned(out, "limit", info->limit);
    json_number(out, "created", info->created);
    json_bool(out, "mounted", info->is_mounted);
    json_end(out, '{');
}

static void print_layer(const wcl_layer_info *info)
{
    printf("%-24s %-8s %-8s %14" PRIu64 " %10" PRIu64 " %s%s", cli_shown(info->id),
           cli_shown(info->os), cli_shown(info->kind), info->tar_size, info->entries,
           info->is_mounted ? "mounted " : "", info->parent_count ? "on " : "");
    for (size_t i = 0; i < info->parent_count; i++)
        printf("%s%s", i ? "," : "", cli_shown(info->parents[i]));
    printf("\n");
}

int command_layers(cli *cli, int argc, char **argv)
{
    char **ids = NULL;
    size_t count = 0;

    wcl_driver driver = cli_driver(cli);
    if (wcl_layer_list(&driver, &ids, &count, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    json_out out = { .stream = stdout };
    if (cli->json)
        json_begin(&out, NULL, '[');
    for (size_t i = 0; i < count; i++) {
        wcl_layer_info *info = NULL;
        /* One may be removed meanwhile. */
        if (wcl_layer_get_info(&driver, ids[i], &info, NULL) != WCL_OK)
            continue;
        if (cli->json)
            json_layer(&out, info);
        else
            print_layer(info);
        wcl_free(info);
    }
    if (cli->json)
        json_end(&out, '[');
    wcl_free(ids);
    return 0;
}

/* ---- diff ------------------------------------------------------------------------------------ */

typedef struct diff_output {
    cli *cli;
    json_out out;
} diff_output;

static wcl_status print_change(void *context, const char *path, wcl_change_kind kind,
                               wcl_error *error)
{
    static const char letters[] = "CAD";
    static const char *const words[] = { "modified", "added", "deleted" };
    diff_output *output = context;

    if (!output->cli->json) {
        printf("%c %s\n", letters[kind], cli_shown(path));
        return WCL_OK;
    }
    json_texts(&output->out, "path", path, "kind", words[kind]);
    return WCL_OK;
}

static int diff_layers(cli *cli, const char *id, const char *other)
{
    diff_output output = { cli, { .stream = stdout } };

    wcl_driver driver = cli_driver(cli);
    if (cli->json)
        json_begin(&output.out, NULL, '[');
    if (wcl_layer_changes(&driver, id, other, print_change, &output, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (cli->json)
        json_end(&output.out, '[');
    return 0;
}

int command_diff(cli *cli, int argc, char **argv)
{
    WCL_CLEANUP_FREE char *id = cli_layer_id(cli, argv[1], &cli->error);
    WCL_CLEANUP_FREE char *other = id && argc > 2 ? cli_layer_id(cli, argv[2], &cli->error) : NULL;
    return id && (other || argc == 2) ? diff_layers(cli, id, other) : EXIT_FAILED;
}

/* ---- verify ---------------------------------------------------------------------------------- */

typedef struct verify_output {
    cli *cli;
    const char *id;
    json_out out;
} verify_output;

static void print_fault(void *context, const char *sentence)
{
    verify_output *output = context;

    if (!output->cli->json) {
        cli_progress_done(output->cli);
        printf("%s: %s\n", cli_shown(output->id), cli_shown(sentence));
        return;
    }
    json_texts(&output->out, "id", output->id, "fault", sentence);
}

static void print_image_fault(void *context, const char *what, const char *sentence)
{
    verify_output *output = context;

    output->id = what;
    print_fault(output, sentence);
}

/* One that was listed may be gone since. */
static wcl_status verify_layer(cli *cli, const wcl_driver *driver, verify_output *output,
                               bool listed, size_t *faults)
{
    bool found = true;
    wcl_status status =
        wcl_layer_verify(driver, output->id, print_fault, output, faults, &cli->error);

    if (status == WCL_OK || !listed ||
        wcl_layer_exists(driver, output->id, &found, NULL) != WCL_OK || found)
        return status;
    *faults = 0;
    cli->error = (wcl_error)WCL_ERROR_INIT;
    return WCL_OK;
}

/* Some layers, or all of them and the images too. */
static wcl_status verify(cli *cli, const wcl_driver *driver, char **ids, size_t count, bool images,
                         size_t *faults)
{
    verify_output output = { cli, NULL, { .stream = stdout } };
    wcl_status status = WCL_OK;
    size_t found = 0;

    if (cli->json)
        json_begin(&output.out, NULL, '[');
    for (size_t i = 0; status == WCL_OK && i < count; i++) {
        output.id = ids[i];
        status = verify_layer(cli, driver, &output, images, &found);
        *faults += found;
    }
    if (status == WCL_OK && images) {
        status = wcl_image_verify(driver, print_image_fault, &output, &found, &cli->error);
        *faults += found;
    }
    if (cli->json)
        json_end(&output.out, '[');
    return status;
}

/* A layer, or those that an image is made of. */
static wcl_status verify_named(cli *cli, char **name, size_t *count, size_t *faults)
{
    wcl_driver driver = cli_driver(cli);
    wcl_image_info *image = NULL;
    wcl_status status;

    *count = 1;
    if (cli_is_layer(cli, *name) || wcl_image_get_info(&driver, *name, &image, NULL) != WCL_OK)
        return verify(cli, &driver, name, 1, false, faults);
    *count = image->layer_count;
    status = verify(cli, &driver, (char **)image->layers, image->layer_count, false, faults);
    wcl_free(image);
    return status;
}

int command_verify(cli *cli, int argc, char **argv)
{
    char **ids = NULL;
    size_t count = 0, faults = 0;

    wcl_driver driver = cli_driver(cli);
    wcl_status status = WCL_OK;
    if (argc > 1)
        status = verify_named(cli, argv + 1, &count, &faults);
    else if ((status = wcl_layer_list(&driver, &ids, &count, &cli->error)) == WCL_OK)
        status = verify(cli, &driver, ids, count, true, &faults);
    wcl_free(ids);
    cli_progress_done(cli);
    if (status != WCL_OK)
        return EXIT_FAILED;
    if (faults)
        return cli_fail(cli, WCL_CODE_CORRUPT, "verify", argc > 1 ? argv[1] : NULL,
                        "%zu thing%s wrong", faults, faults == 1 ? " is" : "s are");
    if (!cli->json && !cli->quiet)
        printf("%zu layer%s verified, nothing is wrong\n", count, count == 1 ? "" : "s");
    return 0;
}
