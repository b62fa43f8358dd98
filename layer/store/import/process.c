/* Making a layer of a folder that a base image was extracted into: its registry becomes the base
 * that other layers' deltas stand on, files that Windows changes are saved, and the folder becomes
 * the layer. */
#include "layer/store/import/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/regular.h"
#include "erofs/image.h"
#include "layer/entry/path.h"
#include "layer/store/read/entries.h"

#define COPY_SIZE (1024 * 1024)

/* Where the registry is, and what its parts are called in a base layer. */
static const struct {
    const char *from;
    const char *to;
} hives[] = {
    { "Files/Windows/System32/config/SYSTEM", "Hives/System_Base" },
    { "Files/Windows/System32/config/SOFTWARE", "Hives/Software_Base" },
    { "Files/Windows/System32/config/SAM", "Hives/Sam_Base" },
    { "Files/Windows/System32/config/SECURITY", "Hives/Security_Base" },
    { "Files/Windows/System32/config/DEFAULT", "Hives/DefaultUser_Base" },
};

/* Files of the utility VM that Windows changes, and the names they are saved under. */
static const struct {
    const char *from;
    const char *to;
} boot_files[] = {
    { "Files/EFI/Microsoft/Boot/BCD", "bcd.bak" },
    { "Files/EFI/Microsoft/Boot/BCD.LOG", "bcd.log.bak" },
    { "Files/EFI/Microsoft/Boot/BCD.LOG1", "bcd.log1.bak" },
    { "Files/EFI/Microsoft/Boot/BCD.LOG2", "bcd.log2.bak" },
};

static wcl_status copy_data(int from, int to, wcl_error *error)
{
    WCL_CLEANUP_FREE uint8_t *buffer = malloc(COPY_SIZE);
    uint64_t offset = 0;
    size_t got = 1;

    if (!buffer)
        return wcl_fail_memory(error);
    while (got) {
        if (wcl_pread_full(from, buffer, COPY_SIZE, offset, &got, error) != WCL_OK ||
            wcl_pwrite_full(to, buffer, got, offset, error) != WCL_OK)
            return WCL_FAILED;
        offset += got;
    }
    return WCL_OK;
}

