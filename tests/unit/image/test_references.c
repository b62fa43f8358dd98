/* References, against what docker's grammar says of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <wcl/image.h>

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_TAG                                                                                   \
    "a123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"  \
    "1234567890123456789012345678901234567"

typedef struct sound_reference {
    const char *text, *registry, *repository, *tag, *digest, *familiar;
} sound_reference;

static const sound_reference sound[] = {
    { "alpine", "docker.io", "library/alpine", "latest", NULL, "alpine:latest" },
    { "alpine:3", "docker.io", "library/alpine", "3", NULL, "alpine:3" },
    { "a/b", "docker.io", "a/b", "latest", NULL, "a/b:latest" },
    { "docker.io/alpine", "docker.io", "library/alpine", "latest", NULL, "alpine:latest" },
    { "index.docker.io/alpine", "docker.io", "library/alpine", "latest", NULL, "alpine:latest" },
    { "docker.io/library/alpine", "docker.io", "library/alpine", "latest", NULL, "alpine:latest" },
    { "docker.io/library/a/b", "docker.io", "library/a/b", "latest", NULL, "library/a/b:latest" },
    { "docker.io/a.b/c", "docker.io", "a.b/c", "latest", NULL, "docker.io/a.b/c:latest" },
    { "docker.io/localhost/c", "docker.io", "localhost/c", "latest", NULL,
      "docker.io/localhost/c:latest" },
    { "localhost/a", "localhost", "a", "latest", NULL, "localhost/a:latest" },
    { "localhost:5000/a:b", "localhost:5000", "a", "b", NULL, "localhost:5000/a:b" },
    { "LOCAL/a", "LOCAL", "a", "latest", NULL, "LOCAL/a:latest" },
    { "127.0.0.1:5000/a/b/c:d", "127.0.0.1:5000", "a/b/c", "d", NULL, "127.0.0.1:5000/a/b/c:d" },
    { "[::1]:5000/a", "[::1]:5000", "a", "latest", NULL, "[::1]:5000/a:latest" },
    { "mcr.microsoft.com/windows/nanoserver:1809", "mcr.microsoft.com", "windows/nanoserver",
      "1809", NULL, "mcr.microsoft.com/windows/nanoserver:1809" },
    { "alpine@" DIGEST, "docker.io", "library/alpine", NULL, DIGEST, "alpine@" DIGEST },
    { "alpine:3@" DIGEST, "docker.io", "library/alpine", "3", DIGEST, "alpine:3@" DIGEST },
    { "x.y:1/a@" DIGEST, "x.y:1", "a", NULL, DIGEST, "x.y:1/a@" DIGEST },
    { "a.b", "docker.io", "library/a.b", "latest", NULL, "a.b:latest" },
    { "a__b---c_d.e", "docker.io", "library/a__b---c_d.e", "latest", NULL, "a__b---c_d.e:latest" },
    { "a:_x.Y-", "docker.io", "library/a", "_x.Y-", NULL, "a:_x.Y-" },
    { "a:" LONG_TAG, "docker.io", "library/a", LONG_TAG, NULL, "a:" LONG_TAG },
    { "xn--a.b/c", "xn--a.b", "c", "latest", NULL, "xn--a.b/c:latest" },
};

static void sound_references_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++) {
        wcl_reference *reference = NULL, *again = NULL;
        wcl_error error = WCL_ERROR_INIT;
        if (wcl_reference_parse(sound[i].text, &reference, &error) != WCL_OK)
            fail_msg("%s: %s", sound[i].text, error.message);
        assert_string_equal(reference->registry, sound[i].registry);
        assert_string_equal(reference->repository, sound[i].repository);
        assert_string_equal(reference->tag ? reference->tag : "-",
                            sound[i].tag ? sound[i].tag : "-");
        assert_string_equal(reference->digest ? reference->digest : "-",
                            sound[i].digest ? sound[i].digest : "-");
        assert_string_equal(reference->familiar, sound[i].familiar);
        /* Both names mean the same again. */
        assert_int_equal(wcl_reference_parse(reference->name, &again, NULL), WCL_OK);
        assert_string_equal(again->name, reference->name);
        wcl_free(again);
        assert_int_equal(wcl_reference_parse(reference->familiar, &again, NULL), WCL_OK);
        assert_string_equal(again->name, reference->name);
        wcl_free(again);
        wcl_free(reference);
    }
}

static void unsound_references_are_refused(void **state)
{
    static const struct {
        const char *text;
        uint32_t code;
    } unsound[] = {
        { "", WCL_CODE_INVALID_NAME },
        { "Alpine", WCL_CODE_INVALID_NAME },
        { ":tag", WCL_CODE_INVALID_NAME },
        { "a:", WCL_CODE_INVALID_NAME },
        { "a:.b", WCL_CODE_INVALID_NAME },
        { "a:-b", WCL_CODE_INVALID_NAME },
        { "a:b:c", WCL_CODE_INVALID_NAME },
        { "a:" LONG_TAG "x", WCL_CODE_INVALID_NAME },
        { "a..b", WCL_CODE_INVALID_NAME },
        { "a___b", WCL_CODE_INVALID_NAME },
        { "-a", WCL_CODE_INVALID_NAME },
        { "a-", WCL_CODE_INVALID_NAME },
        { "a//b", WCL_CODE_INVALID_NAME },
        { "/a", WCL_CODE_INVALID_NAME },
        { "a/", WCL_CODE_INVALID_NAME },
        { "../a", WCL_CODE_INVALID_NAME },
        { "a/../b", WCL_CODE_INVALID_NAME },
        { "a b", WCL_CODE_INVALID_NAME },
        { "a\n", WCL_CODE_INVALID_NAME },
        { "-x.y/a", WCL_CODE_INVALID_NAME },
        { "x-.y/a", WCL_CODE_INVALID_NAME },
        { "x..y/a", WCL_CODE_INVALID_NAME },
        { "x.y:/a", WCL_CODE_INVALID_NAME },
        { "x.y:port/a", WCL_CODE_INVALID_NAME },
        { "user@x.y/a", WCL_CODE_INVALID_DATA },
        { "[::1/a", WCL_CODE_INVALID_NAME },
        { "a@sha256:0123", WCL_CODE_INVALID_DATA },
        { "a@" DIGEST "0", WCL_CODE_INVALID_DATA },
        { "a@SHA256:" DIGEST, WCL_CODE_NOT_SUPPORTED },
        { "a@sha512:00", WCL_CODE_NOT_SUPPORTED },
        { "a@", WCL_CODE_INVALID_DATA },
        { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          WCL_CODE_INVALID_NAME },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(unsound) / sizeof(unsound[0]); i++) {
        wcl_reference *reference = NULL;
        wcl_error error = WCL_ERROR_INIT;
        if (wcl_reference_parse(unsound[i].text, &reference, &error) != WCL_FAILED)
            fail_msg("'%s' became '%s'", unsound[i].text, reference->name);
        if (error.code != unsound[i].code)
            fail_msg("'%s': code %u, not %u: %s", unsound[i].text, error.code, unsound[i].code,
                     error.message);
    }
}

static void a_name_of_more_than_255_characters_is_refused(void **state)
{
    char text[300];
    wcl_reference *reference = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[255 - strlen("docker.io/library/")] = '\0';
    assert_int_equal(wcl_reference_parse(text, &reference, &error), WCL_OK);
    wcl_free(reference);
    strcat(text, "a");
    assert_int_equal(wcl_reference_parse(text, &reference, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NAME_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_references_are_taken_apart),
        cmocka_unit_test(unsound_references_are_refused),
        cmocka_unit_test(a_name_of_more_than_255_characters_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
