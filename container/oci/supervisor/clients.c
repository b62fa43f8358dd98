/* Programs connected to the supervisor, what they are told, and when nobody is left to tell. */
#include "container/oci/supervisor/supervisor.h"
#include "container/notification.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void client_free(struct supervisor *supervisor, struct client *client)
{
    struct client **at = &supervisor->clients;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    tasks_forget_client(supervisor, client);
    loop_remove(supervisor, client->fd);
    close_fd(&client->fd);
    free(client);
}

static bool send_message(int fd, const wcl_reply *reply, const int *fds, size_t fd_count)
{
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control = { { 0 } };
    struct iovec data = { (void *)(uintptr_t)reply, offsetof(wcl_reply, text) + reply->text_size };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

    if (fd_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* Sends an event, or notes that the client has to be told everything anew when it listens again. */
static void client_notify(struct supervisor *supervisor, struct client *client,
                          const wcl_reply *event)
{
    if (client->behind || send_message(client->fd, event, NULL, 0))
        return;
    client->behind = true;
    loop_change(supervisor, client->fd, EPOLLIN | EPOLLOUT, &client->source);
}

/* Says that events were left out, and whether the container's end was one of them. */
static void client_catch_up(struct supervisor *supervisor, struct client *client)
{
    const wcl_reply missed = { .event = WCL_EVENT_MISSED };

    client->behind = false;
    loop_change(supervisor, client->fd, EPOLLIN, &client->source);
    client_notify(supervisor, client, &missed);
    if (supervisor->state == WCL_STATE_STOPPED) {
        wcl_reply event = { .event = WCL_NOTIFY_SYSTEM_EXITED };
        lifecycle_status(supervisor, &event);
        client_notify(supervisor, client, &event);
    }
}

void clients_notify(struct supervisor *supervisor, wcl_reply *event)
{
    for (struct client *client = supervisor->clients; client; client = client->next)
        if (client->subscribed && !client->closing)
            client_notify(supervisor, client, event);
}

void clients_reply(struct supervisor *supervisor, struct client *client, wcl_reply *reply,
                   const int *fds, size_t fd_count)
{
    lifecycle_status(supervisor, reply);
    send_message(client->fd, reply, fds, fd_count);
}

/* Reads one request; the descriptor that came with it, or -1, is in `*attached`. */
static ssize_t receive(int fd, wcl_supervisor_request *request, int *attached)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec data = { request, sizeof(*request) };
    struct msghdr message = { .msg_iov = &data,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    ssize_t size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    *attached = -1;
    if (size <= 0)
        return size;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(attached, CMSG_DATA(header), sizeof(int));
    return size;
}

static void client_ready(struct supervisor *supervisor, struct source *source, uint32_t events)
{
    struct client *client = (struct client *)source;
    wcl_supervisor_request request;
    int attached;

    if (client->behind && events & EPOLLOUT)
        client_catch_up(supervisor, client);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    ssize_t size = receive(client->fd, &request, &attached);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size == (ssize_t)sizeof(request)) {
        requests_handle(supervisor, client, &request, attached);
    } else {
        close_fd(&attached);
        client_free(supervisor, client);
    }
    clients_end_if_done(supervisor);
}

bool clients_add(struct supervisor *supervisor, int fd, bool subscribed)
{
    struct client *client = calloc(1, sizeof(*client));

    if (!client) {
        close_fd(&fd);
        return false;
    }
    *client = (struct client) { .source.ready = client_ready,
                                .next = supervisor->clients,
                                .fd = fd,
                                .subscribed = subscribed };
    supervisor->clients = client;
    if (loop_add(supervisor, fd, EPOLLIN, &client->source))
        return true;
    client_free(supervisor, client);
    return false;
}

void clients_accept(struct supervisor *supervisor, struct source *source, uint32_t events)
{
    int fd = accept4(supervisor->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)source;
    (void)events;
    if (fd >= 0)
        clients_add(supervisor, fd, false);
}

/*
 * Once the container has stopped and its last handle is closed, the supervisor becomes the program
 * that gives the layer and the endpoints back and removes the container's folder. Closing clients
 * wait for the end of their connections, which that program inherits.
 */
static bool is_done(const struct supervisor *supervisor)
{
    for (const struct client *client = supervisor->clients; client; client = client->next)
        if (client->subscribed && !client->closing)
            return false;
    return supervisor->state == WCL_STATE_STOPPED && !supervisor->tasks;
}

/* Lets closing clients go, unless what they wait for is about to be done. */
static void release_closing(struct supervisor *supervisor)
{
    bool others = false;

    for (const struct client *client = supervisor->clients; client; client = client->next)
        others |= client->subscribed && !client->closing;
    if (!others && supervisor->state >= WCL_STATE_STOPPING)
        return;
    for (struct client *client = supervisor->clients; client; client = client->next)
        if (client->closing)
            shutdown(client->fd, SHUT_RDWR);
}

void clients_end_if_done(struct supervisor *supervisor)
{
    sigset_t none;

    if (!is_done(supervisor)) {
        release_closing(supervisor);
        return;
    }
    for (struct client *client = supervisor->clients; client; client = client->next)
        fcntl(client->fd, F_SETFD, 0);
    fcntl(supervisor->folder, F_SETFD, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl(supervisor->teardown, supervisor->teardown, supervisor->path, (char *)NULL);
    _exit(1);
}
