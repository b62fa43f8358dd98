/* What an image says of how to run it: its config's entry point, command, environment and so on. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/pack.h"
#include "image/store.h"

static wcl_status check_list(const cJSON *config, const char *name, wcl_error *error)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(config, name);
    const cJSON *item;

    if (!list || cJSON_IsNull(list))
        return WCL_OK;
    if (!cJSON_IsArray(list))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'config.%s' is not a list", name);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "'config.%s' has an item that is not a string", name);
    }
    return WCL_OK;
}

static const char *const *pack_list(wcl_packer *packer, const cJSON *config, const char *name,
                                    size_t *count)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(config, name);
    const cJSON *item;
    size_t at = 0;

    *count = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;
    const char **texts = wcl_pack(packer, *count * sizeof(*texts));
    if (*count == 0)
        return texts;
    cJSON_ArrayForEach(item, list)
    {
        const char *text = wcl_pack_text(packer, item->valuestring);
        if (texts)
            texts[at++] = text;
    }
    return texts;
}

static wcl_image_command *pack_command(wcl_packer *packer, const cJSON *config, const char *folder,
                                       const char *user)
{
    wcl_image_command counted = { NULL, 0, NULL, 0, NULL, 0, "", "" },
                      *made = wcl_pack(packer, sizeof(*made));
    wcl_image_command *command = made ? made : &counted;

    command->entrypoint = pack_list(packer, config, "Entrypoint", &command->entrypoint_count);
    command->cmd = pack_list(packer, config, "Cmd", &command->cmd_count);
    command->env = pack_list(packer, config, "Env", &command->env_count);
    command->working_directory = wcl_pack_text(packer, folder);
    command->user = wcl_pack_text(packer, user);
    return made;
}

static wcl_status make_command(const cJSON *json, wcl_image_command **command, wcl_error *error)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(json, "config");
    const char *folder = "", *user = "";
    wcl_packer packer = { NULL, 0 };

    if (check_list(config, "Entrypoint", error) != WCL_OK ||
        check_list(config, "Cmd", error) != WCL_OK || check_list(config, "Env", error) != WCL_OK ||
        wcl_json_get_text(config, "WorkingDir", &folder, error) != WCL_OK ||
        wcl_json_get_text(config, "User", &user, error) != WCL_OK)
        return WCL_FAILED;
    pack_command(&packer, config, folder, user);
    packer.memory = calloc(1, packer.used);
    if (!packer.memory)
        return wcl_fail_memory(error);
    packer.used = 0;
    *command = pack_command(&packer, config, folder, user);
    return WCL_OK;
}

wcl_status wcl_image_get_command(const wcl_driver *driver, const char *image,
                                 wcl_image_command **command, wcl_error *error)
{
    wcl_driver own;
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
    WCL_CLEANUP_MANIFEST wcl_manifest *manifest = NULL;
    WCL_CLEANUP_IMAGE_CONFIG wcl_config *config = NULL;

    *command = NULL;
    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return wcl_error_context(error, NULL, image);
    if (wcl_image_store_open(driver, &store, error) != WCL_OK ||
        wcl_image_resolve(&store, image, &record, NULL, error) != WCL_OK ||
        wcl_image_documents(&store, &record, &manifest, &config, error) != WCL_OK ||
        make_command(config->json, command, error) != WCL_OK)
        return wcl_error_context(error, NULL, image);
    return WCL_OK;
}
