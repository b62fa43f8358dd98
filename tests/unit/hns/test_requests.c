/* Requests that must be refused: each gets the envelope, a reason, and changes nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/hns/requests.h"

#define NETWORK_ID "11111111-1111-1111-1111-111111111111"
#define ENDPOINT_ID "22222222-2222-2222-2222-222222222222"
#define OTHER_ID "33333333-3333-3333-3333-333333333333"

struct bad_request {
    const char *method, *path, *body, *words;
};

static void refuse_all(fixture *fixture, const struct bad_request *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refused(fixture, cases[i].method, cases[i].path, cases[i].body, cases[i].words);
}

#define REFUSE_ALL(fixture, cases) refuse_all(fixture, cases, sizeof(cases) / sizeof((cases)[0]))

/* A nat network of a /29 and an endpoint on it. */
static void add_objects(fixture *fixture)
{
    cJSON_Delete(accepted(fixture, "POST", "/networks/",
                          "{\"ID\":\"" NETWORK_ID "\",\"Name\":\"net\",\"Type\":\"nat\","
                          "\"Subnets\":[{\"AddressPrefix\":\"10.1.0.0/29\"}]}"));
    cJSON_Delete(
        accepted(fixture, "POST", "/endpoints/",
                 "{\"ID\":\"" ENDPOINT_ID "\",\"VirtualNetwork\":\"" NETWORK_ID
                 "\",\"IPAddress\":\"10.1.0.2\",\"MacAddress\":\"02-00-00-00-00-02\","
                 "\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"InternalPort\":80,"
                 "\"ExternalPort\":8080}]}"));
}

static void wrong_methods_and_paths_are_refused(void **state)
{
    static const struct bad_request cases[] = {
        { "PUT", "/networks/", "{}", "method" },
        { "", "/networks/", "{}", "method" },
        { "get", "/networks/", "", "method" },
        { "DELETE", "/networks/", "", "method" },
        { "POST", "/networks/" NETWORK_ID, "{}", "method" },
        { "GET", "/endpoints/" NETWORK_ID "/attach", "", "method" },
        { "GET", "", "", "path" },
        { "GET", "/", "", "path" },
        { "GET", "networks/", "", "path" },
        { "GET", "/networkss/", "", "path" },
        { "GET", "/a-name-that-is-longer-than-any-that-there-is/", "", "path" },
        { "GET", "/networks/" NETWORK_ID "/attach", "", "path" },
        { "POST", "/endpoints/" NETWORK_ID "/explode", "{}", "path" },
        { "POST", "/endpoints/" NETWORK_ID "/attach/again", "{}", "path" },
        { "POST", "/endpoints/" NETWORK_ID "/attach-or-a-longer-word", "{}", "path" },
        { "GET", "/networks/../../etc/passwd", "", "not an id" },
        { "GET", "/networks/..", "", "not an id" },
        { "GET", "/networks/a/b", "", "not an id" },
        { "GET", "/endpoints/%2e%2e", "", "not an id" },
        { "GET", "/networks/11111111-1111-1111-1111-11111111111g", "", "not an id" },
        { "GET", "/networks/" NETWORK_ID "0", "", "not an id" },
        { "GET", "/networks/" NETWORK_ID NETWORK_ID, "", "not an id" },
        { "GET", "/networks/" NETWORK_ID, "", "was not found" },
        { "GET", "/endpoints/" ENDPOINT_ID, "", "was not found" },
        { "DELETE", "/networks/" NETWORK_ID, "", "was not found" },
        { "DELETE", "/endpoints/" ENDPOINT_ID, "", "was not found" },
        { "POST", "/endpoints/" ENDPOINT_ID, "{}", "was not found" },
        { "POST", "/endpoints/" ENDPOINT_ID "/attach", "{\"ContainerId\":\"c\"}", "was not" },
        { "POST", "/endpoints/" ENDPOINT_ID "/detach", "{}", "was not found" },
    };

    REFUSE_ALL(*state, cases);
}

