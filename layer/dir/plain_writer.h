/*
 * Writes entries as plain files: the contents as they are, all else as records (see record.h) in
 * extended attributes or the sidecar. Nothing is written outside the root.
 */
#ifndef WCL_DIR_PLAIN_WRITER_H
#define WCL_DIR_PLAIN_WRITER_H

#include "layer/dir/sidecar.h"

typedef struct wcl_plain_options {
    size_t name_max;   /* see wcl_disk_name() */
    bool make_links;   /* hard links and symbolic links become ones on disk where they can */
    bool avoid_xattrs; /* use the sidecar alone */
    /* NULL, or a file of the folder that is made before the end, whose attribute may hold the
     * sidecar, of which hcsshim must see nothing. */
    const char *holder;
} wcl_plain_options;

typedef struct wcl_plain_writer wcl_plain_writer;

/* `root` stays the caller's. */
wcl_status wcl_plain_writer_new(int root, const wcl_plain_options *options,
                                wcl_plain_writer **writer, wcl_error *error);
void wcl_plain_writer_free(wcl_plain_writer *writer);

/* As in wcl_layer_writer_ops. */
wcl_status wcl_plain_writer_add(wcl_plain_writer *writer, const wcl_entry *entry, wcl_error *error);
wcl_status wcl_plain_writer_write(wcl_plain_writer *writer, const void *data, size_t size,
                                  wcl_error *error);
wcl_status wcl_plain_writer_end_entry(wcl_plain_writer *writer, wcl_error *error);
/* `info` is what the link's own entry says of the file, NULL where it says nothing. */
wcl_status wcl_plain_writer_add_link(wcl_plain_writer *writer, const char *path, const char *target,
                                     const wcl_basic_info *info, wcl_error *error);
wcl_status wcl_plain_writer_remove(wcl_plain_writer *writer, const char *path, wcl_error *error);
wcl_status wcl_plain_writer_finish(wcl_plain_writer *writer, wcl_error *error);

/* For a form that makes files of its own. The folder that holds `disk_path`: an O_PATH descriptor
 * that stays the writer's. Fails when the folder was not added. */
wcl_status wcl_plain_writer_folder(wcl_plain_writer *writer, const char *disk_path, int *folder,
                                   wcl_error *error);

/* Makes a new file, or folder, at `disk_path`. A folder may be there already. */
wcl_status wcl_plain_writer_make_file(wcl_plain_writer *writer, const char *disk_path, int *fd,
                                      wcl_error *error);
wcl_status wcl_plain_writer_make_folder(wcl_plain_writer *writer, const char *disk_path,
                                        wcl_error *error);

/* Starts `record` for the entry: kind, information, true name, what Linux has. */
wcl_status wcl_plain_writer_start_record(const wcl_entry *entry, const char *disk_path,
                                         wcl_file_record *record, wcl_error *error);

/* Keeps `record` with the file `fd` (-1: in the sidecar). */
wcl_status wcl_plain_writer_keep(wcl_plain_writer *writer, const char *disk_path, int fd,
                                 const wcl_file_record *record, wcl_error *error);

#endif
