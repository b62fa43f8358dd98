/* A server on loopback that answers what a test wrote down, in that order, and keeps what it was
 * asked. */
#ifndef TEST_REGISTRY_SERVER_H
#define TEST_REGISTRY_SERVER_H

#include <stddef.h>

#define REQUESTS_MAX 64

typedef struct server server;

/* Answers are whole HTTP answers, head and body; NULL closes the connection without one. One that
 * begins with '!' has its connection closed behind it. "%P" in one stands for the port, and "%L"
 * for the length of its body. `count` of them; more requests get status 418. */
server *server_start(const char *const *answers, size_t count);
void server_stop(server *server);

unsigned server_port(const server *server);
size_t server_requests(server *server);
/* The head and body of a request; "" beyond the last. Valid until server_stop(). */
const char *server_request(server *server, size_t index);
/* Connections that were made. */
size_t server_connections(server *server);

#endif
