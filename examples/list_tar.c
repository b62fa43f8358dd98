/* Lists a layer tar, plain or compressed: list_tar FILE ("-" is standard input). */
#include <inttypes.h>
#include <stdio.h>

#include <wcl/tar.h>

static const char *kind_name(wcl_entry_kind kind)
{
    switch (kind) {
    case WCL_ENTRY_FILE:
        return "file";
    case WCL_ENTRY_DIRECTORY:
        return "folder";
    case WCL_ENTRY_HARD_LINK:
        return "link";
    case WCL_ENTRY_SYMLINK:
        return "symlink";
    case WCL_ENTRY_DELETED:
    case WCL_ENTRY_OPAQUE:
        return "deleted";
    default:
        return "special";
    }
}

static wcl_status list(wcl_layer_reader *reader, wcl_error *error)
{
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK) {
        printf("%-8s %10" PRIu64 "  %s", kind_name(entry.kind), entry.size, entry.path);
        printf(entry.target ? " -> %s\n" : "\n", entry.target);
    }
    return status == WCL_END ? WCL_OK : status;
}

int main(int argc, char **argv)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader = NULL;
    char text[1400];

    if (argc != 2)
        return fprintf(stderr, "usage: list_tar FILE\n"), 2;
    wcl_status status = wcl_tar_reader_open_file(argv[1], NULL, &reader, &error);
    if (status == WCL_OK)
        status = list(reader, &error);
    /* The first failure is the one to tell: closing fails as well where reading did. */
    if (wcl_layer_reader_close(reader, status == WCL_OK ? &error : NULL) != WCL_OK)
        status = WCL_FAILED;
    if (status != WCL_OK) {
        fprintf(stderr, "list_tar: %s\n", wcl_error_format(&error, text, sizeof(text)));
        return 1;
    }
    return 0;
}
