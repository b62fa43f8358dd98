/*
 * The one door into backup streams for the modules above: what they need beside the public header.
 */
#ifndef WCL_BACKUPSTREAM_INTERNAL_H
#define WCL_BACKUPSTREAM_INTERNAL_H

#include "backupstream/frame.h"
#include "backupstream/sd_inherit.h"

#endif
