/* Folders as tests compare them, on every system. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "conformance/transport/folders.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "unit/dir/fixture.h"

#define BLOCK 512

/* The number that a header has at `at`. */
static size_t octal_at(const uint8_t *header, size_t at)
{
    return strtoul((const char *)header + at, NULL, 8);
}

static void unpack_entry(char type, const char *folder, const char *name, const uint8_t *data,
                         size_t size)
{
    if (type == '0') {
        fixture_write_file(folder, name, data, size);
        return;
    }
    WCL_CLEANUP_FREE char *path = fixture_path(folder, name);
    assert_int_equal(type, '5');
    assert_int_equal(mkdir(path, 0777), 0);
}

/* The tar is GNU's, and of the tests' own: names are bytes, long ones stand in entries before. */
void folders_unpack(const char *tar, const char *folder)
{
    WCL_CLEANUP_BUFFER wcl_buffer file = fixture_read_file(".", tar);
    char name[1024] = "";
    size_t size;

    assert_int_equal(mkdir(folder, 0777), 0);
    for (size_t at = 0; at < file.size && file.data[at];
         at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK) {
        const uint8_t *header = file.data + at;
        size = octal_at(header, 124);
        assert_true(at + BLOCK + size < file.size);
        if (header[156] == 'L') {
            assert_true(size < sizeof(name));
            memcpy(name, header + BLOCK, size);
            continue;
        }
        if (!name[0])
            snprintf(name, sizeof(name), "%.100s", (const char *)header);
        if (strcmp(name, "./") != 0)
            unpack_entry((char)header[156], folder, name, header + BLOCK, size);
        name[0] = '\0';
    }
}

static void compare_files(const char *expected, const char *got, const char *name)
{
    WCL_CLEANUP_BUFFER wcl_buffer a = fixture_read_file(expected, name);
    WCL_CLEANUP_BUFFER wcl_buffer b = fixture_read_file(got, name);

    if (a.size != b.size || (a.size && memcmp(a.data, b.data, a.size) != 0))
        fail_msg("%s differs in %s and %s", name, expected, got);
}

static size_t count_names(const char *folder, const char *ignored)
{
    DIR *listing = opendir(folder);
    const struct dirent *item;
    size_t count = 0;

    assert_non_null(listing);
    while ((item = readdir(listing)) != NULL)
        count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0 &&
                 strncmp(item->d_name, ignored, strlen(ignored)) != 0;
    closedir(listing);
    return count;
}

size_t folders_compare(const char *expected, const char *got, const char *ignored)
{
    size_t count = count_names(expected, ignored), all = count;
    DIR *listing = opendir(expected);
    const struct dirent *item;
    struct stat theirs, ours;

    assert_int_equal(count_names(got, ignored), count);
    while ((item = readdir(listing)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
            strncmp(item->d_name, ignored, strlen(ignored)) == 0)
            continue;
        WCL_CLEANUP_FREE char *a = fixture_path(expected, item->d_name);
        WCL_CLEANUP_FREE char *b = fixture_path(got, item->d_name);
        assert_int_equal(lstat(a, &theirs), 0);
        if (lstat(b, &ours) != 0)
            fail_msg("%s is missing", b);
        assert_int_equal(ours.st_mode & S_IFMT, theirs.st_mode & S_IFMT);
        if (S_ISDIR(theirs.st_mode))
            all += folders_compare(a, b, ignored);
        else
            compare_files(expected, got, item->d_name);
    }
    closedir(listing);
    return all;
}
