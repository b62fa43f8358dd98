/*
 * wcl-generate-layer: makes a layer tar of any size, the same for the same seed, for tests and
 * benchmarks. Numbers of entries are exact; bytes are those of the files' data, about.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/tar.h>

#include "generate_shapes.h"

static const char usage[] =
    "usage: wcl-generate-layer [--seed N] [--entries N] [--bytes SIZE] [--os windows|linux]\n"
    "           [--base | --child PARENT_SEED [--parent-entries N]]\n"
    "           [--compression none|gzip|zstd] [--repetitive] -o FILE\n"
    "A child changes what the layer of PARENT_SEED with at least --parent-entries (1000) entries\n"
    "has. SIZE may end in K, M or G. FILE - is standard output.\n";

typedef struct options {
    uint64_t seed;
    uint64_t entries;
    uint64_t bytes;
    bool is_linux;
    bool is_child;
    bool repetitive;
    uint64_t parent_seed;
    uint64_t parent_entries;
    wcl_compression compression;
    const char *output;
} options;

static bool parse_number(const char *text, uint64_t *number)
{
    static const char units[] = "KMG";
    char *end;

    *number = strtoull(text, &end, 10);
    if (end == text)
        return false;
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (unit) {
        *number <<= 10 * (unit - units + 1);
        end++;
    }
    return *end == 0;
}

static bool parse_choice(const char *text, const char *const *choices, int *choice)
{
    for (*choice = 0; choices[*choice]; ++*choice)
        if (strcmp(text, choices[*choice]) == 0)
            return true;
    return false;
}

static bool take_option(options *options, int letter, const char *value)
{
    static const char *const systems[] = { "windows", "linux", NULL };
    static const char *const compressions[] = { "none", "gzip", "zstd", NULL };
    int choice;

    switch (letter) {
    case 's':
        return parse_number(value, &options->seed);
    case 'e':
        return parse_number(value, &options->entries);
    case 'b':
        return parse_number(value, &options->bytes);
    case 'B':
        options->is_child = false;
        return true;
    case 'r':
        options->repetitive = true;
        return true;
    case 'c':
        options->is_child = true;
        return parse_number(value, &options->parent_seed);
    case 'p':
        return parse_number(value, &options->parent_entries);
    case 'S':
        if (!parse_choice(value, systems, &choice))
            return false;
        options->is_linux = choice == 1;
        return true;
    case 'z':
        if (!parse_choice(value, compressions, &choice))
            return false;
        options->compression = (wcl_compression)choice;
        return true;
    case 'o':
        options->output = value;
        return true;
    default:
        return false;
    }
}

static bool parse_options(int argc, char **argv, options *options)
{
    static const struct option longs[] = {
        { "seed", required_argument, NULL, 's' },
        { "entries", required_argument, NULL, 'e' },
        { "bytes", required_argument, NULL, 'b' },
        { "os", required_argument, NULL, 'S' },
        { "base", no_argument, NULL, 'B' },
        { "child", required_argument, NULL, 'c' },
        { "parent-entries", required_argument, NULL, 'p' },
        { "compression", required_argument, NULL, 'z' },
        { "repetitive", no_argument, NULL, 'r' },
        { "output", required_argument, NULL, 'o' },
        { NULL, 0, NULL, 0 },
    };
    int letter;

    while ((letter = getopt_long(argc, argv, "o:", longs, NULL)) != -1)
        if (!take_option(options, letter, optarg))
            return false;
    return options->output && optind == argc;
}

static void generate(generator *generator, const layer_plan *plan)
{
    generator->entries = 0;
    generator->weight = 0;
    if (generator->is_linux)
        generate_linux(generator, plan);
    else
        generate_windows(generator, plan);
}

static uint64_t count_entries(bool is_linux, const layer_plan *plan)
{
    generator counting = { .seed = plan->seed, .is_linux = is_linux, .measuring = true };
    generate(&counting, plan);
    return counting.entries;
}

/* The most units that make no more than `entries`, and then single files up to that number. */
static bool fit(layer_plan *plan, bool is_linux, uint64_t entries)
{
    uint64_t least = 0;
    uint64_t most = entries / 4 + 1;

    plan->units = 0;
    plan->fill = 0;
    if (count_entries(is_linux, plan) > entries)
        return false;
    while (most - least > 1) {
        plan->units = least + (most - least) / 2;
        if (count_entries(is_linux, plan) <= entries - entries / 20)
            least = plan->units;
        else
            most = plan->units;
    }
    plan->units = least;
    plan->fill = entries - count_entries(is_linux, plan);
    return true;
}

static bool make_plan(const options *options, layer_plan *plan)
{
    *plan = (layer_plan) { .seed = options->seed };
    if (options->is_child) {
        layer_plan parent = { .seed = options->parent_seed };
        if (!fit(&parent, options->is_linux, options->parent_entries))
            return false;
        plan->is_child = true;
        plan->parent_seed = options->parent_seed;
        plan->touched = options->entries / 16;
        if (plan->touched > parent.units)
            plan->touched = parent.units;
    }
    return fit(plan, options->is_linux, options->entries);
}

static wcl_status write_layer(const options *options, const layer_plan *plan, wcl_error *error)
{
    generator generator = { .seed = options->seed,
                            .is_linux = options->is_linux,
                            .repetitive = options->repetitive };
    wcl_tar_writer_options writer_options = { .struct_size = sizeof(writer_options),
                                              .compression = options->compression };
    wcl_layer_writer *writer;

    generator.measuring = true;
    generate(&generator, plan);
    generator.measuring = false;
    if (generator.weight)
        generator.scale = (double)options->bytes / (double)generator.weight;
    if (wcl_tar_writer_open_file(options->output, &writer_options, &writer, error) != WCL_OK)
        return WCL_FAILED;
    if (generator_start(&generator, writer) == WCL_OK)
        generate(&generator, plan);
    else
        generator.status = WCL_FAILED;
    wcl_status status = generator.status;
    *error = generator.error;
    if (status == WCL_OK)
        status = wcl_layer_writer_close(writer, error);
    else
        wcl_layer_writer_abort(writer);
    generator_free(&generator);
    return status;
}

int main(int argc, char **argv)
{
    options options = { .seed = 1, .entries = 1000, .bytes = 32u << 20, .parent_entries = 1000 };
    layer_plan plan;
    wcl_error error = WCL_ERROR_INIT;
    char text[1400];

    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!make_plan(&options, &plan)) {
        fprintf(stderr, "wcl-generate-layer: a layer has at least 100 entries\n");
        return 2;
    }
    if (write_layer(&options, &plan, &error) == WCL_OK)
        return 0;
    fprintf(stderr, "wcl-generate-layer: %s\n", wcl_error_format(&error, text, sizeof(text)));
    return 1;
}
