/*
 * wcl/container.h - compute systems: containers and the processes in them, as the Host Compute
 * Service defines them, on every provider ("oci": an OCI runtime; "vmcompute": Windows).
 *
 * Handles may be used by many threads at once. Closing one (wcl_container_close(),
 * wcl_process_close()) wakes those who wait on it with WCL_CODE_HANDLE_CLOSE; every later call on
 * it fails with WCL_CODE_ALREADY_CLOSED. It must not be freed while a thread is using it.
 *
 * A container and its processes do not depend on the program that made them. They live on after it
 * ends, however it ends, and any program can open them by id until the container has stopped and
 * the last handle of it, in any program, is closed: then it is gone.
 */
#ifndef WCL_CONTAINER_H
#define WCL_CONTAINER_H

#include <wcl/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* WaitErrExecFailed: what wcl_process_exit_code() gives as the code when it cannot know one. */
#define WCL_WAIT_ERR_EXEC_FAILED 32767
/* TimeoutInfinite */
#define WCL_TIMEOUT_INFINITE 0xFFFFFFFFu

/* ---- Where containers live ------------------------------------------------------------------ */

/* For NULL, or members that are NULL, the defaults named here are used. Functions that keep it copy
 * it.
 */
typedef struct wcl_container_options {
    size_t struct_size;      /* sizeof(wcl_container_options) */
    const char *provider;    /* "oci", "vmcompute"; NULL: WCL_PROVIDER, else the system's own */
    const char *runtime;     /* oci: the runtime's program; NULL: WCL_RUNTIME, else "runc" */
    const char *run_dir;     /* oci: where state is kept; NULL: WCL_RUN, else /run/wcl */
    const char *supervisor;  /* oci: wcl-supervisor; NULL: WCL_SUPERVISOR, else the installed one */
    const char *network_dir; /* oci: where networks are kept; NULL: WCL_HOME's hns folder, else
                                /var/lib/wcl/hns */
    uint32_t wait_ms; /* how many milliseconds a creation, start, pause or resume that the provider
                         completes later may take; 0: 4 minutes; WCL_TIMEOUT_INFINITE: no limit. One
                         that takes longer fails with WCL_CODE_TIMEOUT; a container whose creation
                         takes longer is terminated */
} wcl_container_options;

#define WCL_CONTAINER_OPTIONS_INIT WCL_STRUCT_INIT(wcl_container_options)

/* ---- Configuration -------------------------------------------------------------------------- */

/* MappedDir: a host folder that appears in the container. */
typedef struct wcl_mapped_dir {
    size_t struct_size; /* sizeof(wcl_mapped_dir), of all in a list */
    const char *host_path;
    const char *container_path;
    bool read_only;
    uint64_t bandwidth_maximum; /* bytes per second; 0: no limit */
    uint64_t iops_maximum;      /* 0: no limit */
} wcl_mapped_dir;

#define WCL_MAPPED_DIR_INIT WCL_STRUCT_INIT(wcl_mapped_dir)

/* Layer: a parent of the container's layer. */
typedef struct wcl_container_layer {
    size_t struct_size; /* sizeof(wcl_container_layer), of all in a list */
    const char *id;     /* its GUID */
    const char *path;   /* its folder; the last element is its id in the store */
} wcl_container_layer;

#define WCL_CONTAINER_LAYER_INIT WCL_STRUCT_INIT(wcl_container_layer)

/* HvRuntime: settings of a Hyper-V container. */
typedef struct wcl_hv_runtime {
    size_t struct_size; /* sizeof(wcl_hv_runtime) */
    const char *image_path;
    bool skip_template;
} wcl_hv_runtime;

#define WCL_HV_RUNTIME_INIT WCL_STRUCT_INIT(wcl_hv_runtime)

/*
 * ContainerConfig. Texts may be NULL for "". Numbers that are 0 and lists that are empty are not
 * set. docs/containers.md says what each provider does with each field; a field that a provider
 * cannot honour is refused with an error that names it.
 */
