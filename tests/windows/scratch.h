/* Home folders of tests on Windows, and files in them. */
#ifndef WCL_TESTS_WINDOWS_SCRATCH_H
#define WCL_TESTS_WINDOWS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* A new empty folder; its path is freed with free_home(). */
char *make_home(void);
/* Removes it with all that is in it. */
void free_home(char *home);

/* The path of something in it, with forward slashes or backslashes; wcl_free(). */
char *in_home(const char *home, const char *path);

/* Makes a folder and those that lead to it; makes a file with that text and what leads to it. */
void make_folder(const char *home, const char *path);
void make_file(const char *home, const char *path, const char *text);

bool is_there(const char *home, const char *path);
/* Whether the file's contents are this. */
void assert_file(const char *home, const char *path, const void *data, size_t size);
/* How many names a file has. */
unsigned links_of(const char *home, const char *path);

#endif
