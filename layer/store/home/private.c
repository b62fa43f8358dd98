/* Closing homes that others can look into. */
#include "layer/store/home/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/listing.h"

#define OTHERS 0077u
/* How deep the folder of images is. */
#define DEPTH_MAX 3

/* What belongs into a home beside its layers. */
#define IMAGES ".images"
static const char *const own_names[] = { IMAGES, ".staging", ".graphdriver", ".graphdriver.json",
                                         "hns" };

typedef struct closing {
    const wcl_store *store;
    bool is_shared; /* the home holds what is not a store's */
    int failed;     /* the first errno */
} closing;

/* ---- One file or folder ---------------------------------------------------------------------- */

/* The first is told, by what is in errno. */
static void note_failure(closing *closing)
{
    if (!closing->failed)
        closing->failed = errno;
}

/* Opens what is to be closed; -1 where it is closed or is neither a file nor a folder. */
static int open_open(closing *closing, int folder, const char *name, struct stat *info)
{
    if (fstatat(folder, name, info, AT_SYMLINK_NOFOLLOW) != 0 || !(info->st_mode & OTHERS) ||
        !(S_ISREG(info->st_mode) || S_ISDIR(info->st_mode)))
        return -1;
    int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT)
        note_failure(closing);
    return fd;
}

static void close_to_others(closing *closing, int fd)
{
    struct stat info;

    if (fstat(fd, &info) == 0 && fchmod(fd, info.st_mode & 07777 & ~OTHERS) == 0)
        return;
    note_failure(closing);
}

/* What is in a folder goes first: one that is closed is not looked into again. */
static void close_folder(closing *closing, int folder, unsigned depth)
{
    WCL_CLEANUP_LISTING DIR *listing = NULL;
    wcl_status status = wcl_listing_open(folder, ".", &listing, NULL);
    const struct dirent *item;
    struct stat info;

    while (status == WCL_OK && (status = wcl_listing_next(listing, &item, NULL)) == WCL_OK) {
        WCL_CLEANUP_FD int fd = open_open(closing, folder, item->d_name, &info);
        if (fd < 0 || (S_ISDIR(info.st_mode) && depth == 0))
            continue;
        if (S_ISDIR(info.st_mode))
            close_folder(closing, fd, depth - 1);
        close_to_others(closing, fd);
    }
    if (status == WCL_FAILED)
        note_failure(closing);
}

/* ---- The home -------------------------------------------------------------------------------- */

static bool is_own_name(const char *name)
{
    for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++)
        if (strcmp(name, own_names[i]) == 0)
            return true;
    return false;
}

/* Of a layer its folder and the files in it: what its folders hold is the layer's own. */
static void close_item(closing *closing, const char *name)
{
    const wcl_store *store = closing->store;
    bool is_layer = false;
    struct stat info;

    if (wcl_layer_id_check(name, NULL) == WCL_OK &&
        wcl_store_find_layer(store, name, &is_layer, NULL) != WCL_OK) {
        note_failure(closing);
        return;
    }
    if (!is_layer && !is_own_name(name)) {
        closing->is_shared = true;
        return;
    }
    WCL_CLEANUP_FD int fd = open_open(closing, store->home_fd, name, &info);
    if (fd < 0)
        return;
    if (is_layer || strcmp(name, IMAGES) == 0)
        close_folder(closing, fd, is_layer ? 0 : DEPTH_MAX);
    close_to_others(closing, fd);
}

static void close_all(closing *closing)
{
    WCL_CLEANUP_LISTING DIR *listing = NULL;
    wcl_status status = wcl_listing_open(closing->store->home_fd, ".", &listing, NULL);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(listing, &item, NULL)) == WCL_OK)
        close_item(closing, item->d_name);
    if (status == WCL_FAILED)
        note_failure(closing);
}

void wcl_store_make_private(const wcl_store *store)
{
    closing closing = { .store = store };
    struct stat info;

    if (fstat(store->home_fd, &info) != 0 || !(info.st_mode & OTHERS) ||
        (geteuid() != 0 && info.st_uid != geteuid()))
        return;
    close_all(&closing);
    if (!closing.is_shared && !closing.failed && !(info.st_mode & S_ISVTX))
        close_to_others(&closing, store->home_fd);
    if (closing.failed)
        wcl_store_log(store, WCL_LOG_WARNING, "cannot keep other users out of the home '%s': %s",
                      store->home, strerror(closing.failed));
}
