/* cmd_serve.c - myriad serve: the words of the command, then the service.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/service.h"
#include "sys/process.h"

static int print_settings(void)
{
    struct buf out = {0};
    int status;

    config_write_help(&out);
    status = command_print(&out);
    buf_done(&out);
    return status;
}

int command_serve(struct command_line *line)
{
    struct service_options options = {
        .sys = line->sys,
        .folder = command_option(line, "--data"),
        .listen = command_option(line, "--listen"),
        .config_path = command_option(line, "--config"),
    };
    bool settings = command_flag(line, "--settings");

    if (!command_is_understood(line))
        return EXIT_USAGE;
    if (settings)
        return print_settings();
    if (!options.folder)
        return command_misused("serve needs --data DIR");
    if (!options.listen)
        options.listen = "127.0.0.1:8080";
    if (config_read(line->sys, options.config_path, &options.config) != OK)
        return command_failed();
    switch (service_run(&options)) {
    case SERVICE_ENDED:
        return EXIT_DONE;
    case SERVICE_PROTECTED:
        command_say("%s", err_text());
        process_stop(EXIT_PROTECT); /* its threads are still there */
    case SERVICE_FAILED:
        break;
    }
    return command_failed();
}
