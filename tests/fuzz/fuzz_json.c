/*
 * JSON of containers, processes, networks and endpoints. The first byte says of which. What is
 * taken prints as JSON that is taken again, and prints the same; what is not is refused with a
 * reason.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "container/config.h"
#include "container/process_config.h"
#include "container/properties.h"
#include "hns/objects.h"
#include "tests/tools/check.h"

/* Takes a text apart and prints it; NULL with an error where it is refused. */
typedef char *(*reprint_fn)(const char *text, wcl_error *error);

static char *reprint_container(const char *text, wcl_error *error)
{
    wcl_parsed_config parsed;
    char *json = NULL;

    if (wcl_container_config_parse(text, &parsed, error) != WCL_OK)
        return NULL;
    CHECK(wcl_container_config_print(&parsed.config, &json, error) == WCL_OK);
    wcl_parsed_config_free(&parsed);
    return json;
}

static char *reprint_process(const char *text, wcl_error *error)
{
    wcl_parsed_process_config parsed;
    char *json = NULL;

    if (wcl_process_config_parse(text, &parsed, error) != WCL_OK)
        return NULL;
    CHECK(wcl_process_config_print(&parsed.config, &json, error) == WCL_OK);
    wcl_parsed_process_config_free(&parsed);
    return json;
}

static char *reprint_network(const char *text, wcl_error *error)
{
    wcl_hns_network *network = NULL;
    char *json = NULL;

    if (wcl_hns_network_parse(text, &network, error) != WCL_OK)
        return NULL;
    CHECK(wcl_hns_network_format(network, &json, error) == WCL_OK);
    wcl_hns_network_free(network);
    return json;
}

static char *reprint_endpoint(const char *text, wcl_error *error)
{
    wcl_hns_endpoint *endpoint = NULL;
    char *json = NULL;

    if (wcl_hns_endpoint_parse(text, &endpoint, error) != WCL_OK)
        return NULL;
    CHECK(wcl_hns_endpoint_format(endpoint, &json, error) == WCL_OK);
    wcl_hns_endpoint_free(endpoint);
    return json;
}

static char *reprint_json(const char *text, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;

    if (wcl_json_parse(text, strlen(text), 1024 * 1024, &json, error) != WCL_OK)
        return NULL;
    char *printed = wcl_json_print(json);
    CHECK(printed);
    return printed;
}

static void check_list(const char *text)
{
    wcl_container_properties **list;
    size_t count;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_container_list_parse(text, &list, &count, &error) == WCL_OK)
        wcl_free(list);
    else
        CHECK(error.code && error.message[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const reprint_fn kinds[] = { reprint_container, reprint_process, reprint_network,
                                        reprint_endpoint, reprint_json };
    const size_t count = sizeof(kinds) / sizeof(kinds[0]);
    wcl_error error = WCL_ERROR_INIT;

    if (size == 0)
        return 0;
    const size_t kind = (data[0] & 7) % (count + 1);
    char *text = malloc(size);
    CHECK(text);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (kind == count) {
        check_list(text);
        free(text);
        return 0;
    }
    char *first = kinds[kind](text, &error);
    CHECK(first || (error.code && error.message[0]));
    if (first) {
        char *second = kinds[kind](first, &error);
        CHECK(second && strcmp(first, second) == 0);
        wcl_free(second);
    }
    wcl_free(first);
    free(text);
    return 0;
}
