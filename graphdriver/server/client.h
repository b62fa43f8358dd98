/* The client at the other end of a connection: whether it is still there, and how long it may do
 * nothing. */
#ifndef WCL_GRAPHDRIVER_CLIENT_H
#define WCL_GRAPHDRIVER_CLIENT_H

#include <microhttpd.h>
#include <wcl/base.h>

typedef struct wcl_client {
    struct MHD_Connection *connection;
    int fd;
    unsigned patience; /* seconds without progress, while it is the client's turn; 0: any */
} wcl_client;

wcl_client wcl_client_of(struct MHD_Connection *connection, unsigned patience);

/* The time that the server takes is not the client's: between these two none runs. */
void wcl_client_stop_clock(const wcl_client *client);
void wcl_client_start_clock(const wcl_client *client);

/* From now on this thread works for the client; NULL: for none. */
void wcl_client_serve(const wcl_client *client);

/* Whether the client that this thread works for has gone. */
bool wcl_client_is_gone(void);

#endif
