/* Init, and remembering it. */
#include "graphdriver/server/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"

#define STATE_SIZE_MAX (1024 * 1024)

/* ---- Texts ----------------------------------------------------------------------------------- */

void wcl_text_list_free(wcl_text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (wcl_text_list) { NULL, 0 };
}

wcl_status wcl_text_list_read(const cJSON *json, const char *name, wcl_text_list *list,
                              wcl_error *error)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, name), *item;

    if (!array || cJSON_IsNull(array))
        return WCL_OK;
    if (!cJSON_IsArray(array) && !cJSON_IsObject(array))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s is not a list", name);
    list->items = calloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*list->items));
    if (!list->items)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "%s holds something that is not a text", name);
        if (asprintf(&list->items[list->count], "%s%s%s", item->string ? item->string : "",
                     item->string ? "=" : "", item->valuestring) < 0)
            return wcl_fail_memory(error);
        list->count++;
    }
    return WCL_OK;
}

/* ---- Maps ------------------------------------------------------------------------------------ */

static wcl_status read_map(const cJSON *item, wcl_id_map *map, wcl_error *error)
{
    uint64_t container = 0, host = 0, size = 0;

    if (wcl_json_get_u64(item, "container_id", &container, error) != WCL_OK ||
        wcl_json_get_u64(item, "host_id", &host, error) != WCL_OK ||
        wcl_json_get_u64(item, "size", &size, error) != WCL_OK)
        return WCL_FAILED;
    if (container > UINT32_MAX || host > UINT32_MAX || size > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "an id map goes beyond 32 bits");
    *map = (wcl_id_map) { (uint32_t)container, (uint32_t)host, (uint32_t)size };
    return WCL_OK;
}

static wcl_status read_maps(const cJSON *json, const char *name, wcl_id_map **maps, size_t *count,
                            wcl_error *error)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, name), *item;

    if (!array || cJSON_IsNull(array))
        return WCL_OK;
    if (!cJSON_IsArray(array))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s is not a list", name);
    *maps = calloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(**maps));
    if (!*maps)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, array) if (read_map(item, &(*maps)[(*count)++], error) !=
                                        WCL_OK) return WCL_FAILED;
    return WCL_OK;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void free_session(wcl_session *session)
{
    wcl_graphdriver_free(session->driver);
    free(session->request);
    free(session);
}

static wcl_status open_driver(const wcl_sessions *sessions, const cJSON *request,
                              wcl_graphdriver **driver, wcl_error *error)
{
    WCL_CLEANUP_TEXT_LIST wcl_text_list texts = { NULL, 0 };
    WCL_CLEANUP_FREE wcl_id_map *uids = NULL;
    WCL_CLEANUP_FREE wcl_id_map *gids = NULL;
    wcl_graphdriver_options options = { .struct_size = sizeof(options),
                                        .provider = sessions->provider,
                                        .hooks = sessions->hooks };

    if (wcl_json_get_text(request, "Home", &options.home, error) != WCL_OK ||
        wcl_text_list_read(request, "Opts", &texts, error) != WCL_OK ||
        read_maps(request, "UIDMaps", &uids, &options.uid_map_count, error) != WCL_OK ||
        read_maps(request, "GIDMaps", &gids, &options.gid_map_count, error) != WCL_OK)
        return WCL_FAILED;
    options.options = (const char *const *)texts.items;
    options.option_count = texts.count;
    options.uid_maps = uids;
    options.gid_maps = gids;
    return wcl_graphdriver_open(&options, driver, error);
}

static wcl_status new_session(const wcl_sessions *sessions, const cJSON *request,
                              wcl_session **session, wcl_error *error)
{
    wcl_session *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->users = 1;
    made->request = wcl_json_print(request);
    wcl_status status = made->request ? WCL_OK : wcl_fail_memory(error);
    if (status == WCL_OK)
        status = open_driver(sessions, request, &made->driver, error);
    if (status == WCL_OK)
        *session = made;
    else
        free_session(made);
    return status;
}

/* ---- Remembering ----------------------------------------------------------------------------- */

