/* cmd_key.c - myriad key: API keys of a folder that nobody serves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/workspace.h"
#include "store/access.h"
#include "store/audit.h"
#include "store/key_origins.h"
#include "sys/clock.h"
#include "web/api/keys_write.h"

struct wanted {
    const char *scope, *name, *expires, *origins;
    bool servers;
};

static fallible read_wish(struct command_line *line, const struct wanted *wanted,
                          struct access_wish *out_wish)
{
    str scope = str_of(wanted->scope ? wanted->scope : "write");
    int64_t days;

    *out_wish = (struct access_wish){.name = wanted->name ? str_of(wanted->name) : scope,
                                     .servers = wanted->servers};
    TRY(access_scope_parse(scope, &out_wish->scopes));
    if (wanted->expires && time_parse_date(str_of(wanted->expires), &days) == OK)
        out_wish->expires_at = days * MILLIS_DAY;
    else if (wanted->expires && time_parse(str_of(wanted->expires), &out_wish->expires_at) != OK)
        return fail(ERR_INVALID, "--expires needs a day or a time, as 2030-01-31");
    if (wanted->origins)
        TRY(key_origins_read(str_of(wanted->origins), line->mem, &out_wish->origins));
    return OK;
}

static fallible note(struct command_line *line, struct workspace *workspace, const char *action,
                     int64_t id)
{
    struct audit_by by = {S("command"), {NULL, 0}};
    struct audit_entry entry = {.by = &by, .action = action};

    entry.object = arena_print(line->mem, "key:%lld", (long long)id);
    return entry.object.data ? audit_write(workspace->catalog, clock_now(line->sys), &entry)
                             : arena_exhausted();
}

static fallible add(struct command_line *line, struct workspace *workspace,
                    const struct wanted *wanted, struct buf *out)
{
    struct json_writer w = {.out = out};
    struct access_wish wish;
    int64_t id;
    str secret;

    TRY(read_wish(line, wanted, &wish));
    TRY(access_add(workspace->access, &wish, clock_now(line->sys), line->mem, &id, &secret));
    TRY(note(line, workspace, "key.add", id));
    json_open(&w, '{');
    json_key(&w, S("id"));
    json_i64(&w, id);
    json_key(&w, S("key"));
    json_text(&w, secret);
    json_shut(&w, '}');
    return OK;
}

static fallible list(struct command_line *line, struct access *access, struct buf *out)
{
    struct json_writer w = {.out = out};
    struct access_key *keys;
    size_t count;

    TRY(access_list(access, 0, INT32_MAX, line->mem, &keys, &count));
    json_open(&w, '{');
    json_key(&w, S("keys"));
    keys_write_list(&w, keys, count);
    json_shut(&w, '}');
    return OK;
}

static fallible revoke(struct command_line *line, struct workspace *workspace, const char *id_text,
                       struct buf *out)
{
    int64_t id;

    if (!id_text || !str_to_i64(str_of(id_text), &id))
        return fail(ERR_INVALID, "give the key's id, as `myriad key list` shows it");
    TRY(access_revoke(workspace->access, id, clock_now(line->sys)));
    TRY(note(line, workspace, "key.revoke", id));
    buf_print(out, "{\"revoked\":%lld}", (long long)id);
    return OK;
}

int command_key(struct command_line *line)
{
    const char *folder = command_option(line, "--data"), *id = command_option(line, "--id");
    struct wanted wanted = {
        .scope = command_option(line, "--scope"),
        .name = command_option(line, "--name"),
        .expires = command_option(line, "--expires"),
        .origins = command_option(line, "--origins"),
        .servers = command_flag(line, "--servers"),
    };
    str verb = str_of(command_word(line));
    struct workspace workspace;
    struct buf out = {0};
    enum err err;
    int status;

    if (!id)
        id = command_word(line);
    if (!str_equals(verb, S("add")) && !str_equals(verb, S("list")) &&
        !str_equals(verb, S("revoke")))
        return command_misused("key needs one of add, list, revoke");
    if (!folder)
        return command_misused("key needs --data DIR");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    err = workspace_open_catalog(line->sys, folder, &workspace);
    if (!err && str_equals(verb, S("add")))
        err = add(line, &workspace, &wanted, &out);
    else if (!err && str_equals(verb, S("list")))
        err = list(line, workspace.access, &out);
    else if (!err)
        err = revoke(line, &workspace, id, &out);
    workspace_close(&workspace);
    status = err ? command_failed() : command_print(&out);
    buf_done(&out);
    return status;
}