static void malformed_json_is_refused(void **state)
{
    static const struct bad_request cases[] = {
        { "POST", "/networks/", "{", "JSON" },
        { "POST", "/networks/", "{\"Type\":\"nat\"", "JSON" },
        { "POST", "/networks/", "{\"Type\":\"nat\"}}", "JSON" },
        { "POST", "/networks/", "[]", "object" },
        { "POST", "/networks/", "null", "object" },
        { "POST", "/networks/", "nat", "JSON" },
        { "POST", "/endpoints/", "{'VirtualNetwork':'x'}", "JSON" },
        { "POST", "/networks/", "{\"Type\":7}", "Type" },
        { "POST", "/networks/", "{\"Type\":\"nat\",\"Subnets\":[7]}", "Subnets" },
        { "GET", "/networks/", "{", "JSON" },
    };

    REFUSE_ALL(*state, cases);
}

static void a_request_that_is_too_long_or_too_deep_is_refused(void **state)
{
    size_t size = 2 * 1024 * 1024;
    char *body = malloc(size + 1);

    assert_non_null(body);
    memset(body, ' ', size);
    body[0] = '{';
    body[size - 1] = '}';
    body[size] = '\0';
    refused(*state, "POST", "/networks/", body, "more than");
    memset(body, '[', 100);
    body[100] = '\0';
    refused(*state, "POST", "/networks/", body, "deeper");
    free(body);
}

static void networks_that_cannot_be_are_refused(void **state)
{
    static const struct bad_request cases[] = {
        { "POST", "/networks/", "{}", "Type" },
        { "POST", "/networks/", "", "Type" },
        { "POST", "/networks/", "{\"Type\":\"mesh\"}", "mesh" },
        { "POST", "/networks/", "{\"Type\":\"ics\"}", "ics" },
        { "POST", "/networks/", "{\"Type\":\"nat\",\"ID\":\"../x\"}", "not an id" },
        { "POST", "/networks/", "{\"Type\":\"nat\",\"Subnets\":[{}]}", "AddressPrefix" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"10.0.0.1/24\"}]}", "10.0.0.1/24" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"0.0.0.0/0\"}]}", "0.0.0.0/0" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"127.0.0.0/8\"}]}", "127.0.0.0/8" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"224.0.0.0/8\"}]}", "224.0.0.0/8" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"10.0.0.0/24\","
          "\"GatewayAddress\":\"10.0.1.1\"}]}",
          "GatewayAddress" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"10.0.0.0/24\","
          "\"GatewayAddress\":\"10.0.0.255\"}]}",
          "GatewayAddress" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"10.0.0.0/24\"},{\"AddressPrefix\":"
          "\"10.0.0.128/25\"}]}",
          "overlaps" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"10.255.3.0/24\"}]}", "overlaps" },
        { "POST", "/networks/", "{\"Type\":\"l2bridge\"}", "NetworkAdapterName" },
        { "POST", "/networks/", "{\"Type\":\"transparent\",\"NetworkAdapterName\":\"eth9\"}",
          "eth9" },
        { "POST", "/networks/", "{\"Type\":\"transparent\",\"NetworkAdapterName\":\"port0\"}",
          "br0" },
        { "POST", "/networks/", "{\"Type\":\"nat\",\"NetworkAdapterName\":\"a\\\"b; drop\"}",
          "adapter" },
        { "POST", "/networks/", "{\"Type\":\"nat\",\"SourceMac\":\"01-00-00-00-00-00\"}",
          "SourceMac" },
        { "POST", "/networks/", "{\"Type\":\"nat\",\"ManagementIP\":\"here\"}", "ManagementIP" },
        { "POST", "/networks/",
          "{\"Type\":\"nat\",\"MacPools\":[{\"StartMacAddress\":\"02-00-00-00-00-05\","
          "\"EndMacAddress\":\"02-00-00-00-00-04\"}]}",
          "MAC pool" },
        { "POST", "/networks/", "{\"Type\":\"nat\",\"MacPools\":[{}]}", "MAC pool" },
        { "POST", "/networks/",
          "{\"Type\":\"l2bridge\",\"NetworkAdapterName\":\"eth0\",\"Policies\":[{\"Type\":\"VLAN\","
          "\"VLAN\":4095}]}",
          "VLAN 4095" },
        { "POST", "/networks/", "{\"Type\":\"overlay\",\"ManagementIP\":\"192.0.2.1\"}", "VSID" },
        { "POST", "/networks/",
          "{\"Type\":\"overlay\",\"Subnets\":[{\"AddressPrefix\":\"10.0.0.0/24\",\"Policies\":"
          "[{\"Type\":\"VSID\",\"VSID\":5}]}]}",
          "ManagementIP" },
        { "POST", "/networks/",
          "{\"Type\":\"overlay\",\"NetworkAdapterName\":\"bare0\",\"Subnets\":[{\"AddressPrefix\":"
          "\"10.0.0.0/24\",\"Policies\":[{\"Type\":\"VSID\",\"VSID\":5}]}]}",
          "ManagementIP" },
        { "POST", "/networks/",
          "{\"Type\":\"overlay\",\"ManagementIP\":\"192.0.2.1\",\"Subnets\":[{\"AddressPrefix\":"
          "\"10.0.0.0/24\",\"Policies\":[{\"Type\":\"VSID\",\"VSID\":16777216}]}]}",
          "VSID 16777216" },
    };
    fixture *fixture = *state;

    REFUSE_ALL(fixture, cases);
    assert_int_equal(fixture->kernel->networks_up, 0);
    cJSON *list = accepted(fixture, "GET", "/networks/", "");
    assert_int_equal(cJSON_GetArraySize(list), 0);
    cJSON_Delete(list);
}

