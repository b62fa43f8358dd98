/* Which ways of mounting a chain this host offers, and which one the environment forces. */
#ifndef WCL_STORE_MOUNT_WAY_H
#define WCL_STORE_MOUNT_WAY_H

#include "layer/store/mount.h"

/* The way that WCL_MOUNT names; 0 where it is unset or empty. */
wcl_status wcl_mount_forced(wcl_mount_way *way, wcl_error *error);

#endif
