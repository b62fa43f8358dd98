/* What a form of layer implements to be read or written: a struct that begins with the base and a
 * table of functions. layer.c checks the order of calls before it passes them on. */
#ifndef WCL_LAYER_OPS_H
#define WCL_LAYER_OPS_H

#include <wcl/layer.h>

typedef struct wcl_layer_reader_ops {
    const char *name; /* the operation named in errors: "read transport folder" */
    wcl_status (*next)(wcl_layer_reader *reader, wcl_entry *entry, wcl_error *error);
    wcl_status (*read)(wcl_layer_reader *reader, void *buffer, size_t size, size_t *got,
                       wcl_error *error);
    void (*free)(wcl_layer_reader *reader);
} wcl_layer_reader_ops;

struct wcl_layer_reader {
    const wcl_layer_reader_ops *ops;
    const wcl_hooks *hooks; /* of whoever copies from it, or NULL: heard in long loops */
    bool at_end;
    bool failed;
};

typedef struct wcl_layer_writer_ops {
    const char *name;
    /* It keeps names apart that are one to Windows. Others are not given two of a Windows layer. */
    bool keeps_case;
    /* `entry->path` has been checked: relative, no empty, "." or ".." component, no NUL, valid
     * WTF-8 for Windows entries. The strings are valid during the call only. */
    wcl_status (*add)(wcl_layer_writer *writer, const wcl_entry *entry, wcl_error *error);
    wcl_status (*add_link)(wcl_layer_writer *writer, const char *path, const char *target,
                           wcl_error *error);
    /* The same with what the entry says of the file besides, for forms that keep it; NULL for
     * others, then add_link is called. */
    wcl_status (*add_link_entry)(wcl_layer_writer *writer, const wcl_entry *entry,
                                 wcl_error *error);
    wcl_status (*remove)(wcl_layer_writer *writer, const char *path, wcl_error *error);
    wcl_status (*write)(wcl_layer_writer *writer, const void *data, size_t size, wcl_error *error);
    /* Ends the entry begun by add: its stream is complete. Called before the next entry and finish.
     */
    wcl_status (*end_entry)(wcl_layer_writer *writer, wcl_error *error);
    /* Completes the layer. free follows in any case. */
    wcl_status (*finish)(wcl_layer_writer *writer, wcl_error *error);
    /* Frees; a layer that was not finished successfully is removed without trace. */
    void (*free)(wcl_layer_writer *writer);
} wcl_layer_writer_ops;

struct wcl_layer_writer {
    const wcl_layer_writer_ops *ops;
    const wcl_hooks *hooks; /* of whoever copies to it, or NULL: heard in long loops */
    bool in_entry;
    bool failed;
    bool is_windows;              /* an entry of a Windows layer was added */
    char *current;                /* the path of the entry being written, for errors */
    struct wcl_case_check *cases; /* of a Windows layer */
};

#endif
