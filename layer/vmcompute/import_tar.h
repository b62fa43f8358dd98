/* Importing a layer's tar through a writer of this provider, with its digests. */
#ifndef WCL_LAYER_VMCOMPUTE_IMPORT_TAR_H
#define WCL_LAYER_VMCOMPUTE_IMPORT_TAR_H

#include <wcl/tar.h>

/* As the provider's import_tar. The media type is not kept: vmcompute.dll has no place for it. */
wcl_status wcl_vm_import_tar(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_read_fn read, void *context, const wcl_import_options *options,
                             wcl_import_result *result, wcl_error *error);

/* The provider's writer_open. */
wcl_status wcl_vm_writer_open(const wcl_driver *driver, const char *id, wcl_parents parents,
                              wcl_layer_writer **writer, wcl_error *error);

#endif
