/* Calls: requests and answers. */
#include "snapshotter/grpc/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

wcl_grpc_call *wcl_grpc_call_new(const wcl_grpc_service *service, int32_t stream)
{
    wcl_grpc_call *call = calloc(1, sizeof(*call));

    if (call) {
        call->service = service;
        call->stream = stream;
    }
    return call;
}

void wcl_grpc_call_free(wcl_grpc_call *call)
{
    if (!call)
        return;
    wcl_grpc_frame_free(&call->request);
    wcl_buffer_free(&call->answer);
    wcl_buffer_free(&call->message);
    free(call);
}

wcl_status wcl_grpc_call_take(wcl_grpc_call *call, const uint8_t *data, size_t size,
                              wcl_error *error)
{
    size_t taken;

    if (wcl_grpc_frame_take(&call->request, data, size, WCL_GRPC_MESSAGE_MAX, &taken, error) !=
        WCL_OK)
        return WCL_FAILED;
    if (taken < size)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the request has more than one message");
    return WCL_OK;
}

wcl_status wcl_grpc_call_find_method(wcl_grpc_call *call, wcl_error *error)
{
    for (size_t table = 0; table < WCL_GRPC_TABLES_MAX; table++)
        for (size_t i = 0; i < call->service->tables[table].count; i++)
            if (strcmp(call->service->tables[table].methods[i].path, call->path) == 0)
                call->method = &call->service->tables[table].methods[i];
    if (!call->method)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "there is no method '%s'", call->path);
    if (!wcl_grpc_frame_is_whole(&call->request))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the request is not a whole message");
    return WCL_OK;
}

void wcl_grpc_call_fail(wcl_grpc_call *call, const wcl_error *error)
{
    char text[sizeof(error->subject) + sizeof(error->message) + sizeof(error->operation) + 32];

    call->code = wcl_grpc_code_of(error);
    wcl_buffer_clear(&call->answer);
    wcl_buffer_clear(&call->message);
    wcl_error_format(error, text, sizeof(text));
    wcl_grpc_encode_message(text, &call->message, NULL);
}

void wcl_grpc_call_run(wcl_grpc_call *call)
{
    ProtobufCMessage *request = NULL;
    wcl_error error = WCL_ERROR_INIT;
    const wcl_buffer *bytes = &call->request.message;

    wcl_status status =
        wcl_protobuf_parse(call->method->request, bytes->data, bytes->size, &request, &error);
    wcl_grpc_frame_free(&call->request);
    if (status == WCL_OK)
        status = call->method->run(call->service->context, call, request, &error);
    wcl_protobuf_free(request);
    if (status != WCL_OK)
        wcl_grpc_call_fail(call, &error);
}

wcl_status wcl_grpc_reply(wcl_grpc_call *call, const ProtobufCMessage *message, wcl_error *error)
{
    size_t at = call->answer.size;

    if (wcl_buffer_append_zeros(&call->answer, WCL_GRPC_HEAD_SIZE, error) != WCL_OK ||
        wcl_protobuf_append(message, &call->answer, error) != WCL_OK)
        return WCL_FAILED;
    wcl_grpc_frame_head(call->answer.data + at, call->answer.size - at - WCL_GRPC_HEAD_SIZE);
    return WCL_OK;
}

bool wcl_grpc_call_is_gone(const wcl_grpc_call *call)
{
    return atomic_load(&call->is_gone);
}

static bool call_is_given_up(void *context, const wcl_progress *progress)
{
    (void)progress;
    return wcl_grpc_call_is_gone(context);
}

wcl_hooks wcl_grpc_call_hooks(wcl_grpc_call *call)
{
    return (wcl_hooks) { .struct_size = sizeof(wcl_hooks),
                         .context = call,
                         .progress = call_is_given_up };
}

const char *wcl_grpc_call_namespace(const wcl_grpc_call *call)
{
    return call->namespace;
}

const char *wcl_grpc_call_lease(const wcl_grpc_call *call)
{
    return call->lease;
}
