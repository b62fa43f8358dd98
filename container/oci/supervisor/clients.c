/*
 * Programs connected to the supervisor, what they are told, and when nobody is left to tell.
 *
 * A connection only carries requests until it subscribes; then it is a handle of the container as
 * well. The handles decide how long the supervisor stays after the container has stopped: who holds
 * one may still ask how processes ended, so nothing is given back before the last is closed.
 *
 * A handle that is being closed (`closing`) is no longer told anything, and does not count; but its
 * connection stays open, because its end is the answer. A close that may be the last, of a
 * container that is stopping, returns only when the layer is free: the program that gives it back
 * inherits these connections, and they end with it. Any other close is answered at once.
 *
 * A handle that does not read (`behind`) must not hold up the others, nor fill this program's
 * memory. Events for it are dropped from the first that does not fit; once there is room it is told
 * that it missed some, asks anew, and hears of new ones again. The container's end is told once
 * more, since nothing that could be asked for would say it.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container/notification.h"
#include "container/oci/supervisor/supervisor.h"
#include "platform/linux/fd_message.h"

static void client_free(struct supervisor *supervisor, struct client *client)
{
    struct client **at = &supervisor->clients;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    loop_remove(supervisor, client->fd);
    close_fd(&client->fd);
    free(client);
}

static bool send_message(int fd, const wcl_reply *reply, const int *fds, size_t fd_count)
{
    return wcl_fd_message_send(fd, reply, offsetof(wcl_reply, text) + reply->text_size, fds,
                               fd_count, MSG_DONTWAIT) >= 0;
}

struct client *clients_by_number(const struct supervisor *supervisor, uint64_t number)
{
    struct client *client = supervisor->clients;

    while (client && client->number != number)
        client = client->next;
    return client;
}

/* Every message says how the container stands. */
static void add_status(const struct supervisor *supervisor, wcl_reply *reply)
{
    reply->state = supervisor->state;
    reply->exit_type = supervisor->exit_type;
    reply->init_pid = supervisor->init_ended ? 0 : supervisor->init;
    reply->started = supervisor->started;
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
        add_status(supervisor, &event);
        client_notify(supervisor, client, &event);
    }
}

void clients_notify(struct supervisor *supervisor, wcl_reply *event)
{
    add_status(supervisor, event);
    for (struct client *client = supervisor->clients; client; client = client->next)
        if (client->subscribed && !client->closing)
            client_notify(supervisor, client, event);
}

void clients_reply(struct supervisor *supervisor, struct client *client, wcl_reply *reply,
                   const int *fds, size_t fd_count)
{
    add_status(supervisor, reply);
    send_message(client->fd, reply, fds, fd_count);
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
    ssize_t size =
        wcl_fd_message_receive(client->fd, &request, sizeof(request), &attached, 1, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN)
        return;
    if (size == (ssize_t)sizeof(request)) {
        supervisor->handle_request(supervisor, client, &request, attached);
    } else {
        close_fd(&attached);
        client_free(supervisor, client);
    }
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
                                .number = ++supervisor->next_client,
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

static bool has_handles(const struct supervisor *supervisor)
{
    for (const struct client *client = supervisor->clients; client; client = client->next)
        if (client->subscribed && !client->closing)
            return true;
    return false;
}

/* Lets closing clients go, unless what they wait for is about to be done. */
static void release_closing(struct supervisor *supervisor)
{
    if (!has_handles(supervisor) && supervisor->state >= WCL_STATE_STOPPING)
        return;
    for (struct client *client = supervisor->clients; client; client = client->next)
        if (client->closing)
            shutdown(client->fd, SHUT_RDWR);
}

/*
 * Once the container has stopped and its last handle is closed, the supervisor becomes the program
 * that gives the layer and the endpoints back and removes the container's folder: in its place, so
 * that the lock on the folder is never free in between.
 */
void clients_end_if_done(struct supervisor *supervisor)
{
    sigset_t none;

    if (has_handles(supervisor) || supervisor->state != WCL_STATE_STOPPED || supervisor->tasks) {
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
