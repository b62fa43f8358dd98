/* The options that say how a tar is compressed: one for each compression that can be written. */
#include <string.h>

#include "cli/cli.h"

void cli_compression_options(cli_compression *choice, cli_option *table)
{
    const wcl_compression_info *info;

    while (table->name)
        table++;
    *choice = (cli_compression) { .level = NULL };
    for (int i = 1; i < CLI_COMPRESSIONS && (info = wcl_compression_info_of((wcl_compression)i));
         i++) {
        if (!info->can_write)
            continue;
        snprintf(choice->help[i], sizeof(choice->help[i]),
                 "compress the tar with %s (level %d to %d)", info->name, info->least_level,
                 info->most_level);
        *table++ =
            (cli_option)CLI_OPTIONAL_VALUE(info->name, i == WCL_COMPRESSION_GZIP ? 'z' : 0, "LEVEL",
                                           choice->help[i], &choice->is_chosen[i], &choice->level);
    }
    table->name = NULL;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* The compression that a file's name tells of. */
static const wcl_compression_info *by_name(const char *file)
{
    const wcl_compression_info *info;

    for (int i = 1; (info = wcl_compression_info_of((wcl_compression)i)); i++)
        for (size_t s = 0; s < 2; s++)
            if (info->suffixes[s] && ends_in(file, info->suffixes[s]))
                return info;
    return wcl_compression_info_of(WCL_COMPRESSION_NONE);
}

int cli_compression_read(cli *cli, const cli_compression *choice, const char *file,
                         wcl_tar_writer_options *tar)
{
    const wcl_compression_info *chosen = NULL;
    uint64_t level = 0;

    for (int i = 1; i < CLI_COMPRESSIONS; i++) {
        if (!choice->is_chosen[i])
            continue;
        const wcl_compression_info *info = wcl_compression_info_of((wcl_compression)i);
        if (chosen)
            return cli_usage_error(cli, "--%s and --%s exclude each other", chosen->name,
                                   info->name);
        chosen = info;
    }
    if (!chosen)
        chosen = by_name(file);
    if (choice->level && !cli_parse_number(choice->level, (uint64_t)chosen->least_level,
                                           (uint64_t)chosen->most_level, &level))
        return cli_usage_error(cli, "'%s' is not a level of %s; its levels are %d to %d",
                               choice->level, chosen->name, chosen->least_level,
                               chosen->most_level);
    tar->compression = chosen->compression;
    tar->level = (int)level;
    return 0;
}
