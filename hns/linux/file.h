/* Small files that are there whole or not at all. */
#ifndef WCL_HNS_FILE_H
#define WCL_HNS_FILE_H

#include "base/json.h"

/* WCL_END when there is no such file. */
wcl_status wcl_file_read(const char *path, wcl_buffer *contents, wcl_error *error);
/* Replaces the file; it is on disk then. */
wcl_status wcl_file_write(const char *path, const char *text, wcl_error *error);
/* WCL_END when there was none. */
wcl_status wcl_file_remove(const char *path, wcl_error *error);
/* Reads a JSON object; WCL_END when there is no such file. */
wcl_status wcl_file_read_json(const char *path, cJSON **json, wcl_error *error);
wcl_status wcl_file_write_json(const char *path, const cJSON *json, wcl_error *error);
/* The folder and those above it. */
wcl_status wcl_folder_make(const char *path, wcl_error *error);

#endif
