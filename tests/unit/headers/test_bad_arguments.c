/*
 * Every public function that hands something out or takes a text, with texts that say nothing:
 * NULL and "" have the same result, and what was to be handed out is NULL after the failure.
 * compile_headers.py looks whether all that hand something out are here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wcl/backupstream.h>
#include <wcl/container.h>
#include <wcl/graphdriver.h>
#include <wcl/hive.h>
#include <wcl/hns.h>
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

static wcl_status refuses(wcl_hns *hns, const char *method, const char *path, const char *request,
                          char **response, wcl_error *error)
{
    (void)hns;
    (void)method;
    (void)path;
    (void)request;
    *response = NULL;
    if (error)
        error->code = WCL_CODE_INVALID_PARAMETER;
    return WCL_FAILED;
}
static const wcl_hns_provider hns_provider = { .name = "fake", .call = refuses };
static wcl_hns hns = { &hns_provider };

static const wcl_container_provider container_provider = { .name = "fake" };
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

static wcl_status write_none(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)context;
    (void)data;
    (void)size;
    (void)error;
    return WCL_OK;
}

static wcl_status pair(void *context, const char *name, const char *value, wcl_error *error)
{
    (void)context;
    (void)name;
    (void)value;
    (void)error;
    return WCL_OK;
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

/* ---- The calls ------------------------------------------------------------------------------- */

static const wcl_parents no_parents;
static wcl_guid guid;
static bool flag;
static size_t count;
static uint64_t size;
static const uint8_t damaged[4];
static const wcl_sd bad_sd = { .owner = { damaged, 4 } };
static const wcl_ea bad_ea = { .name = "" };
static const wcl_tar_reader_options unsized_reader;
static const wcl_tar_writer_options unsized_writer;
static const wcl_hns_network unsized_network;
static const wcl_hns_endpoint unsized_endpoint;
static const wcl_hns_options unsized_hns;
static const wcl_hns_policy bad_policy = { .type = (wcl_hns_policy_type)77 };
static const wcl_compute_system_query unsized_query;
static const wcl_graphdriver_options unsized_graphdriver;
static const wcl_graphdriver_server_options unsized_server;
static const wcl_snapshotter_server_options unsized_snapshotter;
static const wcl_hive_writer_options unsized_hive_writer;
static const wcl_hive_input no_hive = { damaged, NULL, NULL, sizeof(damaged) };
static const wcl_hive_key_info unnamed_key;
static wcl_hive_writer *hive_writer;
static wcl_buffer hive_bytes = WCL_BUFFER_INIT;
static wcl_hive *hive;
static wcl_hive_key *hive_key;
static wcl_reparse_link link_found;

/* Of a struct that is filled in, what points. */
static wcl_status decode_link(void **out, wcl_error *error)
{
    link_found.target = *out;
    wcl_status status = wcl_reparse_decode_link(damaged, sizeof(damaged), &link_found, error);
    *out = link_found.target;
    return status;
}

