/* What Windows has no like of, or gives only to those who may: each fails with EOPNOTSUPP. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static int missing_refuse(void)
{
    errno = EOPNOTSUPP;
    return -1;
}

ssize_t wcl_nt_fgetxattr(int descriptor, const char *name, void *value, size_t size)
{
    (void)descriptor;
    (void)name;
    (void)value;
    (void)size;
    return missing_refuse();
}

int wcl_nt_fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags)
{
    (void)descriptor;
    (void)name;
    (void)value;
    (void)size;
    (void)flags;
    return missing_refuse();
}

int wcl_nt_fremovexattr(int descriptor, const char *name)
{
    (void)descriptor;
    (void)name;
    return missing_refuse();
}

ssize_t wcl_nt_flistxattr(int descriptor, char *list, size_t size)
{
    (void)descriptor;
    (void)list;
    (void)size;
    return missing_refuse();
}

ssize_t wcl_nt_lgetxattr(const char *path, const char *name, void *value, size_t size)
{
    (void)path;
    (void)name;
    (void)value;
    (void)size;
    return missing_refuse();
}

ssize_t wcl_nt_llistxattr(const char *path, char *list, size_t size)
{
    (void)path;
    (void)list;
    (void)size;
    return missing_refuse();
}

int wcl_nt_symlinkat(const char *target, int folder, const char *path)
{
    (void)target;
    (void)folder;
    (void)path;
    return missing_refuse();
}

ssize_t wcl_nt_readlinkat(int folder, const char *path, char *target, size_t size)
{
    (void)folder;
    (void)path;
    (void)target;
    (void)size;
    return missing_refuse();
}

ssize_t wcl_nt_copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t size,
                               unsigned flags)
{
    (void)from;
    (void)from_offset;
    (void)to;
    (void)to_offset;
    (void)size;
    (void)flags;
    return missing_refuse();
}
