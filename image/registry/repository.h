/* One repository of one registry, and how it is reached. */
#ifndef WCL_REGISTRY_REPOSITORY_H
#define WCL_REGISTRY_REPOSITORY_H

#include <wcl/registry.h>

#include "image/peer.h"
#include "image/registry/request.h"

typedef struct wcl_repository {
    wcl_http *http;
    wcl_auth *auth;
    wcl_retry_policy policy;
    bool foreign_hosts;
    char *registry;     /* as references name it */
    char *path;         /* in it: "library/alpine" */
    wcl_address origin; /* of the registry's own host */
    /* Who may want it all to end: the engine, and until it is at work the caller himself. */
    const wcl_stop *const *stop;
    const wcl_hooks *hooks;
} wcl_repository;

/* What the requests of a repository may do. */
typedef enum wcl_repository_use {
    WCL_REPOSITORY_PULL = 0,
    WCL_REPOSITORY_PUSH = 1,
} wcl_repository_use;

/*
 * Opens the repository of `reference`. `options` may be NULL. `repository` has `stop`, the place
 * where the engine puts its wcl_stop, and `hooks` (or NULL) in it, and must not be moved.
 */
wcl_status wcl_repository_open(const wcl_reference *reference, const wcl_registry_options *options,
                               wcl_repository_use use, wcl_repository *repository,
                               wcl_error *error);
void wcl_repository_close(wcl_repository *repository);

/* Appends ORIGIN/v2/REPOSITORY/KIND/NAME. */
wcl_status wcl_repository_url(const wcl_repository *repository, const char *kind, const char *name,
                              wcl_buffer *url, wcl_error *error);

/* A stream of a blob, that begins at `offset` and takes itself up again when it breaks off. */
wcl_status wcl_repository_open_blob(wcl_repository *repository, const wcl_descriptor *descriptor,
                                    uint64_t offset, wcl_blob_stream **stream, wcl_error *error);

/* Sends a blob, in one piece or in several, or has the registry take it from another repository. */
wcl_status wcl_repository_put_blob(wcl_repository *repository, const wcl_push_blob *blob,
                                   wcl_error *error);

#endif
