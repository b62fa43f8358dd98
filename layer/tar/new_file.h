/* A file that appears under its name only once it is whole. */
#ifndef WCL_TAR_NEW_FILE_H
#define WCL_TAR_NEW_FILE_H

#include <wcl/base.h>

typedef struct wcl_new_file wcl_new_file;

/* Begins the file; "-" is standard output. */
wcl_status wcl_new_file_open(const char *name, wcl_new_file **file, wcl_error *error);
/* A wcl_write_fn whose context is the file. */
wcl_status wcl_new_file_write(void *file, const void *data, size_t size, wcl_error *error);
/* Gives the file its name, in place of what had it before. */
wcl_status wcl_new_file_finish(wcl_new_file *file, wcl_error *error);
/* Frees; a file that was not finished leaves no trace. NULL is allowed. */
void wcl_new_file_free(wcl_new_file *file);

#endif
