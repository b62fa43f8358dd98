/*
 * Structs of programs that know less of them than the library: every function that takes a struct
 * with a struct_size is given one that ends where a page ends, behind which nothing may be read or
 * written. compile_headers.py looks whether all of them are here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wcl/graphdriver.h>
#include <wcl/hive.h>
#include <wcl/registry.h>
#include <wcl/snapshotter.h>
#include <wcl/tar.h>

#include "base/buffer.h"
#include "container/container_internal.h"
#include "hns/provider.h"

/* ---- What the calls are given ---------------------------------------------------------------- */

static char home[64];
static wcl_driver driver = WCL_DRIVER_INIT;
static wcl_graphdriver *graphdriver;
static wcl_layer_reader *tar;
static wcl_buffer tar_bytes = WCL_BUFFER_INIT;

static wcl_status gives_nothing(wcl_hns *hns, const char *id, wcl_hns_statistics *statistics,
                                wcl_error *error)
{
    (void)hns;
    (void)id;
    (void)error;
    memset((char *)statistics + sizeof(size_t), 7, sizeof(*statistics) - sizeof(size_t));
    return WCL_OK;
}
static const wcl_hns_provider hns_provider = { .name = "fake", .statistics = gives_nothing };
static wcl_hns hns = { &hns_provider };

static wcl_status makes_nothing(wcl_provider_system *system, const char *config, wcl_notify notify,
                                wcl_provider_process **made, wcl_error *error)
{
    (void)system;
    (void)config;
    (void)notify;
    (void)made;
    (void)error;
    return WCL_FAILED;
}
static const wcl_container_provider container_provider = { .name = "fake",
                                                           .create_process = makes_nothing };
static wcl_container container = { .id = (char *)"fake", .provider = &container_provider };

static wcl_status read_none(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    (void)context;
    (void)buffer;
    (void)size;
    (void)error;
    *got = 0;
    return WCL_OK;
}

static wcl_status read_tar(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    size_t *at = context;

    (void)error;
    *got = tar_bytes.size - *at < size ? tar_bytes.size - *at : size;
    memcpy(buffer, tar_bytes.data + *at, *got);
    *at += *got;
    return WCL_OK;
}

static wcl_status write_all(void *context, const void *data, size_t size, wcl_error *error)
{
    return context ? wcl_buffer_append(context, data, size, error) : WCL_OK;
}

static wcl_status change(void *context, const char *path, wcl_change_kind kind, wcl_error *error)
{
    (void)context;
    (void)path;
    (void)kind;
    (void)error;
    return WCL_OK;
}

static void found(void *context, const char *sentence)
{
    (void)context;
    (void)sentence;
}

static void found_in(void *context, const char *what, const char *sentence)
{
    (void)context;
    (void)what;
    (void)sentence;
}

/* ---- The calls ------------------------------------------------------------------------------- */

static const wcl_parents none;
static char *text, **texts;
static bool flag;
static size_t count;
static wcl_guid guid;
static wcl_layer_info *layer_info;
static wcl_layer_descriptor descriptor = WCL_LAYER_DESCRIPTOR_INIT;
static wcl_image_info *image_info, **image_list;
static wcl_image_command *command;
static wcl_container *made_container;
static wcl_container_properties **containers;
static wcl_process *process;
static wcl_graphdriver *made_graphdriver;
static wcl_graphdriver_server *server;
static wcl_snapshotter_server *snapshotter;
static wcl_hns *made_hns;

static wcl_layer_reader *reader;
static wcl_layer_writer *writer;

/* Ends what a call made. */
static wcl_status end_reader(wcl_status status)
{
    if (status == WCL_OK)
        wcl_layer_reader_close(reader, NULL);
    return status;
}

static wcl_status end_writer(wcl_status status)
{
    if (status == WCL_OK)
        wcl_layer_writer_abort(writer);
    return status;
}

static wcl_status end_text(wcl_status status)
{
    if (status == WCL_OK)
        wcl_free(text);
    return status;
}

static wcl_status end_containers(wcl_status status)
{
    if (status == WCL_OK)
        wcl_free(containers);
    return status;
}

static wcl_status end_hns(wcl_status status)
{
    if (status == WCL_OK)
        wcl_hns_close(made_hns);
    return status;
}

