/*
 * Loading libprotobuf-c. What protoc-c generates calls it by name: these names are defined here and
 * pass on to the library.
 */
#include "snapshotter/grpc/protobuf.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "platform/linux/late.h"

typedef struct protobuf_library {
    __typeof__(protobuf_c_message_get_packed_size) *protobuf_c_message_get_packed_size;
    __typeof__(protobuf_c_message_pack) *protobuf_c_message_pack;
    __typeof__(protobuf_c_message_pack_to_buffer) *protobuf_c_message_pack_to_buffer;
    __typeof__(protobuf_c_message_unpack) *protobuf_c_message_unpack;
    __typeof__(protobuf_c_message_free_unpacked) *protobuf_c_message_free_unpacked;
} protobuf_library;

static protobuf_library library;
static bool is_loaded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

wcl_status wcl_protobuf_load(wcl_error *error)
{
    const wcl_late_symbol symbols[] = {
        WCL_LATE_SYMBOL(&library, protobuf_c_message_get_packed_size),
        WCL_LATE_SYMBOL(&library, protobuf_c_message_pack),
        WCL_LATE_SYMBOL(&library, protobuf_c_message_pack_to_buffer),
        WCL_LATE_SYMBOL(&library, protobuf_c_message_unpack),
        WCL_LATE_SYMBOL(&library, protobuf_c_message_free_unpacked),
    };
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&lock);
    if (!is_loaded)
        status = wcl_late_load(WCL_SONAME_PROTOBUF_C, symbols, sizeof(symbols) / sizeof(symbols[0]),
                               error);
    is_loaded = is_loaded || status == WCL_OK;
    pthread_mutex_unlock(&lock);
    return status;
}

/* ---- What generated code calls ----------------------------------------------------------------
 */

const char protobuf_c_empty_string[] = "";

size_t protobuf_c_message_get_packed_size(const ProtobufCMessage *message)
{
    return library.protobuf_c_message_get_packed_size(message);
}

size_t protobuf_c_message_pack(const ProtobufCMessage *message, uint8_t *out)
{
    return library.protobuf_c_message_pack(message, out);
}

size_t protobuf_c_message_pack_to_buffer(const ProtobufCMessage *message, ProtobufCBuffer *buffer)
{
    return library.protobuf_c_message_pack_to_buffer(message, buffer);
}

ProtobufCMessage *protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
                                            ProtobufCAllocator *allocator, size_t size,
                                            const uint8_t *data)
{
    return library.protobuf_c_message_unpack(descriptor, allocator, size, data);
}

void protobuf_c_message_free_unpacked(ProtobufCMessage *message, ProtobufCAllocator *allocator)
{
    library.protobuf_c_message_free_unpacked(message, allocator);
}

/* ---- Reading and writing ----------------------------------------------------------------------
 */

static void *allocate_within(void *context, size_t size)
{
    size_t *left = context;

    if (size > *left)
        return NULL;
    *left -= size;
    return malloc(size);
}

static void free_any(void *context, void *memory)
{
    (void)context;
    free(memory);
}

wcl_status wcl_protobuf_parse(const ProtobufCMessageDescriptor *kind, const void *data, size_t size,
                              ProtobufCMessage **message, wcl_error *error)
{
    size_t left = size * WCL_PROTOBUF_BLOW_UP + 4096;
    ProtobufCAllocator allocator = { allocate_within, free_any, &left };

    *message = protobuf_c_message_unpack(kind, &allocator, size, data);
    return *message ? WCL_OK
                    : wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the request is not a whole %s",
                               kind->short_name);
}

void wcl_protobuf_free(ProtobufCMessage *message)
{
    ProtobufCAllocator allocator = { allocate_within, free_any, NULL };

    if (message)
        protobuf_c_message_free_unpacked(message, &allocator);
}

wcl_status wcl_protobuf_append(const ProtobufCMessage *message, wcl_buffer *buffer,
                               wcl_error *error)
{
    size_t size = protobuf_c_message_get_packed_size(message);

    if (wcl_buffer_reserve(buffer, size, error) != WCL_OK)
        return WCL_FAILED;
    buffer->size += protobuf_c_message_pack(message, buffer->data + buffer->size);
    buffer->data[buffer->size] = 0;
    return WCL_OK;
}
