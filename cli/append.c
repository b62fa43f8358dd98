/* The command append: makes an image of another one and a layer of files. */
#include "cli/append.h"

#include <errno.h>
#include <inttypes.h>
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

/* Reads SOURCE_DATE_EPOCH. False where it is no time. */
static bool read_epoch(wcl_image_append_options *options)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end;

    if (!text || !*text)
        return true;
    errno = 0;
    options->epoch = strtoll(text, &end, 10);
    options->has_epoch = true;
    return errno == 0 && *end == '\0' && options->epoch >= 0 && *text != ' ';
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
    printf("\n");
}

static int append(cli *cli, append_line *line, const char *base, const char *input)
{
    int result = cli_limits_read(cli, &line->limits);
    if (result)
        return result;
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
                                         .entrypoint = line->entrypoint,
                                         .cmd = line->cmd,
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
        return cli_usage_error(cli, "SOURCE_DATE_EPOCH is no number of seconds since 1970");
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
    return status == WCL_OK ? 0 : EXIT_FAILED;
}

int command_append(cli *cli, int argc, char **argv)
{
    append_line line = { .tag = NULL };
    const cli_option table[] = {
        { "tag", 't', CLI_VALUE, "NAME", "the new image's name (needed)", NULL, &line.tag, NULL },
        CLI_TAR_LIMITS(line.limits),
        { "to", 0, CLI_VALUE, "FOLDER", "the folder that the files go into; made if missing", NULL,
          &line.to, NULL },
        { "delete", 0, CLI_LIST, "PATH", "a path of IMAGE that the new one shall not have", NULL,
          NULL, &line.deleted },
        { "os", 0, CLI_VALUE, "OS", "windows or linux, for an image on scratch", NULL, &line.os,
          NULL },
        { "platform", 0, CLI_VALUE, "PLATFORM",
          "what the image says it runs on: OS[(VERSION)][/ARCHITECTURE[/VARIANT]]", NULL,
          &line.platform, NULL },
        { "sddl", 0, CLI_VALUE, "SDDL", "the security descriptor of files (Windows)", NULL,
          &line.sddl, NULL },
        { "folder-sddl", 0, CLI_VALUE, "SDDL", "the security descriptor of folders (Windows)", NULL,
          &line.folder_sddl, NULL },
        { "owner", 0, CLI_VALUE, "OWNER", "whose the files are: a SID or BA, SY, ...; or UID[:GID]",
          NULL, &line.owner, NULL },
        { "entrypoint", 0, CLI_VALUE, "COMMAND", "the entry point: a JSON list, or a shell's line",
          NULL, &line.entrypoint, NULL },
        { "cmd", 0, CLI_VALUE, "COMMAND", "the command, likewise", NULL, &line.cmd, NULL },
        { "env", 'e', CLI_LIST, "NAME=VALUE", "a variable of the environment", NULL, NULL,
          &line.env },
        { "label", 0, CLI_LIST, "NAME=VALUE", "a label", NULL, NULL, &line.labels },
        { "workdir", 'w', CLI_VALUE, "FOLDER", "the folder that commands start in", NULL,
          &line.workdir, NULL },
        { "user", 'u', CLI_VALUE, "USER", "the user that commands run as", NULL, &line.user, NULL },
        { .name = NULL },
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
