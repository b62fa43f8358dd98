/* uname() on Windows. */
#ifndef WCL_NT_SYS_UTSNAME_H
#define WCL_NT_SYS_UTSNAME_H

#pragma GCC system_header

struct utsname {
    char sysname[16];
    char machine[16];
};

int wcl_nt_uname(struct utsname *host);

#define uname wcl_nt_uname

#endif
