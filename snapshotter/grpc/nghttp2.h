/* The functions of libnghttp2, which is loaded when a server starts. */
#ifndef WCL_GRPC_NGHTTP2_H
#define WCL_GRPC_NGHTTP2_H

#include <nghttp2/nghttp2.h>
#include <wcl/base.h>

#define WCL_NGHTTP2_FUNCTIONS(each)                                                                \
    each(nghttp2_session_callbacks_new);                                                           \
    each(nghttp2_session_callbacks_del);                                                           \
    each(nghttp2_session_callbacks_set_on_begin_headers_callback);                                 \
    each(nghttp2_session_callbacks_set_on_header_callback);                                        \
    each(nghttp2_session_callbacks_set_on_data_chunk_recv_callback);                               \
    each(nghttp2_session_callbacks_set_on_frame_recv_callback);                                    \
    each(nghttp2_session_callbacks_set_on_stream_close_callback);                                  \
    each(nghttp2_session_server_new);                                                              \
    each(nghttp2_session_client_new);                                                              \
    each(nghttp2_session_del);                                                                     \
    each(nghttp2_session_mem_recv);                                                                \
    each(nghttp2_session_mem_send);                                                                \
    each(nghttp2_session_resume_data);                                                             \
    each(nghttp2_session_want_read);                                                               \
    each(nghttp2_session_want_write);                                                              \
    each(nghttp2_session_get_stream_user_data);                                                    \
    each(nghttp2_session_set_stream_user_data);                                                    \
    each(nghttp2_session_set_local_window_size);                                                   \
    each(nghttp2_submit_settings);                                                                 \
    each(nghttp2_submit_request);                                                                  \
    each(nghttp2_submit_response);                                                                 \
    each(nghttp2_submit_trailer);                                                                  \
    each(nghttp2_strerror)

#define WCL_NGHTTP2_MEMBER(function) __typeof__(function) *function
typedef struct wcl_nghttp2 {
    WCL_NGHTTP2_FUNCTIONS(WCL_NGHTTP2_MEMBER);
} wcl_nghttp2;

/* Loads it, once for the program. Any thread. */
wcl_status wcl_nghttp2_load(wcl_error *error);
/* Its functions, after wcl_nghttp2_load(). */
const wcl_nghttp2 *wcl_nghttp2_functions(void);

/* A header field whose texts outlive the call that it is given to. */
#define WCL_NGHTTP2_FIELD(name, value)                                                             \
    {                                                                                              \
        (uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE   \
    }

#endif