typedef struct wcl_container_config {
    size_t struct_size;      /* sizeof(wcl_container_config) */
    const char *system_type; /* "Container", or NULL for that */
    const char *name;
    const char *owner;
    bool is_dummy;
    const char *volume_path; /* the layer's mount, when the caller has prepared the layer itself */
    bool ignore_flushes_during_boot;
    const char
        *layer_folder_path; /* the container's sandbox in its store, or a plain root folder */
    const wcl_container_layer *layers; /* the sandbox's parents, nearest first */
    size_t layer_count;
    const char *credentials;
    uint32_t processor_count;
    uint64_t processor_weight; /* 1 to 10000 */
    int64_t processor_maximum; /* percent of its processors, 1 to 100 */
    uint64_t storage_iops_maximum;
    uint64_t storage_bandwidth_maximum; /* bytes per second */
    uint64_t storage_sandbox_size;      /* bytes the sandbox is to grow to, if smaller */
    int64_t memory_maximum_in_mb;
    const char *host_name;
    const wcl_mapped_dir *mapped_directories;
    size_t mapped_directory_count;
    const char *sandbox_path;
    bool hv_partition;
    const char *const *endpoint_list;
    size_t endpoint_count;
    const char *network_shared_container_name;
    const wcl_hv_runtime *hv_runtime;
    bool servicing;
    bool allow_unqualified_dns_query;
    const char *dns_search_list; /* suffixes, separated by commas */
    /* The following are not in hcsshim, and are for oci only. */
    int64_t pids_limit;          /* processes and threads; 0: 4096; -1: no limit */
    const char *seccomp_profile; /* a profile in docker's JSON, or "unconfined"; NULL: docker's own
                                  */
    bool no_new_privileges;      /* no process gets more rights than its parent had */
    bool remove_layer_on_exit;   /* remove the sandbox when the container has ended */
    bool remove_endpoints_on_exit; /* and the endpoints of endpoint_list */
} wcl_container_config;

#define WCL_CONTAINER_CONFIG_INIT WCL_STRUCT_INIT(wcl_container_config)

/* ---- Containers ----------------------------------------------------------------------------- */

typedef struct wcl_container wcl_container;

/*
 * CreateContainer: makes the container `id` (oci: 1 to 128 characters of A-Z a-z 0-9 . _ - that
 * begin with a letter or digit; vmcompute: what Windows takes) without starting it. The handle is
 * freed with wcl_container_free().
 */
WCL_API wcl_status wcl_container_create(const wcl_container_options *options, const char *id,
                                        const wcl_container_config *config,
                                        wcl_container **container, wcl_error *error);

/* The same from a JSON document with hcsshim's field names. oci refuses a field it does not know;
 * vmcompute hands the document to Windows as it is. */
WCL_API wcl_status wcl_container_create_json(const wcl_container_options *options, const char *id,
                                             const char *config, wcl_container **container,
                                             wcl_error *error);

/* OpenContainer: another handle of a container, whoever made it. */
WCL_API wcl_status wcl_container_open(const wcl_container_options *options, const char *id,
                                      wcl_container **container, wcl_error *error);

/* The id it was created or opened with; belongs to the handle. */
WCL_API const char *wcl_container_id(const wcl_container *container);

/* Container.Start */
WCL_API wcl_status wcl_container_start(wcl_container *container, wcl_error *error);

/*
 * Container.Shutdown: asks the container's processes to end. WCL_PENDING when they have not ended
 * yet; wcl_container_wait() tells when they have.
 */
WCL_API wcl_status wcl_container_shutdown(wcl_container *container, wcl_error *error);

/* Container.Terminate: ends them without asking; may be pending in the same way. Also works when
 * the container's supervisor was lost. */
WCL_API wcl_status wcl_container_terminate(wcl_container *container, wcl_error *error);

/* Container.Pause, Container.Resume: no process in it runs in between. */
WCL_API wcl_status wcl_container_pause(wcl_container *container, wcl_error *error);
WCL_API wcl_status wcl_container_resume(wcl_container *container, wcl_error *error);

/* Container.Wait: until the container has stopped; at once if it has. */
WCL_API wcl_status wcl_container_wait(wcl_container *container, wcl_error *error);
/* Container.WaitTimeout: fails with WCL_CODE_TIMEOUT after that many milliseconds. */
WCL_API wcl_status wcl_container_wait_timeout(wcl_container *container, uint32_t milliseconds,
                                              wcl_error *error);

