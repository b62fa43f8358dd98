/*
 * wcl/registry.h - images from and to registries: servers that speak the OCI distribution
 * specification, as docker.io and others do. See wcl/image.h for images in the store.
 *
 * Registries are contacted over HTTPS; one on this machine (localhost, 127.0.0.0/8, ::1) over plain
 * HTTP if that is what it speaks. Proxies are taken from http_proxy, https_proxy and no_proxy. A
 * request that fails because a connection broke, or with status 429, 500, 502, 503 or 504, is
 * repeated after a while; an interrupted blob is resumed where it broke off.
 */
#ifndef WCL_REGISTRY_H
#define WCL_REGISTRY_H

#include <wcl/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How to talk to a registry. Functions that keep it copy it; all members may be zero or NULL. */
typedef struct wcl_registry_options {
    size_t struct_size; /* sizeof(wcl_registry_options) */
    /* The user; NULL: the one in docker's config.json or from the credential helper that it names.
     */
    const char *username;
    const char *password;      /* or an access token, depending on the registry */
    const char *config_folder; /* where config.json is; NULL: $DOCKER_CONFIG, else ~/.docker */
    const char *ca_file;       /* PEM file of authorities to trust besides the system's, or NULL */
    /* Allow plain HTTP to registries on other machines, and certificates that nobody vouches for.
     */
    bool insecure;
    /* Allow foreign layers to be fetched from hosts other than the registry, as their `urls` say.
     */
    bool foreign_hosts;
    unsigned attempts;        /* in all, of a request that fails; 0: 5 */
    unsigned retry_delay;     /* milliseconds before the second attempt; doubles; 0: 250 */
    unsigned connect_seconds; /* how long connecting may take; 0: 30 */
    unsigned stall_seconds;   /* how long a connection may be silent; 0: 60 */
} wcl_registry_options;

#define WCL_REGISTRY_OPTIONS_INIT WCL_STRUCT_INIT(wcl_registry_options)

/*
 * Pulls the image that `reference` names into the store, where it gets that name. What is in the
 * store already is not fetched. When it fails, the image is not there; complete layers, and what
 * came of the others, are kept for a day for the next pull of that image.
 *
 * `registry` and `options` may be NULL. `info`, which may be NULL, describes the image; freed with
 * wcl_free(). Fails with INVALID_NAME for an invalid reference, FILE_NOT_FOUND for what the
 * registry does not have, ACCESS_DENIED, HOST_NOT_FOUND, CONNECTION_REFUSED, CONNECTION_LOST,
 * TIMEOUT, CHECKSUM for bytes that do not match their digest, INVALID_DATA for what no honest
 * registry sends, and NOT_SUPPORTED in a build without libcurl.
 */
WCL_API wcl_status wcl_image_pull(const wcl_driver *driver, const char *reference,
                                  const wcl_registry_options *registry,
                                  const wcl_transfer_options *options, wcl_image_info **info,
                                  wcl_error *error);

/*
 * Pushes an image of the store to where `reference` (which may not have a digest) says. Blobs that
 * the registry has are not sent, and those that it has in another repository are taken from there.
 * Foreign layers are not sent. `digest`, which may be NULL, is that of the manifest, 72 bytes.
 */
WCL_API wcl_status wcl_image_push(const wcl_driver *driver, const char *image,
                                  const char *reference, const wcl_registry_options *registry,
                                  const wcl_transfer_options *options, char digest[72],
                                  wcl_error *error);

#ifdef __cplusplus
}
#endif
#endif
