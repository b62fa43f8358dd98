/* Device numbers, of which Windows has none. */
#ifndef WCL_NT_SYS_SYSMACROS_H
#define WCL_NT_SYS_SYSMACROS_H

#pragma GCC system_header

#define major(device) ((unsigned)((device) >> 8))
#define minor(device) ((unsigned)((device)&0xFF))

#endif
