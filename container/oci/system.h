/* The portable provider's handles of compute systems and of processes. */
#ifndef WCL_CONTAINER_OCI_SYSTEM_H
#define WCL_CONTAINER_OCI_SYSTEM_H

#include <pthread.h>

#include "container/oci/client.h"
#include "container/provider.h"

/*
 * A subscription at the supervisor, and the thread that listens to it. It lives until the handle of
 * the system and those of its processes are closed.
 */
struct wcl_provider_system {
    wcl_container_folder place;
    char *id;
    int subscription; /* -1 when the supervisor was lost before */
    pthread_t listener;
    bool listening;

    pthread_mutex_t mutex; /* for all that follows */
    unsigned users;
    bool closing;
    bool lost;
    wcl_notify notify; /* call is NULL when the handle was closed */
    wcl_provider_process *processes;
};

struct wcl_provider_process {
    wcl_provider_process *next;
    wcl_provider_system *system;
    uint32_t pid;
    uint64_t serial;
    wcl_notify notify;
    /* under the system's mutex */
    bool exited;
    int32_t exit_code;
    uint32_t wait_error;
    int pipes[3]; /* as they came with the creation, for the first who asks; -1 else */
};

wcl_status wcl_oci_create(const wcl_container_options *options, const char *id, const char *config,
                          wcl_notify notify, wcl_provider_system **system, wcl_error *error);
wcl_status wcl_oci_open(const wcl_container_options *options, const char *id, wcl_notify notify,
                        wcl_provider_system **system, wcl_error *error);
wcl_status wcl_oci_close(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_oci_start(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_oci_shutdown(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_oci_terminate(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_oci_pause(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_oci_resume(wcl_provider_system *system, wcl_error *error);

/* A handle of a system that is yet to be made or found; NULL with an error. */
wcl_provider_system *wcl_oci_system_new(const wcl_container_options *options, const char *id,
                                        wcl_notify notify, wcl_error *error);
void wcl_oci_system_free(wcl_provider_system *system);
/* Starts the thread that hears what the subscription tells (listen.c). */
wcl_status wcl_oci_system_listen(wcl_provider_system *system, wcl_error *error);
/* Tells the handle's owner; the mutex is held. */
void wcl_oci_system_notify(wcl_provider_system *system, uint32_t type, uint32_t code,
                           const char *text);

/* Keeps the system for a process of it, and gives it back. */
void wcl_oci_system_keep(wcl_provider_system *system);
void wcl_oci_system_drop(wcl_provider_system *system);

/* One request to the system's supervisor. */
wcl_status wcl_oci_request(wcl_provider_system *system, const wcl_supervisor_request *request,
                           wcl_reply *reply, wcl_error *error);

wcl_status wcl_oci_create_process(wcl_provider_system *system, const char *config,
                                  wcl_notify notify, wcl_provider_process **process,
                                  wcl_error *error);
wcl_status wcl_oci_open_process(wcl_provider_system *system, uint32_t pid, wcl_notify notify,
                                wcl_provider_process **process, wcl_error *error);
wcl_status wcl_oci_close_process(wcl_provider_process *process, wcl_error *error);
uint32_t wcl_oci_process_pid(const wcl_provider_process *process);
wcl_status wcl_oci_kill_process(wcl_provider_process *process, wcl_error *error);
wcl_status wcl_oci_process_stdio(wcl_provider_process *process, wcl_pipe *in, wcl_pipe *out,
                                 wcl_pipe *err, wcl_error *error);
wcl_status wcl_oci_process_properties(wcl_provider_process *process, char **properties,
                                      wcl_error *error);
wcl_status wcl_oci_modify_process(wcl_provider_process *process, const char *settings,
                                  wcl_error *error);
/* Asks about every process whose end has not been heard of. */
void wcl_oci_processes_ask_anew(wcl_provider_system *system);
/* Tells a process of its end; the system's mutex is held. */
void wcl_oci_process_exited(wcl_provider_process *process, const wcl_reply *event);

wcl_status wcl_oci_enumerate(const wcl_container_options *options, const char *query,
                             char **systems, wcl_error *error);
wcl_status wcl_oci_properties(wcl_provider_system *system, const char *query, char **properties,
                              wcl_error *error);

#endif
