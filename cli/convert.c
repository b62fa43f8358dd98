/* convert: one form of layer into another, without a store. */
#include <string.h>

#include "cli/commands.h"

static bool is_format(const char *format)
{
    return strcmp(format, "oci") == 0 || strcmp(format, "transport") == 0 ||
           strcmp(format, "dir") == 0;
}

typedef struct convert_options {
    const char *from;
    const char *to;
    cli_compression compression;
    cli_limits limits;
    bool plain;
} convert_options;

static wcl_status open_writer(const convert_options *options, const wcl_tar_writer_options *tar,
                              const char *out, wcl_layer_writer **writer, wcl_error *error)
{
    if (strcmp(options->to, "oci") == 0)
        return wcl_tar_writer_open_file(out, tar, writer, error);
    if (strcmp(options->to, "transport") == 0)
        return wcl_transport_writer_open(out, writer, error);
    return wcl_dir_writer_open(out, writer, error);
}

static wcl_status convert(cli *cli, const convert_options *options,
                          const wcl_tar_writer_options *tar, const char *in, const char *out)
{
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    wcl_status status =
        cli_open_layer_limited(cli, in, options->from, &options->limits, &reader, &cli->error);
    if (status == WCL_OK)
        status = open_writer(options, tar, out, &writer, &cli->error);
    if (status == WCL_OK)
        status = wcl_layer_copy(reader, writer, &cli->hooks, &cli->error);
    cli_progress_source(cli, NULL, 0);
    /* The reader's end is only good if it read everything; that comes before the writer's. */
    wcl_status closed = wcl_layer_reader_close(reader, status == WCL_OK ? &cli->error : NULL);
    if (status == WCL_OK && closed == WCL_OK)
        return wcl_layer_writer_close(writer, &cli->error);
    wcl_layer_writer_abort(writer);
    return WCL_FAILED;
}

int command_convert(cli *cli, int argc, char **argv)
{
    convert_options options = { .from = NULL };
    cli_option table[12 + CLI_COMPRESSIONS] = {
        CLI_VALUE("from", 0, "FORMAT", "what IN is: oci, transport or dir", &options.from),
        CLI_VALUE("to", 0, "FORMAT", "what OUT becomes: oci, transport or dir", &options.to),
        CLI_FLAG("plain", 0,
                 "write no WCL.* records: exactly what go-winio writes, with its losses",
                 &options.plain),
        CLI_TAR_LIMITS(options.limits),
    };
    wcl_tar_writer_options tar = { .struct_size = sizeof(tar) };

    cli_compression_options(&options.compression, table);
    int result = cli_parse(cli, table, &argc, argv, 2, 2, 0);
    if (result)
        return result;
    if (!options.to || !is_format(options.to) || (options.from && !is_format(options.from)))
        return cli_usage_error(cli, "--to (and --from) must be oci, transport or dir");
    if (strcmp(argv[2], "-") == 0 && strcmp(options.to, "oci") != 0)
        return cli_usage_error(cli, "only a tar can be written to standard output");
    result = cli_compression_read(cli, &options.compression, argv[2], &tar);
    if (result)
        return result;
    tar.plain_backuptar = options.plain;
    tar.max_size = options.limits.max_size;
    return cli_exit_code(convert(cli, &options, &tar, argv[1], argv[2]));
}