static wcl_status wcl_layer_writer_add_to_new(const wcl_entry *entry, wcl_error *error)
{
    wcl_status status = wcl_tar_writer_open(write_all, NULL, NULL, &writer, NULL);

    assert_int_equal(status, WCL_OK);
    status = wcl_layer_writer_add(writer, entry, error);
    wcl_layer_writer_abort(writer);
    return status;
}

static wcl_status wcl_layer_reader_next_of_new(wcl_entry *entry, wcl_error *error)
{
    size_t at = 0;

    assert_int_equal(wcl_tar_reader_open(read_tar, &at, NULL, &tar, NULL), WCL_OK);
    wcl_status status = wcl_layer_reader_next(tar, entry, error);
    wcl_layer_reader_close(tar, NULL);
    return status;
}

static wcl_status wcl_layer_copy_of_new(const wcl_hooks *hooks, wcl_error *error)
{
    size_t at = 0;

    assert_int_equal(wcl_tar_reader_open(read_tar, &at, NULL, &tar, NULL), WCL_OK);
    assert_int_equal(wcl_tar_writer_open(write_all, NULL, NULL, &writer, NULL), WCL_OK);
    wcl_status status = wcl_layer_copy(tar, writer, hooks, error);
    wcl_layer_reader_close(tar, NULL);
    wcl_layer_writer_abort(writer);
    return status;
}

static wcl_status import_tar(const wcl_driver *to, const wcl_import_options *options,
                             wcl_import_result *result, wcl_error *error)
{
    static unsigned number;
    size_t at = 0;
    char id[24];

    snprintf(id, sizeof(id), "import%u", number++);
    return wcl_layer_import_tar(to, id, none, read_tar, &at, options, result, error);
}

static const wcl_hive_input no_hive = { "none", NULL, NULL, 4 };
static wcl_hive *hive;
static wcl_hive_writer *hive_writer;

static wcl_status end_hive_writer(wcl_status status)
{
    if (status == WCL_OK)
        wcl_hive_writer_free(hive_writer);
    return status;
}

