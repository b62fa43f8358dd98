/*
 * wcl/image.h - images: what a registry, an OCI layout or a docker archive holds, kept in the store
 * whose layers wcl/layer.h manages.
 *
 * An image in the store is its manifest and its config, byte for byte, and a chain of layers. A
 * layer of an image is an ordinary layer of the store; its id is the hexadecimal part of its OCI
 * chain ID, so that images share layers, and a layer that is there is neither fetched nor stored
 * again. The blob that it came as is kept too, unless that is the plain tar, which the layer holds
 * already: what is saved or pushed has the digests that it came with.
 *
 * An image is named by references ("alpine", "mcr.microsoft.com/windows/nanoserver:1809"). An
 * argument called `image` is such a reference, or the digest of the image's manifest or config:
 * "sha256:" and 64 hexadecimal digits, or at least the first 6 of these digits alone. An index is
 * not kept: its digest names an image only after a repository (REPOSITORY@DIGEST) that it was
 * pulled from or loaded as.
 *
 * Images are kept by the portable provider ("store") only.
 */
#ifndef WCL_IMAGE_H
#define WCL_IMAGE_H

#include <wcl/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- References ----------------------------------------------------------------------------- */

/* A name of an image, split as docker does it. */
typedef struct wcl_reference {
    const char *registry;   /* with its port; "docker.io" where none was given */
    const char *repository; /* "library/alpine" for "alpine" of docker.io */
    const char *tag;        /* NULL where only a digest was given; else "latest" where none was */
    const char *digest;     /* "sha256:...", or NULL */
    const char *name;       /* all of it: "docker.io/library/alpine:latest" */
    const char *familiar;   /* without the defaults: "alpine:latest" */
} wcl_reference;

/*
 * Splits a reference: [REGISTRY[:PORT]/]PATH[/PATH]...[:TAG][@DIGEST]. The first part is a
 * registry when it has a dot or a colon, is "localhost", or has a capital letter. Fails with
 * INVALID_NAME; NOT_SUPPORTED for a digest of an algorithm other than sha256. `*reference` is one
 * block, freed with wcl_free().
 */
WCL_API wcl_status wcl_reference_parse(const char *text, wcl_reference **reference,
                                       wcl_error *error);

/* ---- Platforms ------------------------------------------------------------------------------ */

/* What an image runs on. A text that is not known is ""; none is NULL. */
typedef struct wcl_platform {
    const char *os;           /* "windows", "linux" */
    const char *architecture; /* "amd64", "arm64", as Go names them */
    const char *variant;      /* "v8" */
    const char *os_version;   /* of Windows: "10.0.17763.1817" */
} wcl_platform;

/*
 * Reads OS[(VERSION)][/ARCHITECTURE[/VARIANT]], as "windows(10.0.17763)/amd64" or "linux/arm/v7".
 * An architecture that is not given is the host's. Fails with INVALID_PARAMETER. One block, freed
 * with wcl_free().
 */
WCL_API wcl_status wcl_platform_parse(const char *text, wcl_platform **platform, wcl_error *error);

/*
 * Chooses one of `count` platforms. For Windows, of those of the architecture: the one of exactly
 * the version asked for; else the newest of the same build (the first three numbers); else the
 * newest that is not above it; without a version asked for the newest. For Linux the architecture's
 * variant asked for, else the nearest below that it can run. `wanted` NULL: Linux on the host's
 * architecture, else Windows on it. False when none fits.
 */
WCL_API bool wcl_platform_choose(const wcl_platform *wanted, const wcl_platform *platforms,
                                 size_t count, size_t *chosen);

/* ---- Images in the store -------------------------------------------------------------------- */

/* What is known of an image. */
typedef struct wcl_image_info {
    const char *const *names; /* canonical references, in order; none where it has lost its names */
    size_t name_count;
    const char *digest;        /* of the manifest */
    const char *media_type;    /* of the manifest */
    const char *config_digest; /* docker's image ID */
    wcl_platform platform;
    const char *const *layers; /* ids of layers in the store, nearest first: the chain */
    size_t layer_count;
    uint64_t size;     /* bytes of the blobs: manifest, config and layers as they came */
    uint64_t tar_size; /* bytes of the layers' tars */
    int64_t created;   /* according to the config, in seconds since 1970; 0: not stated */
    int64_t added;     /* to the store, in seconds since 1970 */
} wcl_image_info;

/* All images, in the order of their names; one block, freed with wcl_free(). */
WCL_API wcl_status wcl_image_list(const wcl_driver *driver, wcl_image_info ***images, size_t *count,
                                  wcl_error *error);

/* What is known of an image; FILE_NOT_FOUND where there is none. Freed with wcl_free(). */
WCL_API wcl_status wcl_image_get_info(const wcl_driver *driver, const char *image,
                                      wcl_image_info **info, wcl_error *error);

/* The image's manifest, verbatim, with a NUL after its `*size` bytes; freed with wcl_free(). */
WCL_API wcl_status wcl_image_manifest(const wcl_driver *driver, const char *image, char **json,
                                      size_t *size, wcl_error *error);
