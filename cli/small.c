/* sddl, guid and info. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "base/base64.h"
#include "cli/commands.h"

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
    json_out out = { .stream = stdout };
    json_texts(&out, "sddl", sddl, "rawsd", base64);
}

static wcl_status sddl_to_base64(cli *cli, const char *text)
{
    WCL_CLEANUP_BUFFER wcl_buffer base64 = WCL_BUFFER_INIT;
    void *descriptor = NULL;
    size_t size;
    char *sddl = NULL;

    if (wcl_sd_from_sddl(text, &descriptor, &size, &cli->error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_base64_encode(descriptor, size, &base64, &cli->error);
    if (status == WCL_OK)
        status = wcl_sd_to_sddl(descriptor, size, &sddl, &cli->error);
    if (status == WCL_OK)
        print_pair(cli, sddl, wcl_buffer_text(&base64), wcl_buffer_text(&base64));
    wcl_free(sddl);
    wcl_free(descriptor);
    return status;
}

static wcl_status base64_to_sddl(cli *cli, const char *text)
{
    WCL_CLEANUP_BUFFER wcl_buffer descriptor = WCL_BUFFER_INIT;
    char *sddl = NULL;

    wcl_status status = wcl_base64_decode(text, strlen(text), &descriptor, &cli->error);
    if (status != WCL_OK && cli->error.code != WCL_CODE_OUT_OF_MEMORY)
        cli_fail(cli, WCL_CODE_INVALID_PARAMETER, "sddl", text, "this is neither SDDL nor base64");
    if (status == WCL_OK)
        status = wcl_sd_to_sddl(descriptor.data, descriptor.size, &sddl, &cli->error);
    if (status == WCL_OK)
        print_pair(cli, sddl, text, sddl);
    wcl_free(sddl);
    return status;
}

int command_sddl(cli *cli, int argc, char **argv)
{
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
    char system_text[37], source_text[37];
    wcl_guid guid;

    if (wcl_guid_of_compute_system(argv[1], &guid, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    wcl_guid_format(&guid, system_text);
    guid = wcl_guid_from_source(argv[1]);
    wcl_guid_format(&guid, source_text);
    if (!cli->json) {
        printf("compute system: %s\nsource:         %s\n", system_text, source_text);
        return 0;
    }
    json_out out = { .stream = stdout };
    json_texts(&out, "name", argv[1], "compute_system", system_text, "source", source_text);
    return 0;
}

static void print_features_json(wcl_feature *const *features, size_t count)
{
    json_out out = { .stream = stdout };

    json_begin(&out, NULL, '{');
    json_text(&out, "version", wcl_version());
    json_begin(&out, "features", '[');
    for (size_t i = 0; i < count; i++) {
        json_begin(&out, NULL, '{');
        json_text(&out, "name", features[i]->name);
        json_bool(&out, "available", features[i]->available);
        json_text(&out, "detail", features[i]->detail);
        json_end(&out, '{');
    }
    json_end(&out, '[');
    json_end(&out, '{');
}

int command_info(cli *cli, int argc, char **argv)
{
    wcl_feature **features = NULL;
    size_t count = 0;

    if (wcl_host_features(&features, &count, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (cli->json) {
        print_features_json(features, count);
    } else {
        printf("wcl %s\n", wcl_version());
        for (size_t i = 0; i < count; i++)
            printf("%-12s %-3s  %s\n", features[i]->name, features[i]->available ? "yes" : "no",
                   features[i]->detail);
    }
    wcl_free(features);
    return 0;
}
