/* Manifests, indexes and configs: sound ones, and what is refused of others, by name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/document.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A "sha256:" HEX_A
#define B "sha256:" HEX_B
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define CONFIG                                                                                     \
    "\"config\":{\"mediaType\":\"" WCL_MEDIA_OCI_CONFIG "\",\"digest\":\"" A "\",\"size\":7}"
#define LAYER(type, digest, size)                                                                  \
    "{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size "}"
#define MANIFEST(layers) "{\"schemaVersion\":2," CONFIG ",\"layers\":[" layers "]}"
#define GZIP WCL_MEDIA_OCI_LAYER "+gzip"

/* ---- Manifests ------------------------------------------------------------------------------ */

static void a_manifest_is_taken_apart_and_kept_verbatim(void **state)
{
    static const char text[] = MANIFEST(LAYER(
        GZIP, B,
        "12") ", "
              "{\"mediaType\":\"" WCL_MEDIA_DOCKER_FOREIGN_LAYER ".gzip\",\"digest\":\"" A
              "\",\"size\":0,\"urls\":[\"https://example.test/x\"],\"annotations\":{\"k\":\"v\"}}");
    wcl_manifest *manifest = NULL;
    char digest[WCL_DIGEST_TEXT_SIZE];
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    if (wcl_manifest_parse(text, strlen(text), NULL, &manifest, &error) != WCL_OK)
        fail_msg("%s: %s", error.subject, error.message);
    assert_false(manifest->is_index);
    assert_string_equal(manifest->media_type, WCL_MEDIA_OCI_MANIFEST);
    assert_string_equal(manifest->text, text);
    assert_int_equal(wcl_digest_of(text, strlen(text), digest, NULL), WCL_OK);
    assert_string_equal(manifest->digest, digest);
    assert_int_equal(manifest->layer_count, 2);
    assert_int_equal(manifest->layers[0].size, 12);
    assert_int_equal(manifest->layers[1].url_count, 1);
    assert_string_equal(manifest->layers[1].urls[0], "https://example.test/x");
    assert_string_equal(wcl_descriptor_annotation(&manifest->layers[1], "k"), "v");
    assert_null(wcl_descriptor_annotation(&manifest->layers[0], "k"));
    wcl_manifest_free(manifest);
}

static void null_is_as_if_it_was_not_said(void **state)
{
    static const char text[] =
        MANIFEST("{\"mediaType\":\"" GZIP "\",\"digest\":\"" B
                 "\",\"size\":1,\"annotations\":null,\"urls\":null,\"platform\":null}");
    wcl_manifest *manifest = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    if (wcl_manifest_parse(text, strlen(text), NULL, &manifest, &error) != WCL_OK)
        fail_msg("%s: %s", error.subject, error.message);
    assert_null(manifest->layers[0].annotations);
    assert_null(wcl_descriptor_annotation(&manifest->layers[0], "k"));
    assert_false(manifest->layers[0].has_platform);
    wcl_manifest_free(manifest);
}