static void what_another_network_has_is_refused(void **state)
{
    static const struct bad_request cases[] = {
        { "POST", "/networks/", "{\"Type\":\"nat\",\"ID\":\"" NETWORK_ID "\"}", "already exists" },
        { "POST", "/networks/", "{\"Type\":\"nat\",\"Name\":\"NET\"}", "already exists" },
        { "POST", "/networks/",
          "{\"Type\":\"private\",\"Subnets\":[{\"AddressPrefix\":\"10.0.0.0/8\"}]}", "overlaps" },
        { "POST", "/networks/",
          "{\"Type\":\"private\",\"Subnets\":[{\"AddressPrefix\":\"10.1.0.4/30\"}]}", "overlaps" },
        { "DELETE", "/networks/" NETWORK_ID, "", "has endpoints" },
    };
    fixture *fixture = *state;

    add_objects(fixture);
    REFUSE_ALL(fixture, cases);
    assert_int_equal(fixture->kernel->networks_up, 1);
}

#define ON_NETWORK "{\"VirtualNetwork\":\"" NETWORK_ID "\","

static void endpoints_that_cannot_be_are_refused(void **state)
{
    static const struct bad_request cases[] = {
        { "POST", "/endpoints/", "{}", "VirtualNetwork" },
        { "POST", "/endpoints/", "{\"VirtualNetwork\":\"x\"}", "not an id" },
        { "POST", "/endpoints/", "{\"VirtualNetwork\":\"" OTHER_ID "\"}", "was not found" },
        { "POST", "/endpoints/", "{\"VirtualNetworkName\":\"nowhere\"}", "was not found" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPAddress\":\"10.2.0.2\"}", "outside" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPAddress\":\"fd00::1\"}", "outside" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPAddress\":\"10.1.0.0\"}", "outside" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPAddress\":\"10.1.0.7\"}", "outside" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPAddress\":\"10.1.0.1\"}", "gateway" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPAddress\":\"10.1.0.2\"}", "already exists" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPAddress\":\"ten\"}", "ten" },
        { "POST", "/endpoints/", ON_NETWORK "\"PrefixLength\":16}", "prefix length" },
        { "POST", "/endpoints/", ON_NETWORK "\"GatewayAddress\":\"10.9.0.1\"}", "gateway" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPv6Address\":\"10.1.0.3\"}", "IPv6Address" },
        { "POST", "/endpoints/", ON_NETWORK "\"MacAddress\":\"02-00-00-00-00-02\"}",
          "already exists" },
        { "POST", "/endpoints/", ON_NETWORK "\"MacAddress\":\"ff-ff-ff-ff-ff-ff\"}", "MAC" },
        { "POST", "/endpoints/", ON_NETWORK "\"MacAddress\":\"2\"}", "MAC" },
        { "POST", "/endpoints/", ON_NETWORK "\"ID\":\"" ENDPOINT_ID "\"}", "already exists" },
        { "POST", "/endpoints/", ON_NETWORK "\"ID\":\"a/b\"}", "not an id" },
        { "POST", "/endpoints/", ON_NETWORK "\"IsRemoteEndpoint\":true}", "overlay" },
        { "POST", "/endpoints/", ON_NETWORK "\"Policies\":[{\"Type\":\"VLAN\",\"VLAN\":5}]}",
          "VLAN" },
        { "POST", "/endpoints/", ON_NETWORK "\"Policies\":[{\"Type\":\"PA\",\"PA\":\"x\"}]}",
          "PA" },
        { "POST", "/endpoints/",
          ON_NETWORK "\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"SCTP\",\"InternalPort\":80,"
                     "\"ExternalPort\":81}]}",
          "SCTP" },
        { "POST", "/endpoints/",
          ON_NETWORK "\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"ExternalPort\":81}]}",
          "InternalPort" },
        { "POST", "/endpoints/",
          ON_NETWORK "\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"InternalPort\":80,"
                     "\"ExternalPort\":8080}]}",
          "port 8080" },
        { "POST", "/endpoints/",
          ON_NETWORK "\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"InternalPort\":80,"
                     "\"ExternalPort\":81},{\"Type\":\"NAT\",\"Protocol\":\"tcp\",\"InternalPort\":"
                     "82,\"ExternalPort\":81}]}",
          "same port" },
    };
    fixture *fixture = *state;

    add_objects(fixture);
    REFUSE_ALL(fixture, cases);
    cJSON *list = accepted(fixture, "GET", "/endpoints/", "");
    assert_int_equal(cJSON_GetArraySize(list), 1);
    cJSON_Delete(list);
}

