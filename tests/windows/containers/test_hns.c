/* HNSCall gets requests as it wants them; its answers, and those of SetCurrentThreadCompartmentId,
 * are understood. */
#include "windows/containers/computed.h"
#include "tests/tools/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <wcl/hns.h>
#include <wcl/layer.h>

#define ID "c0a80101-0000-4000-8000-00000000abcd"

/* What HNS says when it has nothing to say. */
#define DONE L"{\"Success\":true}"

static wcl_hns *hns;

static int set_up_service(void **state)
{
    set_up(state);
    return wcl_hns_open(NULL, &hns, NULL) == WCL_OK ? 0 : -1;
}

static int tear_down_service(void **state)
{
    wcl_hns_close(hns);
    return tear_down(state);
}

#define HNS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_service, tear_down_service)

static void answer(const wchar_t *text)
{
    recorder->answer("HNSCall", 0, text);
}

static void assert_call(const char *method, const char *path, const char *request)
{
    char expected[600];

    snprintf(expected, sizeof(expected),
             "{\"call\":\"HNSCall\",\"method\":\"%s\",\"path\":\"%s\",\"request\":\"%s\"}\n",
             method, path, request);
    assert_calls(recorder, expected);
}

/* ---- Requests ----------------------------------------------------------------------------------
 */

static void a_call_is_handed_on_and_so_is_its_answer(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char *response = NULL;

    (void)state;
    answer(L"{\"Success\":true,\"Output\":\"\xD83D\xDE00\"}");
    assert_ok(wcl_hns_call(hns, "POST", "/networks/", "{\"Name\":\"\xF0\x9F\x98\x80\"}", &response,
                           &error),
              &error);
    assert_string_equal(response, "{\"Success\":true,\"Output\":\"\xF0\x9F\x98\x80\"}");
    wcl_free(response);
    assert_call("POST", "/networks/", "{\\\"Name\\\":\\\"\\ud83d\\ude00\\\"}");
    answer(DONE);
    assert_ok(wcl_hns_call(hns, "GET", "/endpoints/", NULL, &response, &error), &error);
    wcl_free(response);
    assert_call("GET", "/endpoints/", "");
}

static void networks_are_listed_and_read(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    wcl_hns_network **list = NULL, *network = NULL;
    size_t count = 0;

    (void)state;
    answer(L"{\"Success\":true,\"Output\":[{\"ID\":\"a\",\"Type\":\"nat\"},{\"ID\":\"b\","
           L"\"Subnets\":[{\"AddressPrefix\":\"10.0.0.0/8\"}],\"Policies\":[{\"Type\":\"VSID\","
           L"\"VSID\":7}]}]}");
    assert_ok(wcl_hns_list_networks(hns, "GET", "", "", &list, &count, &error), &error);
    assert_call("GET", "/networks/", "");
    assert_int_equal(count, 2);
    assert_string_equal(list[0]->type, "nat");
    assert_string_equal(list[1]->subnets[0].address_prefix, "10.0.0.0/8");
    assert_int_equal(list[1]->policies[0].vsid.vsid, 7);
    wcl_hns_network_list_free(list, count);
    answer(L"{\"Success\":true,\"Output\":{\"ID\":\"" ID "\",\"New\":[1]}}");
    assert_ok(wcl_hns_network_request(hns, "GET", ID, "", &network, &error), &error);
    assert_call("GET", "/networks/" ID, "");
    assert_string_equal(network->id, ID);
    assert_string_equal(network->extra, "{\"New\":[1]}");
    wcl_hns_network_free(network);
}

static void endpoints_are_made_attached_and_removed(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    wcl_hns_endpoint **list = NULL, *endpoint = NULL;
    size_t count = 0;

    (void)state;
    answer(L"{\"Success\":true,\"Output\":{\"ID\":\"e\",\"IPAddress\":\"10.1.2.3\","
           L"\"PrefixLength\":8}}");
    assert_ok(
        wcl_hns_endpoint_request(hns, "POST", "", "{\"VirtualNetwork\":\"n\"}", &endpoint, &error),
        &error);
    assert_call("POST", "/endpoints/", "{\\\"VirtualNetwork\\\":\\\"n\\\"}");
    assert_string_equal(endpoint->ip_address, "10.1.2.3");
    assert_int_equal(endpoint->prefix_length, 8);
    wcl_hns_endpoint_free(endpoint);
    answer(DONE);
    assert_ok(
        wcl_hns_endpoint_request(hns, "POST", "e/attach", "{\"CompartmentId\":5}", NULL, &error),
        &error);
    assert_call("POST", "/endpoints/e/attach", "{\\\"CompartmentId\\\":5}");
    answer(DONE);
    assert_ok(wcl_hns_endpoint_request(hns, "DELETE", "e", NULL, &endpoint, &error), &error);
    assert_call("DELETE", "/endpoints/e", "");
    assert_null(endpoint);
    answer(L"{\"Success\":true,\"Output\":[{\"ID\":\"e\"}]}");
    assert_ok(wcl_hns_list_endpoints(hns, &list, &count, &error), &error);
    assert_int_equal(count, 1);
    wcl_hns_endpoint_list_free(list, count);
}