/* X(the function, a call that fails, with `none` for a text and `out` for what is handed out) */
#define LAYER_CALLS(X)                                                                             \
    X(wcl_layer_create, wcl_layer_create(&driver, none, NULL, error))                              \
    X(wcl_layer_create_sandbox,                                                                    \
      wcl_layer_create_sandbox(&driver, "x", none, no_parents, 0, error))                          \
    X(wcl_layer_activate, wcl_layer_activate(&driver, none, error))                                \
    X(wcl_layer_deactivate, wcl_layer_deactivate(&driver, none, error))                            \
    X(wcl_layer_prepare, wcl_layer_prepare(&driver, none, no_parents, error))                      \
    X(wcl_layer_unprepare, wcl_layer_unprepare(&driver, none, error))                              \
    X(wcl_layer_mount_path, wcl_layer_mount_path(&driver, none, out, error))                       \
    X(wcl_layer_destroy, wcl_layer_destroy(&driver, none, error))                                  \
    X(wcl_layer_exists, wcl_layer_exists(&driver, none, &flag, error))                             \
    X(wcl_layer_expand_sandbox, wcl_layer_expand_sandbox(&driver, none, 1, error))                 \
    X(wcl_layer_export, wcl_layer_export(&driver, "layer", none, no_parents, error))               \
    X(wcl_layer_import, wcl_layer_import(&driver, "new", none, no_parents, error))                 \
    X(wcl_layer_reader_open, wcl_layer_reader_open(&driver, none, no_parents, out, error))         \
    X(wcl_layer_writer_open, wcl_layer_writer_open(&driver, none, no_parents, out, error))         \
    X(wcl_layer_process_base, wcl_layer_process_base(&driver, none, error))                        \
    X(wcl_layer_process_utility_vm, wcl_layer_process_utility_vm(&driver, none, error))            \
    X(wcl_layer_shared_base_images, wcl_layer_shared_base_images(&nowhere, out, error))            \
    X(wcl_layer_get_info, wcl_layer_get_info(&driver, none, out, error))                           \
    X(wcl_layer_list, wcl_layer_list(&nowhere, out, &count, error))                                \
    X(wcl_layer_merged_reader_open, wcl_layer_merged_reader_open(&driver, none, out, error))       \
    X(wcl_layer_verify, wcl_layer_verify(&driver, none, found, NULL, &count, error))               \
    X(wcl_layer_changes, wcl_layer_changes(&driver, none, NULL, change, NULL, error))              \
    X(wcl_layer_import_tar,                                                                        \
      wcl_layer_import_tar(&driver, none, no_parents, read_none, NULL, NULL, NULL, error))         \
    X(wcl_layer_export_tar,                                                                        \
      wcl_layer_export_tar(&driver, none, no_parents, write_none, NULL, NULL, error))              \
    X(wcl_layer_id_check, wcl_layer_id_check(none, error))                                         \
    X(wcl_transport_reader_open, wcl_transport_reader_open(none, out, error))                      \
    X(wcl_transport_writer_open, wcl_transport_writer_open(none, out, error))                      \
    X(wcl_dir_reader_open, wcl_dir_reader_open(none, out, error))                                  \
    X(wcl_dir_writer_open, wcl_dir_writer_open(none, out, error))                                  \
    X(wcl_tar_reader_open, wcl_tar_reader_open(read_none, NULL, &unsized_reader, out, error))      \
    X(wcl_tar_reader_open_file, wcl_tar_reader_open_file(none, NULL, out, error))                  \
    X(wcl_tar_writer_open, wcl_tar_writer_open(write_none, NULL, &unsized_writer, out, error))     \
    X(wcl_tar_writer_open_file, wcl_tar_writer_open_file(none, NULL, out, error))

#define HIVE_CALLS(X)                                                                              \
    X(wcl_hive_open, wcl_hive_open(&no_hive, NULL, out, error))                                    \
    X(wcl_hive_merge, wcl_hive_merge(NULL, 0, out, error))                                         \
    X(wcl_hive_key_open_at, wcl_hive_key_open_at(hive_key, 9, out, error))                         \
    X(wcl_hive_key_open_name, wcl_hive_key_open_name(hive_key, "x", 1, out, error))                \
    X(wcl_hive_key_open, wcl_hive_key_open(hive_key, "x", out, error))                             \
    X(wcl_hive_key_value_at, wcl_hive_key_value_at(hive_key, 9, out, error))                       \
    X(wcl_hive_key_value, wcl_hive_key_value(hive_key, "x", 1, out, error))                        \
    X(wcl_hive_writer_new, wcl_hive_writer_new(&unsized_hive_writer, out, error))                  \
    X(wcl_hive_writer_add_key, wcl_hive_writer_add_key(hive_writer, NULL, &unnamed_key, out, error))

#define IMAGE_CALLS(X)                                                                             \
    X(wcl_reference_parse, wcl_reference_parse(none, out, error))                                  \
    X(wcl_platform_parse, wcl_platform_parse(none, out, error))                                    \
    X(wcl_image_list, wcl_image_list(&nowhere, out, &count, error))                                \
    X(wcl_image_get_info, wcl_image_get_info(&driver, none, out, error))                           \
    X(wcl_image_manifest, wcl_image_manifest(&driver, none, out, &count, error))                   \
    X(wcl_image_config, wcl_image_config(&driver, none, out, &count, error))                       \
    X(wcl_image_get_command, wcl_image_get_command(&driver, none, out, error))                     \
    X(wcl_image_tag, wcl_image_tag(&driver, "x", none, error))                                     \
    X(wcl_image_remove, wcl_image_remove(&driver, none, false, NULL, NULL, error))                 \
    X(wcl_image_load, wcl_image_load(&driver, none, NULL, NULL, NULL, NULL, error))                \
    X(wcl_image_save,                                                                              \
      wcl_image_save(&driver, &none, 1, "/nowhere/x", WCL_IMAGE_OCI_FOLDER, NULL, error))          \
    X(wcl_image_append, wcl_image_append(&driver, NULL, none, "x", NULL, out, error))              \
    X(wcl_image_inspect, wcl_image_inspect(&driver, none, true, out, error))                       \
    X(wcl_image_write_page, wcl_image_write_page(&driver, none, "/nowhere/x", error))              \
    X(wcl_image_pull, wcl_image_pull(&driver, none, NULL, NULL, out, error))                       \
    X(wcl_image_push, wcl_image_push(&driver, "x", none, NULL, NULL, NULL, error))

