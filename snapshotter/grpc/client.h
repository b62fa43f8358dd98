/* A gRPC client that makes one call at a time and waits: on a connection of its own to a Unix
 * socket. */
#ifndef WCL_GRPC_CLIENT_H
#define WCL_GRPC_CLIENT_H

#include "snapshotter/grpc/protobuf.h"

typedef struct wcl_grpc_client wcl_grpc_client;

typedef struct wcl_grpc_target {
    const char *socket;
    const char *namespace;  /* containerd-namespace; "" for none */
    const char *lease;      /* containerd-lease; "" for none */
    const wcl_hooks *hooks; /* asked whether to give up; may be NULL */
} wcl_grpc_target;

/* Connects, and begins the call of `path`. The target's texts are looked at now, its hooks later.
 */
wcl_status wcl_grpc_client_begin(const wcl_grpc_target *target, const char *path,
                                 wcl_grpc_client **client, wcl_error *error);

/* Sends a message; no more follow the `last`. */
wcl_status wcl_grpc_client_send(wcl_grpc_client *client, const ProtobufCMessage *message, bool last,
                                wcl_error *error);

/* The next message, of that kind, of at most WCL_GRPC_ANSWER_MAX bytes: wcl_protobuf_free().
 * WCL_END where the call ended well; a failure has the peer's words and what its code stands for.
 */
#define WCL_GRPC_ANSWER_MAX ((size_t)4 * 1024 * 1024 + 4096)
wcl_status wcl_grpc_client_receive(wcl_grpc_client *client, const ProtobufCMessageDescriptor *kind,
                                   ProtobufCMessage **message, wcl_error *error);

/* Ends the call and the connection, whatever is under way. NULL is allowed. */
void wcl_grpc_client_free(wcl_grpc_client *client);

#endif
