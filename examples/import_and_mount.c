/* Imports a layer tar into a home, mounts it, prints a file of it and unmounts it again:
 * import_and_mount HOME ID TAR FILE. Mounting needs root. */
#include <stdio.h>

#include <wcl/tar.h>

/* On nothing when it is imported; when it is mounted, on what it was imported on. */
static const wcl_parents no_parents = { NULL, 0 };

/* A wcl_read_fn. */
static wcl_status read_file(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    FILE *file = context;

    *got = fread(buffer, 1, size, file);
    if (*got == 0 && ferror(file)) {
        *error = (wcl_error) { .code = WCL_CODE_IO, .message = "cannot read the tar" };
        return WCL_FAILED;
    }
    return WCL_OK;
}

static void print_file(const char *folder, const char *name)
{
    char path[4096];
    int byte;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    while (file && (byte = getc(file)) != EOF)
        putchar(byte);
    if (!file || fclose(file) != 0)
        perror(path);
}

static wcl_status print_mounted(const wcl_driver *driver, const char *id, const char *name,
                                wcl_error *error)
{
    char *folder = NULL;

    if (wcl_layer_prepare(driver, id, no_parents, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_layer_mount_path(driver, id, &folder, error);
    if (status == WCL_OK)
        print_file(folder, name);
    wcl_free(folder);
    /* It is unmounted either way; the first failure is the one to tell. */
    if (wcl_layer_unprepare(driver, id, status == WCL_OK ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    return status;
}

int main(int argc, char **argv)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_driver driver = WCL_DRIVER_INIT;
    wcl_import_result result = WCL_IMPORT_RESULT_INIT;
    char text[1400];

    if (argc != 5)
        return fprintf(stderr, "usage: import_and_mount HOME ID TAR FILE\n"), 2;
    driver.home_dir = argv[1];
    FILE *tar = fopen(argv[3], "rb");
    if (!tar)
        return perror(argv[3]), 1;
    wcl_status status =
        wcl_layer_import_tar(&driver, argv[2], no_parents, read_file, tar, NULL, &result, &error);
    fclose(tar);
    if (status == WCL_OK) {
        printf("%s is %s\n", argv[2], result.diff_id);
        status = print_mounted(&driver, argv[2], argv[4], &error);
    }
    if (status != WCL_OK)
        fprintf(stderr, "import_and_mount: %s\n", wcl_error_format(&error, text, sizeof(text)));
    return status == WCL_OK ? 0 : 1;
}
