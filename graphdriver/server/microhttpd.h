/* The functions of libmicrohttpd, which is loaded when a server starts. */
#ifndef WCL_GRAPHDRIVER_MICROHTTPD_H
#define WCL_GRAPHDRIVER_MICROHTTPD_H

#include <microhttpd.h>
#include <wcl/base.h>

typedef struct wcl_microhttpd {
    __typeof__(MHD_start_daemon) *MHD_start_daemon;
    __typeof__(MHD_stop_daemon) *MHD_stop_daemon;
    __typeof__(MHD_lookup_connection_value) *MHD_lookup_connection_value;
    __typeof__(MHD_get_connection_info) *MHD_get_connection_info;
    __typeof__(MHD_set_connection_option) *MHD_set_connection_option;
    __typeof__(MHD_create_response_from_callback) *MHD_create_response_from_callback;
    __typeof__(MHD_create_response_from_buffer_with_free_callback)
        *MHD_create_response_from_buffer_with_free_callback;
    __typeof__(MHD_add_response_header) *MHD_add_response_header;
    __typeof__(MHD_queue_response) *MHD_queue_response;
    __typeof__(MHD_destroy_response) *MHD_destroy_response;
} wcl_microhttpd;

/* Loads it, once for the program. Any thread. */
wcl_status wcl_microhttpd_load(wcl_error *error);
/* Its functions, after wcl_microhttpd_load(). */
const wcl_microhttpd *wcl_microhttpd_functions(void);

#endif
