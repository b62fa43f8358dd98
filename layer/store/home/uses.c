/* Whether an image uses a layer. */
#include "layer/store/home/uses.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/listing.h"
#include "base/json.h"
#include "base/regular.h"

#define FILE_SIZE_MAX ((size_t)16 * 1024 * 1024)
#define NAME_SIZE_MAX 600

/* A search through files of .images. */
typedef struct search {
    int images;         /* .images */
    const char *folder; /* the one that is searched */
    const char *wanted;
    char found[256];          /* the file that has it, "" while none has */
    char name[NAME_SIZE_MAX]; /* of the image, "" where it has none */
} search;

static bool is_layer_of_images(const char *id)
{
    return strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64;
}

/* The whole of a file, as text; WCL_END where it has just gone. */
static wcl_status uses_read_file(int fd, const char *name, wcl_buffer *text, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_regular_read(fd, name, WCL_LINKS_REFUSED, FILE_SIZE_MAX, text, &why) == WCL_OK)
        return WCL_OK;
    if (why.code == WCL_CODE_FILE_NOT_FOUND)
        return WCL_END;
    return wcl_error_pass(error, &why);
}

/* ---- Looking at each file ------------------------------------------------------------------- */

/* Visits the files of a folder of .images. */
static wcl_status each(search *search, const char *folder,
                       wcl_status (*visit)(struct search *search, int fd, const char *name,
                                           wcl_error *error),
                       wcl_error *error)
{
    WCL_CLEANUP_LISTING DIR *listing = NULL;
    wcl_status status = wcl_listing_open(search->images, folder, &listing, error);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(listing, &item, error)) == WCL_OK)
        if (item->d_name[0] != '.')
            status = visit(search, dirfd(listing), item->d_name, error);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

/* Whether the text has that in it, on either side of NULs. */
static bool contains(const wcl_buffer *text, const char *wanted)
{
    for (size_t at = 0; at < text->size; at += strlen((const char *)text->data + at) + 1)
        if (strstr((const char *)text->data + at, wanted))
            return true;
    return false;
}

/* The bytes are looked for, so that a record that is damaged keeps its layers as well. */
static wcl_status find_in_file(search *search, int fd, const char *name, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    wcl_status status = uses_read_file(fd, name, &text, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    if (!contains(&text, search->wanted))
        return WCL_OK;
    snprintf(search->found, sizeof(search->found), "%s", name);
    return WCL_END;
}

/* What a pull that has ended left counts for nothing: the next one fetches what is not there. */
static wcl_status find_in_lease(search *search, int fd, const char *name, wcl_error *error)
{
    WCL_CLEANUP_FD int lease = openat(fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (lease < 0 || flock(lease, LOCK_SH | LOCK_NB) == 0)
        return WCL_OK;
    return find_in_file(search, fd, name, error);
}

/* The first of the image's names, in their order. */
static wcl_status find_name(search *search, int fd, const char *file, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const char *name = "", *digest = "";

    /* The name is for the message only. */
    (void)error;
    if (uses_read_file(fd, file, &text, NULL) != WCL_OK ||
        wcl_json_parse(wcl_buffer_text(&text), text.size, FILE_SIZE_MAX, &json, NULL) != WCL_OK ||
        wcl_json_get_text(json, "name", &name, NULL) != WCL_OK ||
        wcl_json_get_text(json, "digest", &digest, NULL) != WCL_OK)
        return WCL_OK;
    const char *colon = strchr(digest, ':');
    if (colon && strcmp(colon + 1, search->found) == 0 &&
        (!*search->name || strcmp(name, search->name) < 0))
        snprintf(search->name, sizeof(search->name), "%s", name);
    return WCL_OK;
}

/* ---- Whether it is used --------------------------------------------------------------------- */

static wcl_status check_records(search *search, const char *id, wcl_error *error)
{
    char quoted[80];

    snprintf(quoted, sizeof(quoted), "\"%s\"", id);
    search->wanted = quoted;
    if (each(search, "images", find_in_file, error) != WCL_OK)
        return WCL_FAILED;
    if (!*search->found)
        return WCL_OK;
    if (each(search, "names", find_name, error) != WCL_OK)
        return WCL_FAILED;
    return *search->name
               ? wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                          "the image '%s' (sha256:%.64s) is made of it; remove the image instead",
                          search->name, search->found)
               : wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                          "the image sha256:%.64s is made of it; remove the image instead",
                          search->found);
}

static wcl_status check_leases(search *search, const char *id, wcl_error *error)
{
    char line[80];

    snprintf(line, sizeof(line), "sha256:%s\n", id);
    search->wanted = line;
    if (each(search, "leases", find_in_lease, error) != WCL_OK)
        return WCL_FAILED;
    return *search->found ? wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                                     "the image sha256:%.64s, which is being pulled or loaded, "
                                     "needs it",
                                     search->found)
                          : WCL_OK;
}

int wcl_store_lock_images(int images, bool wait, wcl_error *error)
{
    int fd = openat(images, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        wcl_fail_errno(error, errno, "cannot open the lock of the images");
        return -1;
    }
    while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            wcl_fail_errno(error, errno, "cannot lock the images");
        close(fd);
        return -1;
    }
    return fd;
}

wcl_status wcl_store_check_unused(const wcl_store *store, const char *id, int *lock,
                                  wcl_error *error)
{
    WCL_CLEANUP_FD int images = -1;

    *lock = -1;
    if (!is_layer_of_images(id))
        return WCL_OK;
    images = openat(store->home_fd, ".images", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (images < 0)
        return errno == ENOENT ? WCL_OK
                               : wcl_fail_errno(error, errno, "cannot open the home's images");
    search search = { .images = images };
    WCL_CLEANUP_FD int held = wcl_store_lock_images(images, true, error);
    if (held < 0 || check_records(&search, id, error) != WCL_OK ||
        check_leases(&search, id, error) != WCL_OK)
        return WCL_FAILED;
    *lock = held;
    held = -1;
    return WCL_OK;
}
