/* Requests, from the first header to the answer. */
#include "graphdriver/server/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hooks.h"
#include "graphdriver/server/microhttpd.h"
#include "graphdriver/server/answer.h"

struct wcl_plugin_request {
    const wcl_plugin_request_context *context;
    wcl_client client;
    char url[64];
    const wcl_call *call; /* NULL for the two that stream, and those that are refused */
    bool is_diff;
    wcl_buffer body;
    wcl_stream *applying;
    unsigned refused; /* the HTTP status, when there is an error already */
    wcl_error error;
};

static void request_refuse(wcl_plugin_request *request, unsigned status)
{
    if (!request->refused)
        request->refused = status;
}

/* ---- Beginning ------------------------------------------------------------------------------- */

static void begin_applying(wcl_plugin_request *request, struct MHD_Connection *connection)
{
    const char *id = wcl_microhttpd_functions()->MHD_lookup_connection_value(
        connection, MHD_GET_ARGUMENT_KIND, "id");
    const char *parent = wcl_microhttpd_functions()->MHD_lookup_connection_value(
        connection, MHD_GET_ARGUMENT_KIND, "parent");

    if (wcl_stream_apply(request->context->streams, request->context->sessions, request->client, id,
                         parent, &request->applying, &request->error) != WCL_OK)
        request_refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR);
}

static void request_begin(wcl_plugin_request *request, struct MHD_Connection *connection,
                          const char *method)
{
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0) {
        wcl_fail(&request->error, WCL_CODE_NOT_SUPPORTED, "only POST is understood, not %.20s",
                 method);
        request_refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED);
    } else if (strcmp(request->url, "/GraphDriver.ApplyDiff") == 0) {
        begin_applying(request, connection);
    } else if (strcmp(request->url, "/GraphDriver.Diff") == 0) {
        request->is_diff = true;
    } else if (!(request->call = wcl_call_find(request->url))) {
        wcl_fail(&request->error, WCL_CODE_PROC_NOT_FOUND, "there is no such call");
        request_refuse(request, MHD_HTTP_NOT_FOUND);
    }
}

wcl_plugin_request *wcl_plugin_request_new(const wcl_plugin_request_context *context,
                                           struct MHD_Connection *connection, const char *url,
                                           const char *method)
{
    wcl_plugin_request *request = calloc(1, sizeof(*request));

    if (!request)
        return NULL;
    request->context = context;
    request->client = wcl_client_of(connection, context->stream_patience);
    snprintf(request->url, sizeof(request->url), "%s", url);
    request_begin(request, connection, method);
    if (request->applying)
        wcl_client_start_clock(&request->client);
    return request;
}

/* ---- The body -------------------------------------------------------------------------------- */

void wcl_plugin_request_take(wcl_plugin_request *request, const void *data, size_t size)
{
    if (request->refused)
        return;
    if (request->applying) {
        /* A failure shows when the work is asked how it went. */
        wcl_client_stop_clock(&request->client);
        wcl_feed_write(&request->applying->feed, data, size, NULL);
        wcl_client_start_clock(&request->client);
    } else if (size > WCL_CALL_BODY_MAX - request->body.size) {
        wcl_buffer_free(&request->body);
        wcl_fail(&request->error, WCL_CODE_FILE_TOO_LARGE, "the request has more than %d bytes",
                 WCL_CALL_BODY_MAX);
        request_refuse(request, MHD_HTTP_CONTENT_TOO_LARGE);
    } else if (wcl_buffer_append(&request->body, data, size, &request->error) != WCL_OK) {
        request_refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR);
    }
}

/* ---- Answering ------------------------------------------------------------------------------- */

static enum MHD_Result answer_error(wcl_plugin_request *request, struct MHD_Connection *connection,
                                    unsigned status)
{
    const wcl_hooks *hooks = request->context->hooks;
    char text[1400], line[1500];

    if (wcl_hooks_can_log(hooks)) {
        snprintf(line, sizeof(line), "%s: %s", request->url,
                 wcl_error_format(&request->error, text, sizeof(text)));
        wcl_hooks_log(hooks, WCL_LOG_WARNING, line);
    }
    return wcl_answer_error(connection, status, &request->error);
}

static enum MHD_Result answer_call(wcl_plugin_request *request, struct MHD_Connection *connection)
{
    char *answer = NULL;

    if (wcl_call_run(request->call, request->context->sessions, request->body.data,
                     request->body.size, &answer, &request->error) != WCL_OK)
        return answer_error(request, connection, MHD_HTTP_INTERNAL_SERVER_ERROR);
    return wcl_answer_json(connection, MHD_HTTP_OK, answer);
}

static enum MHD_Result answer_apply(wcl_plugin_request *request, struct MHD_Connection *connection)
{
    uint64_t size;

    if (wcl_stream_finish(request->applying, &size, &request->error) != WCL_OK)
        return answer_error(request, connection, MHD_HTTP_INTERNAL_SERVER_ERROR);
    return wcl_answer_size(connection, size);
}

static wcl_status begin_diff(wcl_plugin_request *request, wcl_stream **stream)
{
    WCL_CLEANUP_REGION wcl_region region = { .used = 0 };
    WCL_CLEANUP_JSON cJSON *json = NULL;
    wcl_call_arguments arguments;

    if (wcl_call_read(request->body.data, request->body.size, &json, &region, &arguments,
                      &request->error) != WCL_OK)
        return WCL_FAILED;
    return wcl_stream_diff(request->context->streams, request->context->sessions, request->client,
                           arguments.id, arguments.parent, stream, &request->error);
}

static enum MHD_Result answer_diff(wcl_plugin_request *request, struct MHD_Connection *connection)
{
    wcl_stream *stream;

    if (begin_diff(request, &stream) != WCL_OK)
        return answer_error(request, connection, MHD_HTTP_INTERNAL_SERVER_ERROR);
    return wcl_answer_stream(connection, stream, &request->error);
}

static enum MHD_Result request_answer(wcl_plugin_request *request,
                                      struct MHD_Connection *connection)
{
    if (request->refused)
        return answer_error(request, connection, request->refused);
    if (request->is_diff)
        return answer_diff(request, connection);
    return request->applying ? answer_apply(request, connection) : answer_call(request, connection);
}

enum MHD_Result wcl_plugin_request_answer(wcl_plugin_request *request,
                                          struct MHD_Connection *connection)
{
    wcl_client_stop_clock(&request->client);
    wcl_client_serve(&request->client);
    enum MHD_Result result = request_answer(request, connection);
    wcl_client_serve(NULL);
    wcl_client_start_clock(&request->client);
    return result;
}

void wcl_plugin_request_free(wcl_plugin_request *request)
{
    if (!request)
        return;
    request->client.patience = request->context->request_patience;
    wcl_client_stop_clock(&request->client);
    wcl_client_start_clock(&request->client);
    wcl_stream_free(request->applying);
    wcl_buffer_free(&request->body);
    free(request);
}