static void an_endpoint_is_detached_from_each_container_that_has_it(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    answer(L"{\"Success\":true,\"Output\":{\"ID\":\"e\",\"SharedContainers\":[\"c1\",\"c2\"]}}");
    answer(DONE);
    answer(DONE);
    assert_ok(wcl_hns_detach(hns, "e", &error), &error);
    assert_calls(recorder,
                 "{\"call\":\"HNSCall\",\"method\":\"GET\",\"path\":\"/endpoints/e\","
                 "\"request\":\"\"}\n"
                 "{\"call\":\"HNSCall\",\"method\":\"POST\",\"path\":\"/endpoints/e/detach\","
                 "\"request\":\"{\\\"ContainerId\\\":\\\"c1\\\",\\\"SystemType\\\":"
                 "\\\"Container\\\"}\"}\n"
                 "{\"call\":\"HNSCall\",\"method\":\"POST\",\"path\":\"/endpoints/e/detach\","
                 "\"request\":\"{\\\"ContainerId\\\":\\\"c2\\\",\\\"SystemType\\\":"
                 "\\\"Container\\\"}\"}\n");
}

static void an_endpoint_of_no_container_is_detached_from_the_host(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    answer(L"{\"Success\":true,\"Output\":{\"ID\":\"e\"}}");
    answer(L"{\"Success\":false,\"Error\":\"Element not found.\",\"ErrorCode\":2147943568}");
    assert_ok(wcl_hns_detach(hns, "e", &error), &error);
    char *log = calls_of("HNSCall");
    assert_non_null(strstr(log, "/endpoints/e/detach\",\"request\":\"{\\\"SystemType\\\":"
                                "\\\"Host\\\"}\""));
    free(log);
    answer(L"{\"Success\":true,\"Output\":{\"ID\":\"e\",\"SharedContainers\":[]}}");
    answer(L"{\"Success\":false,\"Error\":\"no\"}");
    assert_fails(WCL_CODE_GEN_FAILURE, wcl_hns_detach(hns, "e", &error), &error);
    answer(L"{\"Success\":true,\"Output\":{\"ID\":\"e\",\"SharedContainers\":[3]}}");
    assert_fails(WCL_CODE_INVALID_DATA, wcl_hns_detach(hns, "e", &error), &error);
    answer(L"{\"Success\":false,\"Error\":\"gone\",\"ErrorCode\":1168}");
    assert_fails(WCL_CODE_ELEMENT_NOT_FOUND, wcl_hns_detach(hns, "e", &error), &error);
}

/* ---- Failures ----------------------------------------------------------------------------------
 */

static wcl_status call_once(wcl_error *error)
{
    char *response = NULL;
    wcl_status status = wcl_hns_call(hns, "GET", "/networks/", "", &response, error);

    wcl_free(response);
    return status;
}

static void each_result_is_mapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < recorded_result_count; i++) {
        const recorded_result *result = &recorded_results[i];
        wcl_error error = WCL_ERROR_INIT;
        recorder->answer("HNSCall", result->hresult, DONE);
        assert_int_equal(call_once(&error), result->status);
        assert_int_equal(error.code, result->code);
        assert_true(result->status == WCL_OK || strstr(error.message, "HNSCall"));
        assert_nothing_left("a call");
    }
}

static uint32_t refusal_code(const wchar_t *envelope, const char *words)
{
    wcl_error error = WCL_ERROR_INIT;

    answer(envelope);
    assert_int_equal(wcl_hns_network_request(hns, "GET", "x", "", NULL, &error), WCL_FAILED);
    if (!strstr(error.message, words))
        fail_msg("'%s' is not in '%s'", words, error.message);
    return error.code;
}

