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

/* A program's connection. */
struct client {
    struct source source;
    struct client *next;
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
    uint64_t ended;      /* counts up with each end */
    bool ends_container; /* which stops when it has ended */
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

/* A command of the runtime that is under way. */
struct task {
    struct task *next;
    enum task_kind kind;
    pid_t pid;
    int log;                 /* a memory file the runtime writes its log to */
    struct client *client;   /* who waits for the reply to an exec; NULL when it left */
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

/* loop.c: epoll, and texts of replies. */
bool loop_add(struct supervisor *supervisor, int fd, uint32_t events, struct source *source);
void loop_change(struct supervisor *supervisor, int fd, uint32_t events, struct source *source);
void loop_remove(struct supervisor *supervisor, int fd);
void close_fd(int *fd);
/* The number in a file of the container's folder, or -1. */
pid_t read_pid(const struct supervisor *supervisor, const char *name);
void reply_text(wcl_reply *reply, const char *text);
/* What a command wrote to its log. */
void reply_log(wcl_reply *reply, int log);

/* clients.c: connections, events, and when the supervisor is done. */
bool clients_add(struct supervisor *supervisor, int fd, bool subscribed);
void clients_accept(struct supervisor *supervisor, struct source *source, uint32_t events);
void clients_reply(struct supervisor *supervisor, struct client *client, wcl_reply *reply,
                   const int *fds, size_t fd_count);
void clients_notify(struct supervisor *supervisor, wcl_reply *event);
void clients_end_if_done(struct supervisor *supervisor);

/* requests.c: what a client asks for. */
void requests_handle(struct supervisor *supervisor, struct client *client,
                     const wcl_supervisor_request *request, int attached);

/* tasks.c: the runtime's commands. */
bool tasks_run(struct supervisor *supervisor, enum task_kind kind);
bool tasks_exec(struct supervisor *supervisor, struct client *client, uint32_t flags, int document);
void tasks_forget_client(struct supervisor *supervisor, const struct client *client);
/* A child ended; false when it is not one of the runtime's commands. */
bool tasks_child_ended(struct supervisor *supervisor, pid_t pid, int status);

/* lifecycle.c: the container's states. */
void lifecycle_created(struct supervisor *supervisor);
void lifecycle_task_ended(struct supervisor *supervisor, struct task *task, int status);
void lifecycle_init_ended(struct supervisor *supervisor, int status);
void lifecycle_terminate(struct supervisor *supervisor);
void lifecycle_finish(struct supervisor *supervisor);
void lifecycle_shutdown(struct supervisor *supervisor);
void lifecycle_status(const struct supervisor *supervisor, wcl_reply *reply);

/* exec_result.c: what became of an exec, and handing over a process's pipes. */
void exec_reply_pipes(struct supervisor *supervisor, struct client *client,
                      const struct process *process);
void exec_ended(struct supervisor *supervisor, struct task *task, int status);

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

/* relays.c */
bool relays_add(struct supervisor *supervisor, int from, int to, bool to_console);

#endif
