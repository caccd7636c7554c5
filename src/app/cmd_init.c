/* cmd_init.c - myriad init: a new data folder and its first keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/workspace.h"
#include "base/json.h"

int command_init(struct command_line *line)
{
    const char *email = command_option(line, "--email");
    const char *folder = command_word(line);
    str id, write_key, api_key;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    int status;

    if (!folder)
        return command_misused("init needs the folder to make");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    if (email && str_find(str_of(email), '@') < 1)
        return command_misused("\"%s\" is no e-mail address", email);
    if (workspace_create(line->sys, folder, line->mem, &id, &write_key, &api_key) != OK)
        return command_failed();
    json_open(&w, '{');
    json_key(&w, S("workspace"));
    json_text(&w, id);
    json_key(&w, S("write_key"));
    json_text(&w, write_key);
    json_key(&w, S("api_key"));
    json_text(&w, api_key);
    json_shut(&w, '}');
    status = command_print(&out);
    buf_done(&out);
    return status;
}