#define SYSTEM_CALLS(X)                                                                            \
    X(wcl_container_create, wcl_container_create(NULL, none, NULL, out, error))                    \
    X(wcl_container_create_json, wcl_container_create_json(NULL, "x", none, out, error))           \
    X(wcl_container_open, wcl_container_open(NULL, none, out, error))                              \
    X(wcl_containers_query, wcl_containers_query(NULL, &unsized_query, out, &count, error))        \
    X(wcl_containers_query_json, wcl_containers_query_json(NULL, "{", out, error))                 \
    X(wcl_compute_service_properties_json,                                                         \
      wcl_compute_service_properties_json(NULL, none, out, error))                                 \
    X(wcl_compute_service_modify, wcl_compute_service_modify(NULL, none, error))                   \
    X(wcl_container_modify, wcl_container_modify(&container, none, error))                         \
    X(wcl_container_statistics, wcl_container_statistics(&container, out, error))                  \
    X(wcl_container_process_list, wcl_container_process_list(&container, out, error))              \
    X(wcl_container_properties_json, wcl_container_properties_json(&container, none, out, error))  \
    X(wcl_process_create, wcl_process_create(&container, NULL, out, error))                        \
    X(wcl_process_create_json, wcl_process_create_json(&container, none, out, error))              \
    X(wcl_process_open, wcl_process_open(&container, 1, out, error))                               \
    X(wcl_command_line_join, wcl_command_line_join(NULL, 0, out, error))                           \
    X(wcl_hns_network_parse, wcl_hns_network_parse(none, out, error))                              \
    X(wcl_hns_network_format, wcl_hns_network_format(&unsized_network, out, error))                \
    X(wcl_hns_endpoint_parse, wcl_hns_endpoint_parse(none, out, error))                            \
    X(wcl_hns_endpoint_format, wcl_hns_endpoint_format(&unsized_endpoint, out, error))             \
    X(wcl_hns_policy_format, wcl_hns_policy_format(&bad_policy, out, error))                       \
    X(wcl_hns_open, wcl_hns_open(&unsized_hns, out, error))                                        \
    X(wcl_hns_call, wcl_hns_call(&hns, none, none, none, out, error))                              \
    X(wcl_hns_network_request, wcl_hns_network_request(&hns, none, none, none, out, error))        \
    X(wcl_hns_list_networks, wcl_hns_list_networks(&hns, none, none, none, out, &count, error))    \
    X(wcl_hns_endpoint_request, wcl_hns_endpoint_request(&hns, none, none, none, out, error))      \
    X(wcl_hns_list_endpoints, wcl_hns_list_endpoints(&hns, out, &count, error))                    \
    X(wcl_hns_namespace_create, wcl_hns_namespace_create(&hns, none, out, error))                  \
    X(wcl_hns_namespace_path, wcl_hns_namespace_path(&hns, none, out, error))                      \
    X(wcl_hns_namespace_remove, wcl_hns_namespace_remove(&hns, none, error))                       \
    X(wcl_hns_attach_namespace, wcl_hns_attach_namespace(&hns, none, none, none, error))           \
    X(wcl_hns_detach, wcl_hns_detach(&hns, none, error))                                           \
    X(wcl_hns_resolv_conf, wcl_hns_resolv_conf(&hns, &none, 1, out, error))                        \
    X(wcl_graphdriver_open, wcl_graphdriver_open(&unsized_graphdriver, out, error))                \
    X(wcl_graphdriver_create, wcl_graphdriver_create(graphdriver, none, NULL, NULL, error))        \
    X(wcl_graphdriver_create_read_write,                                                           \
      wcl_graphdriver_create_read_write(graphdriver, none, NULL, NULL, error))                     \
    X(wcl_graphdriver_remove, wcl_graphdriver_remove(graphdriver, none, error))                    \
    X(wcl_graphdriver_get, wcl_graphdriver_get(graphdriver, none, none, out, error))               \
    X(wcl_graphdriver_put, wcl_graphdriver_put(graphdriver, none, error))                          \
    X(wcl_graphdriver_exists, wcl_graphdriver_exists(graphdriver, none, &flag, error))             \
    X(wcl_graphdriver_metadata, wcl_graphdriver_metadata(graphdriver, none, pair, NULL, error))    \
    X(wcl_graphdriver_diff,                                                                        \
      wcl_graphdriver_diff(graphdriver, none, none, write_none, NULL, error))                      \
    X(wcl_graphdriver_changes,                                                                     \
      wcl_graphdriver_changes(graphdriver, none, none, change, NULL, error))                       \
    X(wcl_graphdriver_apply_diff,                                                                  \
      wcl_graphdriver_apply_diff(graphdriver, none, none, read_none, NULL, &size, error))          \
    X(wcl_graphdriver_diff_size, wcl_graphdriver_diff_size(graphdriver, none, none, &size, error)) \
    X(wcl_graphdriver_server_start, wcl_graphdriver_server_start(&unsized_server, out, error))     \
    X(wcl_snapshotter_server_start, wcl_snapshotter_server_start(&unsized_snapshotter, out, error))

