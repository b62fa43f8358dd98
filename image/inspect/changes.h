/* What the layers of an image do to each other: which paths each adds, changes and deletes, and
 * which of its bytes a later one makes useless. */
#ifndef WCL_IMAGE_INSPECT_CHANGES_H
#define WCL_IMAGE_INSPECT_CHANGES_H

#include "erofs/tree.h"

typedef enum wcl_image_event_kind {
    WCL_EVENT_ADDED = 0,
    WCL_EVENT_CHANGED = 1, /* in place of what an earlier layer has there */
    WCL_EVENT_DELETED = 2,
    WCL_EVENT_EMPTIED = 3, /* a folder: all that earlier layers have in it is deleted */
} wcl_image_event_kind;

typedef enum wcl_image_file_kind {
    WCL_FILE_REGULAR = 0,
    WCL_FILE_FOLDER = 1,
    WCL_FILE_LINK = 2,  /* a symbolic link or reparse point */
    WCL_FILE_NAME = 3,  /* another name of a file of the layer; its bytes count with the first */
    WCL_FILE_OTHER = 4, /* a device, a pipe; of a deleted path that nobody had: nothing */
} wcl_image_file_kind;

#define WCL_NO_EVENT UINT32_MAX

/* What a layer does at a path. */
typedef struct wcl_image_event {
    wcl_node path;  /* in the changes' tree */
    uint32_t layer; /* from 0, the lowest */
    uint32_t gone;  /* the layer that deleted or replaced it, from 1; 0: the image has it */
    uint32_t file;  /* of another name: the event of the first */
    uint32_t
        names;    /* of a file: names that the image has; its bytes are wasted once none is left */
    uint8_t kind; /* wcl_image_event_kind */
    uint8_t file_kind;
    uint64_t size; /* bytes of data, those of alternate streams too */
} wcl_image_event;

typedef struct wcl_image_changes {
    wcl_erofs_tree *paths; /* of all layers; each is a folder there, whatever it is */
    uint32_t *live; /* by node: the event that made what the image has there, or WCL_NO_EVENT */
    size_t live_count;
    wcl_image_event *events; /* layer by layer */
    size_t count;
    size_t capacity;
    bool is_windows;
    const wcl_hooks *hooks;
    uint64_t steps;
} wcl_image_changes;

/* `hooks` may be NULL. */
wcl_status wcl_image_changes_begin(wcl_image_changes *changes, bool is_windows,
                                   const wcl_hooks *hooks, wcl_error *error);

/* Takes the next layer, whose index `layer` is. */
wcl_status wcl_image_changes_add(wcl_image_changes *changes, uint32_t number, wcl_erofs_tree *layer,
                                 wcl_error *error);

void wcl_image_changes_free(wcl_image_changes *changes);

#endif