/* X(the struct's type, the function, a call of it with the struct at `at`) */
#define LAYER_CALLS(X)                                                                             \
    X(wcl_driver, wcl_layer_create, wcl_layer_create(at, "x", NULL, error))                        \
    X(wcl_driver, wcl_layer_create_sandbox,                                                        \
      wcl_layer_create_sandbox(at, "x", NULL, none, 0, error))                                     \
    X(wcl_driver, wcl_layer_activate, wcl_layer_activate(at, "x", error))                          \
    X(wcl_driver, wcl_layer_deactivate, wcl_layer_deactivate(at, "x", error))                      \
    X(wcl_driver, wcl_layer_prepare, wcl_layer_prepare(at, "x", none, error))                      \
    X(wcl_driver, wcl_layer_unprepare, wcl_layer_unprepare(at, "x", error))                        \
    X(wcl_driver, wcl_layer_mount_path, end_text(wcl_layer_mount_path(at, "x", &text, error)))     \
    X(wcl_driver, wcl_layer_destroy, wcl_layer_destroy(at, "x", error))                            \
    X(wcl_driver, wcl_layer_exists, wcl_layer_exists(at, "x", &flag, error))                       \
    X(wcl_driver, wcl_layer_expand_sandbox, wcl_layer_expand_sandbox(at, "x", 1, error))           \
    X(wcl_driver, wcl_layer_export, wcl_layer_export(at, "x", "/nowhere", none, error))            \
    X(wcl_driver, wcl_layer_import, wcl_layer_import(at, "x", "/nowhere", none, error))            \
    X(wcl_driver, wcl_layer_reader_open,                                                           \
      end_reader(wcl_layer_reader_open(at, "x", none, &reader, error)))                            \
    X(wcl_driver, wcl_layer_writer_open,                                                           \
      end_writer(wcl_layer_writer_open(at, "x", none, &writer, error)))                            \
    X(wcl_driver, wcl_layer_process_base, wcl_layer_process_base(at, "/nowhere", error))           \
    X(wcl_driver, wcl_layer_process_utility_vm,                                                    \
      wcl_layer_process_utility_vm(at, "/nowhere", error))                                         \
    X(wcl_driver, wcl_layer_shared_base_images,                                                    \
      end_text(wcl_layer_shared_base_images(at, &text, error)))                                    \
    X(wcl_driver, wcl_name_to_guid, wcl_name_to_guid(at, "x", &guid, error))                       \
    X(wcl_driver, wcl_layer_descriptor_of, wcl_layer_descriptor_of(at, "x", &descriptor, error))   \
    X(wcl_layer_descriptor, wcl_layer_descriptor_of,                                               \
      wcl_layer_descriptor_of(&driver, "x", at, error))                                            \
    X(wcl_driver, wcl_layer_get_info, wcl_layer_get_info(at, "x", &layer_info, error))             \
    X(wcl_driver, wcl_layer_list, wcl_layer_list(at, &texts, &count, error))                       \
    X(wcl_driver, wcl_layer_merged_reader_open,                                                    \
      end_reader(wcl_layer_merged_reader_open(at, "x", &reader, error)))                           \
    X(wcl_driver, wcl_layer_verify, wcl_layer_verify(at, "x", found, NULL, &count, error))         \
    X(wcl_driver, wcl_layer_changes, wcl_layer_changes(at, "x", NULL, change, NULL, error))        \
    X(wcl_driver, wcl_layer_import_tar, import_tar(at, NULL, NULL, error))                         \
    X(wcl_import_options, wcl_layer_import_tar, import_tar(&driver, at, NULL, error))              \
    X(wcl_import_result, wcl_layer_import_tar, import_tar(&driver, NULL, at, error))               \
    X(wcl_driver, wcl_layer_export_tar,                                                            \
      wcl_layer_export_tar(at, "x", none, write_all, NULL, NULL, error))                           \
    X(wcl_tar_writer_options, wcl_layer_export_tar,                                                \
      wcl_layer_export_tar(&driver, "layer", none, write_all, NULL, at, error))                    \
    X(wcl_tar_reader_options, wcl_tar_reader_open,                                                 \
      end_reader(wcl_tar_reader_open(read_none, NULL, at, &reader, error)))                        \
    X(wcl_tar_reader_options, wcl_tar_reader_open_file,                                            \
      end_reader(wcl_tar_reader_open_file("/dev/null", at, &reader, error)))                       \
    X(wcl_tar_writer_options, wcl_tar_writer_open,                                                 \
      end_writer(wcl_tar_writer_open(write_all, NULL, at, &writer, error)))                        \
    X(wcl_tar_writer_options, wcl_tar_writer_open_file,                                            \
      end_writer(wcl_tar_writer_open_file("/dev/null", at, &writer, error)))                       \
    X(wcl_entry, wcl_layer_reader_next, wcl_layer_reader_next_of_new(at, error))                   \
    X(wcl_entry, wcl_layer_writer_add, wcl_layer_writer_add_to_new(at, error))                     \
    X(wcl_hooks, wcl_layer_copy, wcl_layer_copy_of_new(at, error))                                 \
    X(wcl_hive_options, wcl_hive_open, wcl_hive_open(&no_hive, at, &hive, error))                  \
    X(wcl_hive_writer_options, wcl_hive_writer_new,                                                \
      end_hive_writer(wcl_hive_writer_new(at, &hive_writer, error)))

