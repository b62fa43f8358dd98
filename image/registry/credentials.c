/* Docker's config.json: which credentials, or which helper, a registry has. */
#include "image/registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/beneath.h"
#include "base/error.h"
#include "base/json.h"

#define CONFIG_SIZE_MAX ((size_t)1024 * 1024)
/* What docker's own registry is called there. */
#define DOCKER_SERVER "https://index.docker.io/v1/"
/* The user of an identity token, to credential helpers. */
#define TOKEN_USER "<token>"

static void free_secret(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

void wcl_credentials_free(wcl_credentials *credentials)
{
    free_secret(&credentials->username);
    free_secret(&credentials->password);
    free_secret(&credentials->identity_token);
    free_secret(&credentials->registry_token);
}

static bool has_any(const wcl_credentials *credentials)
{
    return credentials->username || credentials->password || credentials->identity_token ||
           credentials->registry_token;
}

/* ---- Names of registries --------------------------------------------------------------------- */

static const char *server_of(const char *registry)
{
    return strcmp(registry, "docker.io") == 0 ? DOCKER_SERVER : registry;
}

/* Whether a key of the file, which may be a URL, is this registry's. */
static bool is_key_of(const char *key, const char *registry)
{
    const char *host = strstr(key, "://");

    host = host ? host + 3 : key;
    size_t size = strcspn(host, "/");
    if (strcmp(registry, "docker.io") == 0)
        return (size == 15 && strncmp(host, "index.docker.io", size) == 0) ||
               (size == 9 && strncmp(host, "docker.io", size) == 0);
    return size == strlen(registry) && strncmp(host, registry, size) == 0;
}

static const cJSON *find_entry(const cJSON *object, const char *registry)
{
    const cJSON *item;

    if (!cJSON_IsObject(object))
        return NULL;
    item = cJSON_GetObjectItemCaseSensitive(object, server_of(registry));
    if (item)
        return item;
    cJSON_ArrayForEach(item, object)
    {
        if (is_key_of(item->string, registry))
            return item;
    }
    return NULL;
}

/* ---- The file -------------------------------------------------------------------------------- */

static wcl_status config_path(const char *folder, wcl_buffer *path, wcl_error *error)
{
    const char *home;

    if (!folder || !*folder)
        folder = getenv("DOCKER_CONFIG");
    if (folder && *folder)
        return wcl_buffer_printf(path, error, "%s/config.json", folder);
    home = getenv("HOME");
    return wcl_buffer_printf(path, error, "%s/.docker/config.json", home ? home : "");
}

/* `*json` stays NULL where there is no file. */
static wcl_status read_config(const char *path, cJSON **json, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    WCL_CLEANUP_FREE char *text = NULL;
    size_t size = 0;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return WCL_OK;
    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot open '%s'", path);
    text = malloc(CONFIG_SIZE_MAX + 1);
    if (!text)
        return wcl_fail_memory(error);
    if (wcl_pread_full(fd, text, CONFIG_SIZE_MAX + 1, 0, &size, error) != WCL_OK ||
        wcl_json_parse(text, size, CONFIG_SIZE_MAX, json, error) != WCL_OK)
        return wcl_error_context(error, NULL, path);
    explicit_bzero(text, size);
    return WCL_OK;
}

/* A copy of a text; NULL of an empty one, or none. */
static wcl_status take_text(const char *text, char **taken, wcl_error *error)
{
    *taken = text && *text ? strdup(text) : NULL;
    return *taken || !text || !*text ? WCL_OK : wcl_fail_memory(error);
}

/* Base64 that may have line ends and blanks in it, as `base64` and editors make them. */
static wcl_status credentials_decode(const char *text, wcl_buffer *plain, wcl_error *error)
{
    WCL_CLEANUP_FREE char *digits = malloc(strlen(text) + 1);
    size_t size = 0;

    if (!digits)
        return wcl_fail_memory(error);
    for (const char *at = text; *at; at++)
        if (!strchr(" \t\r\n", *at))
            digits[size++] = *at;
    wcl_status status = wcl_base64_decode(digits, size, plain, error);
    explicit_bzero(digits, size);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, NULL, "auth");
}

