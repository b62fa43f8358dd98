/* A gRPC server: HTTP/2 without encryption, a thread for each connection, and threads for the
 * calls.
 */
#ifndef WCL_GRPC_SERVER_H
#define WCL_GRPC_SERVER_H

#include "snapshotter/grpc/protobuf.h"

/* More connections are closed at once; more calls at once on one wait, as HTTP/2 has it. */
#define WCL_GRPC_CONNECTIONS_MAX 64
#define WCL_GRPC_STREAMS_MAX 128
/* Bytes of a request. */
#define WCL_GRPC_MESSAGE_MAX ((size_t)1024 * 1024)

typedef struct wcl_grpc_call wcl_grpc_call;

/* Answers by wcl_grpc_reply(), once, or as often as it likes where the answer is a stream. */
typedef wcl_status (*wcl_grpc_method_fn)(void *context, wcl_grpc_call *call,
                                         const ProtobufCMessage *request, wcl_error *error);

typedef struct wcl_grpc_method {
    const char *path; /* "/package.Service/Method" */
    const ProtobufCMessageDescriptor *request;
    wcl_grpc_method_fn run;
    bool is_slow; /* such calls have threads of their own, so that they hold up no others */
} wcl_grpc_method;

#define WCL_GRPC_TABLES_MAX 2
typedef struct wcl_grpc_service {
    struct {
        const wcl_grpc_method *methods;
        size_t count;
    } tables[WCL_GRPC_TABLES_MAX];
    void *context;
    const wcl_hooks *hooks; /* its log, from several threads; may be NULL */
} wcl_grpc_service;

wcl_status wcl_grpc_reply(wcl_grpc_call *call, const ProtobufCMessage *message, wcl_error *error);
/* Whether the caller has given it up. */
bool wcl_grpc_call_is_gone(const wcl_grpc_call *call);
/* Hooks that break off what nobody waits for any more. */
wcl_hooks wcl_grpc_call_hooks(wcl_grpc_call *call);
/* The containerd-namespace and the containerd-lease that came with it, "" where none did. */
const char *wcl_grpc_call_namespace(const wcl_grpc_call *call);
const char *wcl_grpc_call_lease(const wcl_grpc_call *call);

typedef struct wcl_grpc_server wcl_grpc_server;

/* Serves what connects to `listen_fd`, which stays the caller's. `service` outlives the server. */
wcl_status wcl_grpc_server_start(const wcl_grpc_service *service, int listen_fd,
                                 wcl_grpc_server **server, wcl_error *error);
/* Takes no more calls, tells those that run to give up, and waits for them. NULL is allowed. */
void wcl_grpc_server_stop(wcl_grpc_server *server);

#endif
