/* What tests ask of the system they run on. What one system lacks makes a test say so, and be
 * skipped. */
#ifndef WCL_TESTS_SYSTEM_H
#define WCL_TESTS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

/* Whether symbolic links can be made; prints so where they cannot. */
bool system_has_symlinks(void);

/* Whether files keep the mode they are given; prints so where they do not. */
bool system_keeps_modes(void);

/* Whether files can be read without that counting as access; prints so where they cannot. */
bool system_keeps_access_times(void);

/* Each skips the test that calls it, and prints why, where there are no such things. */
void system_needs_symlinks(void);
void system_needs_special_files(void); /* pipes, sockets and devices in a folder */
void system_needs_any_name(void);      /* colons, backslashes and bytes that are no UTF-8 */
void system_needs_file_limit(void);
void system_needs_xattrs(void);
void system_needs_block_counts(void); /* how much of a file is on disk */

/* Whether a file can have the name beside those that were asked for before, and may be made in the
 * folder to find out; prints so where it cannot. */
bool system_has_name(const char *folder, const char *name);

/* The largest file that this process may write; 0 is without a limit. */
void system_limit_files(size_t bytes);

/* The most memory this process has had so far, in KiB. */
long system_peak_memory(void);

/* Lets this process run on one processor only, or on all it had. */
void system_use_one_processor(bool one);

/* How many folders may be nested: `wanted`, or what the system's paths have room for when each name
 * takes `name_size` bytes, which is printed. */
int system_depth(int wanted, int name_size);
void system_needs_depth(int wanted, int name_size);

#ifdef _WIN32
/* Functions of POSIX that no part of wcl needs. Those for what Windows does not have fail. */
int link(const char *from, const char *to);
int symlink(const char *target, const char *path);
int mkfifo(const char *path, unsigned mode);
int mknod(const char *path, unsigned mode, unsigned device);
unsigned getuid(void);
#endif

#endif
