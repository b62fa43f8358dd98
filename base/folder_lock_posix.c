/* Where a folder can be locked itself. */
#include <sys/file.h>

#include "base/folder_lock.h"

int wcl_folder_lock(int folder, int operation, int *held)
{
    *held = -1;
    return flock(folder, operation);
}