static void what_is_fixed_cannot_be_changed(void **state)
{
    static const char path[] = "/endpoints/" ENDPOINT_ID;
    static const struct bad_request cases[] = {
        { "POST", path, "{\"IPAddress\":\"10.1.0.3\"}", "IPAddress" },
        { "POST", path, "{\"MacAddress\":\"02-00-00-00-00-09\"}", "MacAddress" },
        { "POST", path, "{\"VirtualNetwork\":\"" OTHER_ID "\"}", "VirtualNetwork" },
        { "POST", path, "{\"ID\":\"" OTHER_ID "\"}", "ID" },
        { "POST", path, "{\"PrefixLength\":8}", "PrefixLength" },
        { "POST", path, "{\"IsRemoteEndpoint\":true}", "IsRemoteEndpoint" },
        { "POST", path, "{\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"x\"}]}", "Protocol" },
    };

    add_objects(*state);
    REFUSE_ALL(*state, cases);
}

#define POLICY(fields) "\"Policies\":[{" fields "}]}"
#define NAT_NETWORK "{\"Type\":\"nat\","

static void what_would_do_nothing_for_a_network_is_refused(void **state)
{
    static const struct bad_request cases[] = {
        { "POST", "/networks/", NAT_NETWORK POLICY("\"Type\":\"VSID\",\"VSID\":7"), "VSID" },
        { "POST", "/networks/", NAT_NETWORK POLICY("\"Type\":\"VLAN\",\"VLAN\":7"), "VLAN" },
        { "POST", "/networks/",
          NAT_NETWORK POLICY("\"Type\":\"qos\",\"MaximumOutgoingBandwidthInBytes\":7"), "QOS" },
        { "POST", "/networks/", NAT_NETWORK POLICY("\"Type\":\"ACL\""), "ACL" },
        { "POST", "/networks/",
          NAT_NETWORK "\"Subnets\":[{\"AddressPrefix\":\"10.5.0.0/24\"," POLICY(
              "\"Type\":\"VSID\",\"VSID\":7") "]}",
          "VSID" },
        { "POST", "/networks/", NAT_NETWORK "\"DNSServerCompartment\":3}",
          "DNSServerCompartment 3" },
        { "POST", "/networks/", NAT_NETWORK "\"NetworkAdapterName\":\"eth0\"}",
          "NetworkAdapterName" },
        { "POST", "/networks/", NAT_NETWORK "\"IPAddress\":\"garbage\"}", "IPAddress" },
        { "POST", "/networks/", NAT_NETWORK "\"subnets\":[]}", "'Subnets'" },
        { "POST", "/networks/", NAT_NETWORK "\"DNSServerList\":\"8.8.8.8,garbage\"}",
          "'garbage' in the DNSServerList" },
        { "POST", "/networks/", NAT_NETWORK "\"DNSServerList\":\"8.8.8.8\\n1.1.1.1\"}",
          "DNSServerList" },
        { "POST", "/networks/", NAT_NETWORK "\"DNSSuffix\":\"a\\nnameserver 6.6.6.6\"}",
          "DNSSuffix" },
        { "POST", "/networks/", NAT_NETWORK "\"Name\":\"a\\nb\"}", "Name" },
    };
    fixture *fixture = *state;

    REFUSE_ALL(fixture, cases);
    assert_int_equal(fixture->kernel->networks_up, 0);
}

