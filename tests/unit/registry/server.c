/* A server that answers what a test wrote down. */
#include "unit/registry/server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_SIZE (9 * 1024 * 1024)

struct server {
    int listener;
    unsigned port;
    const char *const *answers;
    size_t answer_count;
    pthread_t thread;
    pthread_mutex_t mutex;
    char *requests[REQUESTS_MAX];
    size_t request_count;
    size_t connections;
    int current; /* the connection being served, or -1 */
    bool stop;
};

static size_t body_length(const char *head)
{
    const char *line = strcasestr(head, "\r\nContent-Length:");

    return line ? strtoul(line + 17, NULL, 10) : 0;
}

/* A whole request, or NULL at the connection's end. */
static char *receive(int fd)
{
    char *text = calloc(1, REQUEST_SIZE + 1);
    size_t size = 0;

    for (;;) {
        char *end = strstr(text, "\r\n\r\n");
        if (end && size >= (size_t)(end - text) + 4 + body_length(text))
            return text;
        ssize_t got = size < REQUEST_SIZE ? recv(fd, text + size, REQUEST_SIZE - size, 0) : 0;
        if (got <= 0) {
            free(text);
            return NULL;
        }
        size += (size_t)got;
    }
}

static size_t length_of_body(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");

    return end ? strlen(end + 4) : 0;
}

/* Sends the answer with port and length in it. */
static void answer(const server *server, int fd, const char *text)
{
    const size_t length = length_of_body(text);
    const char *mark;
    char number[24];

    while ((mark = strchr(text, '%')) != NULL && (mark[1] == 'P' || mark[1] == 'L')) {
        send(fd, text, (size_t)(mark - text), MSG_NOSIGNAL);
        snprintf(number, sizeof(number), "%zu", mark[1] == 'P' ? (size_t)server->port : length);
        send(fd, number, strlen(number), MSG_NOSIGNAL);
        text = mark + 2;
    }
    send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void serve(server *server, int fd)
{
    for (;;) {
        char *request = receive(fd);
        if (!request)
            return;
        pthread_mutex_lock(&server->mutex);
        size_t index = server->request_count;
        if (index < REQUESTS_MAX)
            server->requests[server->request_count++] = request;
        else
            free(request);
        pthread_mutex_unlock(&server->mutex);
        const char *text = index < server->answer_count
                               ? server->answers[index]
                               : "HTTP/1.1 418 No more\r\nContent-Length: 0\r\n\r\n";
        if (!text)
            return;
        answer(server, fd, *text == '!' ? text + 1 : text);
        if (*text == '!')
            return;
    }
}

static void *run(void *context)
{
    server *server = context;

    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&server->mutex);
        bool stop = server->stop;
        server->connections++;
        server->current = fd;
        pthread_mutex_unlock(&server->mutex);
        if (!stop)
            serve(server, fd);
        pthread_mutex_lock(&server->mutex);
        server->current = -1;
        close(fd);
        pthread_mutex_unlock(&server->mutex);
        if (stop)
            return NULL;
    }
}

server *server_start(const char *const *answers, size_t count)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    server *made = calloc(1, sizeof(*made));

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    made->current = -1;
    made->answers = answers;
    made->answer_count = count;
    made->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(made->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(made->listener, 16) != 0 ||
        getsockname(made->listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    made->port = ntohs(address.sin_port);
    pthread_mutex_init(&made->mutex, NULL);
    if (pthread_create(&made->thread, NULL, run, made) != 0)
        abort();
    return made;
}

void server_stop(server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((in_port_t)server->port) };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pthread_mutex_lock(&server->mutex);
    server->stop = true;
    if (server->current >= 0)
        shutdown(server->current, SHUT_RDWR);
    pthread_mutex_unlock(&server->mutex);
    /* One more connection lets it look. */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connect(fd, (struct sockaddr *)&address, sizeof(address));
    pthread_join(server->thread, NULL);
    close(fd);
    close(server->listener);
    for (size_t i = 0; i < server->request_count; i++)
        free(server->requests[i]);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

unsigned server_port(const server *server)
{
    return server->port;
}

size_t server_requests(server *server)
{
    pthread_mutex_lock(&server->mutex);
    size_t count = server->request_count;
    pthread_mutex_unlock(&server->mutex);
    return count;
}

const char *server_request(server *server, size_t index)
{
    pthread_mutex_lock(&server->mutex);
    const char *text = index < server->request_count ? server->requests[index] : "";
    pthread_mutex_unlock(&server->mutex);
    return text;
}

size_t server_connections(server *server)
{
    pthread_mutex_lock(&server->mutex);
    size_t count = server->connections;
    pthread_mutex_unlock(&server->mutex);
    return count;
}
