/*
 * Calls of wcl/hns.h from the command line, for the tests of networks. The service's folders come
 * from WCL_HOME and WCL_RUN, as they do for wcl itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wcl/hns.h>

static int report(const wcl_error *error)
{
    char text[1400];

    fprintf(stderr, "hns_tool: %s\n", wcl_error_format(error, text, sizeof(text)));
    return 1;
}

static int show(char *text)
{
    puts(text ? text : "");
    wcl_free(text);
    return 0;
}

static int show_statistics(wcl_hns *hns, const char *id, wcl_error *error)
{
    wcl_hns_statistics found = WCL_HNS_STATISTICS_INIT;

    if (wcl_hns_endpoint_statistics(hns, id, &found, error) != WCL_OK)
        return report(error);
    printf("{\"rx_bytes\":%" PRIu64 ",\"tx_bytes\":%" PRIu64 ",\"rx_packets\":%" PRIu64
           ",\"tx_packets\":%" PRIu64 ",\"rx_dropped\":%" PRIu64 ",\"tx_dropped\":%" PRIu64 "}\n",
           found.bytes_received, found.bytes_sent, found.packets_received, found.packets_sent,
           found.dropped_packets_incoming, found.dropped_packets_outgoing);
    return 0;
}

/* Goes into a compartment, runs a command there, and comes back for a second one. */
static int visit(wcl_hns *hns, char **argv, wcl_error *error)
{
    if (wcl_set_current_thread_compartment(hns, (uint32_t)strtoul(argv[0], NULL, 10), error) !=
        WCL_OK)
        return report(error);
    int result = system(argv[1]);
    if (wcl_set_current_thread_compartment(hns, 1, error) != WCL_OK)
        return report(error);
    return result == 0 && system(argv[2]) == 0 ? 0 : 1;
}

static int run(wcl_hns *hns, int argc, char **argv, wcl_error *error)
{
    const char *verb = argv[0];
    char *text = NULL;

    if (strcmp(verb, "call") == 0 && argc == 4)
        return wcl_hns_call(hns, argv[1], argv[2], argv[3], &text, error) == WCL_OK ? show(text)
                                                                                    : report(error);
    if (strcmp(verb, "statistics") == 0 && argc == 2)
        return show_statistics(hns, argv[1], error);
    if (strcmp(verb, "resolv") == 0)
        return wcl_hns_resolv_conf(hns, (const char *const *)argv + 1, (size_t)argc - 1, &text,
                                   error) == WCL_OK
                   ? show(text)
                   : report(error);
    if (strcmp(verb, "namespace-create") == 0 && argc == 2)
        return wcl_hns_namespace_create(hns, argv[1], &text, error) == WCL_OK ? show(text)
                                                                              : report(error);
    if (strcmp(verb, "namespace-remove") == 0 && argc == 2)
        return wcl_hns_namespace_remove(hns, argv[1], error) == WCL_OK ? 0 : report(error);
    if (strcmp(verb, "visit") == 0 && argc == 4)
        return visit(hns, argv + 1, error);
    fprintf(stderr, "hns_tool: what is '%s'?\n", verb);
    return 2;
}

int main(int argc, char **argv)
{
    wcl_hns_options options = { .struct_size = sizeof(options), .run_dir = getenv("WCL_RUN") };
    const char *home = getenv("WCL_HOME");
    wcl_error error = WCL_ERROR_INIT;
    wcl_hns *hns = NULL;
    char state_dir[4096];

    if (argc < 2 || !home)
        return 2;
    snprintf(state_dir, sizeof(state_dir), "%s/hns", home);
    options.state_dir = state_dir;
    if (wcl_hns_open(&options, &hns, &error) != WCL_OK)
        return report(&error);
    int result = run(hns, argc - 1, argv + 1, &error);
    wcl_hns_close(hns);
    return result;
}
