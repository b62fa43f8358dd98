/*
 * The functions of vmcompute.dll (and SetCurrentThreadCompartmentId of iphlpapi.dll), with texts in
 * UTF-8 and results as wcl_status.
 *
 * Each function of the DLL is looked up when it is first called; one that is missing fails with
 * WCL_CODE_PROC_NOT_FOUND and is named. An HRESULT of failure becomes a wcl_error of the code that
 * hcsshim gives it: 0x8007xxxx is Win32 error xxxx, others stand as they are. Texts that the DLL
 * gives are freed as it wants; texts that come out of here are freed with wcl_free(). Every
 * function may be called from any thread.
 */
#ifndef WCL_PLATFORM_WINDOWS_VMCOMPUTE_H
#define WCL_PLATFORM_WINDOWS_VMCOMPUTE_H

#include <wcl/base.h>

/* ---- Layers --------------------------------------------------------------------------------- */

/* DriverInfo */
typedef struct wcl_vm_driver {
    int32_t flavour;      /* 0 diff, 1 filter */
    const char *home_dir; /* "" where ids are whole paths */
} wcl_vm_driver;

/*
 * The paths of a layer's parents, nearest first. They reach the DLL as LayerDescriptors: the GUID
 * is NameToGuid of the path's last element, the flags are 0.
 */
typedef struct wcl_vm_parents {
    const char *const *paths;
    size_t count;
} wcl_vm_parents;

wcl_status wcl_vm_activate_layer(const wcl_vm_driver *driver, const char *id, wcl_error *error);
wcl_status wcl_vm_deactivate_layer(const wcl_vm_driver *driver, const char *id, wcl_error *error);
wcl_status wcl_vm_destroy_layer(const wcl_vm_driver *driver, const char *id, wcl_error *error);
wcl_status wcl_vm_unprepare_layer(const wcl_vm_driver *driver, const char *id, wcl_error *error);
/* One call at a time, process-wide: concurrent ones time out on some builds of Windows. */
wcl_status wcl_vm_prepare_layer(const wcl_vm_driver *driver, const char *id, wcl_vm_parents parents,
                                wcl_error *error);
/* `parent` is "" for a layer that has none. */
wcl_status wcl_vm_create_layer(const wcl_vm_driver *driver, const char *id, const char *parent,
                               wcl_error *error);
wcl_status wcl_vm_create_sandbox_layer(const wcl_vm_driver *driver, const char *id,
                                       const char *parent, wcl_vm_parents parents,
                                       wcl_error *error);
wcl_status wcl_vm_copy_layer(const wcl_vm_driver *driver, const char *source,
                             const char *destination, wcl_vm_parents parents, wcl_error *error);
wcl_status wcl_vm_expand_sandbox_size(const wcl_vm_driver *driver, const char *id, uint64_t size,
                                      wcl_error *error);
wcl_status wcl_vm_layer_exists(const wcl_vm_driver *driver, const char *id, bool *exists,
                               wcl_error *error);
/* "" when the DLL gives none. */
wcl_status wcl_vm_layer_mount_path(const wcl_vm_driver *driver, const char *id, char **path,
                                   wcl_error *error);
wcl_status wcl_vm_export_layer(const wcl_vm_driver *driver, const char *id, const char *folder,
                               wcl_vm_parents parents, wcl_error *error);
wcl_status wcl_vm_import_layer(const wcl_vm_driver *driver, const char *id, const char *folder,
                               wcl_vm_parents parents, wcl_error *error);
/* GetBaseImages: JSON. */
wcl_status wcl_vm_base_images(char **json, wcl_error *error);
wcl_status wcl_vm_name_to_guid(const char *name, wcl_guid *guid, wcl_error *error);
wcl_status wcl_vm_process_base_image(const char *path, wcl_error *error);
wcl_status wcl_vm_process_utility_image(const char *path, wcl_error *error);

/* ---- Importing and exporting layers entry by entry ------------------------------------------ */

/* FileBasicInfo */
typedef struct wcl_vm_file_info {
    wcl_filetime creation_time;
    wcl_filetime last_access_time;
    wcl_filetime last_write_time;
    wcl_filetime change_time;
    uint32_t attributes;
} wcl_vm_file_info;

typedef void *wcl_vm_transfer; /* an import or export under way */

/* Whether the DLL has ImportLayerBegin or ExportLayerBegin; without, layers go by ImportLayer and
 * ExportLayer. */
bool wcl_vm_has_import(void);
bool wcl_vm_has_export(void);

wcl_status wcl_vm_import_begin(const wcl_vm_driver *driver, const char *id, wcl_vm_parents parents,
                               wcl_vm_transfer *import, wcl_error *error);
/* `name` begins with a backslash; `info` is NULL for what the layer deletes. */
wcl_status wcl_vm_import_next(wcl_vm_transfer import, const char *name,
                              const wcl_vm_file_info *info, wcl_error *error);
wcl_status wcl_vm_import_write(wcl_vm_transfer import, const void *data, uint32_t size,
                               wcl_error *error);
wcl_status wcl_vm_import_end(wcl_vm_transfer import, wcl_error *error);

wcl_status wcl_vm_export_begin(const wcl_vm_driver *driver, const char *id, wcl_vm_parents parents,
                               wcl_vm_transfer *export, wcl_error *error);
/* The next entry, its name without a backslash in front; WCL_END after the last one. */
wcl_status wcl_vm_export_next(wcl_vm_transfer export, char **name, wcl_vm_file_info *info,
                              int64_t *size, bool *deleted, wcl_error *error);
