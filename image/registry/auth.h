/* Logging in at a registry: user and password at each request, or tokens from a server that the
 * registry names. */
#ifndef WCL_REGISTRY_AUTH_H
#define WCL_REGISTRY_AUTH_H

#include "image/registry/challenge.h"
#include "image/registry/credentials.h"
#include "image/registry/http.h"
#include "image/registry/retry.h"

/* One for each registry; may be used by several threads at once. */
typedef struct wcl_auth wcl_auth;

typedef struct wcl_auth_options {
    const char *registry; /* as references name it */
    const char *username; /* NULL: those that docker's config.json has */
    const char *password;
    const char *config_folder; /* of config.json; NULL: the usual one */
    wcl_retry_policy policy;
} wcl_auth_options;

wcl_status wcl_auth_new(wcl_http *http, const wcl_auth_options *options, wcl_auth **auth,
                        wcl_error *error);
void wcl_auth_free(wcl_auth *auth);

/* Asks for this scope too, from the next token on: "repository:NAME:pull". */
wcl_status wcl_auth_add_scope(wcl_auth *auth, const char *scope, wcl_error *error);

/* A login of its own, for this scope besides those of `auth`: a token server that denies it gives
 * no token at all, and `auth` is to keep its own. wcl_auth_free(). */
wcl_status wcl_auth_with_scope(wcl_auth *auth, const char *scope, wcl_auth **with,
                               wcl_error *error);

/* The Authorization that requests are to be sent with, NULL while none is known to be needed; a
 * token that is about to expire is replaced. wcl_free(). */
wcl_status wcl_auth_header(wcl_auth *auth, char **header, wcl_error *error);

/*
 * After a request with `used` (NULL: none) was answered with status 401 and these challenges: logs
 * in as they ask. Fails with ACCESS_DENIED when there is nothing to log in with.
 */
wcl_status wcl_auth_answer(wcl_auth *auth, const wcl_challenges *challenges, const char *used,
                           wcl_error *error);

#endif
