/* cmd_check.c - myriad check: every checksum and invariant of a folder that nobody serves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/workspace.h"
#include "base/json.h"

static void add_damage(void *argument, const char *sentence)
{
    json_text(argument, str_of(sentence));
}

static void add_figure(struct json_writer *w, str name, uint64_t figure)
{
    json_key(w, name);
    json_u64(w, figure);
}

int command_check(struct command_line *line)
{
    const char *folder = command_option(line, "--data");
    bool salvage = command_flag(line, "--salvage");
    struct workspace_check check;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    int status = EXIT_FAILED;

    if (!folder)
        return command_misused("check needs --data DIR");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    json_open(&w, '{');
    json_key(&w, S("damages"));
    json_open(&w, '[');
    if (workspace_check(line->sys, folder, salvage, add_damage, &w, &check) != OK) {
        status = command_failed();
    } else {
        json_shut(&w, ']');
        add_figure(&w, S("log_bytes"), check.log.bytes);
        add_figure(&w, S("log_groups"), check.log.groups);
        add_figure(&w, S("log_records"), check.log.records);
        add_figure(&w, S("torn_bytes"), check.log.torn_bytes);
        json_key(&w, S("salvaged"));
        json_bool(&w, salvage && check.damages);
        json_shut(&w, '}');
        status = command_print(&out);
        if (check.damages)
            command_say("%llu damages found%s", (unsigned long long)check.damages,
                        salvage ? "; what could be read of the log was kept"
                                : ": restore a backup, or run `myriad check --salvage`");
        if (status == EXIT_DONE && check.damages)
            status = EXIT_FAILED;
    }
    buf_done(&out);
    return status;
}