static void what_would_do_nothing_for_an_endpoint_is_refused(void **state)
{
    static const char path[] = "/endpoints/" ENDPOINT_ID;
    static const struct bad_request cases[] = {
        { "POST", "/endpoints/", ON_NETWORK POLICY("\"Type\":\"ACL\""), "ACL" },
        { "POST", "/endpoints/", ON_NETWORK POLICY("\"Type\":\"VSID\",\"VSID\":7"), "VSID" },
        { "POST", "/endpoints/", ON_NETWORK POLICY("\"Type\":\"PA\",\"PA\":\"192.0.2.9\""), "PA" },
        { "POST", "/endpoints/", ON_NETWORK POLICY("\"Type\":\"nat\""), "Protocol" },
        { "POST", "/endpoints/",
          ON_NETWORK POLICY("\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"InternalPort\":80,"
                            "\"externalport\":90"),
          "'ExternalPort'" },
        { "POST", "/endpoints/",
          ON_NETWORK POLICY("\"Type\":\"QOS\",\"MaximumOutgoingBandwidthInBytes\":7},{"
                            "\"Type\":\"QOS\",\"MaximumOutgoingBandwidthInBytes\":8"),
          "two policies" },
        { "POST", "/endpoints/", ON_NETWORK "\"GatewayAddressV6\":\"garbage\"}", "IPv6Address" },
        { "POST", "/endpoints/", ON_NETWORK "\"IPv6PrefixLength\":99}", "IPv6Address" },
        { "POST", "/endpoints/", ON_NETWORK "\"ipaddress\":\"garbage\"}", "'IPAddress'" },
        { "POST", "/endpoints/", ON_NETWORK "\"DNSServerList\":\"garbage\"}", "DNSServerList" },
        { "POST", "/endpoints/", ON_NETWORK "\"DNSSuffix\":\"a\\nb\"}", "DNSSuffix" },
        { "POST", "/endpoints/", ON_NETWORK "\"EncapOverhead\":50}", "'EncapOverhead'" },
        { "POST", "/endpoints/", ON_NETWORK "\"EnableLowMetric\":true}", "'EnableLowMetric'" },
        { "POST", "/endpoints/",
          ON_NETWORK POLICY("\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"InternalPort\":80,"
                            "\"ExternalPortReserved\":true"),
          "'ExternalPortReserved'" },
        { "POST", path, "{\"EncapOverhead\":50}", "'EncapOverhead'" },
        { "POST", path, "{\"DNSSuffix\":\"a\\nb\"}", "DNSSuffix" },
        { "POST", path, "{" POLICY("\"Type\":\"ACL\""), "ACL" },
        { "POST", path, "{\"policies\":[]}", "'Policies'" },
    };
    fixture *fixture = *state;

    add_objects(fixture);
    REFUSE_ALL(fixture, cases);
    cJSON *list = accepted(fixture, "GET", "/endpoints/", "");
    assert_int_equal(cJSON_GetArraySize(list), 1);
    cJSON_Delete(list);
}

