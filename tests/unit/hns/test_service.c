/* What the service fills in, keeps, undoes and restores. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/tools/broken_listing.h"
#include "tests/tools/synced.h"
#include "tests/unit/hns/requests.h"

#define NETWORK_ID "11111111-1111-1111-1111-111111111111"
#define ENDPOINT_ID "22222222-2222-2222-2222-222222222222"

static const char nat_network[] = "{\"ID\":\"" NETWORK_ID "\",\"Name\":\"net\",\"Type\":\"nat\","
                                  "\"DNSServerList\":\"192.0.2.53\",\"DNSSuffix\":\"example.test\","
                                  "\"Subnets\":[{\"AddressPrefix\":\"10.1.0.0/24\"},"
                                  "{\"AddressPrefix\":\"fd00:1::/64\"}]}";
static const char plain_endpoint[] =
    "{\"ID\":\"" ENDPOINT_ID "\",\"VirtualNetwork\":\"" NETWORK_ID "\"}";

static void post(fixture *fixture, const char *path, const char *body)
{
    cJSON_Delete(accepted(fixture, "POST", path, body));
}

static void a_network_is_filled_in(void **state)
{
    cJSON *network = accepted(*state, "POST", "/networks/", "{\"Type\":\"nat\"}");
    wcl_guid guid;

    assert_int_equal(wcl_guid_parse(text_of(network, "ID"), &guid, NULL), WCL_OK);
    assert_string_equal(text_of(network, "Name"), text_of(network, "ID"));
    const cJSON *subnet = cJSON_GetArrayItem(cJSON_GetObjectItem(network, "Subnets"), 0);
    wcl_prefix prefix, pool;
    wcl_ip gateway;
    assert_true(wcl_prefix_parse(text_of(subnet, "AddressPrefix"), &prefix));
    assert_true(wcl_prefix_parse("172.16.0.0/12", &pool));
    assert_true(wcl_prefix_overlaps(&pool, &prefix) && prefix.length == 20);
    assert_true(wcl_ip_parse(text_of(subnet, "GatewayAddress"), &gateway));
    assert_true(wcl_prefix_is_host(&prefix, &gateway));
    wcl_mac mac;
    assert_true(wcl_mac_parse(text_of(network, "SourceMac"), &mac) && wcl_mac_is_host(&mac));
    cJSON_Delete(network);
}

static void networks_that_name_no_subnet_get_different_ones(void **state)
{
    for (int i = 0; i < 20; i++)
        cJSON_Delete(accepted(*state, "POST", "/networks/", "{\"Type\":\"nat\"}"));
}

static void an_endpoint_is_filled_in(void **state)
{
    post(*state, "/networks/", nat_network);
    cJSON *endpoint =
        accepted(*state, "POST", "/endpoints/", "{\"VirtualNetworkName\":\"Net\",\"Future\":[1]}");

    assert_string_equal(text_of(endpoint, "VirtualNetwork"), NETWORK_ID);
    assert_string_equal(text_of(endpoint, "VirtualNetworkName"), "net");
    assert_string_equal(text_of(endpoint, "GatewayAddress"), "10.1.0.1");
    assert_string_equal(text_of(endpoint, "GatewayAddressV6"), "fd00:1::1");
    assert_string_equal(text_of(endpoint, "DNSServerList"), "192.0.2.53");
    assert_string_equal(text_of(endpoint, "DNSSuffix"), "example.test");
    assert_int_equal(cJSON_GetObjectItem(endpoint, "PrefixLength")->valueint, 24);
    assert_int_equal(cJSON_GetObjectItem(endpoint, "IPv6PrefixLength")->valueint, 64);
    assert_int_equal(strncmp(text_of(endpoint, "IPAddress"), "10.1.0.", 7), 0);
    assert_int_equal(strncmp(text_of(endpoint, "IPv6Address"), "fd00:1:", 7), 0);
    assert_int_equal(strncmp(text_of(endpoint, "MacAddress"), "02-15-", 6), 0);
    assert_non_null(cJSON_GetObjectItem(endpoint, "Future"));
    cJSON_Delete(endpoint);
}

/* The file of an object, as fake_service_open() has it kept. */
static const char *record(const fixture *fixture, const char *kind, const char *id)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/state/%s/%s.json", fixture->folder, kind, id);
    return path;
}