/*
 * For a program that waits for many things at once: a file descriptor that poll() finds readable
 * (nothing is to be read from it), on Windows the HANDLE of an event, that is ready from when
 * wcl_container_wait() would return at once. It belongs to the handle and is gone when that is
 * freed.
 */
typedef intptr_t wcl_waitable;
WCL_API wcl_status wcl_container_waitable(wcl_container *container, wcl_waitable *waitable,
                                          wcl_error *error);

/*
 * HcsModifyComputeSystem: changes a container by a JSON document in the compute service's own
 * terms. Fails with WCL_CODE_NOT_SUPPORTED on other providers than vmcompute, which may say
 * WCL_PENDING.
 */
WCL_API wcl_status wcl_container_modify(wcl_container *container, const char *settings,
                                        wcl_error *error);

/* Container.Close: gives the handle up, even when it fails, and leaves the container as it is.
 * Closing twice is not an error. */
WCL_API wcl_status wcl_container_close(wcl_container *container, wcl_error *error);
/* Closes the handle if it is open and frees it. NULL is allowed. */
WCL_API void wcl_container_free(wcl_container *container);

/* ---- What containers are and do ------------------------------------------------------------- */

/* MemoryStats, in bytes. */
typedef struct wcl_memory_stats {
    uint64_t usage_commit_bytes;
    uint64_t usage_commit_peak_bytes;
    uint64_t usage_private_working_set_bytes;
} wcl_memory_stats;

/* ProcessorStats */
typedef struct wcl_processor_stats {
    uint64_t total_runtime_100ns;
    uint64_t runtime_user_100ns;
    uint64_t runtime_kernel_100ns;
} wcl_processor_stats;

/* StorageStats */
typedef struct wcl_storage_stats {
    uint64_t read_count_normalized;
    uint64_t read_size_bytes;
    uint64_t write_count_normalized;
    uint64_t write_size_bytes;
} wcl_storage_stats;

/* NetworkStats, of one interface. */
typedef struct wcl_network_stats {
    uint64_t bytes_received;
    uint64_t bytes_sent;
    uint64_t packets_received;
    uint64_t packets_sent;
    uint64_t dropped_packets_incoming;
    uint64_t dropped_packets_outgoing;
    const char *endpoint_id;
    const char *instance_id;
} wcl_network_stats;

/* Statistics. Times are since 1970. */
typedef struct wcl_statistics {
    struct timespec timestamp;
    struct timespec container_start_time;
    uint64_t uptime_100ns;
    wcl_memory_stats memory;
    wcl_processor_stats processor;
    wcl_storage_stats storage;
    const wcl_network_stats *network;
    size_t network_count;
} wcl_statistics;

/* ProcessListItem. On Linux a process's id is the one it has on the host. */
typedef struct wcl_process_list_item {
    struct timespec create_timestamp;
    const char *image_name;
    uint64_t kernel_time_100ns;
    uint64_t memory_commit_bytes;
    uint64_t memory_working_set_private_bytes;
    uint64_t memory_working_set_shared_bytes;
    uint32_t process_id;
    uint64_t user_time_100ns;
} wcl_process_list_item;

/* ContainerProperties */
typedef struct wcl_container_properties {
    const char *id;
    const char *name;
    const char *system_type;
    const char *owner;
    const char *silo_guid;
    bool is_dummy;
    const char *runtime_id; /* the container's GUID */
    bool is_runtime_template;
    const char *runtime_image_path;
    bool stopped;
    const char *exit_type; /* "GracefulExit", "ForcedExit", "UnexpectedExit"; "" while it lives */
    bool are_updates_pending;
    const char *ob_root;
    const char *state; /* oci: "Created", "Running", "Paused", "Stopped", "Lost" */
    wcl_statistics statistics;
    const wcl_process_list_item *processes;
    size_t process_count;
} wcl_container_properties;

/* ComputeSystemQuery: an empty list matches everything. */
typedef struct wcl_compute_system_query {
    size_t struct_size; /* sizeof(wcl_compute_system_query) */
    const char *const *ids;
    size_t id_count;
    const char *const *types;
    size_t type_count;
    const char *const *names;
    size_t name_count;
    const char *const *owners;
    size_t owner_count;
} wcl_compute_system_query;

