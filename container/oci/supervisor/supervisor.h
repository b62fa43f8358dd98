/*
 * The supervisor: one small process for each container. It is the parent of the container's init
 * and of every process started in it, so it learns how they end; it keeps the ends of their pipes,
 * so that any program can take them; and it runs the OCI runtime's commands for those who ask.
 *
 * It is single-threaded around one epoll and handles one event at a time, so that whatever an event
 * frees cannot be behind another that was fetched with it.
 */
#ifndef WCL_CONTAINER_OCI_SUPERVISOR_H
#define WCL_CONTAINER_OCI_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "container/oci/protocol.h"

/* The file in the container's folder that the runtime writes its init's pid to. */
#define PID_FILE "pid"

struct supervisor;

/* Something epoll watches; the first member of what it is part of. */
struct source {
    void (*ready)(struct supervisor *supervisor, struct source *source, uint32_t events);
};

/* A program's connection; clients.c says what its states are. */
struct client {
    struct source source;
    struct client *next;
    uint64_t number; /* of a task it waits for; a pointer would not outlive the connection */
    int fd;
    bool subscribed;
    bool closing; /* sent WCL_REQUEST_CLOSE */
    bool behind;  /* its socket was full: events were left out */
};

/* Bytes on their way from one descriptor to another. `from` and `to` are its own. */
struct relay {
    struct source readable;
    struct source writable;
    struct relay *next;
    int from;
    int to;
    bool to_console; /* the end of the input is sent as the console's end-of-file character */
    bool full;       /* waiting for room in `to` */
    char *pending;   /* what did not fit */
    size_t pending_at;
    size_t pending_size;
};

struct process {
    struct source pidfd_source; /* of a process that is not a child */
    struct process *next;
    uint64_t serial;
    pid_t pid;
    int pidfd; /* of a process that is not a child, else -1 */
    bool exited;
    uint64_t ended;                              /* counts up with each end */
    void (*done)(struct supervisor *supervisor); /* called at its end; may be NULL */
    int32_t exit_code;
    uint32_t wait_error;
    /* What programs get duplicates of; -1 where there is none. */
    int stdin_end;
    int stdout_end;
    int stderr_end;
    int console; /* the pty's master */
};

enum task_kind {
    TASK_RUN,
    TASK_PAUSE,
    TASK_RESUME,
    TASK_EXEC,
    TASK_KILL,
    TASK_DELETE,
};

struct task;
typedef void (*task_done)(struct supervisor *supervisor, struct task *task, int status);

/* A command of the runtime that is under way. */
struct task {
    struct task *next;
    enum task_kind kind;
    task_done done; /* what is to be done when the command has ended, or could not be run */
    pid_t pid;
    int log;                 /* a memory file the runtime writes its log to */
    uint64_t client;         /* who waits for the reply to an exec */
    struct process *process; /* what an exec is to make */
    int console_socket;      /* where the runtime connects to hand over a pty, else -1 */
    unsigned number;         /* of its files in the folder */
    uint32_t flags;          /* of an exec: WCL_PIPE_..., WCL_EXEC_CONSOLE */
};

/* A child that ended before it was known which process it is. */
struct orphan {
    struct orphan *next;
    pid_t pid;
    int status;
};

/* A process that was asked to end, during a shutdown. */
struct asked {
    struct source source;
    struct asked *next;
    int pidfd;
    pid_t pid;
};

struct supervisor {
    int epoll;
    int listener;
    struct source listener_source;
    int signals;
    struct source signals_source;
    int folder;
    const char *path; /* the container's folder */
    const char *runtime_root;
    const char *id;
    const char *runtime;
    const char *teardown;
    enum wcl_container_state state;
    enum wcl_exit_type exit_type;
    pid_t init;
    int init_status;
    bool init_ended;
    bool terminating;
    bool shutting_down;
    bool finished;   /* the process that it was there for has ended */
    unsigned pauses; /* that failed one after the other, of the pause under way */
    int64_t started;
    /* What a client asks for is dealt with (requests.c). */
    void (*handle_request)(struct supervisor *supervisor, struct client *client,
                           const wcl_supervisor_request *request, int attached);
    uint64_t next_client;
    uint64_t next_serial;
    uint64_t ends; /* of processes, so far */
    unsigned next_number;
    struct client *clients;
    struct process *processes;
    struct relay *relays;
    struct task *tasks;
    struct orphan *orphans;
    struct asked *asked;
};

