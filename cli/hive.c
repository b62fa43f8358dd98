/* registry: the registry that the hives of a layer, and of those that it stands on, make up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/hives.h"

typedef struct registry_options {
    bool recursive;
    bool alone;
    bool reg;
    const char *value;
} registry_options;

/* The part of `path` behind `head`, if that is its beginning; "" at its end. */
static const char *behind(const char *path, const char *head)
{
    size_t length = strlen(head);

    if (strncasecmp(path, head, length) != 0 || (path[length] && path[length] != '\\'))
        return NULL;
    return path + length + (path[length] == '\\');
}

/* Which places a key may be in, and the path inside; places above which it lies have path NULL. */
static unsigned places_of(const char *key, const char **inside)
{
    unsigned above = 0;

    *inside = NULL;
    key += strspn(key, "\\");
    for (unsigned i = 0; i < HIVE_PLACES; i++) {
        const hive_place *place = &hive_places[i];
        const char *rest = behind(key, place->path);
        if (rest || (rest = behind(key, place->long_path))) {
            *inside = rest;
            return 1u << i;
        }
        size_t length = strcspn(key, "\\");
        if (!*key || (!key[length + (key[length] == '\\')] &&
                      ((length == strcspn(place->path, "\\") &&
                        strncasecmp(key, place->path, length) == 0) ||
                       (length == strcspn(place->long_path, "\\") &&
                        strncasecmp(key, place->long_path, length) == 0))))
            above |= 1u << i;
    }
    return above;
}

/* The key that the hives of a place make up, or what the one hive of a layer has. */
static wcl_status open_root(const hive_output *output, wcl_hive_key **key)
{
    const wcl_hive *hives[WCL_HIVE_MAX_LAYERS];
    const hive_chain *chain = output->chain;

    if (output->is_alone)
        return wcl_hive_root(chain->hives[0].hive, key, &output->cli->error);
    if (chain->count > WCL_HIVE_MAX_LAYERS)
        return wcl_fail(&output->cli->error, WCL_CODE_NOT_SUPPORTED,
                        "more than %d layers have the hive", WCL_HIVE_MAX_LAYERS);
    for (size_t i = 0; i < chain->count; i++)
        hives[i] = chain->hives[i].hive;
    return wcl_hive_merge(hives, chain->count, key, &output->cli->error);
}

static wcl_status show_place(const hive_output *output, const hive_place *place, const char *inside)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    wcl_error *error = &output->cli->error;
    wcl_hive_key *root, *key;

    if (wcl_buffer_printf(&path, error, "%s%s%s", output->is_reg ? place->long_path : place->path,
                          *inside ? "\\" : "", inside) != WCL_OK ||
        open_root(output, &root) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_hive_key_open(root, inside, &key, error);
    wcl_hive_key_free(root);
    if (status != WCL_OK)
        return WCL_FAILED;
    status = hive_show(output, wcl_buffer_text(&path), key);
    wcl_hive_key_free(key);
    return status;
}

static wcl_status show_places(cli *cli, const registry_options *options, unsigned wanted,
                              const char *inside, bool is_alone, hive_chain *chains)
{
    hive_output output = { .cli = cli,
                           .value = options->value,
                           .is_alone = is_alone,
                           .is_recursive = options->recursive,
                           .is_reg = options->reg };
    bool is_found = false;

    if (hive_show_begin(&output) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < HIVE_PLACES; i++) {
        if (!(wanted & 1u << i) || !chains[i].count)
            continue;
        is_found = true;
        output.chain = &chains[i];
        if (!inside && !options->recursive)
            printf("%s\n", hive_places[i].path);
        else if (show_place(&output, &hive_places[i], inside ? inside : "") != WCL_OK)
            return WCL_FAILED;
    }
    return is_found ? WCL_OK
                    : wcl_fail(&cli->error, WCL_CODE_FILE_NOT_FOUND,
                               "%s hive of it (Hives/..._Base or Hives/..._Delta)",
                               is_alone ? "the layer has no"
                                        : "neither the layer nor what it stands on has a");
}

static int run_registry(cli *cli, const registry_options *options, const char *layer,
                        const char *key)
{
    hive_chain chains[HIVE_PLACES];
    const char *inside;
    bool is_alone = options->alone;
    unsigned wanted = places_of(key, &inside);

    if (!wanted)
        return cli_usage_error(cli,
                               "'%s' is not a key of HKLM\\SAM, HKLM\\SECURITY, HKLM\\SOFTWARE, "
                               "HKLM\\SYSTEM or HKU\\.DEFAULT",
                               key);
    if (!inside && !options->recursive && (cli->json || options->reg || options->value))
        return cli_usage_error(cli, "--json, --reg and --value want a key, or -r");
    wcl_status status =
        hives_load(cli, layer, wanted, inside || options->recursive ? HIVES_OPENED : HIVES_FOUND,
                   &is_alone, chains);
    if (status == WCL_OK)
        status = show_places(cli, options, wanted, inside, is_alone, chains);
    hives_free(chains);
    if (status == WCL_OK && (fflush(stdout) != 0 || ferror(stdout)))
        return cli_fail(cli, WCL_CODE_IO, "write", "standard output", "%s", strerror(errno));
    return status == WCL_OK ? 0 : EXIT_FAILED;
}

int command_registry(cli *cli, int argc, char **argv)
{
    registry_options options = { .recursive = false };
    const cli_option table[] = {
        CLI_FLAG("recursive", 'r', "all below the key too", &options.recursive),
        CLI_FLAG("layer", 0, "what this layer's own hive says, with what it deletes",
                 &options.alone),
        CLI_FLAG("reg", 0, "as a .reg file, for regedit", &options.reg),
        CLI_VALUE("value", 0, "NAME", "only the value of that name; '' is the default value",
                  &options.value),
        CLI_END
    };
    int result = cli_parse(cli, table, &argc, argv, 1, 2, 0);

    if (result)
        return result;
    if (options.reg && cli->json)
        return cli_usage_error(cli, "--reg and --json exclude each other");
    if (options.value && options.recursive)
        return cli_usage_error(cli, "--value and -r exclude each other");
    result = run_registry(cli, &options, argv[1], argc > 2 ? argv[2] : "");
    if (result == EXIT_FAILED)
        wcl_error_context(&cli->error, "registry", argc > 2 ? argv[2] : argv[1]);
    return result;
}
