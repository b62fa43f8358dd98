/* The root of a container, which Windows wants prepared and described. */
#include "cli/root.h"

#include <stdlib.h>
#include <string.h>

#include <wcl/layer.h>

static void free_root(cli_root *root)
{
    for (size_t i = 0; i < root->count; i++) {
        free((void *)(uintptr_t)root->layers[i].id);
        free((void *)(uintptr_t)root->layers[i].path);
    }
    free(root->layers);
    wcl_free(root->volume);
    *root = (cli_root) { NULL, NULL, 0 };
}

/* A parent: the GUID of its name, and its folder. */
static int describe_layer(cli *cli, const wcl_driver *driver, const char *id,
                          wcl_container_layer *layer)
{
    size_t size = strlen(driver->home_dir) + strlen(id) + 2;
    char *text = calloc(1, 37), *path = calloc(1, size);
    wcl_guid guid;

    layer->struct_size = sizeof(*layer);
    layer->id = text;
    layer->path = path;
    if (!text || !path)
        return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "run", id, "out of memory");
    if (wcl_name_to_guid(driver, id, &guid, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    wcl_guid_format(&guid, text);
    snprintf(path, size, "%s\\%s", driver->home_dir, id);
    return 0;
}

static int windows_root_describe(cli *cli, const wcl_driver *driver, const char *layer,
                                 cli_root *root)
{
    wcl_layer_info *info = NULL;
    int result = 0;

    if (wcl_layer_get_info(driver, layer, &info, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    root->layers = calloc(info->parent_count + 1, sizeof(*root->layers));
    if (!root->layers)
        result = cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "run", layer, "out of memory");
    for (size_t i = 0; result == 0 && i < info->parent_count; i++) {
        root->count++;
        result = describe_layer(cli, driver, info->parents[i], &root->layers[i]);
    }
    wcl_free(info);
    return result;
}

static wcl_status windows_root_prepare(const wcl_driver *driver, const char *layer, cli_root *root,
                                       wcl_error *error)
{
    const wcl_parents none = { NULL, 0 };

    if (wcl_layer_activate(driver, layer, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_prepare(driver, layer, none, error) != WCL_OK) {
        wcl_layer_deactivate(driver, layer, NULL);
        return WCL_FAILED;
    }
    if (wcl_layer_mount_path(driver, layer, &root->volume, error) == WCL_OK)
        return WCL_OK;
    wcl_layer_unprepare(driver, layer, NULL);
    wcl_layer_deactivate(driver, layer, NULL);
    return WCL_FAILED;
}

int cli_root_begin(cli *cli, const char *layer, wcl_container_config *config, cli_root *root)
{
    wcl_driver driver = cli_driver(cli);

    *root = (cli_root) { NULL, NULL, 0 };
    if (windows_root_describe(cli, &driver, layer, root) != 0 ||
        windows_root_prepare(&driver, layer, root, &cli->error) != WCL_OK) {
        free_root(root);
        return EXIT_FAILED;
    }
    config->volume_path = root->volume;
    config->layers = root->layers;
    config->layer_count = root->count;
    return 0;
}

void cli_root_end(cli *cli, const char *layer, bool give_back, cli_root *root)
{
    wcl_driver driver = cli_driver(cli);

    if (give_back && root->volume) {
        wcl_layer_unprepare(&driver, layer, NULL);
        wcl_layer_deactivate(&driver, layer, NULL);
    }
    free_root(root);
}

bool cli_root_ends_by_itself(void)
{
    return false;
}
