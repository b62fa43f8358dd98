/* What a layer's tar may cost, as options say it. */
#include <string.h>

#include "cli/cli.h"

static bool parse_limit(const char *text, uint64_t *limit)
{
    *limit = 0;
    if (!text)
        return true;
    if (strcmp(text, "none") == 0) {
        *limit = WCL_TAR_NO_LIMIT;
        return true;
    }
    return cli_parse_size(text, limit) && *limit > 0;
}

int cli_limits_read(cli *cli, cli_limits *limits)
{
    const char *const texts[] = { limits->size, limits->entries, limits->ratio, limits->memory };
    uint64_t *const values[] = { &limits->max_size, &limits->max_entries, &limits->max_ratio,
                                 &limits->max_memory };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!parse_limit(texts[i], values[i]))
            return cli_usage_error(cli, "'%s' is not a limit: a number from 1 on, or none",
                                   texts[i]);
    return 0;
}
