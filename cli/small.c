/* sddl, guid and info. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "base/error.h"
#include "cli/cli.h"

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *base64_encode(const uint8_t *data, size_t size)
{
    char *text = malloc((size + 2) / 3 * 4 + 1);
    char *out = text;

    for (size_t i = 0; text && i < size; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16 | (uint32_t)(i + 1 < size ? data[i + 1] : 0) << 8 |
                         (i + 2 < size ? data[i + 2] : 0);
        *out++ = base64_digits[group >> 18];
        *out++ = base64_digits[group >> 12 & 63];
        *out++ = i + 1 < size ? base64_digits[group >> 6 & 63] : '=';
        *out++ = i + 2 < size ? base64_digits[group & 63] : '=';
    }
    if (text)
        *out = '\0';
    return text;
}

/* NULL where the text is not base64 (padding is wanted), or with ENOMEM. */
static uint8_t *base64_decode(const char *text, size_t *size)
{
    size_t length = strlen(text);
    uint8_t *data = length && length % 4 == 0 ? malloc(length / 4 * 3) : NULL;
    size_t padding = 0;

    for (size_t i = 0; data && i < length; i += 4) {
        uint32_t group = 0;
        for (size_t j = 0; j < 4; j++) {
            const char *digit = text[i + j] ? strchr(base64_digits, text[i + j]) : NULL;
            bool pad = text[i + j] == '=' && i + 4 == length && j >= 2;
            if ((!digit && !pad) || (digit && padding)) {
                free(data);
                return NULL;
            }
            padding += pad;
            group = group << 6 | (digit ? (uint32_t)(digit - base64_digits) : 0);
        }
        data[i / 4 * 3] = (uint8_t)(group >> 16);
        data[i / 4 * 3 + 1] = (uint8_t)(group >> 8);
        data[i / 4 * 3 + 2] = (uint8_t)group;
    }
    *size = length / 4 * 3 - padding;
    return data;
}

/* SDDL has a part letter and a colon in front; base64 has no colon. */
static bool looks_like_sddl(const char *text)
{
    return text[0] && strchr("OGDS", toupper((unsigned char)text[0])) && text[1] == ':';
}

static void print_pair(cli *cli, const char *sddl, const char *base64, const char *plain)
{
    if (!cli->json) {
        printf("%s\n", plain);
        return;
    }
    json_out out = { stdout, false };
    json_begin(&out, NULL, '{');
    json_text(&out, "sddl", sddl);
    json_text(&out, "rawsd", base64);
    json_end(&out, '{');
    printf("\n");
}

static wcl_status sddl_to_base64(cli *cli, const char *text)
{
    void *descriptor = NULL;
    size_t size;
    char *sddl = NULL;

    if (wcl_sd_from_sddl(text, &descriptor, &size, &cli->error) != WCL_OK)
        return WCL_FAILED;
    char *base64 = base64_encode(descriptor, size);
    wcl_status status = base64 ? wcl_sd_to_sddl(descriptor, size, &sddl, &cli->error)
                               : wcl_fail_memory(&cli->error);
    if (status == WCL_OK)
        print_pair(cli, sddl, base64, base64);
    wcl_free(sddl);
    free(base64);
    wcl_free(descriptor);
    return status;
}

static wcl_status base64_to_sddl(cli *cli, const char *text)
{
    size_t size;
    char *sddl = NULL;

    errno = 0;
    uint8_t *descriptor = base64_decode(text, &size);
    if (!descriptor && errno == ENOMEM)
        return wcl_fail_memory(&cli->error);
    if (!descriptor) {
        cli_fail(cli, WCL_CODE_INVALID_PARAMETER, "sddl", text, "this is neither SDDL nor base64");
        return WCL_FAILED;
    }
    wcl_status status = wcl_sd_to_sddl(descriptor, size, &sddl, &cli->error);
    if (status == WCL_OK)
        print_pair(cli, sddl, text, sddl);
    wcl_free(sddl);
    free(descriptor);
    return status;
}

int command_sddl(cli *cli, int argc, char **argv)
{
    int result = cli_parse(cli, NULL, &argc, argv, 1, 1, 0);
    if (result)
        return result;
    wcl_status status =
        looks_like_sddl(argv[1]) ? sddl_to_base64(cli, argv[1]) : base64_to_sddl(cli, argv[1]);
    if (status == WCL_OK)
        return 0;
    if (!cli->error.operation[0])
        snprintf(cli->error.operation, sizeof(cli->error.operation), "sddl");
    return EXIT_FAILED;
}

int command_guid(cli *cli, int argc, char **argv)
{
    int result = cli_parse(cli, NULL, &argc, argv, 1, 1, 0);
    char system_text[37], source_text[37];
    wcl_guid guid;

    if (result)
        return result;
    if (wcl_guid_of_compute_system(argv[1], &guid, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    wcl_guid_format(&guid, system_text);
    guid = wcl_guid_from_source(argv[1]);
    wcl_guid_format(&guid, source_text);
    if (!cli->json) {
        printf("compute system: %s\nsource:         %s\n", system_text, source_text);
        return 0;
    }
    json_out out = { stdout, false };
    json_begin(&out, NULL, '{');
    json_text(&out, "name", argv[1]);
    json_text(&out, "compute_system", system_text);
    json_text(&out, "source", source_text);
    json_end(&out, '{');
    printf("\n");
    return 0;
}

static void print_features_json(const wcl_feature *features, size_t count)
{
    json_out out = { stdout, false };

    json_begin(&out, NULL, '{');
    json_text(&out, "version", wcl_version());
    json_begin(&out, "features", '[');
    for (size_t i = 0; i < count; i++) {
        json_begin(&out, NULL, '{');
        json_text(&out, "name", features[i].name);
        json_bool(&out, "available", features[i].available);
        json_text(&out, "detail", features[i].detail);
        json_end(&out, '{');
    }
    json_end(&out, '[');
    json_end(&out, '{');
    printf("\n");
}

int command_info(cli *cli, int argc, char **argv)
{
    wcl_feature *features = NULL;
    size_t count = 0;

    int result = cli_parse(cli, NULL, &argc, argv, 0, 0, 0);
    if (result)
        return result;
    if (wcl_host_features(&features, &count, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (cli->json) {
        print_features_json(features, count);
    } else {
        printf("wcl %s\n", wcl_version());
        for (size_t i = 0; i < count; i++)
            printf("%-12s %-3s  %s\n", features[i].name, features[i].available ? "yes" : "no",
                   features[i].detail);
    }
    wcl_free(features);
    return 0;
}
