/* What the tests of compute systems, processes and networks share. */
#include "windows/containers/computed.h"
#include "tests/tools/outcome.h"

#include <stdlib.h>
#include <string.h>

const recorder_control *recorder;

const wcl_container_options options = { .struct_size = sizeof(options), .wait_ms = 3000 };

int set_up(void **state)
{
    (void)state;
    if (!recorder)
        recorder = load_recorder();
    recorder->reset();
    recorder->set_process(PID, NULL, NULL, NULL);
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    recorder->settle();
    assert_nothing_left("after the test");
    return 0;
}

void assert_nothing_left(const char *what)
{
    if (recorder->open_handles() || recorder->open_blocks() || recorder->misuses())
        fail_msg("%s: %u handles and %u texts were not given back, %u calls were misuses", what,
                 (unsigned)recorder->open_handles(), (unsigned)recorder->open_blocks(),
                 (unsigned)recorder->misuses());
}

static bool is_call_of(const char *line, const char *function)
{
    static const char head[] = "{\"call\":\"";
    size_t length = strlen(function);

    return strncmp(line, head, sizeof(head) - 1) == 0 &&
           strncmp(line + sizeof(head) - 1, function, length) == 0 &&
           line[sizeof(head) - 1 + length] == '"';
}

char *calls_of(const char *function)
{
    char *log = recorder->take_log(), *kept = calloc(1, strlen(log) + 1), *to = kept;

    assert_non_null(kept);
    for (char *line = log; *line;) {
        size_t length = strcspn(line, "\n") + 1;
        if (!function || is_call_of(line, function)) {
            memcpy(to, line, length);
            to += length;
        }
        line += length;
    }
    recorder->release(log);
    return kept;
}

unsigned count_calls(const char *log, const char *function)
{
    unsigned count = 0;

    for (const char *line = log; *line; line += strcspn(line, "\n") + 1)
        count += is_call_of(line, function);
    return count;
}

wcl_container *open_box(void)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = NULL;

    assert_ok(wcl_container_open(&options, BOX, &container, &error), &error);
    return container;
}
