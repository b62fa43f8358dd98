/* The command inspect: says what an image is, or makes a page of what is in its layers. */
#include <wcl/image.h>

#include "cli/commands.h"

int command_inspect(cli *cli, int argc, char **argv)
{
    const char *page = NULL;
    const cli_option table[] = { CLI_VALUE("html", 0, "FILE",
                                           "write a page that shows the layers' files; - is stdout",
                                           &page),
                                 CLI_END };
    char *text;

    int result = cli_parse(cli, table, &argc, argv, 1, 1, 0);
    if (result)
        return result;
    wcl_driver driver = cli_driver(cli);
    if (page)
        return cli_exit_code(wcl_image_write_page(&driver, argv[1], page, &cli->error));
    if (wcl_image_inspect(&driver, argv[1], cli->json, &text, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    printf(cli->json ? "%s\n" : "%s", text);
    wcl_free(text);
    return 0;
}
