/* A file or folder that is being restored from a backup stream, and the copies of those that
 * Windows changes when it processes a utility VM. */
#ifndef WCL_LAYER_VMCOMPUTE_RESTORED_H
#define WCL_LAYER_VMCOMPUTE_RESTORED_H

#include <wcl/backupstream.h>

#include "platform/windows/files.h"

typedef struct wcl_restored {
    void *file;                     /* NULL while there is none */
    wcl_backup_file_writer *stream; /* NULL where the bytes are written as they are */
    void *copy;                     /* of a boot file, NULL for others */
    wcl_backup_file_writer *copy_stream;
} wcl_restored;

#define WCL_RESTORED_INIT                                                                          \
    {                                                                                              \
        NULL, NULL, NULL, NULL                                                                     \
    }

/*
 * Begins the file or folder at the long path `path`: opens it, gives it `info`, and takes its
 * backup stream with the security in it. A folder must be there already.
 */
wcl_status wcl_restored_begin(wcl_restored *restored, const char *path, bool is_folder,
                              const wcl_vm_file_info *info, wcl_error *error);

/*
 * Begins a new file, or a folder's companion, of a transport folder: `info`'s attributes, unless
 * `plain`, stand in front of the stream, which is kept as it is; a plain one is restored without
 * security.
 */
wcl_status wcl_restored_begin_transport(wcl_restored *restored, const char *path, bool plain,
                                        const wcl_vm_file_info *info, wcl_error *error);

/* Keeps a copy besides, in the layer's folder `root`, when the entry `path` is a file of the
 * utility VM's boot folder that Windows will change: bcd.bak and its like. */
wcl_status wcl_restored_save_aside(wcl_restored *restored, const char *root, const char *path,
                                   wcl_error *error);

wcl_status wcl_restored_write(wcl_restored *restored, const void *data, size_t size,
                              wcl_error *error);

/* Ends it, if there is one. */
void wcl_restored_end(wcl_restored *restored);

#endif
