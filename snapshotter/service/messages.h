/* The messages of containerd's services, by names that can be written. */
#ifndef WCL_SNAPSHOTTER_MESSAGES_H
#define WCL_SNAPSHOTTER_MESSAGES_H

#include "content.pb-c.h"
#include "diff.pb-c.h"
#include "introspection.pb-c.h"
#include "leases.pb-c.h"
#include "snapshots.pb-c.h"

#define WCL_SNAPSHOTS_MESSAGE(name) Containerd__Services__Snapshots__V1__##name
#define WCL_DIFF_MESSAGE(name) Containerd__Services__Diff__V1__##name
#define WCL_CONTENT_MESSAGE(name) Containerd__Services__Content__V1__##name
#define WCL_INTROSPECTION_MESSAGE(name) Containerd__Services__Introspection__V1__##name
#define WCL_LEASES_MESSAGE(name) Containerd__Services__Leases__V1__##name

typedef Containerd__Types__Mount wcl_mount_message;
typedef Containerd__Types__Descriptor wcl_descriptor_message;
typedef WCL_SNAPSHOTS_MESSAGE(Info) wcl_info_message;

#endif
