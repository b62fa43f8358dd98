/*
 * Who does the work on layers: the portable store, or Windows' own vmcompute.dll. The public
 * functions of wcl/layer.h and wcl/tar.h check what can be checked without knowing and pass on to
 * one of these. The arguments are those of the public functions of the same names.
 */
#ifndef WCL_LAYER_PROVIDER_H
#define WCL_LAYER_PROVIDER_H

#include <wcl/layer.h>
#include <wcl/tar.h>

typedef struct wcl_layer_provider {
    const char *name;
    wcl_status (*create)(const wcl_driver *driver, const char *id, const char *parent,
                         wcl_error *error);
    wcl_status (*create_sandbox)(const wcl_driver *driver, const char *id, const char *parent,
                                 wcl_parents parents, uint64_t size, wcl_error *error);
    wcl_status (*activate)(const wcl_driver *driver, const char *id, wcl_error *error);
    wcl_status (*deactivate)(const wcl_driver *driver, const char *id, wcl_error *error);
    wcl_status (*prepare)(const wcl_driver *driver, const char *id, wcl_parents parents,
                          wcl_error *error);
    wcl_status (*unprepare)(const wcl_driver *driver, const char *id, wcl_error *error);
    wcl_status (*mount_path)(const wcl_driver *driver, const char *id, char **path,
                             wcl_error *error);
    wcl_status (*destroy)(const wcl_driver *driver, const char *id, wcl_error *error);
    wcl_status (*exists)(const wcl_driver *driver, const char *id, bool *exists, wcl_error *error);
    wcl_status (*expand_sandbox)(const wcl_driver *driver, const char *id, uint64_t size,
                                 wcl_error *error);
    wcl_status (*reader_open)(const wcl_driver *driver, const char *id, wcl_parents parents,
                              wcl_layer_reader **reader, wcl_error *error);
    wcl_status (*writer_open)(const wcl_driver *driver, const char *id, wcl_parents parents,
                              wcl_layer_writer **writer, wcl_error *error);
    /* NULL: by reader or writer, and a transport folder. */
    wcl_status (*export_folder)(const wcl_driver *driver, const char *id, const char *folder,
                                wcl_parents parents, wcl_error *error);
    wcl_status (*import_folder)(const wcl_driver *driver, const char *id, const char *folder,
                                wcl_parents parents, wcl_error *error);
    /* NULL: by reader or writer, and a tar. */
    wcl_status (*import_tar)(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_read_fn read, void *context, const wcl_import_options *options,
                             wcl_import_result *result, wcl_error *error);
    wcl_status (*export_tar)(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_write_fn write, void *context,
                             const wcl_tar_writer_options *options, wcl_error *error);
    wcl_status (*process_base)(const char *path, wcl_error *error);
    wcl_status (*process_utility_vm)(const char *path, wcl_error *error);
    wcl_status (*shared_base_images)(const wcl_driver *driver, char **json, wcl_error *error);
    /* NULL where the provider cannot tell. */
    wcl_status (*get_info)(const wcl_driver *driver, const char *id, wcl_layer_info **info,
                           wcl_error *error);
    wcl_status (*list)(const wcl_driver *driver, char ***ids, size_t *count, wcl_error *error);
    wcl_status (*merged_reader_open)(const wcl_driver *driver, const char *id,
                                     wcl_layer_reader **reader, wcl_error *error);
    wcl_status (*verify)(const wcl_driver *driver, const char *id,
                         void (*found)(void *context, const char *sentence), void *context,
                         size_t *faults, wcl_error *error);
    wcl_status (*changes)(const wcl_driver *driver, const char *id, const char *other,
                          wcl_status (*change)(void *context, const char *path,
                                               wcl_change_kind kind, wcl_error *error),
                          void *context, wcl_error *error);
    wcl_status (*name_to_guid)(const char *name, wcl_guid *guid, wcl_error *error);
    bool (*is_tp4)(void);
} wcl_layer_provider;

extern const wcl_layer_provider wcl_store_provider;
#ifdef _WIN32
extern const wcl_layer_provider wcl_vmcompute_provider;
#endif

/* The provider of that name; NULL: WCL_PROVIDER's, else the system's own. */
wcl_status wcl_layer_provider_find(const char *name, const wcl_layer_provider **provider,
                                   wcl_error *error);

#endif
