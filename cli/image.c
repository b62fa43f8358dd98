/* load, save, images, tag, rmi: images of the store. */
#include "cli/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "cli/commands.h"

/* ---- What commands share -------------------------------------------------------------------- */

int cli_transfer_options(cli *cli, const char *platform, const cli_limits *limits,
                         wcl_platform **parsed, wcl_transfer_options *options)
{
    *options = (wcl_transfer_options) { .struct_size = sizeof(*options),
                                        .layers = cli_draw_layers,
                                        .context = cli };
    *parsed = NULL;
    if (limits) {
        CLI_SET_LIMITS(options, limits);
        options->max_memory = limits->max_memory;
    }
    if (platform && wcl_platform_parse(platform, parsed, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    options->platform = *parsed;
    return 0;
}

char *cli_image_name(const char *canonical)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;

    return strdup(wcl_reference_parse(canonical, &reference, NULL) == WCL_OK ? reference->familiar
                                                                             : canonical);
}

static void print_names(json_out *out, const wcl_image_info *image)
{
    json_begin(out, "names", '[');
    for (size_t i = 0; i < image->name_count; i++) {
        WCL_CLEANUP_FREE char *name = cli_image_name(image->names[i]);
        json_text(out, NULL, name ? name : image->names[i]);
    }
    json_end(out, '[');
}

static void print_image_json(json_out *out, const wcl_image_info *image)
{
    json_begin(out, NULL, '{');
    print_names(out, image);
    json_text(out, "digest", image->digest);
    json_text(out, "media_type", image->media_type);
    json_text(out, "config", image->config_digest);
    json_text(out, "os", image->platform.os);
    json_text(out, "architecture", image->platform.architecture);
    json_text(out, "variant", image->platform.variant);
    json_text(out, "os_version", image->platform.os_version);
    json_begin(out, "layers", '[');
    for (size_t i = 0; i < image->layer_count; i++)
        json_text(out, NULL, image->layers[i]);
    json_end(out, '[');
    json_unsigned(out, "size", image->size);
    json_unsigned(out, "tar_size", image->tar_size);
    json_number(out, "created", image->created);
    json_number(out, "added", image->added);
    json_end(out, '{');
}

void cli_print_loaded(void *context, const wcl_image_info *image)
{
    image_output *output = context;
    cli *cli = output->cli;

    cli_progress_done(cli);
    if (cli->json) {
        print_image_json(&output->out, image);
        return;
    }
    if (cli->quiet)
        return;
    if (image->name_count == 0)
        printf("%s\n", cli_shown(image->digest));
    for (size_t i = 0; i < image->name_count; i++) {
        WCL_CLEANUP_FREE char *name = cli_image_name(image->names[i]);
        printf("%s %s\n", cli_shown(name ? name : image->names[i]), cli_shown(image->digest));
    }
}

/* ---- load ----------------------------------------------------------------------------------- */

int command_load(cli *cli, int argc, char **argv)
{
    const char *input = "-", *name = NULL, *platform = NULL;
    cli_limits limits = { .max_size = 0 };
    const cli_option table[] = {
        CLI_VALUE("input", 'i', "PATH",
                  "an OCI layout (folder or tar) or docker archive (default: standard input)",
                  &input),
        CLI_VALUE("name", 0, "NAME", "what to call the image (default: as is written there)",
                  &name),
        CLI_VALUE("platform", 0, "PLATFORM",
                  "of an index, the image for OS[(VERSION)][/ARCHITECTURE[/VARIANT]]", &platform),
        CLI_TAR_LIMITS(limits),
        CLI_MEMORY_LIMIT(limits),
        CLI_END
    };
    image_output output = { cli, { .stream = stdout } };
    wcl_transfer_options options;
    wcl_platform *parsed = NULL;

    int result = cli_parse(cli, table, &argc, argv, 0, 0, 0);
    if (!result)
        result = cli_transfer_options(cli, platform, &limits, &parsed, &options);
    if (!result) {
        wcl_driver driver = cli_driver(cli);
        if (cli->json)
            json_begin(&output.out, NULL, '[');
        result = cli_exit_code(
            wcl_image_load(&driver, input, name, &options, cli_print_loaded, &output, &cli->error));
        if (cli->json)
            json_end(&output.out, '[');
    }
    cli_progress_done(cli);
    wcl_free(parsed);
    return result;
}

/* ---- save ----------------------------------------------------------------------------------- */

static bool parse_format(const char *text, wcl_image_format *format)
{
    static const char *const names[] = { "oci", "oci-dir", "docker" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0) {
            *format = (wcl_image_format)i;
            return true;
        }
    return false;
}

int command_save(cli *cli, int argc, char **argv)
{
    const char *output = "-", *format_name = "oci";
    const cli_option table[] = { CLI_VALUE("output", 'o', "PATH",
                                           "where to (default: standard output)", &output),
                                 CLI_VALUE("format", 0, "FORMAT",
                                           "oci: a tar that docker load takes too (default); "
                                           "oci-dir: a folder; docker: an archive "
                                           "of plain layers",
                                           &format_name),
                                 CLI_END };
    wcl_image_format format = WCL_IMAGE_OCI_ARCHIVE;
    wcl_transfer_options options;
    wcl_platform *none;

    int result = cli_parse(cli, table, &argc, argv, 1, -1, 0);
    if (!result && !parse_format(format_name, &format))
        result = cli_usage_error(cli, "--format must be oci, oci-dir or docker");
    if (!result && strcmp(output, "-") == 0 && isatty(STDOUT_FILENO))
        result = cli_usage_error(cli, "an image is not written to a terminal; use -o");
    if (!result)
        result = cli_transfer_options(cli, NULL, NULL, &none, &options);
    if (result)
        return result;
    wcl_driver driver = cli_driver(cli);
    wcl_status status = wcl_image_save(&driver, (const char *const *)argv + 1, (size_t)argc - 1,
                                       output, format, &options, &cli->error);
    cli_progress_done(cli);
    return cli_exit_code(status);
}

/* ---- images --------------------------------------------------------------------------------- */

static void format_platform(const wcl_platform *platform, char *text, size_t size)
{
    bool has_version = *platform->os_version, has_variant = *platform->variant;

    snprintf(text, size, "%s%s%s%s/%s%s%s", platform->os, has_version ? "(" : "",
             platform->os_version, has_version ? ")" : "", platform->architecture,
             has_variant ? "/" : "", platform->variant);
}

static void format_date(int64_t seconds, char text[32])
{
    time_t time = (time_t)seconds;
    struct tm date;

    if (!seconds || !gmtime_r(&time, &date) || strftime(text, 32, "%Y-%m-%d", &date) == 0)
        snprintf(text, 32, "-");
}

static void print_row(const char *name, const wcl_image_info *image, int width)
{
    char platform[200], date[32];

    format_platform(&image->platform, platform, sizeof(platform));
    format_date(image->created, date);
    printf("%-*s %.12s %10.1f MB %3zu %s %s\n", width, cli_shown(name), image->digest + 7,
           (double)image->size / 1e6, image->layer_count, date, cli_shown(platform));
}

static void print_table(wcl_image_info *const *images, size_t count)
{
    int width = 4;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < images[i]->name_count; j++) {
            WCL_CLEANUP_FREE char *name = cli_image_name(images[i]->names[j]);
            int length = name ? (int)strlen(cli_shown(name)) : 0;
            width = length > width ? length : width;
        }
    if (count)
        printf("%-*s %-12s %13s %3s %-10s %s\n", width, "NAME", "DIGEST", "SIZE", "LAY", "CREATED",
               "PLATFORM");
    for (size_t i = 0; i < count; i++) {
        if (images[i]->name_count == 0)
            print_row("-", images[i], width);
        for (size_t j = 0; j < images[i]->name_count; j++) {
            WCL_CLEANUP_FREE char *name = cli_image_name(images[i]->names[j]);
            print_row(name ? name : "", images[i], width);
        }
    }
}