#define IMAGE_CALLS(X)                                                                             \
    X(wcl_driver, wcl_image_list, wcl_image_list(at, &image_list, &count, error))                  \
    X(wcl_driver, wcl_image_get_info, wcl_image_get_info(at, "x", &image_info, error))             \
    X(wcl_driver, wcl_image_manifest, end_text(wcl_image_manifest(at, "x", &text, &count, error))) \
    X(wcl_driver, wcl_image_config, end_text(wcl_image_config(at, "x", &text, &count, error)))     \
    X(wcl_driver, wcl_image_get_command, wcl_image_get_command(at, "x", &command, error))          \
    X(wcl_driver, wcl_image_tag, wcl_image_tag(at, "x", "y", error))                               \
    X(wcl_driver, wcl_image_remove, wcl_image_remove(at, "x", false, NULL, NULL, error))           \
    X(wcl_driver, wcl_image_remove_unused, wcl_image_remove_unused(at, NULL, NULL, error))         \
    X(wcl_driver, wcl_image_verify, wcl_image_verify(at, found_in, NULL, &count, error))           \
    X(wcl_driver, wcl_image_load, wcl_image_load(at, "/nowhere", NULL, NULL, NULL, NULL, error))   \
    X(wcl_transfer_options, wcl_image_load,                                                        \
      wcl_image_load(&driver, "/nowhere", NULL, at, NULL, NULL, error))                            \
    X(wcl_driver, wcl_image_save,                                                                  \
      wcl_image_save(at, NULL, 0, "/nowhere", WCL_IMAGE_OCI_FOLDER, NULL, error))                  \
    X(wcl_transfer_options, wcl_image_save,                                                        \
      wcl_image_save(&driver, NULL, 0, "/nowhere", WCL_IMAGE_OCI_FOLDER, at, error))               \
    X(wcl_driver, wcl_image_append,                                                                \
      wcl_image_append(at, NULL, "/nowhere", "x", NULL, NULL, error))                              \
    X(wcl_image_append_options, wcl_image_append,                                                  \
      wcl_image_append(&driver, NULL, "/nowhere", "x", at, NULL, error))                           \
    X(wcl_driver, wcl_image_inspect, end_text(wcl_image_inspect(at, "x", true, &text, error)))     \
    X(wcl_driver, wcl_image_write_page, wcl_image_write_page(at, "x", "/nowhere/x", error))        \
    X(wcl_driver, wcl_image_pull, wcl_image_pull(at, "x/../y", NULL, NULL, NULL, error))           \
    X(wcl_registry_options, wcl_image_pull,                                                        \
      wcl_image_pull(&driver, "x/../y", at, NULL, NULL, error))                                    \
    X(wcl_transfer_options, wcl_image_pull,                                                        \
      wcl_image_pull(&driver, "x/../y", NULL, at, NULL, error))                                    \
    X(wcl_driver, wcl_image_push, wcl_image_push(at, "x", "x/../y", NULL, NULL, NULL, error))      \
    X(wcl_registry_options, wcl_image_push,                                                        \
      wcl_image_push(&driver, "x", "x/../y", at, NULL, NULL, error))                               \
    X(wcl_transfer_options, wcl_image_push,                                                        \
      wcl_image_push(&driver, "x", "x/../y", NULL, at, NULL, error))

#define SYSTEM_CALLS(X)                                                                            \
    X(wcl_container_options, wcl_container_create,                                                 \
      wcl_container_create(at, "", NULL, &made_container, error))                                  \
    X(wcl_container_config, wcl_container_create,                                                  \
      wcl_container_create(NULL, "", at, &made_container, error))                                  \
    X(wcl_container_options, wcl_container_create_json,                                            \
      wcl_container_create_json(at, "", "{}", &made_container, error))                             \
    X(wcl_container_options, wcl_container_open,                                                   \
      wcl_container_open(at, "", &made_container, error))                                          \
    X(wcl_container_options, wcl_containers_query,                                                 \
      end_containers(wcl_containers_query(at, NULL, &containers, &count, error)))                  \
    X(wcl_compute_system_query, wcl_containers_query,                                              \
      end_containers(wcl_containers_query(NULL, at, &containers, &count, error)))                  \
    X(wcl_container_options, wcl_containers_query_json,                                            \
      end_text(wcl_containers_query_json(at, NULL, &text, error)))                                 \
    X(wcl_container_options, wcl_compute_service_properties_json,                                  \
      wcl_compute_service_properties_json(at, NULL, &text, error))                                 \
    X(wcl_container_options, wcl_compute_service_modify,                                           \
      wcl_compute_service_modify(at, "{}", error))                                                 \
    X(wcl_process_config, wcl_process_create, wcl_process_create(&container, at, &process, error)) \
    X(wcl_hns_network, wcl_hns_network_format, end_text(wcl_hns_network_format(at, &text, error))) \
    X(wcl_hns_endpoint, wcl_hns_endpoint_format,                                                   \
      end_text(wcl_hns_endpoint_format(at, &text, error)))                                         \
    X(wcl_hns_options, wcl_hns_open, end_hns(wcl_hns_open(at, &made_hns, error)))                  \
    X(wcl_hns_statistics, wcl_hns_endpoint_statistics,                                             \
      wcl_hns_endpoint_statistics(&hns, "x", at, error))                                           \
    X(wcl_graphdriver_options, wcl_graphdriver_open,                                               \
      wcl_graphdriver_open(at, &made_graphdriver, error))                                          \
    X(wcl_graphdriver_create_options, wcl_graphdriver_create,                                      \
      wcl_graphdriver_create(graphdriver, "x", NULL, at, error))                                   \
    X(wcl_graphdriver_create_options, wcl_graphdriver_create_read_write,                           \
      wcl_graphdriver_create_read_write(graphdriver, "y", "none", at, error))                      \
    X(wcl_graphdriver_server_options, wcl_graphdriver_server_start,                                \
      wcl_graphdriver_server_start(at, &server, error))                                            \
    X(wcl_snapshotter_server_options, wcl_snapshotter_server_start,                                \
      wcl_snapshotter_server_start(at, &snapshotter, error))

