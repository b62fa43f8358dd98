/* What the commands call of the program. It calls none of them. */
#include "cli/cli.h"

#include <stdarg.h>

#include "cli/system.h"

int cli_fail(cli *cli, uint32_t code, const char *operation, const char *subject,
             const char *format, ...)
{
    cli->error.code = code;
    snprintf(cli->error.operation, sizeof(cli->error.operation), "%s", operation);
    snprintf(cli->error.subject, sizeof(cli->error.subject), "%s", subject ? subject : "");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cli->error.message, sizeof(cli->error.message), format, arguments);
    va_end(arguments);
    return EXIT_FAILED;
}

wcl_driver cli_driver(cli *cli)
{
    cli_system_take_rights(&cli->hooks);
    return (wcl_driver) { .struct_size = sizeof(wcl_driver),
                          .flavour = WCL_FLAVOUR_FILTER,
                          .home_dir = cli->home,
                          .hooks = &cli->hooks };
}