/* Likewise its config. */
WCL_API wcl_status wcl_image_config(const wcl_driver *driver, const char *image, char **json,
                                    size_t *size, wcl_error *error);

/* How an image says it is to be run. Lists are empty and texts "" where it does not say. */
typedef struct wcl_image_command {
    const char *const *entrypoint; /* what is run */
    size_t entrypoint_count;
    const char *const *cmd; /* its arguments, or what is run if there is no entry point */
    size_t cmd_count;
    const char *const *env; /* NAME=VALUE */
    size_t env_count;
    const char *working_directory;
    const char *user;
} wcl_image_command;

/* Reads it from an image's config; one block, freed with wcl_free(). */
WCL_API wcl_status wcl_image_get_command(const wcl_driver *driver, const char *image,
                                         wcl_image_command **command, wcl_error *error);

/* Also gives the image the name `name`, which any other image then loses. Fails with INVALID_NAME
 * also when the name has a digest that is not the manifest's. */
WCL_API wcl_status wcl_image_tag(const wcl_driver *driver, const char *image, const char *name,
                                 wcl_error *error);

/* What wcl_image_remove() did: a name or digest that is gone. */
typedef enum wcl_image_removal {
    WCL_IMAGE_UNTAGGED = 1, /* a name */
    WCL_IMAGE_DELETED = 2,  /* an image, by the digest of its manifest */
    WCL_IMAGE_LAYER = 3,    /* a layer, by its id */
    WCL_IMAGE_BLOB = 4,     /* a blob, by its digest */
} wcl_image_removal;
typedef void (*wcl_image_removed_fn)(void *context, wcl_image_removal removal, const char *what);

/*
 * Removes a name, and with its last name the image. A digest removes the image with its name or,
 * with `force`, with all of its names (several without `force`: SHARING_VIOLATION). Layers and
 * blobs that nothing uses any more are removed; layers with sandboxes, other images or layers of
 * the user's own on them stay until a later removal finds them unused. `removed` may be NULL.
 */
WCL_API wcl_status wcl_image_remove(const wcl_driver *driver, const char *image, bool force,
                                    wcl_image_removed_fn removed, void *context, wcl_error *error);

/* Removes what no image uses: layers and blobs of images, and what interrupted pulls left to be
 * resumed.
 */
WCL_API wcl_status wcl_image_remove_unused(const wcl_driver *driver, wcl_image_removed_fn removed,
                                           void *context, wcl_error *error);

/*
 * Checks all images: digests of manifests, configs and blobs, that each has all the layers that it
 * names, and that nothing is left over. (wcl_layer_verify() checks the layers.) Each fault is given
 * to `found` with the image's or blob's digest. Returns WCL_OK also when there are faults;
 * `*faults` counts them.
 */
WCL_API wcl_status wcl_image_verify(const wcl_driver *driver,
                                    void (*found)(void *context, const char *what,
                                                  const char *sentence),
                                    void *context, size_t *faults, wcl_error *error);

/* ---- Moving images -------------------------------------------------------------------------- */

typedef enum wcl_transfer_state {
    WCL_TRANSFER_WAITING = 0,
    WCL_TRANSFER_RUNNING = 1, /* its bytes are on their way */
    WCL_TRANSFER_STORING = 2, /* all there; waits for the layer below and is then stored */
    WCL_TRANSFER_DONE = 3,
    WCL_TRANSFER_PRESENT = 4, /* was there already */
} wcl_transfer_state;

/* How far the transfer of one layer has got. */
typedef struct wcl_transfer {
    const char *digest; /* of its blob */
    wcl_transfer_state state;
    uint64_t done; /* bytes of the blob */
    uint64_t total;
} wcl_transfer;

/*
 * Options of a pull, push, load or save. The driver's hooks give log, progress and cancellation;
 * the progress is the sum of all layers.
 */
typedef struct wcl_transfer_options {
    size_t struct_size; /* sizeof(wcl_transfer_options) */
    /* Which image of an index to take; NULL: as in wcl_platform_choose(). */
    const wcl_platform *platform;
    unsigned parallel; /* layers at a time; 0: 3 */
    /* Limits on each layer, as those of wcl_import_options (wcl/tar.h): 0 is the default,
     * WCL_TAR_NO_LIMIT none. `max_size` and `max_ratio` apply to a compressed archive as well. */
    uint64_t max_size;
    uint64_t max_entries;
    uint64_t max_ratio;
    uint64_t max_memory;
    /* Called about ten times a second, from the thread that made the call; may be NULL. */
    void (*layers)(void *context, const wcl_transfer *layers, size_t count);
    void *context;
} wcl_transfer_options;

#define WCL_TRANSFER_OPTIONS_INIT WCL_STRUCT_INIT(wcl_transfer_options)

/* What was loaded or pulled. */
typedef void (*wcl_image_loaded_fn)(void *context, const wcl_image_info *image);