/* Copies a file beneath one folder to one beneath another, replacing it; both are never left. */
static wcl_status copy_file(int from_root, const char *from, int to_root, const char *to,
                            wcl_error *error)
{
    struct stat info;
    WCL_CLEANUP_FD int source = -1;

    if (wcl_regular_open(from_root, from, WCL_LINKS_REFUSED, 0, &source, NULL, error) != WCL_OK)
        return WCL_FAILED;
    if (fstat(source, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot look at '%s'", from);
    WCL_CLEANUP_FD int target =
        wcl_beneath_open(to_root, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (target < 0)
        return wcl_fail_errno(error, errno, "cannot create '%s'", to);
    if (copy_data(source, target, error) != WCL_OK)
        return wcl_error_context(error, NULL, from);
    const struct timespec times[2] = { info.st_atim, info.st_mtim };
    futimens(target, times);
    return WCL_OK;
}

static bool exists_beneath(int root, const char *path)
{
    WCL_CLEANUP_FD int fd = wcl_beneath_open(root, path, O_PATH | O_CLOEXEC | O_NOFOLLOW, 0);
    return fd >= 0;
}

static wcl_status save_boot_files(int vm_root, int layer_root, wcl_error *error)
{
    for (size_t i = 0; i < sizeof(boot_files) / sizeof(boot_files[0]); i++)
        if (exists_beneath(vm_root, boot_files[i].from) &&
            copy_file(vm_root, boot_files[i].from, layer_root, boot_files[i].to, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status take_hives(int root, wcl_error *error)
{
    if (wcl_beneath_mkdir(root, "Hives", 0755) != 0 && errno != EEXIST)
        return wcl_fail_errno(error, errno, "cannot create the folder 'Hives'");
    for (size_t i = 0; i < sizeof(hives) / sizeof(hives[0]); i++)
        if (copy_file(root, hives[i].from, root, hives[i].to, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* Those of a layer that has a utility VM: it is one of the store from then on, in which no folder
 * is left for wcl_store_process_utility_vm(), which hcsshim calls next. */
static wcl_status take_boot_files(int root, wcl_error *error)
{
    if (!exists_beneath(root, "UtilityVM/Files/EFI/Microsoft/Boot/BCD"))
        return WCL_OK;
    WCL_CLEANUP_FD int vm_root =
        wcl_beneath_open(root, "UtilityVM", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (vm_root < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder 'UtilityVM'");
    return save_boot_files(vm_root, root, error);
}

/* Whether `path` was the utility VM of a folder that is a layer by now, and saved with it. */
static bool is_done_already(const char *path)
{
    WCL_CLEANUP_FREE char *layer = strndup(path, wcl_path_parent_length(path));
    WCL_CLEANUP_FREE char *index = NULL;
    wcl_erofs_image *image = NULL;
    wcl_nid nid;

    if (!layer || strcmp(wcl_path_base(path), "UtilityVM") != 0 || access(path, F_OK) == 0 ||
        asprintf(&index, "%s/layer.erofs", layer) < 0 ||
        wcl_erofs_image_open_file(index, &image, NULL) != WCL_OK)
        return false;
    bool is_saved =
        wcl_erofs_find(image, boot_files[0].to, WCL_NAMES_CASELESS, &nid, NULL) == WCL_OK;
    wcl_erofs_image_free(image);
    return is_saved;
}

static int import_process_open_folder(const char *path, wcl_error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        wcl_fail_errno(error, errno, "cannot open the folder");
    return fd;
}

/* Reads the folder as a layer and puts that, at once, where the folder was. */
static wcl_status replace_folder(const char *home, const char *id, const char *path,
                                 wcl_error *error)
{
    const wcl_driver driver = { .struct_size = sizeof(driver),
                                .flavour = WCL_FLAVOUR_FILTER,
                                .home_dir = home };
    wcl_store store = WCL_STORE_INIT;
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    if (wcl_dir_reader_open(path, &reader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_store_make(&driver, &store, error);
    if (status == WCL_OK)
        status = wcl_store_writer_open(&store, id, (wcl_parents) { NULL, 0 }, &writer, error);
    if (status == WCL_OK)
        status = wcl_layer_copy(reader, writer, NULL, error);
    if (wcl_layer_reader_close(reader, status == WCL_OK ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    if (status != WCL_OK) {
        wcl_layer_writer_abort(writer);
        return WCL_FAILED;
    }
    wcl_store_writer_replaces(writer);
    return wcl_layer_writer_close(writer, error);
}

wcl_status wcl_store_process_base(const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *real = realpath(path, NULL);

    if (!real)
        return wcl_fail_errno(error, errno, "cannot open the folder");
    WCL_CLEANUP_FD int root = import_process_open_folder(real, error);
    if (root < 0)
        return WCL_FAILED;
    char *slash = strrchr(real, '/');
    const char *id = slash + 1;
    if (wcl_layer_id_check(id, error) != WCL_OK)
        return WCL_FAILED;
    if (!exists_beneath(root, "Files/Windows"))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "it has no folder 'Files/Windows'; a base layer's files belong there");
    if (take_hives(root, error) != WCL_OK || take_boot_files(root, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FREE char *whole = strdup(real);
    if (!whole)
        return wcl_fail_memory(error);
    *slash = '\0';
    return replace_folder(*real ? real : "/", id, whole, error);
}

wcl_status wcl_store_process_utility_vm(const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent = NULL;

    if (is_done_already(path))
        return WCL_OK;
    WCL_CLEANUP_FD int root = import_process_open_folder(path, error);
    if (root < 0)
        return WCL_FAILED;
    if (!exists_beneath(root, "Files/EFI/Microsoft/Boot/BCD"))
        return wcl_fail(
            error, WCL_CODE_INVALID_DATA,
            "it has no 'Files/EFI/Microsoft/Boot/BCD'; a utility VM's files belong there");
    if (asprintf(&parent, "%s/..", path) < 0)
        return wcl_fail_memory(error);
    WCL_CLEANUP_FD int layer_root = import_process_open_folder(parent, error);
    return layer_root < 0 ? WCL_FAILED : save_boot_files(root, layer_root, error);
}