static void what_was_answered_outlives_a_power_cut(void **state)
{
    post(*state, "/networks/", nat_network);
    assert_true(synced_is_there(record(*state, "networks", NETWORK_ID)));
    post(*state, "/endpoints/", plain_endpoint);
    assert_true(synced_is_there(record(*state, "endpoints", ENDPOINT_ID)));
    post(*state, "/endpoints/" ENDPOINT_ID,
         "{\"Policies\":[{\"Type\":\"QOS\",\"MaximumOutgoingBandwidthInBytes\":1000}]}");
    assert_true(synced_is_there(record(*state, "endpoints", ENDPOINT_ID)));
    cJSON_Delete(accepted(*state, "DELETE", "/endpoints/" ENDPOINT_ID, ""));
    assert_true(synced_is_gone(record(*state, "endpoints", ENDPOINT_ID)));
    cJSON_Delete(accepted(*state, "DELETE", "/networks/" NETWORK_ID, ""));
    assert_true(synced_is_gone(record(*state, "networks", NETWORK_ID)));
}

static void a_listing_that_breaks_off_is_not_taken_for_the_end(void **state)
{
    fixture *fixture = *state;

    post(fixture, "/networks/", nat_network);
    post(fixture, "/endpoints/", plain_endpoint);
    for (int names = 0; names < 3; names++) {
        names_before_failure = names;
        refused(fixture, "GET", "/networks/", "", "list");
        names_before_failure = names;
        refused(fixture, "GET", "/endpoints/", "", "list");
    }
    /* The claims of the network are listed after the networks. */
    for (int names = 0; names < 8; names++) {
        names_before_failure = names;
        cJSON_Delete(request(fixture, "DELETE", "/networks/" NETWORK_ID, ""));
        names_before_failure = -1;
        cJSON_Delete(accepted(fixture, "GET", "/networks/" NETWORK_ID, ""));
    }
}

static void a_mac_comes_from_the_pool(void **state)
{
    post(*state, "/networks/",
         "{\"ID\":\"" NETWORK_ID "\",\"Type\":\"private\",\"MacPools\":[{\"StartMacAddress\":"
         "\"00-15-5D-00-00-20\",\"EndMacAddress\":\"00-15-5D-00-00-2F\"}]}");
    cJSON *endpoint = accepted(*state, "POST", "/endpoints/", plain_endpoint);
    assert_int_equal(strncmp(text_of(endpoint, "MacAddress"), "00-15-5D-00-00-2", 16), 0);
    assert_string_equal(text_of(endpoint, "IPAddress"), "");
    cJSON_Delete(endpoint);
}

static void a_port_of_0_becomes_a_free_one(void **state)
{
    post(*state, "/networks/", nat_network);
    cJSON *endpoint =
        accepted(*state, "POST", "/endpoints/",
                 "{\"VirtualNetwork\":\"" NETWORK_ID
                 "\",\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"InternalPort\":80},"
                 "{\"Type\":\"NAT\",\"Protocol\":\"UDP\",\"InternalPort\":53}]}");
    const cJSON *policies = cJSON_GetObjectItem(endpoint, "Policies");
    for (int i = 0; i < 2; i++) {
        const cJSON *policy = cJSON_GetArrayItem(policies, i);
        assert_true(cJSON_GetObjectItem(policy, "ExternalPort")->valueint >= 49152);
    }
    cJSON_Delete(endpoint);
}

static void an_adapter_lends_its_mac_and_address(void **state)
{
    cJSON *network = accepted(*state, "POST", "/networks/",
                              "{\"Type\":\"l2bridge\",\"NetworkAdapterName\":\"eth0\"}");

    assert_string_equal(text_of(network, "SourceMac"), "00-15-5D-01-02-03");
    assert_string_equal(text_of(network, "ManagementIP"), "192.0.2.1");
    cJSON_Delete(network);
}

static void a_change_is_kept_and_keeps_the_rest(void **state)
{
    static const char path[] = "/endpoints/" ENDPOINT_ID;
    fixture *fixture = *state;

    post(fixture, "/networks/", nat_network);
    cJSON *before = accepted(fixture, "POST", "/endpoints/", plain_endpoint);
    post(fixture, path,
         "{\"Name\":\"renamed\",\"Later\":1,\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"TCP\","
         "\"InternalPort\":80,\"ExternalPort\":8080}]}");
    cJSON *after = accepted(fixture, "GET", path, "");
    assert_string_equal(text_of(after, "Name"), "renamed");
    assert_string_equal(text_of(after, "IPAddress"), text_of(before, "IPAddress"));
    assert_string_equal(text_of(after, "MacAddress"), text_of(before, "MacAddress"));
    assert_non_null(cJSON_GetObjectItem(after, "Later"));
    assert_int_equal(fixture->kernel->changes, 0);
    cJSON_Delete(before);
    cJSON_Delete(after);
}