/* "auth": the base64 of USER:PASSWORD. */
static wcl_status take_auth(const char *auth, wcl_credentials *credentials, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer plain = WCL_BUFFER_INIT;

    if (credentials_decode(auth, &plain, error) != WCL_OK)
        return WCL_FAILED;
    const char *colon = strchr(wcl_buffer_text(&plain), ':');
    if (!colon)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "what 'auth' stands for is not a user and password");
    credentials->username =
        strndup(wcl_buffer_text(&plain), (size_t)(colon - wcl_buffer_text(&plain)));
    credentials->password = strdup(colon + 1);
    explicit_bzero(plain.data, plain.size);
    return credentials->username && credentials->password ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status take_entry(const cJSON *entry, wcl_credentials *credentials, wcl_error *error)
{
    const char *auth = NULL, *user = NULL, *password = NULL, *identity = NULL, *token = NULL;

    if (wcl_json_get_text(entry, "auth", &auth, error) != WCL_OK ||
        wcl_json_get_text(entry, "username", &user, error) != WCL_OK ||
        wcl_json_get_text(entry, "password", &password, error) != WCL_OK ||
        wcl_json_get_text(entry, "identitytoken", &identity, error) != WCL_OK ||
        wcl_json_get_text(entry, "registrytoken", &token, error) != WCL_OK)
        return WCL_FAILED;
    if (take_text(identity, &credentials->identity_token, error) != WCL_OK ||
        take_text(token, &credentials->registry_token, error) != WCL_OK)
        return WCL_FAILED;
    if (auth && *auth)
        return take_auth(auth, credentials, error);
    if (take_text(user, &credentials->username, error) != WCL_OK)
        return WCL_FAILED;
    return take_text(password, &credentials->password, error);
}

/* The helper that is in charge of the registry, or NULL. */
static wcl_status find_helper(const cJSON *config, const char *registry, const char **helper,
                              wcl_error *error)
{
    const cJSON *own =
        find_entry(cJSON_GetObjectItemCaseSensitive(config, "credHelpers"), registry);

    if (own && !cJSON_IsString(own))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the helper of '%s' in credHelpers is not a string", registry);
    if (own)
        *helper = own->valuestring;
    else if (wcl_json_get_text(config, "credsStore", helper, error) != WCL_OK)
        return WCL_FAILED;
    if (*helper && !**helper)
        *helper = NULL;
    return WCL_OK;
}

/* What a helper answers. */
static wcl_status take_answer(const wcl_buffer *text, wcl_credentials *credentials,
                              wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const char *user = NULL, *secret = NULL;

    if (wcl_json_parse(wcl_buffer_text(text), text->size, CONFIG_SIZE_MAX, &json, error) !=
            WCL_OK ||
        wcl_json_get_text(json, "Username", &user, error) != WCL_OK ||
        wcl_json_get_text(json, "Secret", &secret, error) != WCL_OK)
        return WCL_FAILED;
    if (user && strcmp(user, TOKEN_USER) == 0)
        return take_text(secret, &credentials->identity_token, error);
    if (take_text(user, &credentials->username, error) != WCL_OK)
        return WCL_FAILED;
    return take_text(secret, &credentials->password, error);
}

static wcl_status ask_helper(const char *helper, const char *server, const wcl_http *http,
                             wcl_credentials *credentials, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer answer = WCL_BUFFER_INIT;

    wcl_status status = wcl_credential_helper_get(helper, server, http, &answer, error);
    if (status == WCL_OK && take_answer(&answer, credentials, error) != WCL_OK)
        status = wcl_error_context(error, "ask the credential helper", helper);
    if (answer.data)
        explicit_bzero(answer.data, answer.size);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_status credentials_find_in(const cJSON *config, const char *registry,
                                      const wcl_http *http, wcl_credentials *credentials,
                                      wcl_error *error)
{
    const char *helper = NULL;

    if (find_helper(config, registry, &helper, error) != WCL_OK)
        return WCL_FAILED;
    if (helper && ask_helper(helper, server_of(registry), http, credentials, error) != WCL_OK)
        return WCL_FAILED;
    if (has_any(credentials))
        return WCL_OK;
    const cJSON *entry = find_entry(cJSON_GetObjectItemCaseSensitive(config, "auths"), registry);
    return entry ? take_entry(entry, credentials, error) : WCL_OK;
}

wcl_status wcl_credentials_find(const char *folder, const char *registry, const wcl_http *http,
                                wcl_credentials *credentials, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *config = NULL;

    if (config_path(folder, &path, error) != WCL_OK ||
        read_config(wcl_buffer_text(&path), &config, error) != WCL_OK)
        return WCL_FAILED;
    if (!config)
        return WCL_OK;
    if (!cJSON_IsObject(config))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%s' does not hold an object",
                        wcl_buffer_text(&path));
    if (credentials_find_in(config, registry, http, credentials, error) == WCL_OK)
        return WCL_OK;
    wcl_credentials_free(credentials);
    return wcl_error_context(error, NULL, wcl_buffer_text(&path));
}
