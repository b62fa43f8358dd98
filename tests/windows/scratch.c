/* Home folders of tests on Windows. */
#include "windows/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <windows.h>

#include "platform/windows/files.h"
#include "platform/windows/wide.h"

char *make_home(void)
{
    char *home = wcl_folder_temporary(NULL);

    assert_non_null(home);
    return home;
}

void free_home(char *home)
{
    char *root = wcl_long_path(home, NULL);

    assert_int_equal(wcl_file_remove(root, NULL), WCL_OK);
    wcl_free(root);
    wcl_free(home);
}

char *in_home(const char *home, const char *path)
{
    char *root = wcl_long_path(home, NULL);
    char *joined = wcl_long_join(root, path, NULL);

    assert_non_null(joined);
    wcl_free(root);
    return joined;
}

void make_folder(const char *home, const char *path)
{
    for (const char *at = path;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char part[300] = "";
        memcpy(part, path, (size_t)(at - path));
        WCL_CLEANUP_FREE char *folder = in_home(home, part);
        assert_int_equal(wcl_folder_make(folder, true, NULL), WCL_OK);
        if (*at == '\0')
            return;
    }
}

void make_file(const char *home, const char *path, const char *text)
{
    const char *slash = strrchr(path, '/');
    WCL_CLEANUP_FREE char *place = in_home(home, path);
    void *file;

    if (slash) {
        char folder[300] = "";
        memcpy(folder, path, (size_t)(slash - path));
        make_folder(home, folder);
    }
    assert_int_equal(wcl_file_open(place, WCL_CREATE_PLAIN, &file, NULL), WCL_OK);
    assert_int_equal(wcl_file_write(file, text, strlen(text), NULL), WCL_OK);
    wcl_file_close(file);
}

bool is_there(const char *home, const char *path)
{
    WCL_CLEANUP_FREE char *place = in_home(home, path);
    uint32_t attributes;

    return wcl_file_attributes(place, &attributes, NULL) == WCL_OK;
}

void assert_file(const char *home, const char *path, const void *data, size_t size)
{
    WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE char *place = in_home(home, path);

    if (wcl_file_read_all(place, 1 << 24, &contents, NULL) != WCL_OK)
        fail_msg("%s is not there", path);
    if (contents.size != size || (size && memcmp(contents.data, data, size) != 0))
        fail_msg("%s has other contents (%u bytes)", path, (unsigned)contents.size);
}

unsigned links_of(const char *home, const char *path)
{
    WCL_CLEANUP_FREE char *place = in_home(home, path);
    BY_HANDLE_FILE_INFORMATION information;
    void *file;

    assert_int_equal(wcl_file_open(place, WCL_OPEN_PLAIN, &file, NULL), WCL_OK);
    assert_true(GetFileInformationByHandle(file, &information));
    wcl_file_close(file);
    return information.nNumberOfLinks;
}
