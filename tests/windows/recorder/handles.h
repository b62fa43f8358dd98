/* Handles that the recorder gives out for compute systems and processes. */
#ifndef WCL_TESTS_RECORDER_HANDLES_H
#define WCL_TESTS_RECORDER_HANDLES_H

#include "systems.h"

/* A handle; the log names it by its number, which is from 1 in the order of opening. */
void *hcs_open(void);
void hcs_close(void *handle);
/* 0, and one misuse more, for what is not open. */
uint64_t hcs_number(const void *handle);

void *hcs_register(void *handle, notify_function notify, void *context);
void hcs_unregister(void *callback);
/* The number of the handle that a callback is registered with; 0, and one misuse more, for what is
 * not registered. */
uint64_t hcs_number_of_callback(const void *callback);

/* Starts the notification that is to follow this call on the handle, if there is one. */
void hcs_follow(const char *function, void *handle);

#endif
