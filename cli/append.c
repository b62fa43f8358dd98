/* The command append: makes an image of another one and a layer of files. */
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wcl/image.h>

/* What the command line says, before the library sees it. */
typedef struct append_line {
    cli_limits limits;
    const char *tag;
    const char *os;
    const char *platform;
    const char *to;
    const char *sddl;
    const char *folder_sddl;
    const char *owner;
    const char *entrypoint;
    const char *cmd;
    const char *workdir;
    const char *user;
    cli_list deleted;
    cli_list env;
    cli_list labels;
} append_line;

/* Reads SOURCE_DATE_EPOCH. False where it is not a time. */
static bool read_epoch(wcl_image_append_options *options)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t epoch = 0;

    if (!text || !*text)
        return true;
    options->has_epoch = cli_parse_number(text, 0, INT64_MAX, &epoch);
    options->epoch = (int64_t)epoch;
    return options->has_epoch;
}

/* The platform that --platform, or --os alone, says; NULL where neither is given. */
static wcl_status read_platform(const append_line *line, bool is_scratch, wcl_platform **platform,
                                wcl_error *error)
{
    const char *text = line->platform ? line->platform : line->os;

    *platform = NULL;
    if (!text)
        text = is_scratch ? "linux" : NULL;
    return text ? wcl_platform_parse(text, platform, error) : WCL_OK;
}

/* An option that is given and empty clears what the base has. */
static const char *command_of(const char *option)
{
    return option && !*option ? "[]" : option;
}

static void print_made(cli *cli, const wcl_image_info *made)
{
    json_out out = { .stream = stdout };

    if (!cli->json) {
        if (!cli->quiet)
            printf("%s\n", made->digest);
        return;
    }
    json_begin(&out, NULL, '{');
    json_text(&out, "digest", made->digest);
    json_text(&out, "config_digest", made->config_digest);
    json_text(&out, "media_type", made->media_type);
    json_text(&out, "layer", made->layers[0]);
    json_unsigned(&out, "size", made->size);
    json_end(&out, '{');
}

static int append(cli *cli, const append_line *line, const char *base, const char *input)
{
    wcl_driver driver = cli_driver(cli);
    bool is_scratch = strcmp(base, "scratch") == 0;
    wcl_platform *platform = NULL;
    wcl_image_info *made = NULL;
    cli_input stalling = { cli_open_stalling(input) };
    wcl_image_append_options options = { .struct_size = sizeof(options),
                                         .to = line->to,
                                         .deleted = line->deleted.items,
                                         .deleted_count = line->deleted.count,
                                         .sddl = line->sddl,
                                         .folder_sddl = line->folder_sddl,
                                         .owner = line->owner,
                                         .entrypoint = command_of(line->entrypoint),
                                         .cmd = command_of(line->cmd),
                                         .env = line->env.items,
                                         .env_count = line->env.count,
                                         .labels = line->labels.items,
                                         .label_count = line->labels.count,
                                         .workdir = line->workdir,
                                         .user = line->user,
                                         .read = cli_read,
                                         .read_context = &stalling,
                                         .max_size = line->limits.max_size,
                                         .max_entries = line->limits.max_entries,
                                         .max_ratio = line->limits.max_ratio };

    if (!read_epoch(&options))
        return cli_usage_error(cli, "SOURCE_DATE_EPOCH is not a number of seconds since 1970");
    wcl_status status = read_platform(line, is_scratch, &platform, &cli->error);
    options.platform = platform;
    if (status == WCL_OK)
        status =
            wcl_image_append(&driver, is_scratch ? NULL : base, stalling.fd >= 0 ? NULL : input,
                             line->tag, &options, &made, &cli->error);
    cli_progress_done(cli);
    if (status == WCL_OK)
        print_made(cli, made);
    wcl_free(made);
    wcl_free(platform);
    return cli_exit_code(status);
}

int command_append(cli *cli, int argc, char **argv)
{
    append_line line = { .tag = NULL };
    const cli_option table[] = {
        CLI_VALUE("tag", 't', "NAME", "the new image's name (needed)", &line.tag),
        CLI_TAR_LIMITS(line.limits),
        CLI_VALUE("to", 0, "FOLDER", "the folder that the files go into; made if missing",
                  &line.to),
        CLI_LIST("delete", 0, "PATH", "a path of IMAGE that the new one is not to have",
                 &line.deleted),
        CLI_VALUE("os", 0, "OS", "windows or linux, for an image on scratch", &line.os),
        CLI_VALUE("platform", 0, "PLATFORM",
                  "what the image says it runs on: OS[(VERSION)][/ARCHITECTURE[/VARIANT]]",
                  &line.platform),
        CLI_VALUE("sddl", 0, "SDDL", "the security descriptor of files (Windows)", &line.sddl),
        CLI_VALUE("folder-sddl", 0, "SDDL", "the security descriptor of folders (Windows)",
                  &line.folder_sddl),
        CLI_VALUE("owner", 0, "OWNER", "whose the files are: a SID or BA, SY, ...; or UID[:GID]",
                  &line.owner),
        CLI_VALUE("entrypoint", 0, "COMMAND", "the entry point: a JSON list, or a shell's line",
                  &line.entrypoint),
        CLI_VALUE("cmd", 0, "COMMAND", "the command, likewise", &line.cmd),
        CLI_LIST("env", 'e', "NAME=VALUE", "a variable of the environment", &line.env),
        CLI_LIST("label", 0, "NAME=VALUE", "a label", &line.labels),
        CLI_VALUE("workdir", 'w', "FOLDER", "the folder that commands start in", &line.workdir),
        CLI_VALUE("user", 'u', "USER", "the user that commands run as", &line.user),
        CLI_END
    };

    int result = cli_parse(cli, table, &argc, argv, 2, 2, 0);
    if (result == 0 && !line.tag)
        result = cli_usage_error(cli, "-t NAME is needed: what the new image is called");
    if (result == 0 && line.os && strcmp(line.os, "windows") != 0 && strcmp(line.os, "linux") != 0)
        result = cli_usage_error(cli, "--os must be windows or linux");
    if (result == 0 && line.os && line.platform)
        result = cli_usage_error(cli, "--platform says the system too; leave --os out");
    if (result == 0)
        result = append(cli, &line, argv[1], argv[2]);
    cli_list_free(&line.deleted);
    cli_list_free(&line.env);
    cli_list_free(&line.labels);
    return result;
}
