/* Makes a network, an endpoint on it and a network namespace, attaches the one to the other, says
 * what came of it and takes all of it away: attach_endpoint STATE-FOLDER RUN-FOLDER. Needs root. */
#include <stdio.h>

#include <wcl/hns.h>

/* A request is JSON, as HNS has it; the structs of wcl/hns.h make it as well. */
#define NETWORK                                                                                    \
    "{\"Name\":\"example\",\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"10.66.0.0/24\"}]}"

static wcl_status make_endpoint(wcl_hns *hns, const char *network_id, wcl_hns_endpoint **made,
                                wcl_error *error)
{
    wcl_hns_endpoint endpoint = WCL_HNS_ENDPOINT_INIT;
    char *request = NULL;

    endpoint.virtual_network = network_id;
    wcl_status status = wcl_hns_endpoint_format(&endpoint, &request, error);

    if (status == WCL_OK)
        status = wcl_hns_endpoint_request(hns, "POST", "", request, made, error);
    wcl_free(request);
    return status;
}

static wcl_status attach(wcl_hns *hns, const wcl_hns_endpoint *endpoint, wcl_error *error)
{
    char *path = NULL;
    wcl_status status = wcl_hns_namespace_create(hns, "example", &path, error);

    if (status == WCL_OK)
        status = wcl_hns_attach_namespace(hns, endpoint->id, "example", path, error);
    if (status == WCL_OK)
        printf("%s/%d is attached to %s\n", endpoint->ip_address, endpoint->prefix_length, path);
    wcl_free(path);
    return status;
}

static bool succeeded(wcl_status status, const wcl_error *error)
{
    char text[1400];

    if (status != WCL_OK)
        fprintf(stderr, "attach_endpoint: %s\n", wcl_error_format(error, text, sizeof(text)));
    return status == WCL_OK;
}

int main(int argc, char **argv)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_hns_options options = WCL_HNS_OPTIONS_INIT;
    wcl_hns *hns = NULL;
    wcl_hns_network *network = NULL;
    wcl_hns_endpoint *endpoint = NULL;

    if (argc != 3)
        return fprintf(stderr, "usage: attach_endpoint STATE-FOLDER RUN-FOLDER\n"), 2;
    options.state_dir = argv[1];
    options.run_dir = argv[2];
    bool is_ok =
        succeeded(wcl_hns_open(&options, &hns, &error), &error) &&
        succeeded(wcl_hns_network_request(hns, "POST", "", NETWORK, &network, &error), &error) &&
        succeeded(make_endpoint(hns, network->id, &endpoint, &error), &error) &&
        succeeded(attach(hns, endpoint, &error), &error);

    /* Each is removed whatever became of the others. */
    if (endpoint) {
        is_ok &= succeeded(wcl_hns_namespace_remove(hns, "example", &error), &error);
        is_ok &= succeeded(
            wcl_hns_endpoint_request(hns, "DELETE", endpoint->id, NULL, NULL, &error), &error);
    }
    if (network)
        is_ok &= succeeded(wcl_hns_network_request(hns, "DELETE", network->id, NULL, NULL, &error),
                           &error);
    wcl_hns_endpoint_free(endpoint);
    wcl_hns_network_free(network);
    wcl_hns_close(hns);
    return is_ok ? 0 : 1;
}
