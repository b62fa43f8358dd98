/* One connection of the server: its HTTP/2 session and the calls that came by it. */
#ifndef WCL_GRPC_CONNECTION_H
#define WCL_GRPC_CONNECTION_H

#include "snapshotter/grpc/pool.h"
#include "snapshotter/grpc/server.h"

/* What connections share. */
typedef struct wcl_grpc_workers {
    const wcl_grpc_service *service;
    wcl_grpc_pool quick, slow;
} wcl_grpc_workers;

typedef struct wcl_grpc_connection wcl_grpc_connection;

/* A connection on the socket, which becomes its own. */
wcl_status wcl_grpc_connection_new(wcl_grpc_workers *workers, int fd,
                                   wcl_grpc_connection **connection, wcl_error *error);
/* Serves until the peer leaves or wcl_grpc_connection_stop(), and then until its calls have ended.
 */
void wcl_grpc_connection_serve(wcl_grpc_connection *connection);
/* From any thread. */
void wcl_grpc_connection_stop(wcl_grpc_connection *connection);
void wcl_grpc_connection_free(wcl_grpc_connection *connection);

#endif
