/* Init, and remembering it. */
#include "graphdriver/server/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "base/hooks.h"

#define STATE_SIZE_MAX (1024 * 1024)

/* ---- What Init says -------------------------------------------------------------------------- */

wcl_status wcl_read_pairs(const wcl_json_field *field, const cJSON *item, wcl_region *region,
                          void *to, wcl_error *error)
{
    size_t count = 0;
    const cJSON *pair;

    if (!cJSON_IsArray(item) && !cJSON_IsObject(item))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s is not a list", field->name);
    const char **texts =
        wcl_region_alloc(region, (size_t)cJSON_GetArraySize(item) + 1, sizeof(*texts));
    if (!texts)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(pair, item)
    {
        WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
        if (!cJSON_IsString(pair))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "%s holds something that is not a text", field->name);
        if (wcl_buffer_printf(&text, error, "%s%s%s", pair->string ? pair->string : "",
                              pair->string ? "=" : "", pair->valuestring) != WCL_OK)
            return WCL_FAILED;
        texts[count] = wcl_region_text(region, wcl_buffer_text(&text));
        if (!texts[count++])
            return wcl_fail_memory(error);
    }
    memcpy((char *)to + field->offset, &texts, sizeof(texts));
    memcpy((char *)to + field->count_offset, &count, sizeof(count));
    return WCL_OK;
}

#define NUMBER(json, member)                                                                       \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_U32, .offset = offsetof(wcl_id_map, member)               \
    }
static const wcl_json_field map_fields[] = {
    NUMBER("container_id", container_id),
    NUMBER("host_id", host_id),
    NUMBER("size", size),
};
static const wcl_json_table map_table = { .what = "an id map",
                                          .size = sizeof(wcl_id_map),
                                          .unknown = WCL_JSON_SKIP_UNKNOWN,
                                          WCL_JSON_FIELDS(map_fields) };

#define LIST(json, kind, member, count)                                                            \
    .name = (json), .type = (kind), .offset = offsetof(wcl_graphdriver_options, member),           \
    .count_offset = offsetof(wcl_graphdriver_options, count)
static const wcl_json_field init_fields[] = {
    { .name = "Home", .type = WCL_JSON_TEXT, .offset = offsetof(wcl_graphdriver_options, home) },
    { LIST("Opts", WCL_JSON_OTHER, options, option_count), .read = wcl_read_pairs },
    { LIST("UIDMaps", WCL_JSON_STRUCTS, uid_maps, uid_map_count), .table = &map_table },
    { LIST("GIDMaps", WCL_JSON_STRUCTS, gid_maps, gid_map_count), .table = &map_table },
};
static const wcl_json_table init_table = { .what = "the request",
                                           .size = sizeof(wcl_graphdriver_options),
                                           .unknown = WCL_JSON_SKIP_UNKNOWN,
                                           WCL_JSON_FIELDS(init_fields) };

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
    WCL_CLEANUP_REGION wcl_region region = { .used = 0 };
    wcl_graphdriver_options options = { .struct_size = sizeof(options),
                                        .provider = sessions->provider,
                                        .hooks = sessions->hooks };

    if (wcl_json_read(&init_table, request, &region, &options, error) != WCL_OK)
        return WCL_FAILED;
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
    if (recall(sessions, &why) != WCL_OK)
        wcl_hooks_log(sessions->hooks, WCL_LOG_WARNING, why.message);
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