#define CALLS(X) LAYER_CALLS(X) IMAGE_CALLS(X) SYSTEM_CALLS(X)

#define DEFINE(type, function, ...)                                                                \
    static wcl_status call_##function##_##type(void *at, wcl_error *error)                         \
    {                                                                                              \
        return __VA_ARGS__;                                                                        \
    }
CALLS(DEFINE)

typedef struct sized_call {
    const char *type;
    const char *function;
    size_t size;
    wcl_status (*run)(void *at, wcl_error *error);
} sized_call;

#define ROW(type, function, ...) { #type, #function, sizeof(type), call_##function##_##type },
static const sized_call calls[] = { CALLS(ROW) };
#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

/* ---- The page -------------------------------------------------------------------------------- */

static uint8_t *page_end;

/* `size` bytes before the page that nobody may touch, which say that they are `says` bytes. */
static void *at_page_end(size_t size, size_t says)
{
    uint8_t *at = page_end - size;

    memset(at, 0, size);
    memcpy(at, &says, sizeof(says));
    return at;
}

static int set_up(void **state)
{
    const wcl_graphdriver_options options = { .struct_size = sizeof(options), .home = home };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    wcl_entry entry = WCL_ENTRY_INIT;

    (void)state;
    strcpy(home, "/tmp/wcl-sizes-XXXXXX");
    setenv("WCL_RUN", home, 1);
    page_end = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page_end == MAP_FAILED || mprotect(page_end + page, page, PROT_NONE) != 0 ||
        !mkdtemp(home) || wcl_graphdriver_open(&options, &graphdriver, NULL) != WCL_OK)
        return -1;
    page_end += page;
    driver.home_dir = home;
    entry.kind = WCL_ENTRY_DIRECTORY;
    entry.path = "Files";
    entry.info.attributes = WCL_ATTRIBUTE_DIRECTORY;
    return wcl_tar_writer_open(write_all, &tar_bytes, NULL, &writer, NULL) == WCL_OK &&
                   wcl_layer_writer_add(writer, &entry, NULL) == WCL_OK &&
                   wcl_layer_writer_close(writer, NULL) == WCL_OK &&
                   wcl_layer_import_tar(&driver, "layer", none, read_tar, &(size_t) { 0 }, NULL,
                                        NULL, NULL) == WCL_OK &&
                   wcl_handle_init(&container.handle, NULL) == WCL_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    char shell[128];

    (void)state;
    wcl_graphdriver_free(graphdriver);
    wcl_buffer_free(&tar_bytes);
    wcl_handle_destroy(&container.handle);
    snprintf(shell, sizeof(shell), "rm -rf %s", home);
    return system(shell); /* NOLINT(cert-env33-c) */
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void a_size_of_0_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        for (size_t says = 0; says < sizeof(size_t); says += sizeof(size_t) - 1) {
            wcl_error error = WCL_ERROR_INIT;
            wcl_status status = calls[i].run(at_page_end(sizeof(size_t), says), &error);
            if (error.code == WCL_CODE_NOT_SUPPORTED &&
                strstr(error.message, "was built without")) {
                print_message("skipped: %s: %s\n", calls[i].function, error.message);
                continue;
            }
            if (status != WCL_FAILED || error.code != WCL_CODE_INVALID_PARAMETER ||
                !strstr(error.message, calls[i].type) || !strstr(error.message, calls[i].function))
                fail_msg("%s(%s): %s", calls[i].function, calls[i].type, error.message);
        }
    }
}