int command_images(cli *cli, int argc, char **argv)
{
    json_out out = { .stream = stdout };
    wcl_image_info **images = NULL;
    size_t count;

    wcl_driver driver = cli_driver(cli);
    if (wcl_image_list(&driver, &images, &count, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (cli->json) {
        json_begin(&out, NULL, '[');
        for (size_t i = 0; i < count; i++)
            print_image_json(&out, images[i]);
        json_end(&out, '[');
    } else {
        print_table(images, count);
    }
    wcl_free(images);
    return 0;
}

/* ---- tag ------------------------------------------------------------------------------------ */

int command_tag(cli *cli, int argc, char **argv)
{
    wcl_driver driver = cli_driver(cli);
    return cli_exit_code(wcl_image_tag(&driver, argv[1], argv[2], &cli->error));
}

/* ---- rmi ------------------------------------------------------------------------------------ */

static void print_removed(void *context, wcl_image_removal removal, const char *what)
{
    static const char *const words[] = { "", "untagged", "deleted", "layer", "blob" };
    image_output *output = context;

    if (output->cli->json) {
        json_texts(&output->out, "removed", words[removal], "what", what);
    } else if (!output->cli->quiet && (removal < WCL_IMAGE_LAYER || output->cli->verbose)) {
        WCL_CLEANUP_FREE char *name = removal == WCL_IMAGE_UNTAGGED ? cli_image_name(what) : NULL;
        printf("%s %s\n", words[removal], cli_shown(name ? name : what));
    }
}

int command_rmi(cli *cli, int argc, char **argv)
{
    bool force = false, unused = false;
    const cli_option table[] = {
        CLI_FLAG("force", 'f', "remove an image with all of its names", &force),
        CLI_FLAG("unused", 0,
                 "remove layers and blobs that no image uses, and what broken pulls left", &unused),
        CLI_END
    };
    image_output output = { cli, { .stream = stdout } };
    wcl_status status = WCL_OK;

    int result = cli_parse(cli, table, &argc, argv, 0, -1, 0);
    if (!result && argc < 2 && !unused)
        result = cli_usage_error(cli, "an image is missing");
    if (result)
        return result;
    wcl_driver driver = cli_driver(cli);
    if (cli->json)
        json_begin(&output.out, NULL, '[');
    for (int i = 1; status == WCL_OK && i < argc; i++)
        status = wcl_image_remove(&driver, argv[i], force, print_removed, &output, &cli->error);
    if (status == WCL_OK && unused)
        status = wcl_image_remove_unused(&driver, print_removed, &output, &cli->error);
    if (cli->json)
        json_end(&output.out, '[');
    return cli_exit_code(status);
}
