/* SipHash-2-4 against the vectors that its authors published. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/cursor.h"
#include "base/siphash.h"

typedef struct vector {
    size_t size; /* of the message 00 01 02 ... */
    uint8_t hash[8];
} vector;

static const vector vectors[] = {
    { 0, { 0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72 } },
    { 1, { 0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74 } },
    { 2, { 0x5a, 0x4f, 0xa9, 0xd9, 0x09, 0x80, 0x6c, 0x0d } },
    { 3, { 0x2d, 0x7e, 0xfb, 0xd7, 0x96, 0x66, 0x67, 0x85 } },
    { 4, { 0xb7, 0x87, 0x71, 0x27, 0xe0, 0x94, 0x27, 0xcf } },
    { 5, { 0x8d, 0xa6, 0x99, 0xcd, 0x64, 0x55, 0x76, 0x18 } },
    { 6, { 0xce, 0xe3, 0xfe, 0x58, 0x6e, 0x46, 0xc9, 0xcb } },
    { 7, { 0x37, 0xd1, 0x01, 0x8b, 0xf5, 0x00, 0x02, 0xab } },
    { 8, { 0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93 } },
    { 9, { 0xb0, 0xe4, 0xa9, 0x0b, 0xdf, 0x82, 0x00, 0x9e } },
    { 15, { 0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1 } },
    { 63, { 0x72, 0x45, 0x06, 0xeb, 0x4c, 0x32, 0x8a, 0x95 } },
};

static void fill(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)i;
}

static wcl_siphash_key published_key(void)
{
    uint8_t bytes[16];

    fill(bytes, sizeof(bytes));
    return (wcl_siphash_key) { { wcl_load_le64(bytes), wcl_load_le64(bytes + 8) } };
}

static void the_hashes_are_the_published_ones(void **state)
{
    const wcl_siphash_key key = published_key();
    uint8_t message[64];

    (void)state;
    fill(message, sizeof(message));
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        uint64_t hash = wcl_siphash(&key, message, vectors[i].size);
        assert_int_equal(hash, wcl_load_le64(vectors[i].hash));
        if (vectors[i].size >= 8)
            assert_int_equal(wcl_siphash_numbered(&key, wcl_load_le64(message), message + 8,
                                                  vectors[i].size - 8),
                             hash);
    }
}

static void keys_are_not_given_twice(void **state)
{
    wcl_siphash_key a, b;

    (void)state;
    assert_int_equal(wcl_siphash_key_new(&a, NULL), WCL_OK);
    assert_int_equal(wcl_siphash_key_new(&b, NULL), WCL_OK);
    assert_memory_not_equal(&a, &b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hashes_are_the_published_ones),
        cmocka_unit_test(keys_are_not_given_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
