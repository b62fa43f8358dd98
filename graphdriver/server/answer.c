/* Writing answers. */
#include "graphdriver/server/microhttpd.h"
#include "graphdriver/server/answer.h"

#include <string.h>

#include "base/error.h"

#define CONTENT_TYPE "application/vnd.docker.plugins.v1.1+json"
#define READ_SIZE (256 * 1024)

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, const char *type,
                             struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    wcl_microhttpd_functions()->MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                                        type);
    enum MHD_Result result =
        wcl_microhttpd_functions()->MHD_queue_response(connection, status, response);
    wcl_microhttpd_functions()->MHD_destroy_response(response);
    return result;
}

static void keep(void *text)
{
    (void)text;
}

/* Whoever asked learns why there is no answer. */
static enum MHD_Result answer_no_memory(struct MHD_Connection *connection)
{
    static char text[] = "{\"Err\":\"the plugin is out of memory\"}";
    struct MHD_Response *response =
        wcl_microhttpd_functions()->MHD_create_response_from_buffer_with_free_callback(
            sizeof(text) - 1, text, keep);

    return queue(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, CONTENT_TYPE, response);
}

enum MHD_Result wcl_answer_json(struct MHD_Connection *connection, unsigned status, char *text)
{
    struct MHD_Response *response =
        wcl_microhttpd_functions()->MHD_create_response_from_buffer_with_free_callback(
            strlen(text), text, (MHD_ContentReaderFreeCallback)wcl_free);

    if (!response)
        wcl_free(text);
    return queue(connection, status, CONTENT_TYPE, response);
}

static enum MHD_Result answer_object(struct MHD_Connection *connection, unsigned status,
                                     const cJSON *object)
{
    char *text = object ? wcl_json_print(object) : NULL;

    return text ? wcl_answer_json(connection, status, text) : answer_no_memory(connection);
}

enum MHD_Result wcl_answer_error(struct MHD_Connection *connection, unsigned status,
                                 const wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();
    char text[1400];

    wcl_error_format(error, text, sizeof(text));
    if (!object || !wcl_json_add_text(object, "Err", text))
        return answer_no_memory(connection);
    return answer_object(connection, status, object);
}

enum MHD_Result wcl_answer_size(struct MHD_Connection *connection, uint64_t size)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();

    if (!object || !wcl_json_add_u64(object, "Size", size))
        return answer_no_memory(connection);
    return answer_object(connection, MHD_HTTP_OK, object);
}

/* ---- Streams --------------------------------------------------------------------------------- */

static ssize_t answer_read_stream(void *context, uint64_t position, char *buffer, size_t size)
{
    wcl_stream *stream = context;
    size_t got;

    (void)position;
    wcl_client_stop_clock(&stream->client);
    wcl_status status = wcl_feed_read(&stream->feed, buffer, size, &got, NULL);
    wcl_client_start_clock(&stream->client);
    if (status != WCL_OK)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (got)
        return (ssize_t)got;
    return stream->status == WCL_OK ? MHD_CONTENT_READER_END_OF_STREAM
                                    : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_stream(void *context)
{
    wcl_stream_free(context);
}

enum MHD_Result wcl_answer_stream(struct MHD_Connection *connection, wcl_stream *stream,
                                  wcl_error *error)
{
    if (!wcl_feed_wait(&stream->feed)) {
        uint64_t size;
        wcl_status status = wcl_stream_finish(stream, &size, error);
        if (status != WCL_OK) {
            wcl_stream_free(stream);
            return wcl_answer_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, error);
        }
    }
    struct MHD_Response *response = wcl_microhttpd_functions()->MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, READ_SIZE, answer_read_stream, stream, free_stream);
    if (!response)
        wcl_stream_free(stream);
    return queue(connection, MHD_HTTP_OK, "application/x-tar", response);
}
