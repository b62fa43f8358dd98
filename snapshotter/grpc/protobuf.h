/* Messages in protocol buffers' encoding, by libprotobuf-c, which is loaded when a server starts.
 */
#ifndef WCL_GRPC_PROTOBUF_H
#define WCL_GRPC_PROTOBUF_H

#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"

/* Loads it, once for the program. Any thread. */
wcl_status wcl_protobuf_load(wcl_error *error);

/*
 * Reads a message of that kind, which takes so many times as much memory as there are bytes at
 * most: a byte can be a whole message of its own. wcl_protobuf_free().
 */
#define WCL_PROTOBUF_BLOW_UP 32
wcl_status wcl_protobuf_parse(const ProtobufCMessageDescriptor *kind, const void *data, size_t size,
                              ProtobufCMessage **message, wcl_error *error);
/* NULL is allowed. */
void wcl_protobuf_free(ProtobufCMessage *message);

/* Appends the message, in bytes. */
wcl_status wcl_protobuf_append(const ProtobufCMessage *message, wcl_buffer *buffer,
                               wcl_error *error);

#endif
