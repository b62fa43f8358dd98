/* The times of folders, which change while files are made in them: kept until the end, and set
 * again then. */
#ifndef WCL_LAYER_VMCOMPUTE_FOLDER_TIMES_H
#define WCL_LAYER_VMCOMPUTE_FOLDER_TIMES_H

#include "platform/windows/files.h"

typedef struct wcl_folder_time {
    char *path; /* long */
    wcl_vm_file_info info;
} wcl_folder_time;

typedef struct wcl_folder_times {
    wcl_folder_time *folders;
    size_t count;
    size_t capacity;
} wcl_folder_times;

/* Remembers a folder; one comes before what is in it. */
wcl_status wcl_folder_times_add(wcl_folder_times *times, const char *path,
                                const wcl_vm_file_info *info, wcl_error *error);

/* Sets them all, the last one first; passes over those that are no longer there. */
wcl_status wcl_folder_times_apply(const wcl_folder_times *times, wcl_error *error);

void wcl_folder_times_free(wcl_folder_times *times);

#endif
