/* What a WWW-Authenticate header asks for (RFC 7235). */
#ifndef WCL_REGISTRY_CHALLENGE_H
#define WCL_REGISTRY_CHALLENGE_H

#include <wcl/base.h>

#define WCL_CHALLENGE_PARAMETERS_MAX 16

typedef struct wcl_challenge_parameter {
    char *name; /* in lower case */
    char *value;
} wcl_challenge_parameter;

typedef struct wcl_challenge {
    char *scheme; /* in lower case: "bearer", "basic" */
    wcl_challenge_parameter parameters[WCL_CHALLENGE_PARAMETERS_MAX];
    size_t parameter_count;
} wcl_challenge;

typedef struct wcl_challenges {
    wcl_challenge *items;
    size_t count;
} wcl_challenges;

/*
 * Appends the challenges of one header. A header of more than 16 KiB, more than 16 challenges or 16
 * parameters, a parameter that comes twice, and what is no challenge at all are INVALID_DATA; then
 * the list may hold those in front of the fault.
 */
wcl_status wcl_challenges_parse(const char *header, wcl_challenges *challenges, wcl_error *error);
void wcl_challenges_free(wcl_challenges *challenges);
#define WCL_CLEANUP_CHALLENGES __attribute__((cleanup(wcl_challenges_free)))

/* The first challenge of that scheme (in lower case), or NULL. */
const wcl_challenge *wcl_challenges_find(const wcl_challenges *challenges, const char *scheme);
/* The value of a parameter, or NULL. */
const char *wcl_challenge_get(const wcl_challenge *challenge, const char *name);

#endif
