/* What the reader and the writer of transport folders share. */
#ifndef WCL_TRANSPORT_TRANSPORT_H
#define WCL_TRANSPORT_TRANSPORT_H

#include <wcl/layer.h>

#include <string.h>

/* Bytes in front of a backup stream under Files: the attributes. */
#define WCL_TRANSPORT_STREAM_START 4

/* Whether the entry is kept as its backup stream, not as a plain file. */
static inline bool wcl_transport_keeps_stream(const char *path)
{
    return strncmp(path, "Files", 5) == 0 && (path[5] == '\0' || path[5] == '/');
}

/* As wcl_transport_writer_open(); `avoid_xattrs`: as if the file system had no extended attributes.
 */
wcl_status wcl_transport_writer_open_with(const char *folder, bool avoid_xattrs,
                                          wcl_layer_writer **writer, wcl_error *error);

#endif
