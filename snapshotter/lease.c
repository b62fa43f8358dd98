/* Making leases in containerd. */
#include "snapshotter/lease.h"

#include <stdio.h>
#include <time.h>

#include "base/error.h"

#include "snapshotter/service/messages.h"

#define CREATE "/containerd.services.leases.v1.Leases/Create"
#define EXPIRE_LABEL "containerd.io/gc.expire"
#define SECONDS 3600

static wcl_status send_create(const wcl_grpc_target *target, const ProtobufCMessage *request,
                              wcl_error *error)
{
    wcl_grpc_client *client = NULL;
    ProtobufCMessage *answer = NULL;

    wcl_status status = wcl_grpc_client_begin(target, CREATE, &client, error);
    if (status == WCL_OK)
        status = wcl_grpc_client_send(client, request, true, error);
    if (status == WCL_OK)
        status = wcl_grpc_client_receive(
            client, &containerd__services__leases__v1__create_response__descriptor, &answer, error);
    wcl_protobuf_free(answer);
    wcl_grpc_client_free(client);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

wcl_status wcl_lease_create(const wcl_grpc_target *target, char lease[WCL_LEASE_SIZE],
                            wcl_error *error)
{
    WCL_LEASES_MESSAGE(CreateRequest)
    request = CONTAINERD__SERVICES__LEASES__V1__CREATE_REQUEST__INIT;
    WCL_LEASES_MESSAGE(CreateRequest__LabelsEntry)
    label = CONTAINERD__SERVICES__LEASES__V1__CREATE_REQUEST__LABELS_ENTRY__INIT, *labels = &label;
    const time_t end = time(NULL) + SECONDS;
    char until[sizeof("2000-01-01T00:00:00Z")], unique[37];
    struct tm utc;
    wcl_guid guid;

    if (wcl_guid_random(&guid, error) != WCL_OK)
        return WCL_FAILED;
    wcl_guid_format(&guid, unique);
    snprintf(lease, WCL_LEASE_SIZE, "wcl-%s", unique);
    strftime(until, sizeof(until), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&end, &utc));
    label.key = (char *)EXPIRE_LABEL;
    label.value = until;
    request.id = lease;
    request.labels = &labels;
    request.n_labels = 1;
    return send_create(target, &request.base, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "create lease", lease);
}
