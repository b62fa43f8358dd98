/*
 * What programs and a container's supervisor say to each other: fixed messages over a Unix socket
 * that keeps their bounds (SOCK_SEQPACKET), with file descriptors attached where pipes or documents
 * change hands. Both ends are of one build on one host, so numbers are the machine's own.
 *
 * A connection carries requests, each followed by its reply; one that subscribed also receives
 * events until it ends. The supervisor counts subscribed connections as handles of the container.
 *
 * Events and replies come over different connections, in no order. Who opens a process therefore
 * notes its serial, so that events of it are heard from then on, and asks how it stands after that.
 */
#ifndef WCL_CONTAINER_OCI_PROTOCOL_H
#define WCL_CONTAINER_OCI_PROTOCOL_H

#include <stdint.h>

/* Names in a container's folder under the run directory. */
#define WCL_SUPERVISOR_SOCKET "socket"
#define WCL_SUPERVISOR_RUNTIME_ROOT "runtime"

/* Descriptors that a supervisor is started with: its first, subscribed connection, and the
 * container's folder, on which it holds the lock. */
#define WCL_SUPERVISOR_FIRST_FD 3
#define WCL_SUPERVISOR_FOLDER_FD 4

#define WCL_SUPERVISOR_TEXT 2048

enum wcl_supervisor_request_type {
    WCL_REQUEST_SUBSCRIBE = 1, /* reply: status; then events */
    WCL_REQUEST_CLOSE,         /* ends a subscription; the connection ends when all is done */
    WCL_REQUEST_STATUS,        /* reply: status */
    WCL_REQUEST_START,         /* reply at once, or an error; the event tells of the end */
    WCL_REQUEST_PAUSE,
    WCL_REQUEST_RESUME,
    WCL_REQUEST_SHUTDOWN,
    WCL_REQUEST_TERMINATE,
    WCL_REQUEST_EXEC,     /* with the process document; reply: process and its pipes */
    WCL_REQUEST_OPEN,     /* of `pid`; reply: process */
    WCL_REQUEST_DESCRIBE, /* reply: process; this and what follows is about `serial` */
    WCL_REQUEST_STDIO,    /* reply: pipes */
    WCL_REQUEST_CLOSE_STDIN,
    WCL_REQUEST_RESIZE,
    WCL_REQUEST_KILL,
};

/* Which pipes an exec has or a reply carries; attached in this order. */
#define WCL_PIPE_STDIN 0x1u
#define WCL_PIPE_STDOUT 0x2u
#define WCL_PIPE_STDERR 0x4u
#define WCL_EXEC_CONSOLE 0x8u
#define WCL_EXEC_ENDS_CONTAINER 0x10u /* the container stops when the process has ended */

typedef struct wcl_supervisor_request {
    uint32_t type;
    uint32_t flags;
    int32_t pid;
    uint16_t width;
    uint16_t height;
    uint64_t serial; /* names a process of this container for good, which a pid does not */
} wcl_supervisor_request;

/* The event that others were left out, since the connection was full: who hears it asks anew about
 * all that it waits for. */
#define WCL_EVENT_MISSED 0x02000000u

enum wcl_container_state {
    WCL_STATE_CREATING = 0,
    WCL_STATE_CREATED,
    WCL_STATE_STARTING,
    WCL_STATE_RUNNING,
    WCL_STATE_PAUSING,
    WCL_STATE_PAUSED,
    WCL_STATE_RESUMING,
    WCL_STATE_STOPPING, /* init has ended; the runtime is cleaning up */
    WCL_STATE_STOPPED,
};

enum wcl_exit_type {
    WCL_EXIT_NONE = 0,
    WCL_EXIT_GRACEFUL,
    WCL_EXIT_FORCED,
    WCL_EXIT_UNEXPECTED,
};

typedef struct wcl_reply {
    uint32_t event; /* 0 in a reply, else a notification's type (provider.h) */
    uint32_t code;  /* wcl_code */
    /* the container */
    uint32_t state;     /* wcl_container_state */
    uint32_t exit_type; /* wcl_exit_type */
    int32_t init_pid;
    /* the process */
    int32_t pid;
    uint64_t serial;
    int32_t exit_code;
    uint32_t exited;     /* 1 when exit_code stands */
    uint32_t wait_error; /* wcl_code when the exit code cannot be known */
    uint32_t pipes;      /* WCL_PIPE_... */
    int64_t started;     /* when the container was started, ns since 1970; 0 before */
    uint32_t text_size;
    char text[WCL_SUPERVISOR_TEXT]; /* what the runtime said */
} wcl_reply;

#endif