static void a_port_that_a_change_gives_up_is_free_again(void **state)
{
    static const char wants_port[] =
        "{\"VirtualNetwork\":\"" NETWORK_ID "\",\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":"
        "\"TCP\",\"InternalPort\":80,\"ExternalPort\":8080}]}";

    post(*state, "/networks/", nat_network);
    post(*state, "/endpoints/", plain_endpoint);
    post(*state, "/endpoints/" ENDPOINT_ID,
         "{\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"InternalPort\":80,"
         "\"ExternalPort\":8080}]}");
    refused(*state, "POST", "/endpoints/", wants_port, "port 8080");
    post(*state, "/endpoints/" ENDPOINT_ID, "{\"Policies\":[]}");
    post(*state, "/endpoints/", wants_port);
}

static void what_was_removed_can_be_had_again(void **state)
{
    post(*state, "/networks/", nat_network);
    for (int i = 0; i < 3; i++) {
        post(*state, "/endpoints/",
             "{\"ID\":\"" ENDPOINT_ID "\",\"VirtualNetwork\":\"" NETWORK_ID
             "\",\"IPAddress\":\"10.1.0.9\",\"MacAddress\":\"02-00-00-00-00-09\"}");
        cJSON *gone = accepted(*state, "DELETE", "/endpoints/" ENDPOINT_ID, "");
        assert_string_equal(text_of(gone, "IPAddress"), "10.1.0.9");
        cJSON_Delete(gone);
    }
    cJSON_Delete(accepted(*state, "DELETE", "/networks/" NETWORK_ID, ""));
    post(*state, "/networks/", nat_network);
}

static void what_the_kernel_refuses_leaves_nothing(void **state)
{
    fixture *fixture = *state;

    fixture->kernel->fail_network = true;
    refused(fixture, "POST", "/networks/", nat_network, "no bridges today");
    assert_false(fixture->kernel->forwarding4);
    fixture->kernel->fail_network = false;
    post(fixture, "/networks/", nat_network);
    assert_true(fixture->kernel->forwarding4 && fixture->kernel->forwarding6);
    post(fixture, "/endpoints/", plain_endpoint);
    fixture->kernel->fail_endpoint = true;
    refused(fixture, "POST", "/endpoints/" ENDPOINT_ID "/attach",
            "{\"SystemType\":\"Host\",\"CompartmentId\":5}", "no interfaces today");
    assert_int_equal(fixture->kernel->namespaces, 0);
    cJSON *endpoint = accepted(fixture, "GET", "/endpoints/" ENDPOINT_ID, "");
    assert_null(cJSON_GetObjectItem(endpoint, "CompartmentId"));
    cJSON_Delete(endpoint);
}

static void a_change_that_the_kernel_refuses_is_taken_back(void **state)
{
    fixture *fixture = *state;

    post(fixture, "/networks/", nat_network);
    post(fixture, "/endpoints/", plain_endpoint);
    post(fixture, "/endpoints/" ENDPOINT_ID "/attach", "{\"SystemType\":\"Host\"}");
    fixture->kernel->fail_change = true;
    refused(fixture, "POST", "/endpoints/" ENDPOINT_ID, "{\"DisableICC\":true}", "nothing today");
    cJSON *endpoint = accepted(fixture, "GET", "/endpoints/" ENDPOINT_ID, "");
    assert_null(cJSON_GetObjectItem(endpoint, "DisableICC"));
    cJSON_Delete(endpoint);
}

static void a_compartment_lives_as_long_as_something_is_attached_to_it(void **state)
{
    fixture *fixture = *state;

    post(fixture, "/networks/", nat_network);
    post(fixture, "/endpoints/", plain_endpoint);
    assert_int_equal(wcl_set_current_thread_compartment(fixture->hns, 5, NULL), WCL_FAILED);
    cJSON *endpoint = accepted(fixture, "POST", "/endpoints/" ENDPOINT_ID "/attach",
                               "{\"SystemType\":\"Host\",\"CompartmentId\":5}");
    assert_int_equal(cJSON_GetObjectItem(endpoint, "CompartmentId")->valueint, 5);
    cJSON_Delete(endpoint);
    assert_int_equal(fixture->kernel->namespaces, 1);
    assert_int_equal(wcl_set_current_thread_compartment(fixture->hns, 5, NULL), WCL_OK);
    assert_int_equal(wcl_set_current_thread_compartment(fixture->hns, 1, NULL), WCL_OK);
    refused(fixture, "POST", "/endpoints/" ENDPOINT_ID "/attach", "{\"SystemType\":\"Host\"}",
            "already attached");
    post(fixture, "/endpoints/" ENDPOINT_ID "/detach", "{}");
    assert_int_equal(fixture->kernel->namespaces, 0);
    assert_int_equal(fixture->kernel->endpoints_up, 0);
    post(fixture, "/endpoints/" ENDPOINT_ID "/detach", "{}");
}

