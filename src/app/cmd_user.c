/* cmd_user.c - myriad user: who may sign in to a folder that nobody serves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/first_user.h"
#include "app/workspace.h"
#include "store/users.h"
#include "sys/clock.h"
#include "web/api/user_write.h"
#include "web/credentials.h"

struct wanted {
    const char *email, *role, *name, *url;
};

static const struct audit_by BY = {{"command", 7}, {NULL, 0}};

static fallible find(struct command_line *line, struct users *users, const char *typed,
                     struct user *out_user)
{
    str email;

    TRY(credentials_email(str_of(typed), line->mem, &email));
    return users_find(users, email, line->mem, out_user);
}

static fallible add(struct command_line *line, struct users *users, const struct wanted *wanted,
                    struct buf *out)
{
    struct json_writer w = {.out = out};
    struct users_wish wish = {.name = str_of(wanted->name ? wanted->name : "")};
    struct users_link link;

    if (!wanted->role)
        return fail(ERR_INVALID, "give --role owner, marketer, analyst, viewer or developer");
    TRY(users_role_parse(str_of(wanted->role), &wish.role));
    TRY(credentials_email(str_of(wanted->email), line->mem, &wish.email));
    TRY(users_add(users, &BY, &wish, clock_now(line->sys), &link));
    user_write_link(&w, &link, str_of(wanted->url));
    return OK;
}

static fallible list(struct command_line *line, struct users *users, const struct wanted *wanted,
                     struct buf *out)
{
    struct json_writer w = {.out = out};
    struct user *all;
    size_t count;

    (void)wanted;
    TRY(users_list(users, 0, USERS_MOST, line->mem, &all, &count));
    json_open(&w, '{');
    json_key(&w, S("users"));
    user_write_list(&w, all, count);
    json_shut(&w, '}');
    return OK;
}

static fallible make_link(struct command_line *line, struct users *users,
                          const struct wanted *wanted, struct buf *out)
{
    struct json_writer w = {.out = out};
    struct users_link link;
    struct user user;

    TRY(find(line, users, wanted->email, &user));
    TRY(users_make_link(users, &BY, user.id, clock_now(line->sys), &link));
    user_write_link(&w, &link, str_of(wanted->url));
    return OK;
}

static fallible change_role(struct command_line *line, struct users *users,
                            const struct wanted *wanted, struct buf *out)
{
    struct json_writer w = {.out = out};
    struct users_change change = {0};
    enum users_role role;
    struct user user;

    if (!wanted->role)
        return fail(ERR_INVALID, "give --role owner, marketer, analyst, viewer or developer");
    TRY(users_role_parse(str_of(wanted->role), &role));
    change.role = &role;
    TRY(find(line, users, wanted->email, &user));
    TRY(users_set(users, &BY, user.id, &change, clock_now(line->sys)));
    user.role = role;
    json_open(&w, '{');
    user_write_members(&w, &user);
    json_shut(&w, '}');
    return OK;
}

static fallible remove_user(struct command_line *line, struct users *users,
                            const struct wanted *wanted, struct buf *out)
{
    struct user user;

    TRY(find(line, users, wanted->email, &user));
    TRY(users_remove(users, &BY, user.id, clock_now(line->sys)));
    buf_print(out, "{\"removed\":%lld}", (long long)user.id);
    return OK;
}

static const struct {
    const char *name;
    bool needs_email;
    enum err (*run)(struct command_line *line, struct users *users, const struct wanted *wanted,
                    struct buf *out);
} VERBS[] = {
    {"add", true, add},          {"list", false, list},         {"link", true, make_link},
    {"role", true, change_role}, {"remove", true, remove_user},
};
enum { VERB_COUNT = sizeof VERBS / sizeof VERBS[0] };

int command_user(struct command_line *line)
{
    const char *folder = command_option(line, "--data");
    const char *url = command_option(line, "--url");
    struct wanted wanted = {
        .role = command_option(line, "--role"),
        .name = command_option(line, "--name"),
        .url = url ? url : FIRST_USER_URL,
    };
    str verb = str_of(command_word(line));
    struct workspace workspace;
    struct buf out = {0};
    size_t i = 0;
    int status;
    enum err err;

    while (i < VERB_COUNT && !str_equals(verb, str_of(VERBS[i].name)))
        i++;
    if (i == VERB_COUNT)
        return command_misused("user needs one of add, list, link, role, remove");
    if (VERBS[i].needs_email)
        wanted.email = command_word(line);
    if (VERBS[i].needs_email && !wanted.email)
        return command_misused("user %s needs an e-mail address", VERBS[i].name);
    if (!folder)
        return command_misused("user needs --data DIR");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    err = workspace_open_catalog(line->sys, folder, &workspace);
    if (!err)
        err = VERBS[i].run(line, workspace.users, &wanted, &out);
    workspace_close(&workspace);
    status = err ? command_failed() : command_print(&out);
    buf_done(&out);
    return status;
}
