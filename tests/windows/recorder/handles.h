/* Handles that the recorder gives out for compute systems and processes. */
#ifndef WCL_TESTS_RECORDER_HANDLES_H
#define WCL_TESTS_RECORDER_HANDLES_H

#include "systems.h"

/* Numbered from 1 in the order of opening, which is how the log names them. */
typedef struct hcs_handle {
    unsigned number;
    struct hcs_handle *next;
} hcs_handle;

hcs_handle *hcs_open(void);
void hcs_close(void *handle);
uint64_t hcs_number(const void *handle);

void *hcs_register(void *handle, notify_function notify, void *context);
void hcs_unregister(void *callback);

#endif