static void media_types_of_layers_are_known(void **state)
{
    static const struct {
        const char *type;
        bool is_layer, is_foreign;
        wcl_compression compression;
    } types[] = {
        { WCL_MEDIA_OCI_LAYER, true, false, WCL_COMPRESSION_NONE },
        { WCL_MEDIA_OCI_LAYER "+gzip", true, false, WCL_COMPRESSION_GZIP },
        { WCL_MEDIA_OCI_LAYER "+zstd", true, false, WCL_COMPRESSION_ZSTD },
        { WCL_MEDIA_OCI_FOREIGN_LAYER "+gzip", true, true, WCL_COMPRESSION_GZIP },
        { WCL_MEDIA_DOCKER_LAYER, true, false, WCL_COMPRESSION_NONE },
        { WCL_MEDIA_DOCKER_LAYER ".gzip", true, false, WCL_COMPRESSION_GZIP },
        { WCL_MEDIA_DOCKER_LAYER ".zstd", true, false, WCL_COMPRESSION_ZSTD },
        { WCL_MEDIA_DOCKER_FOREIGN_LAYER ".gzip", true, true, WCL_COMPRESSION_GZIP },
        { WCL_MEDIA_DOCKER_FOREIGN_LAYER, true, true, WCL_COMPRESSION_NONE },
        { WCL_MEDIA_OCI_LAYER "+xz", false, false, 0 },
        { WCL_MEDIA_OCI_LAYER ".gzip", false, false, 0 },
        { WCL_MEDIA_DOCKER_LAYER "+gzip", false, false, 0 },
        { WCL_MEDIA_OCI_LAYER "+gzip+encrypted", false, false, 0 },
        { "", false, false, 0 },
        { "text/plain", false, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        wcl_compression compression = 0;
        bool is_foreign = false;
        assert_int_equal(wcl_media_type_is_layer(types[i].type, &compression, &is_foreign),
                         types[i].is_layer);
        assert_int_equal(is_foreign, types[i].is_foreign);
        assert_int_equal(compression, types[i].compression);
    }
}

typedef struct refused {
    const char *text;
    const char *served;
    uint32_t code;
    const char *says; /* what the message has */
} refused;

static const refused refused_manifests[] = {
    { "", NULL, WCL_CODE_INVALID_DATA, "JSON" },
    { "[]", NULL, WCL_CODE_INVALID_DATA, "object" },
    { "{}", NULL, WCL_CODE_INVALID_DATA, "schemaVersion" },
    { "{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, WCL_CODE_NOT_SUPPORTED, "schema 1" },
    { "{\"schemaVersion\":2}", NULL, WCL_CODE_INVALID_DATA, "neither" },
    { "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}", NULL,
      WCL_CODE_INVALID_DATA, "both" },
    { "{\"schemaVersion\":2,\"schemaVersion\":2," CONFIG ",\"layers\":[]}", NULL,
      WCL_CODE_INVALID_DATA, "twice" },
    { "{\"schemaVersion\":2,\"layers\":[]}", NULL, WCL_CODE_INVALID_DATA, "'config'" },
    { "{\"schemaVersion\":2," CONFIG "}", NULL, WCL_CODE_INVALID_DATA, "'layers'" },
    { "{\"schemaVersion\":2," CONFIG ",\"layers\":{}}", NULL, WCL_CODE_INVALID_DATA, "'layers'" },
    { MANIFEST("7"), NULL, WCL_CODE_INVALID_DATA, "not an object" },
    { MANIFEST("{}"), NULL, WCL_CODE_INVALID_DATA, "'digest'" },
    { MANIFEST(LAYER(GZIP, B, "-1")), NULL, WCL_CODE_INVALID_DATA, "'size'" },
    { MANIFEST(LAYER(GZIP, B, "1.5")), NULL, WCL_CODE_INVALID_DATA, "'size'" },
    { MANIFEST(LAYER(GZIP, B, "9223372036854775808")), NULL, WCL_CODE_INVALID_DATA, "'size'" },
    { MANIFEST(LAYER(GZIP, B, "\"5\"")), NULL, WCL_CODE_INVALID_DATA, "'size'" },
    { MANIFEST(LAYER(GZIP, "sha256:../../../../etc/passwd", "1")), NULL, WCL_CODE_INVALID_DATA,
      "not a digest" },
    { MANIFEST(LAYER(GZIP, "sha256:" HEX_A "/", "1")), NULL, WCL_CODE_INVALID_DATA,
      "not a digest" },
    { MANIFEST(LAYER(
          GZIP, "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "1")),
      NULL, WCL_CODE_INVALID_DATA, "not a digest" },
    { MANIFEST(LAYER(GZIP, "sha512:" HEX_A HEX_A, "1")), NULL, WCL_CODE_NOT_SUPPORTED, "sha512" },
    { MANIFEST(LAYER(GZIP, "md5:x", "1")), NULL, WCL_CODE_NOT_SUPPORTED, "md5" },
    { MANIFEST(LAYER(GZIP, "nothing", "1")), NULL, WCL_CODE_INVALID_DATA, "not a digest" },
    { MANIFEST(LAYER("text/plain", B, "1")), NULL, WCL_CODE_NOT_SUPPORTED, "text/plain" },
    { MANIFEST("{\"mediaType\":\"" GZIP "\",\"digest\":\"" B
               "\",\"size\":1,\"urls\":[\"file:///etc/passwd\"]}"),
      NULL, WCL_CODE_NOT_SUPPORTED, "file:///etc/passwd" },
    { MANIFEST("{\"mediaType\":\"" GZIP "\",\"digest\":\"" B "\",\"size\":1,\"urls\":7}"), NULL,
      WCL_CODE_INVALID_DATA, "'urls'" },
    { "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\","
      "\"digest\":\"" A "\",\"size\":1},\"layers\":[]}",
      NULL, WCL_CODE_NOT_SUPPORTED, "helm" },
    { "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\",\"size\":99999999},\"layers\":[]}",
      NULL, WCL_CODE_FILE_TOO_LARGE, "config" },
    { MANIFEST(""), WCL_MEDIA_OCI_INDEX, WCL_CODE_INVALID_DATA, "has layers" },
    { "{\"schemaVersion\":2,\"mediaType\":\"" WCL_MEDIA_DOCKER_MANIFEST "\"," CONFIG
      ",\"layers\":[]}",
      WCL_MEDIA_OCI_MANIFEST, WCL_CODE_INVALID_DATA, "served as" },
    { "{\"schemaVersion\":2,\"mediaType\":\"text/html\"," CONFIG ",\"layers\":[]}", NULL,
      WCL_CODE_NOT_SUPPORTED, "text/html" },
    { "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" A "\",\"size\":1,\"platform\":7}]}",
      NULL, WCL_CODE_INVALID_DATA, "'platform'" },
    { "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\",\"size\":7,\"digest\":\"" B
      "\"},\"layers\":[]}",
      NULL, WCL_CODE_INVALID_DATA, "'digest' twice" },
    { MANIFEST("{\"mediaType\":\"" GZIP "\",\"digest\":\"" B "\",\"size\":1,\"size\":2}"), NULL,
      WCL_CODE_INVALID_DATA, "'size' twice" },
    { MANIFEST("{\"mediaType\":\"" GZIP "\",\"digest\":\"" B
               "\",\"size\":1,\"annotations\":{\"k\":\"a\",\"k\":\"b\"}}"),
      NULL, WCL_CODE_INVALID_DATA, "'k' twice" },
    { "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" A
      "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"os\":\"windows\"}}]}",
      NULL, WCL_CODE_INVALID_DATA, "'os' twice" },
};

static void unsound_manifests_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused_manifests) / sizeof(refused_manifests[0]); i++) {
        const refused *item = &refused_manifests[i];
        wcl_manifest *manifest = NULL;
        wcl_error error = WCL_ERROR_INIT;
        if (wcl_manifest_parse(item->text, strlen(item->text), item->served, &manifest, &error) !=
            WCL_FAILED)
            fail_msg("taken for a manifest: %s", item->text);
        if (error.code != item->code || !strstr(error.message, item->says))
            fail_msg("%s: code %u, %s", item->text, error.code, error.message);
    }
}

/* Text of `size` bytes: `start`, then `filler` again and again. */
static char *fill(const char *start, char filler, size_t size)
{
    char *text = malloc(size + 1);

    assert_non_null(text);
    memset(text, filler, size);
    memcpy(text, start, strlen(start));
    text[size] = '\0';
    return text;
}

static void huge_and_deep_documents_are_refused(void **state)
{
    wcl_manifest *manifest = NULL;
    wcl_config *config = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    char *large = fill("{", ' ', WCL_MANIFEST_SIZE_MAX + 1);
    assert_int_equal(wcl_manifest_parse(large, strlen(large), NULL, &manifest, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    assert_int_equal(wcl_config_parse(large, WCL_CONFIG_SIZE_MAX + 1, 0, &config, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    free(large);
    char *deep = fill("{\"a\":", '[', 100000);
    assert_int_equal(wcl_manifest_parse(deep, strlen(deep), NULL, &manifest, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "nested"));
    assert_int_equal(wcl_config_parse(deep, strlen(deep), 0, &config, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "nested"));
    free(deep);
}

static void more_layers_than_are_sensible_are_refused(void **state)
{
    static const char layer[] = LAYER(GZIP, B, "1") ",";
    const size_t count = WCL_LAYERS_MAX + 1;
    char *text = malloc(1000 + count * sizeof(layer));
    wcl_manifest *manifest = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_non_null(text);
    char *at = stpcpy(text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[");
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, layer);
    strcpy(at - 1, "]}");
    assert_int_equal(wcl_manifest_parse(text, strlen(text), NULL, &manifest, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    free(text);
}

/* ---- Indexes -------------------------------------------------------------------------------- */

#define ENTRY(digest, platform)                                                                    \
    "{\"mediaType\":\"" WCL_MEDIA_OCI_MANIFEST "\",\"digest\":\"" digest "\",\"size\":3" platform  \
    "}"
#define PLATFORM(os, arch, version)                                                                \
    ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\",\"os.version\":\"" version "\"}"

static void an_index_gives_the_image_for_a_platform(void **state)
{
    static const char text[] =
        "{\"schemaVersion\":2,\"manifests\":[" ENTRY(A, PLATFORM("linux", "amd64", "")) "," ENTRY(
            B, PLATFORM("windows", "amd64", "10.0.17763.1")) "]}";
    wcl_manifest *index = NULL;
    const wcl_descriptor *chosen = NULL;
    wcl_platform *wanted = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(wcl_manifest_parse(text, strlen(text), NULL, &index, NULL), WCL_OK);
    assert_true(index->is_index);
    assert_int_equal(wcl_platform_parse("windows(10.0.17763.9)/amd64", &wanted, NULL), WCL_OK);
    assert_int_equal(wcl_manifest_choose(index, wanted, &chosen, NULL), WCL_OK);
    assert_string_equal(chosen->digest, B);
    wcl_free(wanted);
    assert_int_equal(wcl_platform_parse("linux/s390x", &wanted, NULL), WCL_OK);
    assert_int_equal(wcl_manifest_choose(index, wanted, &chosen, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_NOT_FOUND);
    assert_non_null(strstr(error.message, "linux/amd64, windows(10.0.17763.1)/amd64"));
    wcl_free(wanted);
    wcl_manifest_free(index);
}

static void platforms_by_other_names_are_known(void **state)
{
    static const char text[] =
        "{\"schemaVersion\":2,\"manifests\":[" ENTRY(A, PLATFORM("Linux", "x86_64", "")) "," ENTRY(
            B, PLATFORM("linux", "aarch64", "")) "," ENTRY(C, PLATFORM("linux", "armhf", "")) "]}";
    static const struct {
        const char *wanted, *digest;
    } cases[] = { { "linux/amd64", A },    { "linux/x86_64", A }, { "linux/arm64", B },
                  { "linux/arm64/v8", B }, { "linux/arm/v7", C }, { "linux/arm/7", C } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        WCL_CLEANUP_MANIFEST wcl_manifest *index = NULL;
        const wcl_descriptor *chosen = NULL;
        wcl_platform *wanted = NULL;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_manifest_parse(text, strlen(text), NULL, &index, NULL), WCL_OK);
        assert_int_equal(wcl_platform_parse(cases[i].wanted, &wanted, NULL), WCL_OK);
        if (wcl_manifest_choose(index, wanted, &chosen, &error) != WCL_OK)
            fail_msg("%s: %s", cases[i].wanted, error.message);
        assert_string_equal(chosen->digest, cases[i].digest);
        wcl_free(wanted);
    }
}

static void configs_of_schema_2_may_be_called_anything_old(void **state)
{
    static const char *const types[] = { "application/octet-stream", "application/json",
                                         "text/html", "" };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        WCL_CLEANUP_MANIFEST wcl_manifest *manifest = NULL;
        wcl_error error = WCL_ERROR_INIT;
        char text[600];
        snprintf(text, sizeof(text),
                 "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"" A
                 "\",\"size\":7},\"layers\":[]}",
                 types[i]);
        if (wcl_manifest_parse(text, strlen(text), WCL_MEDIA_DOCKER_MANIFEST, &manifest, &error) !=
            WCL_OK)
            fail_msg("'%s': %s", types[i], error.message);
        if (!*types[i])
            continue;
        wcl_manifest *artifact = NULL;
        assert_int_equal(wcl_manifest_parse(text, strlen(text), NULL, &artifact, &error),
                         WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    }
}

static void what_says_no_platform_is_the_last_resort(void **state)
{
    static const char text[] =
        "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" WCL_MEDIA_OCI_INDEX
        "\",\"digest\":\"" C "\",\"size\":3}," ENTRY(A, "") "," ENTRY(C, "") "," ENTRY(
            B, PLATFORM("windows", "amd64", "10.0.17763.1")) "]}";
    wcl_manifest *index = NULL;
    const wcl_descriptor *chosen = NULL;
    wcl_platform *wanted = NULL;

    (void)state;
    assert_int_equal(wcl_manifest_parse(text, strlen(text), NULL, &index, NULL), WCL_OK);
    assert_int_equal(wcl_platform_parse("windows/amd64", &wanted, NULL), WCL_OK);
    assert_int_equal(wcl_manifest_choose(index, wanted, &chosen, NULL), WCL_OK);
    assert_string_equal(chosen->digest, B);
    wcl_free(wanted);
    assert_int_equal(wcl_platform_parse("linux/amd64", &wanted, NULL), WCL_OK);
    assert_int_equal(wcl_manifest_choose(index, wanted, &chosen, NULL), WCL_OK);
    assert_string_equal(chosen->digest, A);
    wcl_free(wanted);
    wcl_manifest_free(index);
}

static void attestations_are_no_images(void **state)
{
    static const char text[] =
        "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" WCL_MEDIA_OCI_MANIFEST
        "\",\"digest\":\"" A "\",\"size\":3,\"platform\":{\"os\":\"unknown\",\"architecture\":"
        "\"unknown\"},\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}}"
        "," ENTRY(B, "") "]}";
    wcl_manifest *index = NULL;
    const wcl_descriptor *chosen = NULL;

    (void)state;
    assert_int_equal(wcl_manifest_parse(text, strlen(text), NULL, &index, NULL), WCL_OK);
    assert_int_equal(wcl_manifest_choose(index, NULL, &chosen, NULL), WCL_OK);
    assert_string_equal(chosen->digest, B);
    wcl_manifest_free(index);
}

/* ---- Configs -------------------------------------------------------------------------------- */

/* A record of it would be larger than what is read of one, and the store could do nothing more. */
static void platforms_are_not_long(void **state)
{
    static const char *const fields[] = { "architecture", "variant", "os.version" };

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        for (int length = 128; length < 130; length++) {
            wcl_config *config = NULL;
            wcl_error error = WCL_ERROR_INIT;
            char text[300], word[130];
            snprintf(word, sizeof(word), "%0*d", length, 0);
            snprintf(text, sizeof(text), "{\"os\":\"linux\",\"%s\":\"%s\"}", fields[i], word);
            wcl_status status = wcl_config_parse(text, strlen(text), 0, &config, &error);
            assert_int_equal(status, length == 128 ? WCL_OK : WCL_FAILED);
            if (length == 129)
                assert_non_null(strstr(error.message, fields[i]));
            wcl_config_free(config);
        }
}

static void chain_ids_follow_from_diff_ids(void **state)
{
    static const char text[] =
        "{\"os\":\"windows\",\"architecture\":\"amd64\",\"os.version\":\"10.0.1.2\","
        "\"created\":\"2020-01-02T03:04:05.678+01:00\","
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" A "\",\"" B "\"]}}";
    wcl_config *config = NULL;
    char second[WCL_DIGEST_TEXT_SIZE];

    (void)state;
    assert_int_equal(wcl_config_parse(text, strlen(text), 2, &config, NULL), WCL_OK);
    assert_int_equal(config->os, WCL_OS_WINDOWS);
    assert_string_equal(config->platform.os_version, "10.0.1.2");
    assert_int_equal(config->created, 1577930645);
    assert_string_equal(config->chain_ids[0], A);
    assert_int_equal(wcl_digest_of(A " " B, strlen(A " " B), second, NULL), WCL_OK);
    assert_string_equal(config->chain_ids[1], second);
    assert_string_equal(wcl_digest_digits(config->chain_ids[0]), HEX_A);
    wcl_config_free(config);
}

static void unsound_configs_are_refused_by_name(void **state)
{
    static const struct {
        const char *text;
        size_t layers;
        uint32_t code;
        const char *says;
    } configs[] = {
        { "{", 0, WCL_CODE_INVALID_DATA, "JSON" },
        { "7", 0, WCL_CODE_INVALID_DATA, "object" },
        { "{}", 0, WCL_CODE_NOT_SUPPORTED, "its os is ''" },
        { "{\"os\":\"freebsd\"}", 0, WCL_CODE_NOT_SUPPORTED, "freebsd" },
        { "{\"os\":7}", 0, WCL_CODE_INVALID_DATA, "'os'" },
        { "{\"os\":\"linux\",\"os\":\"windows\"}", 0, WCL_CODE_INVALID_DATA, "twice" },
        { "{\"os\":\"linux\"}", 1, WCL_CODE_INVALID_DATA, "0 diff IDs where the manifest has 1" },
        { "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"" A "\"]}}", 0, WCL_CODE_INVALID_DATA,
          "1 diff IDs where the manifest has 0" },
        { "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":7}}", 0, WCL_CODE_INVALID_DATA,
          "not a list" },
        { "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[7]}}", 1, WCL_CODE_INVALID_DATA,
          "not a string" },
        { "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"sha384:00\"]}}", 1, WCL_CODE_NOT_SUPPORTED,
          "sha384" },
        { "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"sha256:../x\"]}}", 1,
          WCL_CODE_INVALID_DATA, "not a digest" },
        { "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers+base\"}}", 0, WCL_CODE_NOT_SUPPORTED,
          "layers+base" },
        { "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[],\"diff_ids\":[\"" A "\"]}}", 0,
          WCL_CODE_INVALID_DATA, "'diff_ids' twice" },
        { "{\"os\":\"linux\",\"config\":{\"Cmd\":[\"a\"],\"Cmd\":[\"b\"]}}", 0,
          WCL_CODE_INVALID_DATA, "'Cmd' twice" },
        { "{\"os\":\"linux\",\"config\":{\"Labels\":{\"a\":\"1\",\"b\":\"\",\"a\":\"2\"}}}", 0,
          WCL_CODE_INVALID_DATA, "'a' twice" },
        { "{\"os\":\"linux\",\"platform\":{\"os\":\"a\",\"os\":\"b\"}}", 0, WCL_CODE_INVALID_DATA,
          "'os' twice" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        wcl_config *config = NULL;
        wcl_error error = WCL_ERROR_INIT;
        if (wcl_config_parse(configs[i].text, strlen(configs[i].text), configs[i].layers, &config,
                             &error) != WCL_FAILED)
            fail_msg("taken for a config: %s", configs[i].text);
        if (error.code != configs[i].code || !strstr(error.message, configs[i].says))
            fail_msg("%s: code %u, %s", configs[i].text, error.code, error.message);
    }
}

/* Many labels are no fault, and take no longer than they are long: in pairs it would be minutes. */
static void a_config_may_have_many_labels(void **state)
{
    const size_t count = 300000;
    char *text = malloc(100 + 13 * count);
    wcl_config *config = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_non_null(text);
    char *at = stpcpy(text, "{\"os\":\"linux\",\"config\":{\"Labels\":{");
    for (size_t i = 0; i < count; i++)
        at += sprintf(at, "\"%zu\":\"\",", i);
    strcpy(at - 1, "}}}");
    if (wcl_config_parse(text, strlen(text), 0, &config, &error) != WCL_OK)
        fail_msg("%s: %s", error.subject, error.message);
    wcl_config_free(config);
    at = stpcpy(at - 1, ",\"7\":\"\"}}}");
    assert_int_equal(wcl_config_parse(text, (size_t)(at - text), 0, &config, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "'7' twice"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_is_taken_apart_and_kept_verbatim),
        cmocka_unit_test(null_is_as_if_it_was_not_said),
        cmocka_unit_test(media_types_of_layers_are_known),
        cmocka_unit_test(unsound_manifests_are_refused_by_name),
        cmocka_unit_test(huge_and_deep_documents_are_refused),
        cmocka_unit_test(more_layers_than_are_sensible_are_refused),
        cmocka_unit_test(an_index_gives_the_image_for_a_platform),
        cmocka_unit_test(platforms_by_other_names_are_known),
        cmocka_unit_test(configs_of_schema_2_may_be_called_anything_old),
        cmocka_unit_test(what_says_no_platform_is_the_last_resort),
        cmocka_unit_test(attestations_are_no_images),
        cmocka_unit_test(platforms_are_not_long),
        cmocka_unit_test(chain_ids_follow_from_diff_ids),
        cmocka_unit_test(unsound_configs_are_refused_by_name),
        cmocka_unit_test(a_config_may_have_many_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
