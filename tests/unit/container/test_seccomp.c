/* What a profile of system calls becomes for one machine and one set of capabilities. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/json.h"
#include "container/oci/seccomp.h"

static const char *const had[] = { "CAP_CHOWN", "CAP_SYS_CHROOT" };

static cJSON *make(const char *profile)
{
    cJSON *linux_part = cJSON_CreateObject();
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_seccomp_add(profile, had, 2, linux_part, &error) != WCL_OK)
        fail_msg("%s", error.message);
    return linux_part;
}

static const cJSON *rules_of(const cJSON *linux_part)
{
    const cJSON *seccomp = cJSON_GetObjectItemCaseSensitive(linux_part, "seccomp");
    return cJSON_GetObjectItemCaseSensitive(seccomp, "syscalls");
}

/* The rules for a system call, and the last one's action. */
static int count(const cJSON *rules, const char *call, const char **action)
{
    const cJSON *rule, *name;
    int found = 0;

    cJSON_ArrayForEach(rule, rules)
    {
        cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(rule, "names"))
        {
            if (strcmp(name->valuestring, call) != 0)
                continue;
            found++;
            if (action)
                *action = cJSON_GetObjectItemCaseSensitive(rule, "action")->valuestring;
        }
    }
    return found;
}

static void the_default_is_dockers(void **state)
{
    WCL_CLEANUP_JSON cJSON *made = make(NULL);
    const cJSON *rules = rules_of(made);
    const cJSON *seccomp = cJSON_GetObjectItemCaseSensitive(made, "seccomp");
    const char *action = "";

    (void)state;
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(seccomp, "defaultAction")->valuestring,
                        "SCMP_ACT_ERRNO");
    assert_true(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(seccomp, "architectures")) > 0);
    static const char *const allowed[] = { "read",   "execve",  "clone", "ptrace",     "socket",
                                           "chroot", "openat2", "rseq",  "futex_waitv" };
    static const char *const forbidden[] = {
        "mount",   "unshare", "setns",          "bpf",         "reboot",    "init_module", "keyctl",
        "add_key", "acct",    "io_uring_setup", "userfaultfd", "kexec_load"
    };
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
        if (!count(rules, allowed[i], &action) || strcmp(action, "SCMP_ACT_ALLOW") != 0)
            fail_msg("%s is not allowed", allowed[i]);
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
        if (count(rules, forbidden[i], NULL))
            fail_msg("%s has a rule", forbidden[i]);
    /* A program that is told that clone3() is not there uses clone(), whose flags can be looked at.
     */
    assert_int_equal(count(rules, "clone3", &action), 1);
    assert_string_equal(action, "SCMP_ACT_ERRNO");
    assert_int_equal(count(rules, "clone", NULL), 1);
}

static void rules_hold_where_their_conditions_do(void **state)
{
    WCL_CLEANUP_JSON cJSON *made =
        make("{\"defaultAction\":\"A\",\"defaultErrnoRet\":7,\"flags\":[\"F\"],\"syscalls\":["
             "{\"names\":[\"plain\"],\"action\":\"B\",\"errnoRet\":5,\"comment\":\"x\"},"
             "{\"name\":\"single\",\"action\":\"B\",\"args\":[{\"index\":0,\"value\":4294967295}]},"
             "{\"names\":[\"had\"],\"action\":\"B\",\"includes\":{\"caps\":[\"CAP_CHOWN\"]}},"
             "{\"names\":[\"both\"],\"action\":\"B\",\"includes\":{\"caps\":[\"CAP_CHOWN\","
             "\"CAP_BPF\"]}},"
             "{\"names\":[\"without\"],\"action\":\"B\",\"excludes\":{\"caps\":[\"CAP_CHOWN\"]}},"
             "{\"names\":[\"elsewhere\"],\"action\":\"B\",\"includes\":{\"arches\":[\"vax\"]}},"
             "{\"names\":[\"old\"],\"action\":\"B\",\"includes\":{\"minKernel\":\"2.6\"}},"
             "{\"names\":[\"new\"],\"action\":\"B\",\"includes\":{\"minKernel\":\"99.0\"}},"
             "{\"names\":[\"before\"],\"action\":\"B\",\"excludes\":{\"minKernel\":\"2.6\"}}]}");
    WCL_CLEANUP_JSON cJSON *nothing = make("unconfined");
    char *text = wcl_json_print(made);

    (void)state;
    assert_string_equal(
        text, "{\"seccomp\":{\"defaultAction\":\"A\",\"defaultErrnoRet\":7,\"flags\":[\"F\"],"
              "\"syscalls\":[{\"names\":[\"plain\"],\"action\":\"B\",\"errnoRet\":5},"
              "{\"action\":\"B\",\"args\":[{\"index\":0,\"value\":4294967295}],"
              "\"names\":[\"single\"]},{\"names\":[\"had\"],\"action\":\"B\"},"
              "{\"names\":[\"old\"],\"action\":\"B\"}]}}");
    wcl_free(text);
    assert_int_equal(cJSON_GetArraySize(nothing), 0);
}

static void what_is_no_profile_is_refused(void **state)
{
    static const char *const bad[] = {
        "x",
        "[]",
        "{}",
        "{\"defaultAction\":1}",
        "{\"defaultAction\":\"A\",\"syscalls\":{}}",
        "{\"defaultAction\":\"A\",\"syscalls\":[1]}",
        "{\"defaultAction\":\"A\",\"syscalls\":[{\"action\":\"B\"}]}",
        "{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"x\"]}]}",
        "{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":\"x\",\"action\":\"B\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        WCL_CLEANUP_JSON cJSON *linux_part = cJSON_CreateObject();
        wcl_error error = WCL_ERROR_INIT;
        if (wcl_seccomp_add(bad[i], had, 2, linux_part, &error) == WCL_OK)
            fail_msg("%s was taken", bad[i]);
        if (!strstr(error.message, "SeccompProfile") && !strstr(error.subject, "SeccompProfile"))
            fail_msg("'%s: %s' does not name the field", error.subject, error.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_dockers),
        cmocka_unit_test(rules_hold_where_their_conditions_do),
        cmocka_unit_test(what_is_no_profile_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
