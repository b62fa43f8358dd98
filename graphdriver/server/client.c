/* Clients: the clock that runs for them, and noticing that they went. */
#include "graphdriver/server/client.h"

#include <poll.h>

#include "graphdriver/server/microhttpd.h"

/* Whom the thread works for. It is asked from deep inside a layer's work, by the driver's hooks. */
static _Thread_local const wcl_client *served;

wcl_client wcl_client_of(struct MHD_Connection *connection, unsigned patience)
{
    const union MHD_ConnectionInfo *info = wcl_microhttpd_functions()->MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return (wcl_client) { connection, info ? info->connect_fd : -1, patience };
}

static void set_timeout(const wcl_client *client, unsigned seconds)
{
    /* It begins anew when it is set after none, so that a pause of the server's is not counted. */
    wcl_microhttpd_functions()->MHD_set_connection_option(client->connection,
                                                          MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

void wcl_client_stop_clock(const wcl_client *client)
{
    set_timeout(client, 0);
}

void wcl_client_start_clock(const wcl_client *client)
{
    set_timeout(client, client->patience);
}

void wcl_client_serve(const wcl_client *client)
{
    served = client;
}

bool wcl_client_is_gone(void)
{
    struct pollfd end = { .fd = served ? served->fd : -1, .events = POLLRDHUP };

    return end.fd >= 0 && poll(&end, 1, 0) > 0 &&
           (end.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL));
}