static void the_typed_calls_give_structs_and_errors(void **state)
{
    fixture *fixture = *state;
    wcl_hns_network *network = NULL, **networks = NULL;
    wcl_hns_endpoint *endpoint = NULL, **endpoints = NULL;
    wcl_hns_statistics statistics = WCL_HNS_STATISTICS_INIT;
    wcl_error error = WCL_ERROR_INIT;
    char *path = NULL;
    size_t count;

    assert_int_equal(
        wcl_hns_network_request(fixture->hns, "POST", "", nat_network, &network, &error), WCL_OK);
    assert_string_equal(network->subnets[1].gateway_address, "fd00:1::1");
    wcl_hns_network_free(network);
    assert_int_equal(wcl_hns_list_networks(fixture->hns, "GET", "", "", &networks, &count, &error),
                     WCL_OK);
    assert_int_equal(count, 1);
    wcl_hns_network_list_free(networks, count);
    assert_int_equal(
        wcl_hns_network_request(fixture->hns, "GET", ENDPOINT_ID, "", &network, &error),
        WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
    assert_non_null(strstr(error.message, "HNS failed with error"));
    assert_null(network);
    assert_int_equal(
        wcl_hns_endpoint_request(fixture->hns, "POST", "", plain_endpoint, &endpoint, &error),
        WCL_OK);
    assert_string_equal(endpoint->id, ENDPOINT_ID);
    wcl_hns_endpoint_free(endpoint);
    assert_int_equal(wcl_hns_list_endpoints(fixture->hns, &endpoints, &count, &error), WCL_OK);
    assert_int_equal(count, 1);
    wcl_hns_endpoint_list_free(endpoints, count);
    assert_int_equal(wcl_hns_endpoint_statistics(fixture->hns, ENDPOINT_ID, &statistics, &error),
                     WCL_OK);
    assert_int_equal(statistics.packets_received, 0);
    assert_int_equal(wcl_hns_namespace_create(fixture->hns, "box", &path, &error), WCL_OK);
    assert_int_equal(wcl_hns_attach_namespace(fixture->hns, ENDPOINT_ID, "box", path, &error),
                     WCL_OK);
    wcl_free(path);
    assert_int_equal(wcl_hns_endpoint_statistics(fixture->hns, ENDPOINT_ID, &statistics, &error),
                     WCL_OK);
    assert_int_equal(statistics.packets_received, 3);
    assert_int_equal(wcl_hns_detach(fixture->hns, ENDPOINT_ID, &error), WCL_OK);
    assert_int_equal(wcl_hns_detach(fixture->hns, "../" ENDPOINT_ID, &error), WCL_FAILED);
    assert_int_equal(wcl_hns_namespace_remove(fixture->hns, "box", &error), WCL_OK);
    assert_int_equal(wcl_hns_namespace_path(fixture->hns, "box", &path, &error), WCL_FAILED);
}

static void resolv_conf_is_made_of_the_dns_settings(void **state)
{
    static const char *const ids[] = { ENDPOINT_ID };
    fixture *fixture = *state;
    char *text = NULL;

    post(fixture, "/networks/", nat_network);
    post(fixture, "/endpoints/", plain_endpoint);
    assert_int_equal(wcl_hns_resolv_conf(fixture->hns, ids, 1, &text, NULL), WCL_OK);
    assert_string_equal(text, "nameserver 192.0.2.53\nsearch example.test\n");
    wcl_free(text);
    assert_int_equal(wcl_hns_resolv_conf(fixture->hns, ids, 0, &text, NULL), WCL_OK);
    assert_null(text);
}

/* Opens the folder once more, as another process, perhaps after a restart, would. */
static void reopen(fixture *fixture, const char *identity)
{
    wcl_hns_close(fixture->hns);
    fixture->hns = fake_service_open(fixture->folder, identity, &fixture->kernel);
}

static void objects_outlive_the_process(void **state)
{
    fixture *fixture = *state;

    post(fixture, "/networks/", nat_network);
    post(fixture, "/endpoints/", plain_endpoint);
    reopen(fixture, "first");
    cJSON_Delete(accepted(fixture, "GET", "/endpoints/" ENDPOINT_ID, ""));
    cJSON_Delete(accepted(fixture, "GET", "/networks/" NETWORK_ID, ""));
    post(fixture, "/endpoints/" ENDPOINT_ID "/attach", "{\"SystemType\":\"Host\"}");
    assert_int_equal(fixture->kernel->sweeps, 0);
}

static void the_first_change_after_a_restart_restores(void **state)
{
    fixture *fixture = *state;

    post(fixture, "/networks/", nat_network);
    post(fixture, "/endpoints/", plain_endpoint);
    post(fixture, "/endpoints/" ENDPOINT_ID "/attach", "{\"SystemType\":\"Host\"}");
    reopen(fixture, "second");
    cJSON_Delete(accepted(fixture, "GET", "/networks/", ""));
    assert_int_equal(fixture->kernel->sweeps, 0);
    post(fixture, "/networks/", "{\"Type\":\"private\"}");
    assert_int_equal(fixture->kernel->sweeps, 1);
    assert_int_equal(fixture->kernel->networks_up, 2);
    assert_true(fixture->kernel->forwarding4);
    post(fixture, "/networks/", "{\"Type\":\"private\"}");
    assert_int_equal(fixture->kernel->sweeps, 1);
}

static void a_change_that_was_cut_short_is_restored(void **state)
{
    fixture *fixture = *state;
    wcl_service *service = (wcl_service *)fixture->hns;

    post(fixture, "/networks/", nat_network);
    assert_int_equal(wcl_service_lock(service, true, NULL), WCL_OK);
    service->uncertain = true; /* as if the process ended here */
    wcl_service_unlock(service, true);
    post(fixture, "/endpoints/", plain_endpoint);
    assert_int_equal(fixture->kernel->sweeps, 1);
}

static void a_record_that_a_power_cut_emptied_is_as_if_it_had_never_been(void **state)
{
    fixture *fixture = *state;
    char path[128];

    post(fixture, "/networks/", nat_network);
    post(fixture, "/endpoints/", plain_endpoint);
    snprintf(path, sizeof(path), "%s/state/endpoints/" ENDPOINT_ID ".json", fixture->folder);
    assert_int_equal(truncate(path, 0), 0);
    cJSON *list = accepted(fixture, "GET", "/endpoints/", "");
    assert_int_equal(cJSON_GetArraySize(list), 0);
    cJSON_Delete(list);
    reopen(fixture, "second");
    post(fixture, "/endpoints/", plain_endpoint);
    cJSON_Delete(accepted(fixture, "GET", "/endpoints/" ENDPOINT_ID, ""));
}

static void claims_that_were_left_behind_do_no_harm(void **state)
{
    fixture *fixture = *state;
    wcl_service *service = (wcl_service *)fixture->hns;

    post(fixture, "/networks/", nat_network);
    assert_int_equal(wcl_claim(service, NETWORK_ID, "ip-10.1.0.9", ENDPOINT_ID, NULL), WCL_OK);
    post(fixture, "/endpoints/",
         "{\"VirtualNetwork\":\"" NETWORK_ID "\",\"IPAddress\":\"10.1.0.9\"}");
    refused(fixture, "DELETE", "/networks/" NETWORK_ID, "", "has endpoints");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_network_is_filled_in),
        TEST(networks_that_name_no_subnet_get_different_ones),
        TEST(an_endpoint_is_filled_in),
        TEST(what_was_answered_outlives_a_power_cut),
        TEST(a_listing_that_breaks_off_is_not_taken_for_the_end),
        TEST(a_mac_comes_from_the_pool),
        TEST(a_port_of_0_becomes_a_free_one),
        TEST(an_adapter_lends_its_mac_and_address),
        TEST(a_change_is_kept_and_keeps_the_rest),
        TEST(a_port_that_a_change_gives_up_is_free_again),
        TEST(what_was_removed_can_be_had_again),
        TEST(what_the_kernel_refuses_leaves_nothing),
        TEST(a_change_that_the_kernel_refuses_is_taken_back),
        TEST(a_compartment_lives_as_long_as_something_is_attached_to_it),
        TEST(the_typed_calls_give_structs_and_errors),
        TEST(resolv_conf_is_made_of_the_dns_settings),
        TEST(objects_outlive_the_process),
        TEST(the_first_change_after_a_restart_restores),
        TEST(a_change_that_was_cut_short_is_restored),
        TEST(a_record_that_a_power_cut_emptied_is_as_if_it_had_never_been),
        TEST(claims_that_were_left_behind_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