/* Whether it fails for what the struct does not have is the call's affair: it has the default. */
static void the_smallest_struct_has_defaults(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_status status = calls[i].run(at_page_end(sizeof(size_t), sizeof(size_t)), &error);
        if (status == WCL_FAILED && strstr(error.message, "struct_size"))
            fail_msg("%s(%s): %s", calls[i].function, calls[i].type, error.message);
        assert_int_equal(*(size_t *)(void *)(page_end - sizeof(size_t)), sizeof(size_t));
    }
}

static void no_byte_behind_a_whole_struct_is_touched(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_status status = calls[i].run(at_page_end(calls[i].size, calls[i].size), &error);
        if (status == WCL_FAILED && strstr(error.message, "struct_size"))
            fail_msg("%s(%s): %s", calls[i].function, calls[i].type, error.message);
    }
}

/* A struct that grew later than the library: what it has is used, the rest passed over. */
static void a_larger_struct_is_used_as_far_as_it_is_known(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    bool exists = false;
    struct {
        wcl_driver driver;
        const char *later;
    } larger = { .driver = driver, .later = "unknown" };

    (void)state;
    larger.driver.struct_size = sizeof(larger);
    assert_int_equal(wcl_layer_exists(&larger.driver, "layer", &exists, &error), WCL_OK);
    assert_true(exists);
}

static void what_is_written_ends_where_the_struct_does(void **state)
{
    /* As much of it as is aligned: its end is the page's. */
    const size_t size = (offsetof(wcl_import_result, diff_id) + 7) / 8 * 8;
    wcl_import_result *result = at_page_end(size, size);
    wcl_entry *entry;

    (void)state;
    assert_int_equal(import_tar(&driver, NULL, result, NULL), WCL_OK);
    assert_int_equal(result->os, WCL_OS_WINDOWS);
    assert_string_equal(result->kind, "base");
    entry = at_page_end(offsetof(wcl_entry, target), offsetof(wcl_entry, target));
    assert_int_equal(wcl_layer_reader_next_of_new(entry, NULL), WCL_OK);
    assert_int_equal(entry->kind, WCL_ENTRY_DIRECTORY);
}

/* Hooks are kept where they are, so each use of them looks at their size. */
static void smaller_hooks_are_silent(void **state)
{
    wcl_driver with_hooks = driver;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    with_hooks.hooks = at_page_end(sizeof(size_t), sizeof(size_t));
    assert_int_equal(import_tar(&with_hooks, NULL, NULL, &error), WCL_OK);
    with_hooks.hooks = at_page_end(sizeof(size_t), 0);
    assert_int_equal(import_tar(&with_hooks, NULL, NULL, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "wcl_hooks"));
    assert_non_null(strstr(error.message, "wcl_layer_import_tar"));
}

/* What the configuration points to has sizes too. */
static void elements_of_lists_have_their_own_size(void **state)
{
    const size_t size = offsetof(wcl_mapped_dir, read_only);
    wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    config.mapped_directory_count = 2;
    config.mapped_directories = at_page_end(2 * size, size);
    memcpy(page_end - size, &size, sizeof(size));
    assert_int_equal(wcl_container_create(NULL, "", &config, &made_container, &error), WCL_FAILED);
    assert_null(strstr(error.message, "struct_size"));
    memset(page_end - size, 0, sizeof(size_t));
    assert_int_equal(wcl_container_create(NULL, "", &config, &made_container, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "wcl_mapped_dir"));
    config.mapped_directory_count = 0;
    config.layer_count = 1;
    config.layers = at_page_end(sizeof(size_t), 0);
    assert_int_equal(wcl_container_create(NULL, "", &config, &made_container, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "wcl_container_layer"));
    config.layer_count = 0;
    config.hv_runtime = at_page_end(sizeof(size_t), 0);
    assert_int_equal(wcl_container_create(NULL, "", &config, &made_container, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "wcl_hv_runtime"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_of_0_is_refused_by_name),
        cmocka_unit_test(the_smallest_struct_has_defaults),
        cmocka_unit_test(no_byte_behind_a_whole_struct_is_touched),
        cmocka_unit_test(a_larger_struct_is_used_as_far_as_it_is_known),
        cmocka_unit_test(what_is_written_ends_where_the_struct_does),
        cmocka_unit_test(smaller_hooks_are_silent),
        cmocka_unit_test(elements_of_lists_have_their_own_size),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
