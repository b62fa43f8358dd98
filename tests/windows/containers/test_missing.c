/* A vmcompute.dll that lacks functions, or is not there: each call names what is missing. */
#include "windows/containers/computed.h"
#include "tests/tools/outcome.h"

#include <string.h>

#include <wcl/hns.h>
#include <wcl/layer.h>

static void assert_missing(const char *function, const wcl_error *error)
{
    assert_int_equal(error->code, WCL_CODE_PROC_NOT_FOUND);
    if (!strstr(error->message, function) || !strstr(error->message, "vmcompute.dll"))
        fail_msg("the message does not name %s: %s", function, error->message);
}

static void hns_without_its_function_says_so_and_is_tp4(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_hns_network **list = NULL;
    wcl_hns *hns = NULL;
    size_t count = 0;

    (void)state;
    assert_ok(wcl_hns_open(NULL, &hns, &error), &error);
    assert_int_equal(wcl_hns_list_networks(hns, "GET", "", "", &list, &count, &error), WCL_FAILED);
    assert_missing("HNSCall", &error);
    wcl_hns_close(hns);
    assert_true(wcl_is_tp4());
}

/* Wine's iphlpapi.dll does not have the function. */
static void compartments_without_their_function_say_so(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_hns *hns = NULL;

    (void)state;
    assert_ok(wcl_hns_open(NULL, &hns, &error), &error);
    assert_int_equal(wcl_set_current_thread_compartment(hns, 1, &error), WCL_FAILED);
    wcl_hns_close(hns);
    assert_int_equal(error.code, WCL_CODE_PROC_NOT_FOUND);
    assert_non_null(strstr(error.message, "SetCurrentThreadCompartmentId"));
    assert_non_null(strstr(error.message, "iphlpapi.dll"));
}

#ifdef NO_FUNCTIONS_AT_ALL
static void containers_without_their_functions_say_so(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_properties **list = NULL;
    size_t count;
    wcl_container *container = NULL;
    char *json = NULL;

    (void)state;
    assert_int_equal(wcl_containers_query(&options, NULL, &list, &count, &error), WCL_FAILED);
    assert_missing("HcsEnumerateComputeSystems", &error);
    assert_int_equal(wcl_container_create_json(&options, "a", "{}", &container, &error),
                     WCL_FAILED);
    assert_missing("HcsCreateComputeSystem", &error);
    assert_int_equal(wcl_container_open(&options, "a", &container, &error), WCL_FAILED);
    assert_missing("HcsOpenComputeSystem", &error);
    assert_null(container);
    assert_int_equal(wcl_compute_service_properties_json(&options, NULL, &json, &error),
                     WCL_FAILED);
    assert_missing("HcsGetServiceProperties", &error);
    assert_int_equal(wcl_compute_service_modify(&options, "{}", &error), WCL_FAILED);
    assert_missing("HcsModifyServiceSettings", &error);
}
#else
static void containers_have_all_that_they_need(void **state)
{
    (void)state;
    wcl_container_free(open_box());
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hns_without_its_function_says_so_and_is_tp4),
        TEST(compartments_without_their_function_say_so),
#ifdef NO_FUNCTIONS_AT_ALL
        TEST(containers_without_their_functions_say_so),
#else
        TEST(containers_have_all_that_they_need),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
