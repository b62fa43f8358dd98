/* The HTTP client, and its idle connections. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/registry/http_private.h"

wcl_status wcl_http_open(const wcl_http_options *options, wcl_http **http, wcl_error *error)
{
    wcl_http *made;

    if (wcl_curl_load(error) != WCL_OK)
        return WCL_FAILED;
    made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    pthread_mutex_init(&made->mutex, NULL);
    made->options = *options;
    if (!made->options.connect_seconds)
        made->options.connect_seconds = 30;
    if (!made->options.stall_seconds)
        made->options.stall_seconds = 60;
    if (options->ca_file) {
        made->ca_file = strdup(options->ca_file);
        if (!made->ca_file) {
            wcl_http_free(made);
            return wcl_fail_memory(error);
        }
        made->options.ca_file = made->ca_file;
    }
    *http = made;
    return WCL_OK;
}

static void free_line(wcl_http_line *line)
{
    if (line->easy)
        wcl_curl()->curl_easy_cleanup(line->easy);
    if (line->multi)
        wcl_curl()->curl_multi_cleanup(line->multi);
    free(line);
}

void wcl_http_free(wcl_http *http)
{
    if (!http)
        return;
    while (http->idle) {
        wcl_http_line *line = http->idle;
        http->idle = line->next;
        free_line(line);
    }
    pthread_mutex_destroy(&http->mutex);
    free(http->ca_file);
    free(http);
}

wcl_status wcl_http_check_cancelled(const wcl_http *http, wcl_error *error)
{
    if (http->options.cancelled && http->options.cancelled(http->options.cancelled_context))
        return wcl_fail(error, WCL_CODE_CANCELLED, "cancelled");
    return WCL_OK;
}

uint64_t wcl_http_received(const wcl_http *http)
{
    return __atomic_load_n(&http->received, __ATOMIC_RELAXED);
}

/* ---- Connections ----------------------------------------------------------------------------- */

wcl_status wcl_http_take_line(wcl_http *http, wcl_http_line **line, wcl_error *error)
{
    pthread_mutex_lock(&http->mutex);
    *line = http->idle;
    if (*line)
        http->idle = (*line)->next;
    pthread_mutex_unlock(&http->mutex);
    if (*line) {
        wcl_curl()->curl_easy_reset((*line)->easy);
        return WCL_OK;
    }
    wcl_http_line *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->multi = wcl_curl()->curl_multi_init();
    made->easy = wcl_curl()->curl_easy_init();
    if (!made->multi || !made->easy) {
        free_line(made);
        return wcl_fail_memory(error);
    }
    *line = made;
    return WCL_OK;
}

void wcl_http_return_line(wcl_http *http, wcl_http_line *line)
{
    pthread_mutex_lock(&http->mutex);
    line->next = http->idle;
    http->idle = line;
    pthread_mutex_unlock(&http->mutex);
}
