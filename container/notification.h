/* What a compute system or a process tells those who hold a handle of it. */
#ifndef WCL_CONTAINER_NOTIFICATION_H
#define WCL_CONTAINER_NOTIFICATION_H

#include <wcl/base.h>

/* The Host Compute Service's own numbers. */
#define WCL_NOTIFY_SYSTEM_EXITED 0x1u
#define WCL_NOTIFY_CREATE_COMPLETED 0x2u
#define WCL_NOTIFY_START_COMPLETED 0x3u
#define WCL_NOTIFY_PAUSE_COMPLETED 0x4u
#define WCL_NOTIFY_RESUME_COMPLETED 0x5u
#define WCL_NOTIFY_PROCESS_EXITED 0x10000u
#define WCL_NOTIFY_SERVICE_DISCONNECT 0x01000000u

#endif