/*
 * Loads the images of a file or folder: an OCI layout (a folder or a tar), or a docker archive;
 * plain, gzip, zstd, xz or bzip2. "-" is standard input. `name` is what to call the image instead
 * of the name in the archive, which must then hold one image; NULL: the names in the archive,
 * except those with the digest of something else. `options` and `loaded` may be NULL. When it
 * fails, nothing is left of the image that failed.
 */
WCL_API wcl_status wcl_image_load(const wcl_driver *driver, const char *path, const char *name,
                                  const wcl_transfer_options *options, wcl_image_loaded_fn loaded,
                                  void *context, wcl_error *error);

typedef enum wcl_image_format {
    WCL_IMAGE_OCI_ARCHIVE = 0,    /* a tar of an OCI layout that `docker load` takes too */
    WCL_IMAGE_OCI_FOLDER = 1,     /* an OCI layout */
    WCL_IMAGE_DOCKER_ARCHIVE = 2, /* what `docker save` wrote before it wrote layouts: plain tars,
                                     without the blobs' digests */
} wcl_image_format;

/*
 * Saves images to a file or a new folder; "-" is standard output. It appears under its name only
 * once it is complete. `options` may be NULL.
 */
WCL_API wcl_status wcl_image_save(const wcl_driver *driver, const char *const *images, size_t count,
                                  const char *path, wcl_image_format format,
                                  const wcl_transfer_options *options, wcl_error *error);

/* ---- Making images -------------------------------------------------------------------------- */

/* What an appended layer is like, and how its image is to be run. */
typedef struct wcl_image_append_options {
    size_t struct_size; /* sizeof(wcl_image_append_options) */
    const wcl_platform
        *platform; /* of an image on nothing; else the new platform of the image; or NULL */
    const char
        *to; /* the folder that the files go into, made where it is missing; NULL: the root */
    const char *const *deleted; /* paths of the base that the new image does not have */
    size_t deleted_count;
    /* Of new files and folders in a Windows layer, as SDDL; NULL: owned by Administrators; they and
     * SYSTEM have full control, Users can read and run. */
    const char *sddl;
    const char *folder_sddl;
    /* In a Windows layer a SID or its SDDL alias; in a Linux layer UID[:GID]. NULL: Administrators,
     * and as in the input. */
    const char *owner;
    bool has_epoch; /* SOURCE_DATE_EPOCH: */
    int64_t epoch;  /* no time is later than this, and it is the image's creation time */
    /* JSON lists of words ("[]": none), or lines for the system's shell; NULL: the base's. An entry
     * point alone clears the base's command. */
    const char *entrypoint;
    const char *cmd;
    const char *const *env; /* NAME=VALUE, replacing the base's of that name */
    size_t env_count;
    const char *const *labels; /* likewise */
    size_t label_count;
    const char *workdir;
    const char *user;
    wcl_read_fn read; /* gives the tar where there is no input; called from another thread */
    void *read_context;
    /* Limits on the tar and on the layer, as those of wcl_import_options (wcl/tar.h). */
    uint64_t max_size;
    uint64_t max_entries;
    uint64_t max_ratio;
} wcl_image_append_options;

#define WCL_IMAGE_APPEND_OPTIONS_INIT WCL_STRUCT_INIT(wcl_image_append_options)

/*
 * Makes the image `name` from the image `base` (NULL: from nothing) and one more layer with the
 * files of `input`: a folder, or a tar without Windows' metadata, in any compression (NULL: the tar
 * that options->read gives). The same input, options and base make the same digests. A folder that
 * the base has already stays as it is.
 *
 * In a layer for Windows every entry has a security descriptor, attributes (read-only where nobody
 * may write) and times; symbolic links become those of Windows. Fails with INVALID_NAME for names
 * that Windows cannot have, ALREADY_EXISTS for two that differ in case only and for a folder that
 * would replace a symbolic link of the base, and NOT_SUPPORTED for what the system does not have.
 * `options` may be NULL; `made`, which may be NULL, is freed with wcl_free().
 */
WCL_API wcl_status wcl_image_append(const wcl_driver *driver, const char *base, const char *input,
                                    const char *name, const wcl_image_append_options *options,
                                    wcl_image_info **made, wcl_error *error);

/* ---- Looking into images -------------------------------------------------------------------- */

/*
 * What is known of an image: as JSON, {"name","names","digest","media_type","config_digest","os",
 * "architecture","variant","os_version","created","size","tar_size","layers":[{"id","digest",
 * "diff_id","media_type","size","tar_size","created_by"}],"manifest","config"}, lowest layer first;
 * or as lines for people. Freed with wcl_free().
 */
WCL_API wcl_status wcl_image_inspect(const wcl_driver *driver, const char *image, bool as_json,
                                     char **text, wcl_error *error);

/*
 * Writes a self-contained page for a browser: what each layer adds, changes and deletes, and which
 * bytes later layers make useless. "-" is standard output.
 */
WCL_API wcl_status wcl_image_write_page(const wcl_driver *driver, const char *image,
                                        const char *file, wcl_error *error);

#ifdef __cplusplus
}
#endif
#endif