static wcl_status remember(wcl_sessions *sessions, const char *request, wcl_error *error)
{
    pthread_mutex_lock(&sessions->mutex);
    wcl_status status =
        wcl_durable_write(AT_FDCWD, sessions->state_file, request, strlen(request), 0600, error);
    pthread_mutex_unlock(&sessions->mutex);
    return status;
}

static wcl_status recall(wcl_sessions *sessions, wcl_error *error)
{
    WCL_CLEANUP_FREE char *text = NULL;
    WCL_CLEANUP_JSON cJSON *request = NULL;
    WCL_CLEANUP_FD int fd = open(sessions->state_file, O_RDONLY | O_CLOEXEC);
    size_t size;

    if (fd < 0)
        return WCL_OK;
    text = malloc(STATE_SIZE_MAX);
    if (!text)
        return wcl_fail_memory(error);
    if (wcl_pread_full(fd, text, STATE_SIZE_MAX, 0, &size, error) != WCL_OK ||
        wcl_json_parse(text, size, STATE_SIZE_MAX, &request, error) != WCL_OK)
        return WCL_FAILED;
    return new_session(sessions, request, &sessions->current, error);
}

wcl_status wcl_sessions_open(wcl_sessions *sessions, const char *state_dir, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;

    pthread_mutex_init(&sessions->mutex, NULL);
    if (asprintf(&sessions->state_file, "%s/.graphdriver.json", state_dir) < 0) {
        sessions->state_file = NULL;
        return wcl_fail_memory(error);
    }
    if (wcl_durable_make_folders(AT_FDCWD, state_dir, 0755, 0700, error) != WCL_OK)
        return WCL_FAILED;
    if (recall(sessions, &why) != WCL_OK && sessions->hooks && sessions->hooks->log)
        sessions->hooks->log(sessions->hooks->context, WCL_LOG_WARNING, why.message);
    return WCL_OK;
}

void wcl_sessions_close(wcl_sessions *sessions)
{
    if (sessions->current)
        wcl_sessions_leave(sessions, sessions->current);
    sessions->current = NULL;
    free(sessions->state_file);
    pthread_mutex_destroy(&sessions->mutex);
}

/* ---- Using ----------------------------------------------------------------------------------- */

wcl_status wcl_sessions_enter(wcl_sessions *sessions, wcl_session **session, wcl_error *error)
{
    pthread_mutex_lock(&sessions->mutex);
    *session = sessions->current;
    if (*session)
        (*session)->users++;
    pthread_mutex_unlock(&sessions->mutex);
    return *session ? WCL_OK
                    : wcl_fail(error, WCL_CODE_INVALID_STATE,
                               "the driver has no home yet: GraphDriver.Init must come first");
}

void wcl_sessions_leave(wcl_sessions *sessions, wcl_session *session)
{
    pthread_mutex_lock(&sessions->mutex);
    bool last = --session->users == 0;
    pthread_mutex_unlock(&sessions->mutex);
    if (last)
        free_session(session);
}

/* Makes `session` the current one. */
static void replace(wcl_sessions *sessions, wcl_session *session)
{
    pthread_mutex_lock(&sessions->mutex);
    wcl_session *old = sessions->current;
    sessions->current = session;
    session->users++;
    pthread_mutex_unlock(&sessions->mutex);
    if (old)
        wcl_sessions_leave(sessions, old);
}

static wcl_status find_session(wcl_sessions *sessions, const cJSON *request, wcl_session **session,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE char *text = wcl_json_print(request);

    if (!text)
        return wcl_fail_memory(error);
    if (wcl_sessions_enter(sessions, session, NULL) == WCL_OK) {
        if (strcmp((*session)->request, text) == 0)
            return WCL_OK;
        wcl_sessions_leave(sessions, *session);
    }
    if (new_session(sessions, request, session, error) != WCL_OK)
        return WCL_FAILED;
    replace(sessions, *session);
    return WCL_OK;
}

wcl_status wcl_sessions_init(wcl_sessions *sessions, const cJSON *request, wcl_error *error)
{
    wcl_session *session = NULL;

    if (find_session(sessions, request, &session, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_graphdriver_cleanup(session->driver, error);
    if (status == WCL_OK)
        status = remember(sessions, session->request, error);
    wcl_sessions_leave(sessions, session);
    return status;
}
