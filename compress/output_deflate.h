/* Compressing one piece of memory into one gzip member. */
#ifndef WCL_COMPRESS_OUTPUT_DEFLATE_H
#define WCL_COMPRESS_OUTPUT_DEFLATE_H

#include <wcl/base.h>

/* One thread's compressor. */
typedef struct wcl_deflater wcl_deflater;

/* NULL when out of memory. */
wcl_deflater *wcl_deflater_new(int level);
/* The most bytes a member of `size` bytes of contents can have. */
size_t wcl_deflate_bound(size_t size);
/* Bytes of the member put into `member`, or 0 when the `room` there is not enough. */
size_t wcl_deflate_member(wcl_deflater *deflater, const void *data, size_t size, void *member,
                          size_t room);
void wcl_deflater_free(wcl_deflater *deflater);

#endif
