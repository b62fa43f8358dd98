/*
 * What does the work behind wcl/container.h: the shape is that of the Host Compute Service, with
 * documents in its JSON. A call that is "pending" fails with WCL_CODE_HCS_OPERATION_PENDING and is
 * finished by a notification; the layer above waits for it.
 */
#ifndef WCL_CONTAINER_PROVIDER_H
#define WCL_CONTAINER_PROVIDER_H

#include <wcl/container.h>

#include "container/notification.h"

/*
 * A notification (notification.h): `code` is 0 or the wcl_code of a failure, `data` its text or
 * NULL. Called from any thread, also before the call that registers it has returned, but never
 * after the object it belongs to was closed.
 */
typedef void (*wcl_notify_fn)(void *context, uint32_t type, uint32_t code, const char *data);

typedef struct wcl_notify {
    wcl_notify_fn call;
    void *context;
} wcl_notify;

/* Compute systems and processes, as the provider knows them. */
typedef struct wcl_provider_system wcl_provider_system;
typedef struct wcl_provider_process wcl_provider_process;

typedef struct wcl_container_provider {
    const char *name;
    bool has_own_fields; /* honours what the configurations have beyond hcsshim's */

    /* `query` is a ComputeSystemQuery or NULL; gives an array of ContainerProperties. */
    wcl_status (*enumerate)(const wcl_container_options *options, const char *query, char **systems,
                            wcl_error *error);
    /* Sets `*system` also when the creation is pending. */
    wcl_status (*create)(const wcl_container_options *options, const char *id, const char *config,
                         wcl_notify notify, wcl_provider_system **system, wcl_error *error);
    wcl_status (*open)(const wcl_container_options *options, const char *id, wcl_notify notify,
                       wcl_provider_system **system, wcl_error *error);
    /* Gives the handle up also when it fails, and says then what may be left of it. */
    wcl_status (*close)(wcl_provider_system *system, wcl_error *error);
    wcl_status (*start)(wcl_provider_system *system, wcl_error *error);
    wcl_status (*shutdown)(wcl_provider_system *system, wcl_error *error);
    wcl_status (*terminate)(wcl_provider_system *system, wcl_error *error);
    wcl_status (*pause)(wcl_provider_system *system, wcl_error *error);
    wcl_status (*resume)(wcl_provider_system *system, wcl_error *error);
    /* `query` is `{"PropertyTypes":[...]}` or NULL; gives a ContainerProperties. */
    wcl_status (*properties)(wcl_provider_system *system, const char *query, char **properties,
                             wcl_error *error);
    /* These three are NULL where the provider has no such thing. */
    wcl_status (*modify)(wcl_provider_system *system, const char *settings, wcl_error *error);
    wcl_status (*service_properties)(const wcl_container_options *options, const char *query,
                                     char **properties, wcl_error *error);
    wcl_status (*service_modify)(const wcl_container_options *options, const char *settings,
                                 wcl_error *error);

    /* A process outlives the handle of its system. */
    wcl_status (*create_process)(wcl_provider_system *system, const char *config, wcl_notify notify,
                                 wcl_provider_process **process, wcl_error *error);
    wcl_status (*open_process)(wcl_provider_system *system, uint32_t pid, wcl_notify notify,
                               wcl_provider_process **process, wcl_error *error);
    wcl_status (*close_process)(wcl_provider_process *process, wcl_error *error);
    uint32_t (*process_pid)(const wcl_provider_process *process);
    wcl_status (*kill_process)(wcl_provider_process *process, wcl_error *error);
    wcl_status (*process_stdio)(wcl_provider_process *process, wcl_pipe *in, wcl_pipe *out,
                                wcl_pipe *err, wcl_error *error);
    /* Gives a process status: ProcessId, Exited, ExitCode, LastWaitResult. */
    wcl_status (*process_properties)(wcl_provider_process *process, char **properties,
                                     wcl_error *error);
    /* `settings` is `{"Operation":"ConsoleSize",...}` or `{"Operation":"CloseHandle",...}`. */
    wcl_status (*modify_process)(wcl_provider_process *process, const char *settings,
                                 wcl_error *error);
} wcl_container_provider;

/* The provider that the options, the environment or the system choose. */
wcl_status wcl_container_provider_choose(const wcl_container_options *options,
                                         const wcl_container_provider **provider, wcl_error *error);

/* The providers of this system, ended by NULL; the first is its own. Defined beside them. */
extern const wcl_container_provider *const wcl_container_providers[];

#endif
