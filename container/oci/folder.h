/*
 * Where the portable provider keeps containers: one folder each under RUN_DIR/containers, named by
 * the id. Who holds the lock on a folder works with it: the creator first, then the supervisor,
 * last the program that removes it. A folder whose lock is free was left behind: by a creator that
 * was killed when it has no socket yet, else by a supervisor that was.
 */
#ifndef WCL_CONTAINER_OCI_FOLDER_H
#define WCL_CONTAINER_OCI_FOLDER_H

#include <cjson/cJSON.h>
#include <wcl/container.h>

#include "base/buffer.h"

#define WCL_CONTAINER_FOLDER_STATE "wcl.json"
#define WCL_CONTAINER_FOLDER_BUNDLE "config.json"

typedef struct wcl_container_folder {
    char *run_dir;     /* RUN_DIR/containers, absolute */
    char *path;        /* the container's folder; NULL when the place is the run folder alone */
    char *runtime;     /* the OCI runtime's program */
    char *supervisor;  /* wcl-supervisor's path */
    char *teardown;    /* wcl-container-teardown's path */
    char *network_dir; /* where networks are kept */
} wcl_container_folder;

/* `id` may be NULL. */
wcl_status wcl_container_folder_init(wcl_container_folder *place,
                                     const wcl_container_options *options, const char *id,
                                     wcl_error *error);
void wcl_container_folder_free(wcl_container_folder *place);
#define WCL_CLEANUP_CONTAINER_FOLDER __attribute__((cleanup(wcl_container_folder_free)))

/* The place of another container in the same run folder. */
wcl_status wcl_container_folder_sibling(const wcl_container_folder *place, const char *id,
                                        wcl_container_folder *sibling, wcl_error *error);

typedef enum wcl_container_folder_state {
    WCL_CONTAINER_FOLDER_ABSENT, /* not there, or being made or removed */
    WCL_CONTAINER_FOLDER_TENDED, /* locked: its supervisor lives, or is on its way */
    WCL_CONTAINER_FOLDER_STALE,  /* left behind before there was a container */
    WCL_CONTAINER_FOLDER_LOST,   /* left behind with a container that has no supervisor */
} wcl_container_folder_state;

/* Opens the container's folder and tells how it stands; `*folder` is -1 when it is absent. */
wcl_container_folder_state wcl_container_folder_examine(const wcl_container_folder *place,
                                                        int *folder);

/* Takes the lock of a folder that was left behind. The descriptor holds it for as long as it, or
 * one inherited of it, is open. */
bool wcl_container_folder_lock(int folder);

/* Whether an open folder is still the container's. */
bool wcl_container_folder_is_current(const wcl_container_folder *place, int folder);

/* Writes a file of the folder so that it is there whole or not at all. */
wcl_status wcl_container_folder_write(int folder, const char *name, const char *text,
                                      wcl_error *error);
/* Reads a file of the folder; WCL_END where there is none. */
wcl_status wcl_container_folder_read(int folder, const char *name, wcl_buffer *text,
                                     wcl_error *error);
/* Reads a JSON file of the folder. */
wcl_status wcl_container_folder_read_json(int folder, const char *name, cJSON **json,
                                          wcl_error *error);

#endif
