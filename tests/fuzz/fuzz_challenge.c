/* WWW-Authenticate headers: whatever they are, they are taken apart or refused with a reason, and
 * what is found is found again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/registry/challenge.h"
#include "tests/tools/check.h"

static void check_challenge(const wcl_challenges *challenges, const wcl_challenge *challenge)
{
    CHECK(challenge->scheme[0]);
    CHECK(wcl_challenges_find(challenges, challenge->scheme));
    for (size_t i = 0; i < challenge->parameter_count; i++)
        CHECK(wcl_challenge_get(challenge, challenge->parameters[i].name) ==
              challenge->parameters[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_challenges challenges = { NULL, 0 };
    wcl_error error = WCL_ERROR_INIT;
    char *header = malloc(size + 1);

    if (!header)
        return 0;
    if (size)
        memcpy(header, data, size);
    header[size] = '\0';
    if (wcl_challenges_parse(header, &challenges, &error) == WCL_OK) {
        for (size_t i = 0; i < challenges.count; i++)
            check_challenge(&challenges, &challenges.items[i]);
    } else {
        CHECK(error.code == WCL_CODE_INVALID_DATA && error.message[0]);
    }
    wcl_challenges_free(&challenges);
    free(header);
    return 0;
}
