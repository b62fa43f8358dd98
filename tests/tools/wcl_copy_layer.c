/* wcl-copy-layer HOME FROM TO: makes a layer of another's entries, through the store's reader and
 * writer. */
#include <stdio.h>
#include <wcl/layer.h>

int main(int argc, char **argv)
{
    const wcl_parents none = { NULL, 0 };
    wcl_driver driver = WCL_DRIVER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    if (argc != 4) {
        fprintf(stderr, "usage: wcl-copy-layer HOME FROM TO\n");
        return 2;
    }
    driver.home_dir = argv[1];
    driver.provider = "store";
    wcl_status status = wcl_layer_reader_open(&driver, argv[2], none, &reader, &error);
    if (status == WCL_OK)
        status = wcl_layer_writer_open(&driver, argv[3], none, &writer, &error);
    if (status == WCL_OK)
        status = wcl_layer_copy(reader, writer, NULL, &error);
    if (status == WCL_OK)
        status = wcl_layer_writer_close(writer, &error);
    else
        wcl_layer_writer_abort(writer);
    wcl_layer_reader_close(reader, NULL);
    if (status == WCL_OK)
        return 0;
    char text[1400];
    fprintf(stderr, "wcl-copy-layer: %s\n", wcl_error_format(&error, text, sizeof(text)));
    return 1;
}
