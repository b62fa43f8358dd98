/* The service's handle, and the lock under which each request is dealt with. */
#include "hns/linux/service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/options.h"
#include "hns/linux/file.h"

#define DEFAULT_STATE_DIR "/var/lib/wcl/hns"
#define DEFAULT_RUN_DIR "/run/wcl"
#define LOCK_STEP_MILLISECONDS 5
#define LOCK_PATIENCE_MILLISECONDS 30000

/* What the lock file holds: the identity, a blank and one of these. */
#define CLEAN "clean\n"
#define DIRTY "dirty\n"

uint32_t wcl_service_home(const char *state_dir)
{
    WCL_CLEANUP_FREE char *real = realpath(state_dir, NULL);
    wcl_guid guid = wcl_guid_from_source(real ? real : state_dir);

    /* A positive number that people do not use for groups of their own. */
    return (wcl_load_le32(guid.bytes) & 0x3FFFFFFF) | 0x40000000;
}

/* RUN/KIND-HOME; NULL when out of memory. */
static char *run_folder(wcl_service *service, const char *kind, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&path, error, "%s/%s-%08" PRIx32, service->run_dir, kind,
                          service->home) != WCL_OK)
        return NULL;
    return wcl_buffer_detach(&path, NULL, error);
}

/* Where there is nothing yet, there is nothing to claim; otherwise that the folder of claims is
 * missing says that it has to be made anew. */
static wcl_status prepare_claims(wcl_service *service, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_object_id *ids = NULL;
    size_t count;

    if (wcl_hns_store_list(service, "networks", &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    return count ? WCL_OK : wcl_folder_make(service->claims_dir, error);
}

static wcl_status set_up(wcl_service *service, const wcl_hns_options *options, wcl_error *error)
{
    static const char *const folders[] = { "networks", "endpoints" };
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    service->state_dir = strdup(options->state_dir ? options->state_dir : DEFAULT_STATE_DIR);
    service->run_dir = strdup(options->run_dir ? options->run_dir : DEFAULT_RUN_DIR);
    if (!service->state_dir || !service->run_dir)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        wcl_buffer_clear(&path);
        if (wcl_buffer_printf(&path, error, "%s/%s", service->state_dir, folders[i]) != WCL_OK ||
            wcl_folder_make(wcl_buffer_text(&path), error) != WCL_OK)
            return WCL_FAILED;
    }
    service->attached_dir = run_folder(service, "attached", error);
    service->claims_dir = run_folder(service, "claims", error);
    wcl_buffer_clear(&path);
    if (!service->attached_dir || !service->claims_dir ||
        prepare_claims(service, error) != WCL_OK ||
        wcl_buffer_printf(&path, error, "%s/lock", service->state_dir) != WCL_OK)
        return WCL_FAILED;
    service->lock_file = open(wcl_buffer_text(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (service->lock_file < 0)
        return wcl_fail_errno(error, errno, "cannot open %s", wcl_buffer_text(&path));
    return service->kernel->ops->identify(service->kernel, service->identity, error);
}

wcl_status wcl_service_new(const wcl_hns_options *options, wcl_kernel *kernel, uint32_t home,
                           wcl_service **service, wcl_error *error)
{
    wcl_service *made = calloc(1, sizeof(*made));

    if (!made) {
        kernel->ops->close(kernel);
        return wcl_fail_memory(error);
    }
    made->kernel = kernel;
    made->home = home;
    made->lock_file = -1;
    made->find_namespace = options->find_namespace;
    made->find_namespace_context = options->find_namespace_context;
    WCL_TAKE(wcl_hooks, &made->hooks, options->hooks, __func__, NULL);
    if (set_up(made, options, error) != WCL_OK) {
        wcl_service_free(made);
        return WCL_FAILED;
    }
    *service = made;
    return WCL_OK;
}

void wcl_service_free(wcl_service *service)
{
    if (!service)
        return;
    service->kernel->ops->close(service->kernel);
    if (service->lock_file >= 0)
        close(service->lock_file);
    free(service->state_dir);
    free(service->run_dir);
    free(service->attached_dir);
    free(service->claims_dir);
    free(service);
}

static wcl_status take_lock(wcl_service *service, bool change, wcl_error *error)
{
    const struct timespec step = { 0, LOCK_STEP_MILLISECONDS * 1000000L };

    for (int waited = 0; waited <= LOCK_PATIENCE_MILLISECONDS; waited += LOCK_STEP_MILLISECONDS) {
        if (flock(service->lock_file, (change ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
            return WCL_OK;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return wcl_fail_errno(error, errno, "cannot lock %s", service->state_dir);
        nanosleep(&step, NULL);
    }
    return wcl_fail(error, WCL_CODE_BUSY, "%s is locked by another process", service->state_dir);
}

static wcl_status write_mark(wcl_service *service, const char *mark, wcl_error *error)
{
    char text[128];
    int length = snprintf(text, sizeof(text), "%s %s", service->identity, mark);

    if (pwrite(service->lock_file, text, (size_t)length, 0) != length)
        return wcl_fail_errno(error, errno, "cannot write %s/lock", service->state_dir);
    return WCL_OK;
}

/* Restores if the last change was cut short or the kernel is another; marks a change as begun. */
static wcl_status begin_change(wcl_service *service, wcl_error *error)
{
    char found[128], expected[128];
    ssize_t size = pread(service->lock_file, found, sizeof(found) - 1, 0);

    if (size < 0)
        return wcl_fail_errno(error, errno, "cannot read %s/lock", service->state_dir);
    found[size] = '\0';
    snprintf(expected, sizeof(expected), "%s " CLEAN, service->identity);
    /* Both marks have one length, so that only another identity can leave something behind. */
    if ((size_t)size != strlen(expected) && ftruncate(service->lock_file, 0) != 0)
        return wcl_fail_errno(error, errno, "cannot write %s/lock", service->state_dir);
    if (write_mark(service, DIRTY, error) != WCL_OK)
        return WCL_FAILED;
    service->uncertain = false;
    if ((size > 0 && strcmp(found, expected) != 0) || access(service->claims_dir, F_OK) != 0) {
        bool restarted =
            size > 0 && strncmp(found, service->identity, strlen(service->identity)) != 0;
        /* What could not be brought back was logged, and is no reason to refuse this change. */
        wcl_service_restore(service, restarted, NULL);
    }
    return WCL_OK;
}

wcl_status wcl_service_lock(wcl_service *service, bool change, wcl_error *error)
{
    if (take_lock(service, change, error) != WCL_OK)
        return WCL_FAILED;
    if (!change || begin_change(service, error) == WCL_OK)
        return WCL_OK;
    flock(service->lock_file, LOCK_UN);
    return WCL_FAILED;
}

void wcl_service_unlock(wcl_service *service, bool change)
{
    if (change && !service->uncertain)
        write_mark(service, CLEAN, NULL);
    flock(service->lock_file, LOCK_UN);
}