static void a_refusal_has_the_envelopes_reason_and_code(void **state)
{
    (void)state;
    assert_int_equal(refusal_code(L"{\"Success\":false,\"Error\":\"no such thing\","
                                  L"\"ErrorCode\":2147943568}",
                                  "HNS failed with error : no such thing"),
                     WCL_CODE_ELEMENT_NOT_FOUND);
    assert_int_equal(
        refusal_code(L"{\"Success\":false,\"Error\":\"x\",\"ErrorCode\":-2147023728}", "x"),
        WCL_CODE_ELEMENT_NOT_FOUND);
    assert_int_equal(
        refusal_code(L"{\"Success\":false,\"Error\":\"y\",\"ErrorCode\":2151350278}", "y"),
        0x803B0006);
    assert_int_equal(refusal_code(L"{\"Success\":false,\"Error\":\"plain\"}", "plain"),
                     WCL_CODE_GEN_FAILURE);
    assert_int_equal(refusal_code(L"{\"Success\":false}", "no reason"), WCL_CODE_GEN_FAILURE);
    assert_int_equal(refusal_code(L"<html>", ""), WCL_CODE_INVALID_DATA);
}

static void no_answer_is_an_unexpected_value(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    recorder->answer("HNSCall", 0, NULL);
    assert_fails(WCL_CODE_UNEXPECTED_VALUE, call_once(&error), &error);
}

static void what_windows_does_by_itself_is_refused_by_name(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char *path = NULL;

    (void)state;
    assert_int_equal(wcl_hns_namespace_create(hns, "c", &path, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_non_null(strstr(error.message, "vmcompute"));
    assert_ok(wcl_hns_restore(hns, &error), &error);
    assert_calls(recorder, "");
}

/* ---- Compartments ------------------------------------------------------------------------------
 */

typedef void (*answer_compartments_fn)(uint32_t with);
typedef void (*last_compartment_fn)(uint32_t *id, uint32_t *by);

static void a_compartment_is_entered_by_this_thread(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    uint32_t id = 0, by = 0;

    (void)state;
    HMODULE module = LoadLibraryA(COMPARTMENTS_DLL);
    assert_non_null(module);
    answer_compartments_fn answer_with =
        (answer_compartments_fn)(void (*)(void))GetProcAddress(module, "AnswerCompartments");
    last_compartment_fn last =
        (last_compartment_fn)(void (*)(void))GetProcAddress(module, "LastCompartment");
    assert_true(answer_with && last);
    assert_ok(wcl_set_current_thread_compartment(hns, 0xFEDCBA98, &error), &error);
    last(&id, &by);
    assert_int_equal(id, 0xFEDCBA98);
    assert_int_equal(by, GetCurrentThreadId());
    answer_with(ERROR_NOT_FOUND); /* a Win32 code, as the function is documented to give */
    assert_fails(WCL_CODE_ELEMENT_NOT_FOUND, wcl_set_current_thread_compartment(hns, 2, &error),
                 &error);
    answer_with(0x80070005); /* an HRESULT, as hcsshim reads it */
    assert_fails(WCL_CODE_ACCESS_DENIED, wcl_set_current_thread_compartment(hns, 2, &error),
                 &error);
    answer_with(0);
    assert_ok(wcl_set_current_thread_compartment(hns, 0, &error), &error);
}

/* ---- IsTP4 -------------------------------------------------------------------------------------
 */

static void a_windows_with_hns_call_is_not_tp4(void **state)
{
    (void)state;
    assert_false(wcl_is_tp4());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HNS_TEST(a_call_is_handed_on_and_so_is_its_answer),
        HNS_TEST(networks_are_listed_and_read),
        HNS_TEST(endpoints_are_made_attached_and_removed),
        HNS_TEST(an_endpoint_is_detached_from_each_container_that_has_it),
        HNS_TEST(an_endpoint_of_no_container_is_detached_from_the_host),
        HNS_TEST(each_result_is_mapped),
        HNS_TEST(a_refusal_has_the_envelopes_reason_and_code),
        HNS_TEST(no_answer_is_an_unexpected_value),
        HNS_TEST(what_windows_does_by_itself_is_refused_by_name),
        HNS_TEST(a_compartment_is_entered_by_this_thread),
        HNS_TEST(a_windows_with_hns_call_is_not_tp4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
