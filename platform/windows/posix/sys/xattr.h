/* Extended attributes as Linux knows them, which Windows' file systems do not: all of these fail
 * with EOPNOTSUPP, as on a Linux file system without them. */
#ifndef WCL_NT_SYS_XATTR_H
#define WCL_NT_SYS_XATTR_H

#pragma GCC system_header

#include <sys/types.h>

ssize_t wcl_nt_fgetxattr(int descriptor, const char *name, void *value, size_t size);
int wcl_nt_fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags);
int wcl_nt_fremovexattr(int descriptor, const char *name);
ssize_t wcl_nt_flistxattr(int descriptor, char *list, size_t size);

ssize_t wcl_nt_lgetxattr(const char *path, const char *name, void *value, size_t size);
ssize_t wcl_nt_llistxattr(const char *path, char *list, size_t size);

#define lgetxattr wcl_nt_lgetxattr
#define llistxattr wcl_nt_llistxattr
#define fgetxattr wcl_nt_fgetxattr
#define fsetxattr wcl_nt_fsetxattr
#define fremovexattr wcl_nt_fremovexattr
#define flistxattr wcl_nt_flistxattr

#endif