/* `*got` is 0 at the end of the entry. */
wcl_status wcl_vm_export_read(wcl_vm_transfer export, void *buffer, uint32_t size, uint32_t *got,
                              wcl_error *error);
wcl_status wcl_vm_export_end(wcl_vm_transfer export, wcl_error *error);

/* ---- Compute systems ------------------------------------------------------------------------ */

typedef void *wcl_hcs_system;
typedef void *wcl_hcs_process;
typedef void *wcl_hcs_callback;

/*
 * What "result" means in all of these: the JSON that the service gives besides its code, NULL where
 * it gives none; the argument may be NULL. When the call fails it is added to the error's message
 * as well. An operation that the service completes later fails with WCL_CODE_HCS_OPERATION_PENDING
 * (wcl_error_is_pending()); its notification says how it went.
 */

/* Called from the service's own threads. `status` is an HRESULT (see wcl_code_of_hresult()), `data`
 * stays the DLL's and may be NULL. */
typedef void (*wcl_hcs_notify)(uint32_t type, void *context, int32_t status, const wchar_t *data);

#define WCL_HCS_SYSTEM_EXITED 0x1u
#define WCL_HCS_SYSTEM_CREATE_COMPLETED 0x2u
#define WCL_HCS_SYSTEM_START_COMPLETED 0x3u
#define WCL_HCS_SYSTEM_PAUSE_COMPLETED 0x4u
#define WCL_HCS_SYSTEM_RESUME_COMPLETED 0x5u
#define WCL_HCS_PROCESS_EXITED 0x10000u
#define WCL_HCS_SERVICE_DISCONNECT 0x01000000u

wcl_status wcl_hcs_enumerate_systems(const char *query, char **systems, char **result,
                                     wcl_error *error);
/* The handle is given when the call succeeds and when it is pending. */
wcl_status wcl_hcs_create_system(const char *id, const char *configuration, void *identity,
                                 wcl_hcs_system *system, char **result, wcl_error *error);
wcl_status wcl_hcs_open_system(const char *id, wcl_hcs_system *system, char **result,
                               wcl_error *error);
wcl_status wcl_hcs_close_system(wcl_hcs_system system, wcl_error *error);
wcl_status wcl_hcs_start_system(wcl_hcs_system system, const char *options, char **result,
                                wcl_error *error);
wcl_status wcl_hcs_shutdown_system(wcl_hcs_system system, const char *options, char **result,
                                   wcl_error *error);
wcl_status wcl_hcs_terminate_system(wcl_hcs_system system, const char *options, char **result,
                                    wcl_error *error);
wcl_status wcl_hcs_pause_system(wcl_hcs_system system, const char *options, char **result,
                                wcl_error *error);
wcl_status wcl_hcs_resume_system(wcl_hcs_system system, const char *options, char **result,
                                 wcl_error *error);
wcl_status wcl_hcs_system_properties(wcl_hcs_system system, const char *query, char **properties,
                                     char **result, wcl_error *error);
wcl_status wcl_hcs_modify_system(wcl_hcs_system system, const char *configuration, char **result,
                                 wcl_error *error);
wcl_status wcl_hcs_register_system_callback(wcl_hcs_system system, wcl_hcs_notify notify,
                                            void *context, wcl_hcs_callback *callback,
                                            wcl_error *error);
/* Returns when no call of the callback is running any more. */
wcl_status wcl_hcs_unregister_system_callback(wcl_hcs_callback callback, wcl_error *error);
wcl_status wcl_hcs_service_properties(const char *query, char **properties, char **result,
                                      wcl_error *error);
wcl_status wcl_hcs_modify_service_settings(const char *settings, char **result, wcl_error *error);

/* ---- Processes ------------------------------------------------------------------------------ */

/* HcsProcessInformation; handles that the process has not are NULL. */
typedef struct wcl_hcs_process_information {
    uint32_t pid;
    uint32_t reserved;
    void *standard_input;
    void *standard_output;
    void *standard_error;
} wcl_hcs_process_information;

wcl_status wcl_hcs_create_process(wcl_hcs_system system, const char *parameters,
                                  wcl_hcs_process_information *information,
                                  wcl_hcs_process *process, char **result, wcl_error *error);
wcl_status wcl_hcs_open_process(wcl_hcs_system system, uint32_t pid, wcl_hcs_process *process,
                                char **result, wcl_error *error);
wcl_status wcl_hcs_close_process(wcl_hcs_process process, wcl_error *error);
wcl_status wcl_hcs_terminate_process(wcl_hcs_process process, char **result, wcl_error *error);
wcl_status wcl_hcs_process_info(wcl_hcs_process process, wcl_hcs_process_information *information,
                                char **result, wcl_error *error);
wcl_status wcl_hcs_process_properties(wcl_hcs_process process, char **properties, char **result,
                                      wcl_error *error);
wcl_status wcl_hcs_modify_process(wcl_hcs_process process, const char *settings, char **result,
                                  wcl_error *error);
wcl_status wcl_hcs_register_process_callback(wcl_hcs_process process, wcl_hcs_notify notify,
                                             void *context, wcl_hcs_callback *callback,
                                             wcl_error *error);
wcl_status wcl_hcs_unregister_process_callback(wcl_hcs_callback callback, wcl_error *error);

/* ---- Networks ------------------------------------------------------------------------------- */

/* Whether the DLL has HNSCall; IsTP4 is told by its absence. */
bool wcl_vm_has_hns_call(void);

wcl_status wcl_vm_hns_call(const char *method, const char *path, const char *request,
                           char **response, wcl_error *error);

/* SetCurrentThreadCompartmentId */
wcl_status wcl_vm_set_thread_compartment(uint32_t compartment, wcl_error *error);

#endif
