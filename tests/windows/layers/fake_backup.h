/*
 * BackupRead and BackupWrite for tests: Wine has none. The programs that link this call these
 * instead of the system's. Writing keeps the stream in memory and gives the file its unnamed data;
 * reading gives a file's data alone.
 */
#ifndef WCL_TESTS_WINDOWS_FAKE_BACKUP_H
#define WCL_TESTS_WINDOWS_FAKE_BACKUP_H

#include "base/buffer.h"

typedef struct fake_backup {
    char *path; /* with forward slashes, absolute */
    bool security;
    bool ended; /* the context was given back */
    wcl_buffer stream;
} fake_backup;

/* The last stream that was written to a file whose path ends so; fails the test without one. */
const fake_backup *backup_of(const char *path);
/* How many streams were begun, and how many contexts were not given back. */
size_t backups_begun(void);
size_t backups_open(void);
void backups_reset(void);
/* The next write fails with this code. */
void backups_fail_next(unsigned code);

#endif
