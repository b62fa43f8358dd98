/* The readers and writers of layers that this provider has. */
#ifndef WCL_LAYER_VMCOMPUTE_OPEN_H
#define WCL_LAYER_VMCOMPUTE_OPEN_H

#include "layer/vmcompute/target.h"

/* ExportLayerBegin, entry by entry. */
wcl_status wcl_vm_filter_reader_open(const wcl_driver *driver, const char *id,
                                     const wcl_vm_chain *chain, wcl_layer_reader **reader,
                                     wcl_error *error);

/* ExportLayer to a temporary folder in the transport format, where the DLL has no ExportLayerBegin.
 */
wcl_status wcl_vm_transport_reader_open(const wcl_driver *driver, const char *id,
                                        const wcl_vm_chain *chain, wcl_layer_reader **reader,
                                        wcl_error *error);

/* The writers below take over `layer` when they succeed. */

/* ImportLayerBegin, entry by entry. */
wcl_status wcl_vm_filter_writer_open(wcl_vm_target *layer, wcl_layer_writer **writer,
                                     wcl_error *error);

/* A temporary folder in the transport format and ImportLayer, where the DLL has no
 * ImportLayerBegin. */
wcl_status wcl_vm_transport_writer_open(wcl_vm_target *layer, wcl_layer_writer **writer,
                                        wcl_error *error);

/* A layer without parents: its files are made by BackupWrite, and ProcessBaseImage ends it. */
wcl_status wcl_vm_base_writer_open(wcl_vm_target *layer, wcl_layer_writer **writer,
                                   wcl_error *error);

#endif