#define BASE_CALLS(X)                                                                              \
    X(wcl_new_file_open, wcl_new_file_open(none, out, error))                                      \
    X(wcl_guid_parse, wcl_guid_parse(none, &guid, error))                                          \
    X(wcl_sd_build, wcl_sd_build(&bad_sd, out, &count, error))                                     \
    X(wcl_sd_to_sddl, wcl_sd_to_sddl(damaged, sizeof(damaged), out, error))                        \
    X(wcl_sd_from_sddl, wcl_sd_from_sddl("X", out, &count, error))                                 \
    X(wcl_ea_build, wcl_ea_build(&bad_ea, 1, out, &count, error))                                  \
    X(wcl_reparse_decode_link, decode_link(out, error))                                            \
    X(wcl_reparse_encode_link, wcl_reparse_encode_link(too_long, false, out, &count, error))

#define CALLS(X) LAYER_CALLS(X) HIVE_CALLS(X) IMAGE_CALLS(X) SYSTEM_CALLS(X) BASE_CALLS(X)

static wcl_driver nowhere = WCL_DRIVER_INIT;
static char too_long[40000];

#define DEFINE(function, ...)                                                                      \
    static wcl_status call_##function(const char *none, void *out, wcl_error *error)               \
    {                                                                                              \
        (void)none;                                                                                \
        (void)out;                                                                                 \
        return __VA_ARGS__;                                                                        \
    }
CALLS(DEFINE)

typedef struct bad_call {
    const char *function;
    const char *text;
    wcl_status (*run)(const char *none, void *out, wcl_error *error);
} bad_call;

#define ROW(function, ...) { #function, #__VA_ARGS__, call_##function },
static const bad_call calls[] = { CALLS(ROW) };
#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

/* ---- Tests ----------------------------------------------------------------------------------- */

static wcl_status append(void *context, const void *data, size_t length, wcl_error *error)
{
    return wcl_buffer_append(context, data, length, error);
}

/* A hive with a root alone, and a writer without one. */
static bool make_hive(void)
{
    const wcl_hive_key_info info = { .name = "ROOT", .name_size = 4 };
    wcl_hive_writer *writer;

    if (wcl_hive_writer_new(NULL, &writer, NULL) != WCL_OK ||
        wcl_hive_writer_new(NULL, &hive_writer, NULL) != WCL_OK ||
        wcl_hive_writer_add_key(writer, NULL, &info, NULL, NULL) != WCL_OK ||
        wcl_hive_writer_finish(writer, append, &hive_bytes, NULL) != WCL_OK)
        return false;
    wcl_hive_writer_free(writer);
    const wcl_hive_input input = { .data = hive_bytes.data, .size = hive_bytes.size };
    return wcl_hive_open(&input, NULL, &hive, NULL) == WCL_OK &&
           wcl_hive_root(hive, &hive_key, NULL) == WCL_OK;
}

