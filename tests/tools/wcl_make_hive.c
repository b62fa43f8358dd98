/*
 * Makes a registry hive of a text, for tests:
 *
 *   wcl-make-hive [--layered] HIVE <TEXT
 *
 * Each line is one of these, with tabs between its parts; texts and data are in hex:
 *
 *   key NUMBER PARENT SEMANTICS NAME     a key, below the one of that number; -1: the root
 *   value KEY TYPE NAME DATA
 *   deleted KEY NAME                     a value that the layers below may have
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/hive.h>

#define KEYS_MAX 100000

static wcl_hive_new_key *keys[KEYS_MAX];

static void fail(const char *what, const wcl_error *error)
{
    fprintf(stderr, "wcl-make-hive: %s: %s\n", what, error ? error->message : "");
    exit(1);
}

/* Decodes hex in place; how many bytes it was. */
static size_t decode(char *text)
{
    size_t size = strlen(text) / 2;

    for (size_t i = 0; i < size; i++) {
        const char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };
        text[i] = (char)strtoul(digits, NULL, 16);
    }
    text[size] = '\0';
    return size;
}

static wcl_hive_new_key **key_at(const char *number)
{
    unsigned long index = strtoul(number, NULL, 10);

    if (index >= KEYS_MAX)
        fail("a key's number is too large", NULL);
    return &keys[index];
}

static wcl_status take(wcl_hive_writer *writer, char **parts, size_t count, wcl_error *error)
{
    if (count == 5 && strcmp(parts[0], "key") == 0) {
        size_t size = decode(parts[4]);
        const wcl_hive_key_info info = { .name = parts[4],
                                         .name_size = size,
                                         .semantics = (wcl_hive_semantics)atoi(parts[3]) };
        return wcl_hive_writer_add_key(writer, parts[2][0] == '-' ? NULL : *key_at(parts[2]), &info,
                                       key_at(parts[1]), error);
    }
    if (count == 5 && strcmp(parts[0], "value") == 0) {
        size_t name_size = decode(parts[3]), size = decode(parts[4]);
        const wcl_hive_value value = { .name = parts[3],
                                       .name_size = name_size,
                                       .type = (uint32_t)strtoul(parts[2], NULL, 10),
                                       .data = (const uint8_t *)parts[4],
                                       .size = size };
        return wcl_hive_writer_add_value(writer, *key_at(parts[1]), &value, error);
    }
    if (count == 3 && strcmp(parts[0], "deleted") == 0) {
        size_t size = decode(parts[2]);
        const wcl_hive_value value = { .name = parts[2], .name_size = size, .is_tombstone = true };
        return wcl_hive_writer_add_value(writer, *key_at(parts[1]), &value, error);
    }
    fail("a line is not understood", NULL);
    return WCL_FAILED;
}

static wcl_status write_file(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)error;
    return fwrite(data, 1, size, context) == size ? WCL_OK : WCL_FAILED;
}

int main(int argc, char **argv)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_hive_writer_options options = WCL_HIVE_WRITER_OPTIONS_INIT;
    wcl_hive_writer *writer;
    char *line = NULL;
    size_t capacity = 0;

    options.is_layered = argc == 3 && strcmp(argv[1], "--layered") == 0;
    if (argc != 2 + options.is_layered)
        fail("usage: wcl-make-hive [--layered] HIVE", NULL);
    if (wcl_hive_writer_new(&options, &writer, &error) != WCL_OK)
        fail("new", &error);
    while (getline(&line, &capacity, stdin) > 0) {
        char *parts[5] = { NULL }, *rest = line;
        size_t count = 0;
        line[strcspn(line, "\n")] = '\0';
        while (rest && count < 5)
            parts[count++] = strsep(&rest, "\t");
        if (take(writer, parts, count, &error) != WCL_OK)
            fail("add", &error);
    }
    FILE *file = fopen(argv[argc - 1], "wb");
    if (!file || wcl_hive_writer_finish(writer, write_file, file, &error) != WCL_OK ||
        fclose(file) != 0)
        fail("write", &error);
    wcl_hive_writer_free(writer);
    free(line);
    return 0;
}