/* Networks' types are taken in either case too. */
static void a_policy_is_honoured_in_either_case(void **state)
{
    fixture *fixture = *state;

    add_objects(fixture);
    cJSON *endpoint =
        accepted(fixture, "POST", "/endpoints/",
                 ON_NETWORK POLICY("\"Type\":\"nat\",\"Protocol\":\"tcp\",\"InternalPort\":80"));
    const cJSON *policy = cJSON_GetArrayItem(cJSON_GetObjectItem(endpoint, "Policies"), 0);
    assert_string_equal(text_of(policy, "Type"), "NAT");
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(policy, "ExternalPort")) > 0);
    cJSON_Delete(endpoint);
}

static void attachments_that_cannot_be_are_refused(void **state)
{
    static const char path[] = "/endpoints/" ENDPOINT_ID "/attach";
    static const struct bad_request cases[] = {
        { "POST", path, "{}", "ContainerId" },
        { "POST", path, "{\"ContainerId\":5}", "ContainerId" },
        { "POST", path, "{\"ContainerId\":\"a/b\"}", "container id" },
        { "POST", path, "{\"ContainerId\":\"..\"}", "container id" },
        { "POST", path, "{\"ContainerId\":\"nobody\"}", "nobody" },
        { "POST", path, "{\"SystemType\":\"VirtualMachine\",\"ContainerId\":\"c\"}",
          "VirtualMachine" },
        { "POST", path, "{\"SystemType\":\"Host\",\"CompartmentId\":4294967296}", "CompartmentId" },
        { "POST", path, "{\"SystemType\":\"Host\",\"CompartmentId\":\"1\"}", "CompartmentId" },
    };
    fixture *fixture = *state;

    add_objects(fixture);
    REFUSE_ALL(fixture, cases);
    assert_int_equal(fixture->kernel->endpoints_up, 0);
}

static void a_full_subnet_and_an_empty_pool_are_said_to_be(void **state)
{
    fixture *fixture = *state;

    add_objects(fixture);
    /* A /29 has six hosts: the gateway, the endpoint there is, and these. */
    for (int i = 0; i < 4; i++)
        cJSON_Delete(accepted(fixture, "POST", "/endpoints/", ON_NETWORK "\"Name\":\"more\"}"));
    refused(fixture, "POST", "/endpoints/", ON_NETWORK "\"Name\":\"one too many\"}", "exhausted");
    cJSON_Delete(accepted(fixture, "POST", "/networks/",
                          "{\"ID\":\"" OTHER_ID "\",\"Type\":\"private\",\"MacPools\":["
                          "{\"StartMacAddress\":\"02-00-00-00-00-05\","
                          "\"EndMacAddress\":\"02-00-00-00-00-06\"}]}"));
    for (int i = 0; i < 2; i++)
        cJSON_Delete(
            accepted(fixture, "POST", "/endpoints/", "{\"VirtualNetwork\":\"" OTHER_ID "\"}"));
    refused(fixture, "POST", "/endpoints/", "{\"VirtualNetwork\":\"" OTHER_ID "\"}", "exhausted");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_methods_and_paths_are_refused),
        TEST(malformed_json_is_refused),
        TEST(a_request_that_is_too_long_or_too_deep_is_refused),
        TEST(networks_that_cannot_be_are_refused),
        TEST(what_another_network_has_is_refused),
        TEST(endpoints_that_cannot_be_are_refused),
        TEST(what_is_fixed_cannot_be_changed),
        TEST(what_would_do_nothing_for_a_network_is_refused),
        TEST(what_would_do_nothing_for_an_endpoint_is_refused),
        TEST(a_policy_is_honoured_in_either_case),
        TEST(attachments_that_cannot_be_are_refused),
        TEST(a_full_subnet_and_an_empty_pool_are_said_to_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
