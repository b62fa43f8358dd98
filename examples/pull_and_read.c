/* Pulls an image from a registry and prints a file of it, without mounting anything:
 * pull_and_read HOME REFERENCE PATH. */
#include <stdio.h>
#include <string.h>

#include <wcl/backupstream.h>
#include <wcl/registry.h>

/* A wcl_read_fn: the bytes of the entry that a layer's reader stands on. */
static wcl_status read_entry(void *context, void *buffer, size_t size, size_t *got,
                             wcl_error *error)
{
    return wcl_layer_reader_read(context, buffer, size, got, error);
}

/* An entry is a backup stream: of all that is in it, the file's bytes are one stream. */
static wcl_status print_data(wcl_backup_reader *stream, wcl_error *error)
{
    wcl_backup_header header;
    char buffer[4096];
    size_t got = 0;
    wcl_status status;

    while ((status = wcl_backup_reader_next(stream, &header, error)) == WCL_OK) {
        if (header.id != WCL_BACKUP_DATA)
            continue;
        while ((status = wcl_backup_reader_read(stream, buffer, sizeof(buffer), &got, error)) ==
                   WCL_OK &&
               got > 0)
            fwrite(buffer, 1, got, stdout);
        return status;
    }
    return status == WCL_END ? WCL_OK : status;
}

static wcl_status print_entry(wcl_layer_reader *reader, const char *path, wcl_error *error)
{
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_backup_reader *stream = NULL;
    wcl_status status;

    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK)
        if (entry.kind == WCL_ENTRY_FILE && strcmp(entry.path, path) == 0)
            break;
    if (status == WCL_END)
        fprintf(stderr, "pull_and_read: the image has no file '%s'\n", path);
    if (status != WCL_OK)
        return WCL_FAILED;
    status = wcl_backup_reader_new(read_entry, reader, &stream, error);
    if (status == WCL_OK)
        status = print_data(stream, error);
    wcl_backup_reader_free(stream);
    return status;
}

int main(int argc, char **argv)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_driver driver = WCL_DRIVER_INIT;
    wcl_image_info *image = NULL;
    wcl_layer_reader *reader = NULL;
    char text[1400];

    if (argc != 4)
        return fprintf(stderr, "usage: pull_and_read HOME REFERENCE PATH\n"), 2;
    driver.home_dir = argv[1];
    wcl_status status = wcl_image_pull(&driver, argv[2], NULL, NULL, &image, &error);
    if (status == WCL_OK)
        status = wcl_layer_merged_reader_open(&driver, image->layers[0], &reader, &error);
    if (status == WCL_OK)
        status = print_entry(reader, argv[3], &error);
    /* It fails, as it was not read to its end. */
    wcl_layer_reader_close(reader, NULL);
    wcl_free(image);
    if (status != WCL_OK && error.code != WCL_CODE_NONE)
        fprintf(stderr, "pull_and_read: %s\n", wcl_error_format(&error, text, sizeof(text)));
    return status == WCL_OK ? 0 : 1;
}
