/* Cgroups of version 1, 2 and both, from files made for it; and users from passwd and group. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "container/oci/statistics.h"
#include "container/oci/user.h"

static char root[] = "/tmp/wcl-cgroup-XXXXXX";
static char proc[64];

/* Writes a file below the test's folder; "@" in its text is that folder. */
static void put(const char *path, const char *text)
{
    char full[512], *at;

    snprintf(full, sizeof(full), "%s/%s", root, path);
    for (at = full + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(full, 0755);
        *at = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    for (; *text; text++) {
        if (*text == '@')
            fputs(root, file);
        else
            fputc(*text, file);
    }
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/wcl-cgroup-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    snprintf(proc, sizeof(proc), "%s/proc", root);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static uint64_t number(const cJSON *statistics, const char *part, const char *name)
{
    uint64_t value = 0;

    assert_int_equal(
        wcl_json_get_u64(cJSON_GetObjectItemCaseSensitive(statistics, part), name, &value, NULL),
        WCL_OK);
    return value;
}

/* Printed and read again, as callers see them. */
static cJSON *statistics_of(int32_t init)
{
    const wcl_cgroup_view view = { proc };
    cJSON *made = wcl_statistics_make(&view, init, 1000000000), *json = NULL;

    assert_non_null(made);
    char *text = wcl_json_print(made);
    cJSON_Delete(made);
    assert_int_equal(wcl_json_parse(text, strlen(text), 65536, &json, NULL), WCL_OK);
    wcl_free(text);
    return json;
}

static void check_numbers(int32_t init)
{
    cJSON *statistics = statistics_of(init);

    assert_int_equal(number(statistics, "Memory", "MemoryUsageCommitBytes"), 4096000);
    assert_int_equal(number(statistics, "Memory", "MemoryUsageCommitPeakBytes"), 8192000);
    assert_int_equal(number(statistics, "Memory", "MemoryUsagePrivateWorkingSetBytes"), 1234944);
    assert_int_equal(number(statistics, "Processor", "TotalRuntime100ns"), 30000000);
    assert_int_equal(number(statistics, "Processor", "RuntimeUser100ns"), 20000000);
    assert_int_equal(number(statistics, "Processor", "RuntimeKernel100ns"), 10000000);
    assert_int_equal(number(statistics, "Storage", "ReadSizeBytes"), 300);
    assert_int_equal(number(statistics, "Storage", "WriteSizeBytes"), 70);
    assert_int_equal(number(statistics, "Storage", "ReadCountNormalized"), 3);
    assert_int_equal(number(statistics, "Storage", "WriteCountNormalized"), 7);
    cJSON_Delete(statistics);
}

static void put_version_1(void)
{
    put("v1/memory/c/memory.usage_in_bytes", "4096000\n");
    put("v1/memory/c/memory.max_usage_in_bytes", "8192000\n");
    put("v1/memory/c/memory.stat", "cache 5\nrss 1\ntotal_cache 5\ntotal_rss 1234944\n");
    put("v1/cpu,cpuacct/c/cpuacct.usage", "3000000000\n");
    put("v1/cpu,cpuacct/c/cpuacct.usage_user", "2000000000\n");
    put("v1/cpu,cpuacct/c/cpuacct.usage_sys", "1000000000\n");
    put("v1/blkio/c/blkio.throttle.io_service_bytes_recursive",
        "8:0 Read 100\n8:0 Write 70\n8:0 Total 170\n8:16 Read 200\n8:16 Write 0\nTotal 370\n");
    put("v1/blkio/c/blkio.throttle.io_serviced_recursive",
        "8:0 Read 1\n8:0 Write 7\n8:16 Read 2\nTotal 10\n");
}

static void put_version_2(void)
{
    put("v2/c/memory.current", "4096000\n");
    put("v2/c/memory.peak", "8192000\n");
    put("v2/c/memory.stat", "anon 1234944\nfile 5\n");
    put("v2/c/cpu.stat", "usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\n");
    put("v2/c/io.stat",
        "8:0 rbytes=100 wbytes=70 rios=1 wios=7 dbytes=9 dios=9\n8:16 rbytes=200 rios=2\n");
}

static void version_1_is_read(void **state)
{
    (void)state;
    put_version_1();
    put("proc/self/mountinfo",
        "20 1 0:20 / @/v1/memory rw - cgroup cgroup rw,memory\n"
        "21 1 0:21 / @/v1/cpu,cpuacct rw,nosuid shared:5 - cgroup cgroup rw,cpu,cpuacct\n"
        "22 1 0:22 / @/v1/blkio rw - cgroup cgroup rw,blkio\n");
    put("proc/7/cgroup", "4:memory:/c\n3:cpu,cpuacct:/c\n2:blkio:/c\n1:name=systemd:/c\n");
    check_numbers(7);
}

static void version_2_is_read(void **state)
{
    (void)state;
    put_version_2();
    put("proc/self/mountinfo", "20 1 0:20 / @/v2 rw - cgroup2 cgroup2 rw\n");
    put("proc/7/cgroup", "0::/c\n");
    check_numbers(7);
}

static void a_hybrid_host_is_read_controller_by_controller(void **state)
{
    (void)state;
    put_version_1();
    put_version_2();
    /* The processor is version 2's alone; what version 2 has of memory is not asked for. */
    put("v2/c/memory.current", "1\n");
    put("proc/self/mountinfo", "20 1 0:20 / @/v1/memory rw - cgroup cgroup rw,memory\n"
                               "22 1 0:22 / @/v1/blkio rw - cgroup cgroup rw,blkio\n"
                               "23 1 0:23 / @/v2 rw - cgroup2 cgroup2 rw\n");
    put("proc/7/cgroup", "4:memory:/c\n2:blkio:/c\n0::/c\n");
    check_numbers(7);
}

static void a_mount_of_a_part_of_the_hierarchy_is_understood(void **state)
{
    const wcl_cgroup_view view = { proc };
    wcl_cgroup cgroup;
    char expected[128];

    (void)state;
    put("proc/self/mountinfo", "20 1 0:20 /outer @/v2 rw - cgroup2 cgroup2 rw\n");
    put("proc/7/cgroup", "0::/outer/c\n");
    put("proc/8/cgroup", "0::/outermost/c\n");
    assert_true(wcl_cgroup_find(&view, 7, "memory", &cgroup));
    snprintf(expected, sizeof(expected), "%s/v2/c", root);
    assert_string_equal(cgroup.folder, expected);
    assert_false(wcl_cgroup_find(&view, 8, "memory", &cgroup));
    assert_false(wcl_cgroup_find(&view, 9, "memory", &cgroup));
}

static void processes_are_listed_with_those_of_inner_cgroups(void **state)
{
    const wcl_cgroup_view view = { proc };
    cJSON *list = NULL;

    (void)state;
    put("proc/self/mountinfo", "20 1 0:20 / @/v2 rw - cgroup2 cgroup2 rw\n");
    put("proc/stat", "cpu 1 2 3\nbtime 1000\n");
    put("proc/7/cgroup", "0::/c\n");
    put("v2/c/cgroup.procs", "7\n8\n9\n");
    put("v2/c/inner/cgroup.procs", "10\n");
    put("proc/7/stat", "7 (init) S 1 7 7 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 100 4096 1\n");
    put("proc/8/stat", "8 (odd) name) S 1 7 7 0 -1 0 0 0 0 0 250 50 0 0 20 0 1 0 1050 8192 1\n");
    put("proc/8/status", "Name:\todd\nRssAnon:\t 12 kB\nRssFile:\t 3 kB\nRssShmem:\t 1 kB\n");
    put("proc/10/stat", "10 (deep) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 0 0 1\n");
    assert_int_equal(wcl_process_list_make(&view, 7, &list, NULL), WCL_OK);
    char *text = wcl_json_print(list);
    cJSON_Delete(list);
    assert_non_null(text);
    /* Init is left out, and so is 9, which has ended. */
    if (sysconf(_SC_CLK_TCK) == 100)
        assert_string_equal(
            text,
            "[{\"CreateTimestamp\":\"1970-01-01T00:16:50.500000000Z\","
            "\"ImageName\":\"odd) name\",\"KernelTime100ns\":5000000,"
            "\"MemoryCommitBytes\":8192,\"MemoryWorkingSetPrivateBytes\":12288,"
            "\"MemoryWorkingSetSharedBytes\":4096,\"ProcessId\":8,\"UserTime100ns\":25000000},"
            "{\"CreateTimestamp\":\"1970-01-01T00:16:40.000000000Z\",\"ImageName\":\"deep\","
            "\"KernelTime100ns\":0,\"MemoryCommitBytes\":0,"
            "\"MemoryWorkingSetPrivateBytes\":0,\"MemoryWorkingSetSharedBytes\":0,"
            "\"ProcessId\":10,\"UserTime100ns\":0}]");
    wcl_free(text);
}

/* ---- Users ---------------------------------------------------------------------------------- */

static void check_user(const char *text, uint32_t uid, uint32_t gid, size_t groups)
{
    wcl_user user;

    assert_int_equal(wcl_user_find(root, text, &user, NULL), WCL_OK);
    assert_int_equal(user.uid, uid);
    assert_int_equal(user.gid, gid);
    assert_int_equal(user.group_count, groups);
}

static void users_are_found_by_name_and_number(void **state)
{
    wcl_user user;

    (void)state;
    put("etc/passwd", "root:x:0:0::/:/bin/sh\nbroken\nann:x:10:20::/:/bin/sh\n123:x:5:6:::\n");
    put("etc/group", "root:x:0:\nstaff:x:30:bob,ann\nanna:x:31:annabel\nown:x:20:ann\n");
    check_user(NULL, 0, 0, 0);
    check_user("", 0, 0, 0);
    check_user("ann", 10, 20, 1);
    check_user("10", 10, 20, 1);
    check_user("99", 99, 0, 0);
    check_user("ann:staff", 10, 30, 0);
    check_user("99:98", 99, 98, 0);
    assert_int_equal(wcl_user_find(root, "bob", &user, NULL), WCL_FAILED);
    assert_int_equal(wcl_user_find(root, "ann:nogroup", &user, NULL), WCL_FAILED);
    assert_int_equal(wcl_user_find(root, "4294967295", &user, NULL), WCL_FAILED);
}

static void links_of_the_container_do_not_lead_out_of_it(void **state)
{
    char path[128];
    wcl_user user;

    (void)state;
    put("inside/etc/keep", "");
    put("outside", "mallory:x:0:0:::\n");
    snprintf(path, sizeof(path), "%s/inside/etc/passwd", root);
    assert_int_equal(symlink("../../outside", path), 0);
    snprintf(path, sizeof(path), "%s/inside", root);
    assert_int_equal(wcl_user_find(path, "mallory", &user, NULL), WCL_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(version_1_is_read),
        TEST(version_2_is_read),
        TEST(a_hybrid_host_is_read_controller_by_controller),
        TEST(a_mount_of_a_part_of_the_hierarchy_is_understood),
        TEST(processes_are_listed_with_those_of_inner_cgroups),
        TEST(users_are_found_by_name_and_number),
        TEST(links_of_the_container_do_not_lead_out_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
