/* Runs a fuzz target over the files of a folder, so that what a fuzzer once found stays found
 * without one. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool load(const char *path, wcl_buffer *contents)
{
    char piece[65536];
    size_t got;
    FILE *file = fopen(path, "rb");

    if (!file)
        return false;
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        if (wcl_buffer_append(contents, piece, got, NULL) != WCL_OK)
            break;
    bool whole = feof(file) && !ferror(file);
    fclose(file);
    return whole;
}

static bool run(const char *path)
{
    WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;

    if (!load(path, &contents)) {
        fprintf(stderr, "%s cannot be read\n", path);
        return false;
    }
    /* Named before, for a target that finds something aborts. */
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput((const uint8_t *)wcl_buffer_text(&contents), contents.size);
    return true;
}

int main(int count, char **arguments)
{
    DIR *folder = count == 2 ? opendir(arguments[1]) : NULL;
    const struct dirent *entry;
    size_t runs = 0;

    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
        return 2;
    }
    while ((entry = readdir(folder))) {
        char path[1024];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", arguments[1], entry->d_name);
        if (!run(path))
            return 1;
        runs++;
    }
    closedir(folder);
    return runs ? 0 : 1;
}
