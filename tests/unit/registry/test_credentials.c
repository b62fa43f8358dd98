/* Docker's config.json and credential helpers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/registry/credentials.h"

static char folder[64];

/* Copies that are still made before one fails; below 0: none fails. */
static int copies = -1;

/* In place of the C library's. */
char *strdup(const char *text)
{
    if (copies >= 0 && copies-- == 0)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

/* A helper that knows three servers, and writes down what it was asked. */
static void write_helper(void)
{
    char text[1000];

    snprintf(text, sizeof(text),
             "#!/bin/sh\n"
             "server=$(cat)\n"
             "echo \"$1 $server\" >> %s/asked\n"
             "case $server in\n"
             "good:5000) echo '{\"ServerURL\":\"x\",\"Username\":\"ann\",\"Secret\":\"p:w\"}' ;;\n"
             "token:5000) echo '{\"Username\":\"<token>\",\"Secret\":\"identity\"}' ;;\n"
             "https://index.docker.io/v1/) echo '{\"Username\":\"hub\",\"Secret\":\"s\"}' ;;\n"
             "garbage:5000) echo 'no json' ;;\n"
             "locked:5000) echo 'the keychain is locked'; exit 1 ;;\n"
             "endless:5000) yes ;;\n"
             "stuck:5000) exec sleep 1000 ;;\n"
             "*) echo 'credentials not found in native keychain'; exit 1 ;;\n"
             "esac\n",
             folder);
    write_file("docker-credential-fake", text, 0755);
}

static int set_up(void **state)
{
    char path[400];

    (void)state;
    strcpy(folder, "/tmp/wcl-credentials-XXXXXX");
    assert_non_null(mkdtemp(folder));
    write_helper();
    snprintf(path, sizeof(path), "%s:/usr/bin:/bin", folder);
    setenv("PATH", path, 1);
    return 0;
}

static int tear_down(void **state)
{
    const char *const names[] = { "config.json", "docker-credential-fake", "asked" };
    char path[200];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void assert_text(const char *text, const char *expected)
{
    if (!expected)
        assert_null(text);
    else
        assert_string_equal(text ? text : "(none)", expected);
}

static void assert_found(const char *registry, const char *user, const char *password,
                         const char *identity)
{
    wcl_credentials credentials = WCL_CREDENTIALS_INIT;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_credentials_find(folder, registry, NULL, &credentials, &error) != WCL_OK)
        fail_msg("%s: %s", registry, error.message);
    assert_text(credentials.username, user);
    assert_text(credentials.password, password);
    assert_text(credentials.identity_token, identity);
    wcl_credentials_free(&credentials);
}

static void assert_fails(const char *registry, uint32_t code, const char *why)
{
    wcl_credentials credentials = WCL_CREDENTIALS_INIT;
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(wcl_credentials_find(folder, registry, NULL, &credentials, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, code);
    if (!strstr(error.message, why))
        fail_msg("%s: %s", registry, error.message);
    assert_null(credentials.username);
}

static void without_a_file_there_are_none(void **state)
{
    (void)state;
    assert_found("example.org", NULL, NULL, NULL);
}

static void auths_are_found_by_host_or_url(void **state)
{
    (void)state;
    write_file("config.json",
               "{\"auths\":{"
               "\"example.org:5000\":{\"auth\":\"YW5uOnA6dw==\"},"
               "\"lines.example\":{\"auth\":\"YW5uO\\nnA6\\r\\ndw==\\n\"},"
               "\"https://old.example/v1/\":{\"username\":\"old\",\"password\":\"way\"},"
               "\"https://index.docker.io/v1/\":{\"auth\":\"aHViOnM=\",\"identitytoken\":\"it\"},"
               "\"broken.example\":{\"auth\":\"%%%\"},"
               "\"colon.example\":{\"auth\":\"YW5u\"}}}",
               0600);
    assert_found("example.org:5000", "ann", "p:w", NULL);
    assert_found("lines.example", "ann", "p:w", NULL);
    assert_found("example.org", NULL, NULL, NULL);
    assert_found("old.example", "old", "way", NULL);
    assert_found("docker.io", "hub", "s", "it");
    assert_fails("broken.example", WCL_CODE_INVALID_DATA, "auth");
    assert_fails("colon.example", WCL_CODE_INVALID_DATA, "not a user and password");
}

static void helpers_are_asked_for_their_registries(void **state)
{
    (void)state;
    write_file("config.json",
               "{\"auths\":{\"fallback:5000\":{\"auth\":\"YW5uOnA6dw==\"},\"good:5000\":{}},"
               "\"credHelpers\":{\"good:5000\":\"fake\",\"locked:5000\":\"fake\","
               "\"missing:5000\":\"absent\",\"bad:5000\":\"../fake\",\"plain:5000\":\"\"},"
               "\"credsStore\":\"fake\"}",
               0600);
    assert_found("good:5000", "ann", "p:w", NULL);
    assert_found("token:5000", NULL, NULL, "identity");
    assert_found("docker.io", "hub", "s", NULL);
    assert_found("unknown:5000", NULL, NULL, NULL);
    assert_found("fallback:5000", "ann", "p:w", NULL);
    assert_found("plain:5000", NULL, NULL, NULL);
    assert_fails("locked:5000", WCL_CODE_ACCESS_DENIED, "the keychain is locked");
    assert_fails("missing:5000", WCL_CODE_FILE_NOT_FOUND, "docker-credential-absent");
    assert_fails("bad:5000", WCL_CODE_INVALID_NAME, "not the name of a credential helper");
    assert_fails("garbage:5000", WCL_CODE_INVALID_DATA, "JSON");
    assert_fails("endless:5000", WCL_CODE_FILE_TOO_LARGE, "more than 65536 bytes");
}

static bool is_cancelled(void *context)
{
    unsigned *asked = context;

    return ++*asked > 1;
}

static void a_helper_is_not_waited_for_when_all_shall_end(void **state)
{
    unsigned asked = 0;
    const wcl_http_options options = { .cancelled = is_cancelled, .cancelled_context = &asked };
    wcl_credentials credentials = WCL_CREDENTIALS_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_http *http = NULL;

    (void)state;
    write_file("config.json", "{\"credsStore\":\"fake\"}", 0600);
    assert_int_equal(wcl_http_open(&options, &http, NULL), WCL_OK);
    assert_int_equal(wcl_credentials_find(folder, "stuck:5000", http, &credentials, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CANCELLED);
    assert_int_equal(asked, 2);
    wcl_http_free(http);
}

static void a_helper_is_given_the_server_and_the_verb(void **state)
{
    char path[200], line[200] = "";

    (void)state;
    write_file("config.json", "{\"credsStore\":\"fake\"}", 0600);
    assert_found("good:5000", "ann", "p:w", NULL);
    snprintf(path, sizeof(path), "%s/asked", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    assert_string_equal(line, "get good:5000\n");
}

static void want_of_memory_is_an_error(void **state)
{
    int failed = 0;

    (void)state;
    write_file("config.json",
               "{\"auths\":{\"all.example\":{\"username\":\"u\",\"password\":\"p\","
               "\"identitytoken\":\"i\",\"registrytoken\":\"r\"}}}",
               0600);
    for (int made = 0;; made++) {
        wcl_credentials credentials = WCL_CREDENTIALS_INIT;
        wcl_error error = WCL_ERROR_INIT;
        copies = made;
        wcl_status status = wcl_credentials_find(folder, "all.example", NULL, &credentials, &error);
        const bool none_failed = copies >= 0;
        copies = -1;
        wcl_credentials_free(&credentials);
        if (none_failed)
            break;
        assert_int_equal(status, WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_OUT_OF_MEMORY);
        failed++;
    }
    assert_int_equal(failed, 4);
}

static void a_file_that_is_none_is_an_error(void **state)
{
    (void)state;
    write_file("config.json", "{\"auths\":", 0600);
    assert_fails("example.org", WCL_CODE_INVALID_DATA, "");
    write_file("config.json", "[1]", 0600);
    assert_fails("example.org", WCL_CODE_INVALID_DATA, "does not hold an object");
    write_file("config.json", "{\"auths\":{\"example.org\":{\"auth\":5}}}", 0600);
    assert_fails("example.org", WCL_CODE_INVALID_DATA, "auth");
}

static void docker_config_names_the_folder(void **state)
{
    wcl_credentials credentials = WCL_CREDENTIALS_INIT;

    (void)state;
    write_file("config.json", "{\"auths\":{\"example.org\":{\"auth\":\"YW5uOnA6dw==\"}}}", 0600);
    setenv("DOCKER_CONFIG", folder, 1);
    assert_int_equal(wcl_credentials_find(NULL, "example.org", NULL, &credentials, NULL), WCL_OK);
    assert_text(credentials.username, "ann");
    wcl_credentials_free(&credentials);
    setenv("DOCKER_CONFIG", "/nonexistent", 1);
    assert_int_equal(wcl_credentials_find(NULL, "example.org", NULL, &credentials, NULL), WCL_OK);
    assert_null(credentials.username);
    unsetenv("DOCKER_CONFIG");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_file_there_are_none),
        TEST(auths_are_found_by_host_or_url),
        TEST(helpers_are_asked_for_their_registries),
        TEST(a_helper_is_not_waited_for_when_all_shall_end),
        TEST(a_helper_is_given_the_server_and_the_verb),
        TEST(want_of_memory_is_an_error),
        TEST(a_file_that_is_none_is_an_error),
        TEST(docker_config_names_the_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
