/*
 * wcl/snapshotter.h - the store as containerd's snapshotter and differ: a gRPC server on a Unix
 * socket, which containerd's configuration names as a proxy plugin.
 *
 * A committed snapshot is a read-only layer of the store, an active one a sandbox, and a view the
 * read-only mount of a layer with all that it stands on. Linux only.
 */
#ifndef WCL_SNAPSHOTTER_H
#define WCL_SNAPSHOTTER_H

#include <wcl/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wcl_snapshotter_server wcl_snapshotter_server;

typedef struct wcl_snapshotter_server_options {
    size_t struct_size; /* sizeof(wcl_snapshotter_server_options) */
    const char *home;   /* of the layers, made where it is missing */
    const char *socket; /* path of the Unix socket, made with its folders; unused with listen_fd */
    int listen_fd; /* a listening Unix socket, which the server takes over; -1: make `socket` */
    const char *content_socket; /* containerd's own, for blobs; NULL: no differ */
    const wcl_hooks *hooks;     /* its log, called from several threads; may be NULL */
} wcl_snapshotter_server_options;

#define WCL_SNAPSHOTTER_SERVER_OPTIONS_INIT                                                        \
    WCL_STRUCT_INIT_WITH(wcl_snapshotter_server_options, listen_fd, -1)

/* Begins to serve, in threads of its own. NOT_SUPPORTED in a build without nghttp2 or protobuf-c.
 */
WCL_API wcl_status wcl_snapshotter_server_start(const wcl_snapshotter_server_options *options,
                                                wcl_snapshotter_server **server, wcl_error *error);

/* Stops: takes no more calls, breaks off transfers, waits for the rest, removes the socket that it
 * made. What is mounted stays for those who use it. NULL is allowed. */
WCL_API void wcl_snapshotter_server_stop(wcl_snapshotter_server *server);

#ifdef __cplusplus
}
#endif
#endif
