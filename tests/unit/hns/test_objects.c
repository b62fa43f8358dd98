/* The JSON of networks, endpoints and policies. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <wcl/hns.h>

static const char full_network[] =
    "{\"ID\":\"11111111-2222-3333-4444-555555555555\",\"Name\":\"n\",\"Type\":\"overlay\","
    "\"NetworkAdapterName\":\"Ethernet 2\",\"SourceMac\":\"00-15-5D-00-00-01\","
    "\"Policies\":[{\"Type\":\"VLAN\",\"VLAN\":7},{\"Type\":\"Odd\",\"Deep\":{\"a\":[1,2]}}],"
    "\"MacPools\":[{\"StartMacAddress\":\"00-15-5D-00-00-10\",\"EndMacAddress\":\"00-15-5D-00-00-"
    "1F\",\"Note\":\"x\"}],"
    "\"Subnets\":[{\"AddressPrefix\":\"10.0.0.0/24\",\"GatewayAddress\":\"10.0.0.1\","
    "\"Policies\":[{\"Type\":\"VSID\",\"VSID\":5000}],\"Extra\":true}],"
    "\"DNSSuffix\":\"example.test\",\"DNSServerList\":\"192.0.2.53,192.0.2.54\","
    "\"DNSServerCompartment\":3,\"ManagementIP\":\"192.0.2.1\","
    "\"Version\":38654705666,\"Big\":18446744073709551615}";

static const char full_endpoint[] =
    "{\"ID\":\"aaaaaaaa-2222-3333-4444-555555555555\",\"Name\":\"e\",\"VirtualNetwork\":\"11111111-"
    "2222-3333-4444-555555555555\",\"VirtualNetworkName\":\"n\","
    "\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":\"TCP\",\"InternalPort\":80,\"ExternalPort\":"
    "8080,\"Flag\":1},{\"Type\":\"QOS\",\"MaximumOutgoingBandwidthInBytes\":12345678901234567890},"
    "{\"Type\":\"PA\",\"PA\":\"192.0.2.9\"}],"
    "\"MacAddress\":\"00-15-5D-00-00-11\",\"IPAddress\":\"10.0.0.5\",\"DNSSuffix\":\"s\","
    "\"DNSServerList\":\"192.0.2.53\",\"GatewayAddress\":\"10.0.0.1\",\"EnableInternalDNS\":true,"
    "\"DisableICC\":true,\"PrefixLength\":24,\"IsRemoteEndpoint\":true,\"IPv6Address\":\"fd00::5\","
    "\"IPv6PrefixLength\":64,\"GatewayAddressV6\":\"fd00::1\",\"Mystery\":null}";

static void a_network_comes_back_with_the_fields_nobody_knows(void **state)
{
    wcl_hns_network *network = NULL;
    char *json = NULL;

    (void)state;
    assert_int_equal(wcl_hns_network_parse(full_network, &network, NULL), WCL_OK);
    assert_string_equal(network->network_adapter_name, "Ethernet 2");
    assert_int_equal(network->policy_count, 2);
    assert_int_equal(network->policies[0].type, WCL_HNS_POLICY_VLAN);
    assert_int_equal(network->policies[0].vlan.vlan, 7);
    assert_string_equal(network->policies[1].type_name, "Odd");
    assert_string_equal(network->subnets[0].gateway_address, "10.0.0.1");
    assert_int_equal(network->subnets[0].policies[0].vsid.vsid, 5000);
    assert_string_equal(network->mac_pools[0].end_mac_address, "00-15-5D-00-00-1F");
    assert_int_equal(network->dns_server_compartment, 3);
    assert_int_equal(wcl_hns_network_format(network, &json, NULL), WCL_OK);
    assert_string_equal(json, full_network);
    wcl_free(json);
    wcl_hns_network_free(network);
}

static void an_endpoint_comes_back_with_the_fields_nobody_knows(void **state)
{
    wcl_hns_endpoint *endpoint = NULL;
    char *json = NULL;

    (void)state;
    assert_int_equal(wcl_hns_endpoint_parse(full_endpoint, &endpoint, NULL), WCL_OK);
    assert_int_equal(endpoint->policies[0].nat.external_port, 8080);
    assert_int_equal(endpoint->policies[1].qos.maximum_outgoing_bandwidth_in_bytes,
                     UINT64_C(12345678901234567890));
    assert_string_equal(endpoint->policies[2].pa.pa, "192.0.2.9");
    assert_true(endpoint->disable_icc && endpoint->is_remote_endpoint);
    assert_int_equal(endpoint->prefix_length, 24);
    assert_int_equal(wcl_hns_endpoint_format(endpoint, &json, NULL), WCL_OK);
    assert_string_equal(json, full_endpoint);
    wcl_free(json);
    wcl_hns_endpoint_free(endpoint);
}

static void what_is_not_set_is_left_out(void **state)
{
    const wcl_hns_endpoint endpoint = { .struct_size = sizeof(endpoint), .name = "e" };
    const wcl_hns_network network = { .struct_size = sizeof(network), .type = "nat" };
    char *json = NULL;

    (void)state;
    assert_int_equal(wcl_hns_endpoint_format(&endpoint, &json, NULL), WCL_OK);
    assert_string_equal(json, "{\"Name\":\"e\"}");
    wcl_free(json);
    assert_int_equal(wcl_hns_network_format(&network, &json, NULL), WCL_OK);
    assert_string_equal(json, "{\"Type\":\"nat\"}");
    wcl_free(json);
}

static void policies_are_written_as_hns_takes_them(void **state)
{
    const struct {
        wcl_hns_policy policy;
        const char *json;
    } cases[] = {
        { { .type = WCL_HNS_POLICY_NAT, .nat = { "UDP", 53, 5353 } },
          "{\"Type\":\"NAT\",\"Protocol\":\"UDP\",\"InternalPort\":53,\"ExternalPort\":5353}" },
        { { .type = WCL_HNS_POLICY_QOS, .qos = { 1000000 } },
          "{\"Type\":\"QOS\",\"MaximumOutgoingBandwidthInBytes\":1000000}" },
        { { .type = WCL_HNS_POLICY_VLAN, .vlan = { 12 } }, "{\"Type\":\"VLAN\",\"VLAN\":12}" },
        { { .type = WCL_HNS_POLICY_VSID, .vsid = { 5001 } }, "{\"Type\":\"VSID\",\"VSID\":5001}" },
        { { .type = WCL_HNS_POLICY_PA, .pa = { "192.0.2.1" } },
          "{\"Type\":\"PA\",\"PA\":\"192.0.2.1\"}" },
        { { .type = WCL_HNS_POLICY_OTHER, .type_name = "ACL", .extra = "{\"Rule\":[1]}" },
          "{\"Type\":\"ACL\",\"Rule\":[1]}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *json = NULL;
        assert_int_equal(wcl_hns_policy_format(&cases[i].policy, &json, NULL), WCL_OK);
        assert_string_equal(json, cases[i].json);
        wcl_free(json);
    }
}

static void a_policy_of_no_type_is_refused(void **state)
{
    const wcl_hns_policy policies[] = { { .type = (wcl_hns_policy_type)6 },
                                        { .type = (wcl_hns_policy_type)-1 },
                                        { .type = (wcl_hns_policy_type)1000000 },
                                        { .type = WCL_HNS_POLICY_OTHER } };

    (void)state;
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        const wcl_hns_subnet subnet = { .policies = &policies[i], .policy_count = 1 };
        const wcl_hns_network network = { .struct_size = sizeof(network),
                                          .subnets = &subnet,
                                          .subnet_count = 1 };
        const wcl_hns_endpoint endpoint = { .struct_size = sizeof(endpoint),
                                            .policies = &policies[i],
                                            .policy_count = 1 };
        wcl_error error = WCL_ERROR_INIT;
        char *json = NULL;
        assert_int_equal(wcl_hns_policy_format(&policies[i], &json, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
        assert_int_equal(wcl_hns_network_format(&network, &json, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
        assert_int_equal(wcl_hns_endpoint_format(&endpoint, &json, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
        assert_null(json);
    }
}

static void a_wrong_type_is_named(void **state)
{
    const struct {
        const char *json, *field;
    } cases[] = {
        { "{\"IPAddress\":5}", "IPAddress" },
        { "{\"DisableICC\":\"yes\"}", "DisableICC" },
        { "{\"PrefixLength\":256}", "PrefixLength" },
        { "{\"PrefixLength\":-1}", "PrefixLength" },
        { "{\"PrefixLength\":1.5}", "PrefixLength" },
        { "{\"Policies\":{}}", "Policies" },
        { "{\"Policies\":[3]}", "Policies" },
        { "{\"Policies\":[{}]}", "Type" },
        { "{\"Policies\":[{\"Type\":1}]}", "Type" },
        { "{\"Policies\":[{\"Type\":\"NAT\",\"InternalPort\":65536}]}", "InternalPort" },
        { "{\"Policies\":[{\"Type\":\"NAT\",\"Protocol\":6}]}", "Protocol" },
        { "{\"Policies\":[{\"Type\":\"QOS\",\"MaximumOutgoingBandwidthInBytes\":\"1\"}]}",
          "MaximumOutgoingBandwidthInBytes" },
        { "{\"Policies\":[{\"Type\":\"VLAN\",\"VLAN\":4294967296}]}", "VLAN" },
        { "[]", "object" },
        { "\"text\"", "object" },
        { "{\"ID\":", "JSON" },
        { "", "JSON" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_hns_endpoint *endpoint = NULL;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_hns_endpoint_parse(cases[i].json, &endpoint, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
        assert_non_null(strstr(error.message, cases[i].field));
        assert_null(endpoint);
    }
}

static void a_wrong_type_in_a_network_is_named(void **state)
{
    static const char *const cases[] = {
        "{\"Subnets\":5}",
        "{\"Subnets\":[null]}",
        "{\"Subnets\":[{\"AddressPrefix\":{}}]}",
        "{\"MacPools\":[{\"StartMacAddress\":0}]}",
        "{\"DNSServerCompartment\":4294967296}",
        "{\"Type\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_hns_network *network = NULL;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_hns_network_parse(cases[i], &network, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
        assert_null(network);
    }
}

static void null_is_the_same_as_left_out(void **state)
{
    wcl_hns_network *network = NULL;

    (void)state;
    assert_int_equal(
        wcl_hns_network_parse("{\"Name\":null,\"Subnets\":null,\"Policies\":[]}", &network, NULL),
        WCL_OK);
    assert_null(network->name);
    assert_int_equal(network->subnet_count + network->policy_count, 0);
    wcl_hns_network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_comes_back_with_the_fields_nobody_knows),
        cmocka_unit_test(an_endpoint_comes_back_with_the_fields_nobody_knows),
        cmocka_unit_test(what_is_not_set_is_left_out),
        cmocka_unit_test(policies_are_written_as_hns_takes_them),
        cmocka_unit_test(a_policy_of_no_type_is_refused),
        cmocka_unit_test(a_wrong_type_is_named),
        cmocka_unit_test(a_wrong_type_in_a_network_is_named),
        cmocka_unit_test(null_is_the_same_as_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