static int set_up(void **state)
{
    const wcl_graphdriver_options options = { .struct_size = sizeof(options), .home = home };

    (void)state;
    strcpy(home, "/tmp/wcl-bad-XXXXXX");
    setenv("WCL_RUN", home, 1);
    memset(too_long, 'x', sizeof(too_long) - 1);
    if (!mkdtemp(home) || wcl_graphdriver_open(&options, &graphdriver, NULL) != WCL_OK ||
        !make_hive())
        return -1;
    driver.home_dir = home;
    nowhere.home_dir = "/nowhere/at/all";
    return wcl_layer_create(&driver, "layer", NULL, NULL) == WCL_OK &&
                   wcl_handle_init(&container.handle, NULL) == WCL_OK &&
                   wcl_handle_close(&container.handle)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    char shell[128];

    (void)state;
    wcl_graphdriver_free(graphdriver);
    wcl_hive_key_free(hive_key);
    wcl_hive_free(hive);
    wcl_hive_writer_free(hive_writer);
    wcl_buffer_free(&hive_bytes);
    wcl_handle_destroy(&container.handle);
    snprintf(shell, sizeof(shell), "rm -rf %s", home);
    return system(shell); /* NOLINT(cert-env33-c) */
}

static void what_is_handed_out_is_null_after_a_failure(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < 2 * CALL_COUNT; i++) {
        const bad_call *call = &calls[i / 2];
        bool hands_out = strstr(call->text, "out, ");
        void *out = &wrong;
        wcl_error error = WCL_ERROR_INIT;
        wcl_status status = call->run(i % 2 ? "" : NULL, &out, &error);
        if (status == WCL_FAILED && out == (hands_out ? NULL : (void *)&wrong))
            continue;
        print_error("%s: status %d, %s, %s\n", call->function, (int)status,
                    out == &wrong ? "left alone" : "set", error.message);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void no_text_and_an_empty_text_are_the_same(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        void *out;
        wcl_error with_null = WCL_ERROR_INIT, with_empty = WCL_ERROR_INIT;
        calls[i].run(NULL, &out, &with_null);
        calls[i].run("", &out, &with_empty);
        if (with_null.code == with_empty.code &&
            strcmp(with_null.message, with_empty.message) == 0 && with_null.code)
            continue;
        print_error("%s: \"%s\" (%u) for NULL, \"%s\" (%u) for \"\"\n", calls[i].function,
                    with_null.message, with_null.code, with_empty.message, with_empty.code);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* The digest of an image whose options have `none` for their texts. */
static char *append_digest(const char *none, const char *name)
{
    static const wcl_platform platform = { "linux", "amd64", "", "" };
    wcl_image_append_options options = { .struct_size = sizeof(options),
                                         .platform = &platform,
                                         .to = none,
                                         .sddl = none,
                                         .folder_sddl = none,
                                         .owner = none,
                                         .has_epoch = true,
                                         .entrypoint = none,
                                         .cmd = none,
                                         .workdir = none,
                                         .user = none };
    wcl_error error = WCL_ERROR_INIT;
    wcl_image_info *made = NULL;
    char input[80];

    snprintf(input, sizeof(input), "%s/layer", home);
    if (wcl_image_append(&driver, none, input, name, &options, &made, &error) != WCL_OK)
        fail_msg("%s", error.message);
    char *digest = strdup(made->digest);
    wcl_free(made);
    return digest;
}

static void no_text_and_an_empty_text_in_options_make_the_same_image(void **state)
{
    char *with_null = append_digest(NULL, "a:1"), *with_empty = append_digest("", "a:2");

    (void)state;
    assert_string_equal(with_null, with_empty);
    free(with_null);
    free(with_empty);
}

static void what_is_freed_or_closed_may_be_null(void **state)
{
    (void)state;
    wcl_free(NULL);
    wcl_new_file_free(NULL);
    assert_int_equal(wcl_layer_reader_close(NULL, NULL), WCL_OK);
    assert_int_equal(wcl_layer_writer_close(NULL, NULL), WCL_OK);
    wcl_layer_writer_abort(NULL);
    wcl_container_free(NULL);
    wcl_process_free(NULL);
    wcl_pipe_close(WCL_PIPE_NONE);
    wcl_hns_close(NULL);
    wcl_hns_network_free(NULL);
    wcl_hns_endpoint_free(NULL);
    wcl_hns_network_list_free(NULL, 0);
    wcl_hns_endpoint_list_free(NULL, 0);
    wcl_graphdriver_free(NULL);
    wcl_graphdriver_server_stop(NULL);
    wcl_backup_reader_free(NULL);
    wcl_backup_decoder_free(NULL);
    wcl_backup_writer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_handed_out_is_null_after_a_failure),
        cmocka_unit_test(no_text_and_an_empty_text_are_the_same),
        cmocka_unit_test(no_text_and_an_empty_text_in_options_make_the_same_image),
        cmocka_unit_test(what_is_freed_or_closed_may_be_null),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
