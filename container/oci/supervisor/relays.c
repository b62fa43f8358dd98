/*
 * Relays: a process's input on its way from the socket that programs write to, and a console's
 * input and output. A socket is what lets one program close the input that others hold as well.
 */
#include "container/oci/supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* One scratch buffer serves every relay, since one event is handled at a time. */
#define SCRATCH_SIZE 65536

static void relay_end(struct supervisor *supervisor, struct relay *relay)
{
    struct relay **at = &supervisor->relays;

    while (*at != relay)
        at = &(*at)->next;
    *at = relay->next;
    if (relay->to_console) {
        struct termios settings;
        unsigned char end = tcgetattr(relay->to, &settings) == 0 ? settings.c_cc[VEOF] : 4;
        if (write(relay->to, &end, 1) < 0)
            end = 0; /* the console is gone, and with it who would read it */
    }
    loop_remove(supervisor, relay->from);
    loop_remove(supervisor, relay->to);
    shutdown(relay->from, SHUT_RD);
    close_fd(&relay->from);
    close_fd(&relay->to);
    free(relay->pending);
    free(relay);
}

/* Keeps what did not fit and waits for room; false when that is impossible. */
static bool relay_wait(struct supervisor *supervisor, struct relay *relay, const char *data,
                       size_t size)
{
    char *kept = malloc(size);

    if (!kept)
        return false;
    memcpy(kept, data, size);
    free(relay->pending);
    relay->pending = kept;
    relay->pending_at = 0;
    relay->pending_size = size;
    if (!relay->full) {
        loop_change(supervisor, relay->from, 0, &relay->readable);
        loop_change(supervisor, relay->to, EPOLLOUT, &relay->writable);
    }
    relay->full = true;
    return true;
}

static void relay_readable(struct supervisor *supervisor, struct source *source, uint32_t events)
{
    static char scratch[SCRATCH_SIZE];
    struct relay *relay = (struct relay *)source;

    if (relay->full && events & (EPOLLHUP | EPOLLERR)) {
        /* The end is told even to who does not listen; it is dealt with after what is pending. */
        loop_remove(supervisor, relay->from);
        return;
    }
    ssize_t size = read(relay->from, scratch, sizeof(scratch));
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        relay_end(supervisor, relay);
        return;
    }
    ssize_t written = write(relay->to, scratch, (size_t)size);
    if (written < 0 && errno != EAGAIN && errno != EINTR) {
        relay_end(supervisor, relay);
        return;
    }
    size_t done = written < 0 ? 0 : (size_t)written;
    if (done < (size_t)size && !relay_wait(supervisor, relay, scratch + done, (size_t)size - done))
        relay_end(supervisor, relay);
}

static void relay_writable(struct supervisor *supervisor, struct source *source, uint32_t events)
{
    struct relay *relay =
        (struct relay *)(void *)((char *)source - offsetof(struct relay, writable));

    if (!relay->full) {
        if (events & (EPOLLERR | EPOLLHUP))
            relay_end(supervisor, relay);
        return;
    }
    ssize_t written = write(relay->to, relay->pending + relay->pending_at,
                            relay->pending_size - relay->pending_at);
    if (written < 0) {
        if (errno != EAGAIN && errno != EINTR)
            relay_end(supervisor, relay);
        return;
    }
    relay->pending_at += (size_t)written;
    if (relay->pending_at < relay->pending_size)
        return;
    free(relay->pending);
    relay->pending = NULL;
    relay->full = false;
    loop_change(supervisor, relay->to, 0, &relay->writable);
    loop_remove(supervisor, relay->from);
    if (!loop_add(supervisor, relay->from, EPOLLIN, &relay->readable))
        relay_end(supervisor, relay);
}

bool relays_add(struct supervisor *supervisor, int from, int to, bool to_console)
{
    struct relay *relay = calloc(1, sizeof(*relay));

    if (!relay) {
        close_fd(&from);
        close_fd(&to);
        return false;
    }
    *relay = (struct relay) { .readable.ready = relay_readable,
                              .writable.ready = relay_writable,
                              .next = supervisor->relays,
                              .from = from,
                              .to = to,
                              .to_console = to_console };
    supervisor->relays = relay;
    fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
    fcntl(to, F_SETFL, fcntl(to, F_GETFL) | O_NONBLOCK);
    /* /dev/null cannot be watched, and never is full. */
    if (loop_add(supervisor, from, EPOLLIN, &relay->readable) &&
        (loop_add(supervisor, to, 0, &relay->writable) || errno == EPERM))
        return true;
    relay_end(supervisor, relay);
    return false;
}
