/* load, save, images, tag, rmi: images of the store. */
#include "cli/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- What commands share -------------------------------------------------------------------- */

int cli_transfer_options(cli *cli, const char *platform, cli_limits *limits, wcl_platform **parsed,
                         wcl_transfer_options *options)
{
    int result = limits ? cli_limits_read(cli, limits) : 0;

    *options = (wcl_transfer_options) { .struct_size = sizeof(*options),
                                        .layers = cli_draw_layers,
                                        .context = cli };
    *parsed = NULL;
    if (result)
        return result;
    if (limits) {
        options->max_size = limits->max_size;
        options->max_entries = limits->max_entries;
        options->max_ratio = limits->max_ratio;
        options->max_memory = limits->max_memory;
    }
    if (platform && wcl_platform_parse(platform, parsed, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    options->platform = *parsed;
    return 0;
}

char *cli_image_name(const char *canonical)
{
    wcl_reference *reference = NULL;
    char *name;

    if (wcl_reference_parse(canonical, &reference, NULL) != WCL_OK)
        return strdup(canonical);
    name = strdup(reference->familiar);
    wcl_free(reference);
    return name;
}

static void print_names(json_out *out, const wcl_image_info *image)
{
    json_begin(out, "names", '[');
    for (size_t i = 0; i < image->name_count; i++) {
        char *name = cli_image_name(image->names[i]);
        json_text(out, NULL, name ? name : image->names[i]);
        free(name);
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
        char *name = cli_image_name(image->names[i]);
        printf("%s %s\n", cli_shown(name ? name : image->names[i]), cli_shown(image->digest));
        free(name);
    }
}

/* ---- load ----------------------------------------------------------------------------------- */

int command_load(cli *cli, int argc, char **argv)
{
    const char *input = "-", *name = NULL, *platform = NULL;
    cli_limits limits = { .size = NULL };
    const cli_option table[] = {
        { "input", 'i', CLI_VALUE, "PATH",
          "an OCI layout (folder or tar) or docker archive (default: standard input)", NULL, &input,
          NULL },
        { "name", 0, CLI_VALUE, "NAME", "what to call the image (default: as is written there)",
          NULL, &name, NULL },
        { "platform", 0, CLI_VALUE, "PLATFORM",
          "of an index, the image for OS[(VERSION)][/ARCHITECTURE[/VARIANT]]", NULL, &platform,
          NULL },
        CLI_TAR_LIMITS(limits),
        CLI_MEMORY_LIMIT(limits),
        { .name = NULL },
    };
    image_output output = { cli, { stdout, false } };
    wcl_transfer_options options;
    wcl_platform *parsed = NULL;

    int result = cli_parse(cli, table, &argc, argv, 0, 0, 0);
    if (!result)
        result = cli_transfer_options(cli, platform, &limits, &parsed, &options);
    if (!result) {
        wcl_driver driver = cli_driver(cli);
        if (cli->json)
            json_begin(&output.out, NULL, '[');
        result = wcl_image_load(&driver, input, name, &options, cli_print_loaded, &output,
                                &cli->error) == WCL_OK
                     ? 0
                     : EXIT_FAILED;
        if (cli->json) {
            json_end(&output.out, '[');
            printf("\n");
        }
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
    const cli_option table[] = {
        { "output", 'o', CLI_VALUE, "PATH", "where to (default: standard output)", NULL, &output,
          NULL },
        { "format", 0, CLI_VALUE, "FORMAT",
          "oci: a tar that docker load takes too (default); oci-dir: a folder; docker: an archive "
          "of plain layers",
          NULL, &format_name, NULL },
        { .name = NULL },
    };
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
    return status == WCL_OK ? 0 : EXIT_FAILED;
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

static void print_table(const wcl_image_info *images, size_t count)
{
    int width = 4;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < images[i].name_count; j++) {
            char *name = cli_image_name(images[i].names[j]);
            int length = name ? (int)strlen(cli_shown(name)) : 0;
            width = length > width ? length : width;
            free(name);
        }
    if (count)
        printf("%-*s %-12s %13s %3s %-10s %s\n", width, "NAME", "DIGEST", "SIZE", "LAY", "CREATED",
               "PLATFORM");
    for (size_t i = 0; i < count; i++) {
        if (images[i].name_count == 0)
            print_row("-", &images[i], width);
        for (size_t j = 0; j < images[i].name_count; j++) {
            char *name = cli_image_name(images[i].names[j]);
            print_row(name ? name : "", &images[i], width);
            free(name);
        }
    }
}

int command_images(cli *cli, int argc, char **argv)
{
    json_out out = { stdout, false };
    wcl_image_info *images = NULL;
    size_t count;

    int result = cli_parse(cli, NULL, &argc, argv, 0, 0, 0);
    if (result)
        return result;
    wcl_driver driver = cli_driver(cli);
    if (wcl_image_list(&driver, &images, &count, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (cli->json) {
        json_begin(&out, NULL, '[');
        for (size_t i = 0; i < count; i++)
            print_image_json(&out, &images[i]);
        json_end(&out, '[');
        printf("\n");
    } else {
        print_table(images, count);
    }
    wcl_free(images);
    return 0;
}

/* ---- tag ------------------------------------------------------------------------------------ */

int command_tag(cli *cli, int argc, char **argv)
{
    int result = cli_parse(cli, NULL, &argc, argv, 2, 2, 0);
    if (result)
        return result;
    wcl_driver driver = cli_driver(cli);
    return wcl_image_tag(&driver, argv[1], argv[2], &cli->error) == WCL_OK ? 0 : EXIT_FAILED;
}

/* ---- rmi ------------------------------------------------------------------------------------ */

static void print_removed(void *context, wcl_image_removal removal, const char *what)
{
    static const char *const words[] = { "", "untagged", "deleted", "layer", "blob" };
    image_output *output = context;

    if (output->cli->json) {
        json_begin(&output->out, NULL, '{');
        json_text(&output->out, "removed", words[removal]);
        json_text(&output->out, "what", what);
        json_end(&output->out, '{');
    } else if (!output->cli->quiet && (removal < WCL_IMAGE_LAYER || output->cli->verbose)) {
        char *name = removal == WCL_IMAGE_UNTAGGED ? cli_image_name(what) : strdup(what);
        printf("%s %s\n", words[removal], cli_shown(name ? name : what));
        free(name);
    }
}

int command_rmi(cli *cli, int argc, char **argv)
{
    bool force = false, unused = false;
    const cli_option table[] = {
        { "force", 'f', CLI_FLAG, NULL, "remove an image with all of its names", &force, NULL,
          NULL },
        { "unused", 0, CLI_FLAG, NULL,
          "remove layers and blobs that no image uses, and what broken pulls left", &unused, NULL,
          NULL },
        { .name = NULL },
    };
    image_output output = { cli, { stdout, false } };
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
    if (cli->json) {
        json_end(&output.out, '[');
        printf("\n");
    }
    return status == WCL_OK ? 0 : EXIT_FAILED;
}