#define WCL_COMPUTE_SYSTEM_QUERY_INIT WCL_STRUCT_INIT(wcl_compute_system_query)

/* GetContainers: the containers that match. `query` may be NULL for all. Statistics and processes
 * are not filled in. One block, freed with wcl_free(). */
WCL_API wcl_status wcl_containers_query(const wcl_container_options *options,
                                        const wcl_compute_system_query *query,
                                        wcl_container_properties ***containers, size_t *count,
                                        wcl_error *error);
/* The same with JSON: a query (NULL: all) and an array. Freed with wcl_free(). */
WCL_API wcl_status wcl_containers_query_json(const wcl_container_options *options,
                                             const char *query, char **json, wcl_error *error);

/* Container.HasPendingUpdates */
WCL_API wcl_status wcl_container_has_pending_updates(wcl_container *container, bool *pending,
                                                     wcl_error *error);

/* Container.Statistics: the container's properties, with `statistics`. Freed with wcl_free(). */
WCL_API wcl_status wcl_container_statistics(wcl_container *container,
                                            wcl_container_properties **properties,
                                            wcl_error *error);

/* Container.ProcessList: the container's properties, with `processes`. Freed with wcl_free(). */
WCL_API wcl_status wcl_container_process_list(wcl_container *container,
                                              wcl_container_properties **properties,
                                              wcl_error *error);

/* ContainerProperties as JSON. `query` is `{"PropertyTypes":[...]}` with "Statistics",
 * "ProcessList" or "PendingUpdates", or NULL for what is always there. wcl_free(). */
WCL_API wcl_status wcl_container_properties_json(wcl_container *container, const char *query,
                                                 char **json, wcl_error *error);

/*
 * HcsGetServiceProperties, HcsModifyServiceSettings: what the compute service reports about itself,
 * and its settings, as JSON in its own format (`query` NULL: what is always there). They fail with
 * WCL_CODE_NOT_SUPPORTED on providers other than vmcompute. Freed with wcl_free().
 */
WCL_API wcl_status wcl_compute_service_properties_json(const wcl_container_options *options,
                                                       const char *query, char **json,
                                                       wcl_error *error);
WCL_API wcl_status wcl_compute_service_modify(const wcl_container_options *options,
                                              const char *settings, wcl_error *error);

/* ---- Processes ------------------------------------------------------------------------------ */

/* A variable of a process's environment. */
typedef struct wcl_environment_variable {
    const char *name;
    const char *value;
} wcl_environment_variable;

/*
 * ProcessConfig. What is run is `application_name` with the arguments of `command_line`, which is
 * split by Windows' rules (wcl_command_line_split()), or with `arguments`, which are used as they
 * are. Without an application_name the first argument is the program. With one, all of them are
 * arguments, except that a command line may repeat the application's name first, as is usual on
 * Windows.
 */
typedef struct wcl_process_config {
    size_t struct_size; /* sizeof(wcl_process_config) */
    const char *application_name;
    const char *command_line;
    const char *const *arguments; /* in JSON "CommandArgs"; not together with a command line */
    size_t argument_count;
    const char *user; /* oci: a name or number, or two with a colon between (user:group) */
    const char *working_directory;
    const wcl_environment_variable *environment;
    size_t environment_count;
    bool emulate_console; /* stdin and stdout are a console; stderr goes to it as well */
    bool create_stdin_pipe;
    bool create_stdout_pipe;
    bool create_stderr_pipe;
    uint16_t console_height; /* ConsoleSize[0] */
    uint16_t console_width;  /* ConsoleSize[1] */
    bool ends_container;     /* oci; not in hcsshim: the container stops when this process ends */
} wcl_process_config;

#define WCL_PROCESS_CONFIG_INIT WCL_STRUCT_INIT(wcl_process_config)

typedef struct wcl_process wcl_process;

/* Container.CreateProcess: starts a process in a running container. Freed with wcl_process_free().
 */
WCL_API wcl_status wcl_process_create(wcl_container *container, const wcl_process_config *config,
                                      wcl_process **process, wcl_error *error);
/* The same from a JSON document with hcsshim's field names. */
WCL_API wcl_status wcl_process_create_json(wcl_container *container, const char *config,
                                           wcl_process **process, wcl_error *error);

