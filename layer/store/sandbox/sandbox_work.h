/* What every change of a layer's mounts begins and ends with: locks and the note. */
#ifndef WCL_STORE_SANDBOX_WORK_H
#define WCL_STORE_SANDBOX_WORK_H

#include "layer/store/store.h"

/* A layer whose mounts are being changed: locked, with a note of it. */
typedef struct wcl_work {
    wcl_store store;
    wcl_store_layer layer;
    wcl_store_note note;
    int turn; /* of a read-only layer: holds off others who would mount it */
    const char *id;
} wcl_work;

#define WCL_WORK_INIT                                                                              \
    {                                                                                              \
        WCL_STORE_INIT, WCL_STORE_LAYER_INIT, { -1, "" }, -1, NULL                                 \
    }

wcl_status wcl_work_begin(const wcl_driver *driver, const char *id, wcl_work *work,
                          wcl_error *error);
void wcl_work_end(wcl_work *work);
#define WCL_CLEANUP_WORK __attribute__((cleanup(wcl_work_end)))

bool wcl_work_is_sandbox(const wcl_work *work);
/* Whether the layer is mounted for its own sake. */
bool wcl_work_is_prepared(const wcl_work *work);

#endif
