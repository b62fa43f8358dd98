/* Locks on folders, between processes and within one. */
#ifndef WCL_BASE_FOLDER_LOCK_H
#define WCL_BASE_FOLDER_LOCK_H

/*
 * flock() of an open folder: `operation` is LOCK_SH or LOCK_EX, with LOCK_NB or without. 0, or -1
 * with errno. The lock ends when `folder` and `*held` are closed; `*held` is -1 where the system
 * locks the folder itself.
 */
int wcl_folder_lock(int folder, int operation, int *held);

#endif
