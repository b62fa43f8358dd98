/* SDDL means what sddl.json says, both ways, and every descriptor of the vectors survives it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "conformance/backupstream/vectors.h"

#include <string.h>

#include <wcl/backupstream.h>

static void assert_descriptor_of(const char *sddl, const wcl_buffer *expected)
{
    WCL_CLEANUP_FREE void *descriptor = NULL;
    wcl_error error = WCL_ERROR_INIT;
    size_t size;

    if (wcl_sd_from_sddl(sddl, &descriptor, &size, &error) != WCL_OK)
        fail_msg("%s: %s", sddl, error.message);
    assert_int_equal(size, expected->size);
    assert_memory_equal(descriptor, expected->data, size);
}

static void sddl_gives_the_descriptor(void **state)
{
    WCL_CLEANUP_JSON cJSON *vectors = vector_load_json("sddl.json");
    const cJSON *vector;
    size_t count = 0;

    (void)state;
    cJSON_ArrayForEach(vector, vectors)
    {
        WCL_CLEANUP_BUFFER wcl_buffer expected =
            vector_unbase64(vector_text(vector, "rawsd_base64"));
        assert_descriptor_of(vector_text(vector, "sddl"), &expected);
        assert_descriptor_of(vector_text(vector, "canonical_sddl"), &expected);
        count++;
    }
    assert_int_equal(count, 8);
}

static void descriptor_gives_the_canonical_sddl(void **state)
{
    WCL_CLEANUP_JSON cJSON *vectors = vector_load_json("sddl.json");
    const cJSON *vector;

    (void)state;
    cJSON_ArrayForEach(vector, vectors)
    {
        WCL_CLEANUP_BUFFER wcl_buffer descriptor =
            vector_unbase64(vector_text(vector, "rawsd_base64"));
        WCL_CLEANUP_FREE char *sddl = NULL;
        assert_int_equal(wcl_sd_to_sddl(descriptor.data, descriptor.size, &sddl, NULL), WCL_OK);
        assert_string_equal(sddl, vector_text(vector, "canonical_sddl"));
    }
}

static void go_through_sddl(size_t number, const uint8_t *data, size_t size)
{
    WCL_CLEANUP_FREE char *sddl = NULL;
    const wcl_buffer expected = { (uint8_t *)data, size, size };

    (void)number;
    assert_int_equal(wcl_sd_to_sddl(data, size, &sddl, NULL), WCL_OK);
    assert_descriptor_of(sddl, &expected);
}

static void every_descriptor_of_a_layer_survives_sddl(void **state)
{
    (void)state;
    assert_int_equal(vector_each_stream(WCL_BACKUP_SECURITY_DATA, go_through_sddl), 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sddl_gives_the_descriptor),
        cmocka_unit_test(descriptor_gives_the_canonical_sddl),
        cmocka_unit_test(every_descriptor_of_a_layer_survives_sddl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
