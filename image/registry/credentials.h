/* Credentials for a registry, from where docker keeps them: config.json and credential helpers. */
#ifndef WCL_REGISTRY_CREDENTIALS_H
#define WCL_REGISTRY_CREDENTIALS_H

#include "image/registry/http.h"

/* All NULL: there are none. */
typedef struct wcl_credentials {
    char *username;
    char *password;
    char *identity_token; /* to be exchanged for an access token */
    char *registry_token; /* an access token as it is */
} wcl_credentials;

#define WCL_CREDENTIALS_INIT                                                                       \
    {                                                                                              \
        NULL, NULL, NULL, NULL                                                                     \
    }

/* Overwrites the secrets before it frees them. */
void wcl_credentials_free(wcl_credentials *credentials);

/*
 * Looks up `registry` ("docker.io", or HOST[:PORT]) in config.json of `folder` (NULL:
 * $DOCKER_CONFIG, else ~/.docker): asks the helper that credHelpers or credsStore name, and then
 * looks into auths. No such file, and no such registry in it, give no credentials; a file that
 * cannot be read, and a helper that fails, are errors. A helper has a minute, or until `http` (may
 * be NULL) is cancelled.
 */
wcl_status wcl_credentials_find(const char *folder, const char *registry, const wcl_http *http,
                                wcl_credentials *credentials, wcl_error *error);

/* Runs `docker-credential-HELPER get` for `server` and appends what it answers, a secret; WCL_END
 * where it does not know the server. */
wcl_status wcl_credential_helper_get(const char *helper, const char *server, const wcl_http *http,
                                     wcl_buffer *answer, wcl_error *error);

#endif
