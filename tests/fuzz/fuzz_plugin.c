/*
 * Requests of docker's graph driver protocol, over a driver that keeps nothing and an HTTP library
 * that is one connection without a socket. The input is a list of requests, each ended by a NUL:
 * "METHOD PATH?NAME=VALUE&...", a newline, the body. Whatever is asked, there is one answer: a
 * document of JSON, one with an error that says something, or a layer's bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graphdriver/server/microhttpd.h"
#include "graphdriver/server/request.h"
#include "tests/fuzz/fake_driver.h"
#include "tests/tools/check.h"

#define MOST_REQUESTS 16

/* ---- The HTTP library ------------------------------------------------------------------------ */

struct MHD_Connection {
    char *query;
    char value[300];
    unsigned answers;
};

struct MHD_Response {
    char *data;
    size_t size;
    MHD_ContentReaderFreeCallback free_data;
    MHD_ContentReaderCallback read;
    void *context;
};

static const char *lookup(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                          const char *key)
{
    size_t length = strlen(key);

    CHECK(kind == MHD_GET_ARGUMENT_KIND);
    for (const char *at = connection->query; at && *at; at += *at == '&') {
        size_t size = strcspn(at, "&");
        if (strncmp(at, key, length) == 0 && at[length] == '=') {
            snprintf(connection->value, sizeof(connection->value), "%.*s", (int)(size - length - 1),
                     at + length + 1);
            return connection->value;
        }
        at += size;
    }
    return NULL;
}

static const union MHD_ConnectionInfo *get_info(struct MHD_Connection *connection,
                                                enum MHD_ConnectionInfoType type, ...)
{
    (void)connection, (void)type;
    return NULL;
}

static enum MHD_Result set_option(struct MHD_Connection *connection,
                                  enum MHD_CONNECTION_OPTION option, ...)
{
    CHECK(connection && option == MHD_CONNECTION_OPTION_TIMEOUT);
    return MHD_YES;
}

static struct MHD_Response *new_response(struct MHD_Response contents)
{
    struct MHD_Response *response = malloc(sizeof(*response));

    CHECK(response);
    *response = contents;
    return response;
}

static struct MHD_Response *from_buffer(size_t size, void *buffer,
                                        MHD_ContentReaderFreeCallback free_data)
{
    return new_response((struct MHD_Response) { buffer, size, free_data, NULL, buffer });
}

static struct MHD_Response *from_callback(uint64_t size, size_t block_size,
                                          MHD_ContentReaderCallback read, void *context,
                                          MHD_ContentReaderFreeCallback free_data)
{
    CHECK(size == MHD_SIZE_UNKNOWN && block_size);
    return new_response((struct MHD_Response) { NULL, 0, free_data, read, context });
}

static enum MHD_Result add_header(struct MHD_Response *response, const char *name,
                                  const char *value)
{
    CHECK(response && *name && *value);
    return MHD_YES;
}

static void check_document(unsigned status, const struct MHD_Response *response)
{
    WCL_CLEANUP_JSON cJSON *document = NULL;

    CHECK(wcl_json_parse(response->data, response->size, 1 << 20, &document, NULL) == WCL_OK);
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(document, "Err");
    CHECK(cJSON_IsObject(document));
    if (status >= 400)
        CHECK(cJSON_IsString(reason) && reason->valuestring[0]);
    else
        CHECK(status == 200 && !reason);
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response)
{
    char bytes[256];
    uint64_t position = 0;
    ssize_t got;

    connection->answers++;
    if (!response->read) {
        check_document(status, response);
        return MHD_YES;
    }
    CHECK(status == 200);
    while ((got = response->read(response->context, position, bytes, sizeof(bytes))) > 0)
        position += (uint64_t)got;
    return MHD_YES;
}

static void destroy(struct MHD_Response *response)
{
    response->free_data(response->context);
    free(response);
}

wcl_status wcl_microhttpd_load(wcl_error *error)
{
    (void)error;
    return WCL_OK;
}

const wcl_microhttpd *wcl_microhttpd_functions(void)
{
    static const wcl_microhttpd functions = {
        .MHD_lookup_connection_value = lookup,
        .MHD_get_connection_info = get_info,
        .MHD_set_connection_option = set_option,
        .MHD_create_response_from_callback = from_callback,
        .MHD_create_response_from_buffer_with_free_callback = from_buffer,
        .MHD_add_response_header = add_header,
        .MHD_queue_response = queue,
        .MHD_destroy_response = destroy,
    };

    return &functions;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void ask(const wcl_plugin_request_context *context, char *text, size_t size)
{
    char *end = text + size, *body = memchr(text, '\n', size);
    struct MHD_Connection connection = { .query = NULL };

    if (body)
        *body++ = '\0';
    char *path = strchr(text, ' ');
    if (path)
        *path++ = '\0';
    connection.query = path ? strchr(path, '?') : NULL;
    if (connection.query)
        *connection.query++ = '\0';
    wcl_plugin_request *request =
        wcl_plugin_request_new(context, &connection, path ? path : "", text);
    CHECK(request);
    /* Bodies come in pieces. */
    for (size_t piece = 1; body && body < end; piece = piece * 3 + 1) {
        size_t left = (size_t)(end - body);
        wcl_plugin_request_take(request, body, piece < left ? piece : left);
        body += piece < left ? piece : left;
    }
    /* One in four goes away before it is answered. */
    if (size % 4 != 3) {
        CHECK(wcl_plugin_request_answer(request, &connection) == MHD_YES);
        CHECK(connection.answers == 1);
    }
    wcl_plugin_request_free(request);
}

static const char *work_folder(void)
{
    static char folder[64];

    if (!folder[0]) {
        snprintf(folder, sizeof(folder), "/dev/shm/wcl-fuzz-plugin-XXXXXX");
        CHECK(mkdtemp(folder));
    }
    return folder;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_sessions sessions = { .current = NULL };
    wcl_streams streams;
    const wcl_plugin_request_context context = { &sessions, &streams, NULL, 1, 1 };
    char *text = malloc(size + 1), state[96];

    CHECK(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    wcl_streams_init(&streams);
    CHECK(wcl_sessions_open(&sessions, work_folder(), NULL) == WCL_OK);
    size_t count = 0;
    for (size_t at = 0; at < size && count < MOST_REQUESTS; count++) {
        size_t length = strlen(text + at);
        ask(&context, text + at, length);
        at += length + 1;
    }
    wcl_sessions_close(&sessions);
    wcl_streams_destroy(&streams);
    fake_driver_check_closed();
    snprintf(state, sizeof(state), "%s/.graphdriver.json", work_folder());
    unlink(state);
    free(text);
    return 0;
}
