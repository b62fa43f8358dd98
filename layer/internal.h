/*
 * The one door into layers for the modules above (images, graph drivers): what they need beside the
 * public headers, and nothing else. scripts/check-structure.py sees to it.
 */
#ifndef WCL_LAYER_INTERNAL_H
#define WCL_LAYER_INTERNAL_H

/* Entries, their paths and names, and the providers that layers come from. */
#include "layer/entry/entry.h"
#include "layer/entry/ops.h"
#include "layer/entry/path.h"
#include "layer/entry/windows_names.h"
#include "layer/driver.h"
#include "layer/provider.h"

/* Folders that are walked as layers are, for what is appended to an image. */
#include "layer/dir/posix.h"
#include "layer/dir/walk.h"

/* Tars: limits, the scanner, the writer of headers and the reader that layers have. */
#include "layer/tar/limits.h"
#include "layer/tar/pax_write.h"
#include "layer/tar/scan.h"
#include "layer/tar/tar_headers.h"
#include "layer/tar/tar_reader.h"

/* The store: homes, imports with all that a pull wants to know, indexes, chains, sandboxes. */
#include "layer/store/home/behind.h"
#include "layer/store/home/uses.h"
#include "layer/store/import/import.h"
#include "layer/store/index/index.h"
#include "layer/store/mount/chain.h"
#include "layer/store/store.h"
#ifndef _WIN32
#include "layer/store/mount/lay_over.h"
#include "layer/store/mount/mount.h"
#include "layer/store/sandbox/sandbox.h"
#include "layer/store/sandbox/sandbox_work.h"
#endif

#endif
