/* The plugin's server and clients that are slow, stall or vanish. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/beneath.h"
#include "unit/graphdriver/fixture.h"
#include "tests/tools/outcome.h"

typedef struct test_server {
    char work[64], socket[100], home[100];
    wcl_graphdriver_server *server;
} test_server;

static int start(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    test_server *test = calloc(1, sizeof(*test));

    assert_non_null(test);
    strcpy(test->work, "/tmp/wcl-server-XXXXXX");
    assert_non_null(mkdtemp(test->work));
    snprintf(test->socket, sizeof(test->socket), "%s/socket", test->work);
    snprintf(test->home, sizeof(test->home), "%s/home", test->work);
    const wcl_graphdriver_server_options options = {
        .struct_size = sizeof(options),
        .socket = test->socket,
        .listen_fd = -1,
        .state_dir = test->work,
        .connections_max = 3,
        .request_seconds = 1,
        .stream_seconds = 1,
    };
    assert_ok(wcl_graphdriver_server_start(&options, &test->server, &error), &error);
    *state = test;
    return 0;
}

static int stop(void **state)
{
    test_server *test = *state;

    wcl_graphdriver_server_stop(test->server);
    test_shell("rm -rf --one-file-system %s", test->work);
    free(test);
    return 0;
}

static int connect_to(const test_server *test)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, test->socket);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const void *data, size_t size)
{
    assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
}

static void say_request(int fd, const char *call, const void *body, size_t size)
{
    char header[300];

    snprintf(header, sizeof(header),
             "POST /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
             call, size);
    say(fd, header, strlen(header));
    say(fd, body, size);
}

/* All that comes until the server closes the connection. */
static void hear(int fd, char answer[4096])
{
    size_t size = 0;
    ssize_t got;

    while ((got = recv(fd, answer + size, 4095 - size, 0)) > 0)
        size += (size_t)got;
    answer[size] = '\0';
    close(fd);
}

static void call(const test_server *test, const char *name, const char *body, const char *expected)
{
    char answer[4096];
    int fd = connect_to(test);

    say_request(fd, name, body, strlen(body));
    hear(fd, answer);
    if (!strstr(answer, expected))
        print_error("%s: %s\n", name, answer);
    assert_non_null(strstr(answer, expected));
}

/* A client that says half of what it wants. */
static int stall(const test_server *test)
{
    int fd = connect_to(test);

    say(fd, "POST /Plugin.Activate HTTP/1.1\r\nHo", 34);
    return fd;
}

static void init(const test_server *test)
{
    char body[200];

    snprintf(body, sizeof(body), "{\"Home\":\"%s\"}", test->home);
    call(test, "GraphDriver.Init", body, " 200 ");
}

/* A base whose folder is locked, so that a layer on it is not made until the lock is closed. */
static int make_locked_base(const test_server *test)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = test_tar("echo b > b");
    char path[200], answer[4096];

    init(test);
    call(test, "GraphDriver.Create", "{\"ID\":\"base\"}", " 200 ");
    call(test, "GraphDriver.Create", "{\"ID\":\"top\",\"Parent\":\"base\"}", " 200 ");
    int fd = connect_to(test);
    say_request(fd, "GraphDriver.ApplyDiff?id=base&parent=", tar.data, tar.size);
    hear(fd, answer);
    assert_non_null(strstr(answer, "{\"Size\":2}"));
    snprintf(path, sizeof(path), "%s/base", test->home);
    int lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    return lock;
}

static void clients_that_stall_keep_nobody_out(void **state)
{
    const test_server *test = *state;
    char answer[4096] = "";
    int stalled[3];

    for (size_t i = 0; i < 3; i++)
        stalled[i] = stall(test);
    /* More than may be are closed at once, and dockerd tries again. */
    while (!*answer) {
        int fd = connect_to(test);
        static const char request[] = "POST /Plugin.Activate HTTP/1.1\r\nHost: x\r\n"
                                      "Connection: close\r\nContent-Length: 0\r\n\r\n";
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
        hear(fd, answer);
    }
    assert_non_null(strstr(answer, "GraphDriver"));
    for (size_t i = 0; i < 3; i++)
        hear(stalled[i], answer);
}

static void the_time_of_the_work_is_not_the_clients(void **state)
{
    const test_server *test = *state;
    WCL_CLEANUP_BUFFER wcl_buffer tar = test_tar("echo top > t");
    char answer[4096];

    int lock = make_locked_base(test);
    int fd = connect_to(test);
    say_request(fd, "GraphDriver.ApplyDiff?id=top&parent=base", tar.data, tar.size);
    /* By the time that these are sent away the other one would have been too. */
    hear(stall(test), answer);
    hear(stall(test), answer);
    close(lock);
    hear(fd, answer);
    assert_non_null(strstr(answer, "{\"Size\":4}"));
}

static void a_client_that_vanishes_ends_the_work(void **state)
{
    const test_server *test = *state;
    WCL_CLEANUP_BUFFER wcl_buffer tar = test_tar("echo top > t");
    char answer[4096];

    int lock = make_locked_base(test);
    int fd = connect_to(test);
    say_request(fd, "GraphDriver.ApplyDiff?id=top&parent=base", tar.data, tar.size);
    hear(stall(test), answer);
    close(fd);
    close(lock);
    /* The layer is as it was, for whoever comes next. */
    fd = connect_to(test);
    say_request(fd, "GraphDriver.ApplyDiff?id=top&parent=base", tar.data, tar.size);
    hear(fd, answer);
    assert_non_null(strstr(answer, "{\"Size\":4}"));
}

static void a_tar_that_stops_coming_is_given_up(void **state)
{
    const test_server *test = *state;
    char answer[4096];

    init(test);
    call(test, "GraphDriver.Create", "{\"ID\":\"half\"}", " 200 ");
    int fd = connect_to(test);
    static const char begin[] =
        "POST /GraphDriver.ApplyDiff?id=half&parent= HTTP/1.1\r\nHost: x\r\n"
        "Content-Length: 4096\r\n\r\nbegin";
    say(fd, begin, sizeof(begin) - 1);
    hear(fd, answer);
    WCL_CLEANUP_BUFFER wcl_buffer tar = test_tar("echo again > a");
    fd = connect_to(test);
    say_request(fd, "GraphDriver.ApplyDiff?id=half&parent=", tar.data, tar.size);
    hear(fd, answer);
    assert_non_null(strstr(answer, "{\"Size\":6}"));
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(clients_that_stall_keep_nobody_out),
        WITH_SERVER(the_time_of_the_work_is_not_the_clients),
        WITH_SERVER(a_client_that_vanishes_ends_the_work),
        WITH_SERVER(a_tar_that_stops_coming_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
