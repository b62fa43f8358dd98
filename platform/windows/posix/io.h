/* <io.h> without an old name in it that is a word of this code. */
#ifndef WCL_NT_IO_H
#define WCL_NT_IO_H

#pragma GCC system_header

#define tell wcl_nt_unused_tell
#include_next <io.h>
#undef tell

#endif
