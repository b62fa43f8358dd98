/* Talking to a container's supervisor. */
#ifndef WCL_CONTAINER_OCI_CLIENT_H
#define WCL_CONTAINER_OCI_CLIENT_H

#include <wcl/base.h>

#include "container/oci/folder.h"
#include "container/oci/protocol.h"

/* Connects to the supervisor of the container in `place`. Fails with WCL_CODE_HCS_NOT_EXIST when
 * there is no such container, and WCL_CODE_UNEXPECTED_PROCESS_ABORT when it has lost it. */
wcl_status wcl_supervisor_connect(const wcl_container_folder *place, int *fd, wcl_error *error);

/* Sends a request; `attached` is a descriptor that goes along, or -1. */
wcl_status wcl_supervisor_send(int fd, const wcl_supervisor_request *request, int attached,
                               wcl_error *error);

/* Receives a reply or event, and up to three descriptors (the others become -1). WCL_END when the
 * connection ended. */
wcl_status wcl_supervisor_receive(int fd, wcl_reply *reply, int fds[3], wcl_error *error);

/* Closes descriptors that came, and makes them -1. */
void wcl_pipes_close(int fds[3]);

/* One request and its reply over a connection; a reply with a code is a failure with it. `fds` may
 * be NULL. */
wcl_status wcl_supervisor_ask(const wcl_container_folder *place, int fd,
                              const wcl_supervisor_request *request, int attached, wcl_reply *reply,
                              int fds[3], wcl_error *error);

/* The same over a connection of its own. */
wcl_status wcl_supervisor_call(const wcl_container_folder *place,
                               const wcl_supervisor_request *request, int attached,
                               wcl_reply *reply, int fds[3], wcl_error *error);

/* Fails as the reply says: with its code, and the runtime's own message out of its log. */
wcl_status wcl_supervisor_fail(const wcl_reply *reply, wcl_error *error);

/* The last error in a runtime's log (JSON lines, or plain text), into `message`. */
void wcl_runtime_message(const char *log, char *message, size_t size);

/* Starts the supervisor of a container that is to be created; `*fd` becomes its first, subscribed
 * connection. `folder` holds the lock on the container's folder. */
wcl_status wcl_supervisor_start(const wcl_container_folder *place, const char *id, int folder,
                                int *fd, wcl_error *error);

#endif