/*
 * Container.OpenProcess: a handle of a process in the container, whoever started it. The exit code
 * of a process that was not started with wcl_process_create() stays unknown.
 */
WCL_API wcl_status wcl_process_open(wcl_container *container, uint32_t pid, wcl_process **process,
                                    wcl_error *error);

/* Process.Pid */
WCL_API uint32_t wcl_process_pid(const wcl_process *process);

/* Process.Kill: ends the process without waiting; on Windows the result may be WCL_PENDING. */
WCL_API wcl_status wcl_process_kill(wcl_process *process, wcl_error *error);

/* Process.Wait, Process.WaitTimeout: as those of a container. */
WCL_API wcl_status wcl_process_wait(wcl_process *process, wcl_error *error);
WCL_API wcl_status wcl_process_wait_timeout(wcl_process *process, uint32_t milliseconds,
                                            wcl_error *error);

/* As wcl_container_waitable(), for wcl_process_wait(). */
WCL_API wcl_status wcl_process_waitable(wcl_process *process, wcl_waitable *waitable,
                                        wcl_error *error);

/*
 * Process.ExitCode of a process that has ended: what it exited with, or 128 plus the number of the
 * signal that ended it. Fails with WCL_CODE_INVALID_PROCESS_STATE while it runs; a failure sets
 * `*code` to WCL_WAIT_ERR_EXEC_FAILED.
 */
WCL_API wcl_status wcl_process_exit_code(wcl_process *process, int32_t *code, wcl_error *error);

/* Process.ResizeConsole */
WCL_API wcl_status wcl_process_resize_console(wcl_process *process, uint16_t width, uint16_t height,
                                              wcl_error *error);

/* One end of a pipe: a file descriptor, on Windows a HANDLE; -1 where there is none. */
typedef intptr_t wcl_pipe;
#define WCL_PIPE_NONE ((wcl_pipe)-1)

/*
 * Process.Stdio: the pipes that were asked for. The caller closes them with wcl_pipe_close(), which
 * does not close the process's own ends: the call can be repeated, also by another program.
 */
WCL_API wcl_status wcl_process_stdio(wcl_process *process, wcl_pipe *in, wcl_pipe *out,
                                     wcl_pipe *err, wcl_error *error);

/* Process.CloseStdin: the process reads what was written so far and then the end, even if others
 * hold the pipe. A console gets its end-of-file character. */
WCL_API wcl_status wcl_process_close_stdin(wcl_process *process, wcl_error *error);

/* Process.Close: gives the handle up, even when it fails, and leaves the process as it is. Closing
 * twice is not an error. */
WCL_API wcl_status wcl_process_close(wcl_process *process, wcl_error *error);
/* Closes the handle if it is open and frees it. NULL is allowed. */
WCL_API void wcl_process_free(wcl_process *process);

/* Reads up to `size` bytes; `*got` is 0 at the end. */
WCL_API wcl_status wcl_pipe_read(wcl_pipe pipe, void *buffer, size_t size, size_t *got,
                                 wcl_error *error);
/* Writes all of it. Fails with WCL_CODE_BROKEN_PIPE when nobody reads any more; raises no signal.
 */
WCL_API wcl_status wcl_pipe_write(wcl_pipe pipe, const void *data, size_t size, wcl_error *error);
/* WCL_PIPE_NONE is allowed. */
WCL_API void wcl_pipe_close(wcl_pipe pipe);

/* ---- Command lines -------------------------------------------------------------------------- */

/*
 * Splits a command line as CommandLineToArgvW does. Gives a NULL-terminated list in one block,
 * freed with wcl_free(), and the number of arguments in `*count`; an empty line has none.
 */
WCL_API wcl_status wcl_command_line_split(const char *line, char ***arguments, size_t *count,
                                          wcl_error *error);

/*
 * Joins arguments, of which the first names the program, into a command line that
 * wcl_command_line_split() and CommandLineToArgvW split into the same ones. Freed with wcl_free().
 * Fails with WCL_CODE_INVALID_PARAMETER when there are none, or when the first contains a quote,
 * which no command line can express.
 */
WCL_API wcl_status wcl_command_line_join(const char *const *arguments, size_t count, char **line,
                                         wcl_error *error);

#ifdef __cplusplus
}
#endif
#endif