/* Each file uses those before it. */

/* loop.c: epoll, and texts of replies. */
bool loop_add(struct supervisor *supervisor, int fd, uint32_t events, struct source *source);
void loop_change(struct supervisor *supervisor, int fd, uint32_t events, struct source *source);
void loop_remove(struct supervisor *supervisor, int fd);
/* errno stays as it is. */
void close_fd(int *fd);
/* The number in a file of the container's folder, or -1. */
pid_t read_pid(const struct supervisor *supervisor, const char *name);
void reply_text(wcl_reply *reply, const char *text);
/* What a command wrote to its log. */
void reply_log(wcl_reply *reply, int log);

/* clients.c: connections, events, and when the supervisor is done. */
bool clients_add(struct supervisor *supervisor, int fd, bool subscribed);
void clients_accept(struct supervisor *supervisor, struct source *source, uint32_t events);
struct client *clients_by_number(const struct supervisor *supervisor, uint64_t number);
void clients_reply(struct supervisor *supervisor, struct client *client, wcl_reply *reply,
                   const int *fds, size_t fd_count);
void clients_notify(struct supervisor *supervisor, wcl_reply *event);
/* Called after whatever happened. */
void clients_end_if_done(struct supervisor *supervisor);

/* relays.c */
bool relays_add(struct supervisor *supervisor, int from, int to, bool to_console);

/* processes.c: records of processes. */
struct process *processes_new(void);
void processes_free(struct supervisor *supervisor, struct process *process);
void processes_register(struct supervisor *supervisor, struct process *process, pid_t pid);
struct process *processes_adopt(struct supervisor *supervisor, pid_t pid);
struct process *processes_by_pid(struct supervisor *supervisor, pid_t pid);
struct process *processes_by_serial(struct supervisor *supervisor, uint64_t serial);
void processes_child_ended(struct supervisor *supervisor, pid_t pid, int status);
void processes_describe(const struct process *process, wcl_reply *reply);
bool processes_take_orphan(struct supervisor *supervisor, pid_t pid, int *status);
void processes_drop_orphans(struct supervisor *supervisor);

/* tasks.c: the runtime's commands. */
struct task *tasks_new(enum task_kind kind, task_done done);
/* Runs the task's command: the runtime's options, its verb, `arguments` (ended by NULL) and the
 * container's id, and then `signal` unless it is NULL. One that cannot be run has ended. */
void tasks_start(struct supervisor *supervisor, struct task *task, const char *const *arguments,
                 const char *signal, const int fds[3], int document);
/* The end of a task, whether its command ran or not. */
void tasks_end(struct supervisor *supervisor, struct task *task, int status);
/* A child ended; false when it is not one of the runtime's commands. */
bool tasks_child_ended(struct supervisor *supervisor, pid_t pid, int status);
/* A status that says "failed" of a command that could not be run. */
#define TASK_NOT_RUN (127 << 8)

/* lifecycle.c: the container's states. */
void lifecycle_created(struct supervisor *supervisor);
/* Runs the command that changes the state; false when out of memory. */
bool lifecycle_change(struct supervisor *supervisor, enum task_kind kind);
void lifecycle_init_ended(struct supervisor *supervisor, int status);
void lifecycle_terminate(struct supervisor *supervisor);
void lifecycle_finish(struct supervisor *supervisor);
void lifecycle_shutdown(struct supervisor *supervisor);

/* exec.c: processes that are started, and handing over a process's pipes. */
bool exec_start(struct supervisor *supervisor, const struct client *client, uint32_t flags,
                int document);
void exec_reply_pipes(struct supervisor *supervisor, struct client *client,
                      const struct process *process);

/* requests.c: what a client asks for. */
void requests_handle(struct supervisor *supervisor, struct client *client,
                     const wcl_supervisor_request *request, int attached);

#endif
