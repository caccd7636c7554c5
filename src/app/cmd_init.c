/* cmd_init.c - myriad init: a new data folder and its first keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/first_user.h"
#include "app/workspace.h"
#include "base/json.h"
#include "web/credentials.h"

/* Nobody is written to, so any will do until she gives her own. */
#define FIRST_EMAIL "owner@localhost"

int command_init(struct command_line *line)
{
    const char *typed = command_option(line, "--email"), *url = command_option(line, "--url");
    const char *folder = command_word(line);
    str id, write_key, api_key, email, link;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    int status;

    if (!folder)
        return command_misused("init needs the folder to make");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    if (credentials_email(str_of(typed ? typed : FIRST_EMAIL), line->mem, &email) != OK)
        return command_misused("\"%s\" is no e-mail address", typed);
    if (workspace_create(line->sys, folder, line->mem, &id, &write_key, &api_key) != OK ||
        first_user_make(line->sys, folder, email, str_of(url ? url : FIRST_USER_URL), line->mem,
                        &link) != OK)
        return command_failed();
    json_open(&w, '{');
    json_key(&w, S("workspace"));
    json_text(&w, id);
    json_key(&w, S("write_key"));
    json_text(&w, write_key);
    json_key(&w, S("api_key"));
    json_text(&w, api_key);
    json_key(&w, S("signin_url"));
    json_text(&w, link);
    json_shut(&w, '}');
    status = command_print(&out);
    buf_done(&out);
    return status;
}
