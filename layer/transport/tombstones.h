/* tombstones.txt: what the parents of a layer have under `Files` and it has not. */
#ifndef WCL_TRANSPORT_TOMBSTONES_H
#define WCL_TRANSPORT_TOMBSTONES_H

#include "layer/dir/extras.h"

#define WCL_TOMBSTONES_NAME "tombstones.txt"

/* Starts the text, and adds a line for `path`, which begins with "Files/". */
wcl_status wcl_tombstones_start(wcl_buffer *text, wcl_error *error);
wcl_status wcl_tombstones_add(wcl_buffer *text, const char *path, wcl_error *error);

/* Adds what the file in `root` names to `extras`; it may be missing. */
wcl_status wcl_tombstones_load(int root, wcl_extras *extras, wcl_error *error);

#endif
