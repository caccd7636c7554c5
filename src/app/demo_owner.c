/* demo_owner.c - the owner of a demo takes her invitation as anybody would.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/demo_owner.h"

#include "app/workspace.h"
#include "store/settings.h"
#include "store/users_sign_in.h"
#include "sys/clock.h"
#include "sys/entropy.h"

static const struct audit_by BY = {{"command", 7}, {NULL, 0}};
static const struct settings SHOP = {{"Lantern Books", 13}, {"Europe/Berlin", 13}, {"EUR", 3}};

/* 32 letters, so that each byte of chance is worth five bits. */
static str make_password(struct sys *sys, struct arena *mem)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    enum { LETTERS = 20 };
    unsigned char chance[LETTERS];
    char *text = arena_take(mem, LETTERS);

    if (!text)
        return (str){NULL, 0};
    entropy_fill(sys, chance, sizeof chance);
    for (size_t i = 0; i < LETTERS; i++)
        text[i] = letters[chance[i] % (sizeof letters - 1)];
    return str_from(text, LETTERS);
}

static fallible make(struct workspace *workspace, struct arena *mem, str password)
{
    const struct users_wish wish = {
        .email = S(DEMO_OWNER_EMAIL), .name = S("Owner"), .role = USERS_OWNER};
    const struct users_sign_in_visit visit = {.device = S("myriad demo")};
    struct users_sign_in_link taken = {.name = wish.name, .password = password};
    millis now = clock_now(workspace->sys);
    struct users_sign_in signed_in;
    struct users_link link;

    TRY(settings_set(workspace->catalog, &SHOP));
    TRY(users_add(workspace->users, &BY, &wish, now, &link));
    taken.token = str_of(link.token);
    TRY(users_sign_in_by_link(workspace->users, &taken, &visit, mem, &signed_in));
    return users_end_sessions(workspace->users, &BY, link.user_id, 0, now);
}

fallible demo_owner_make(struct sys *sys, const char *folder, struct arena *mem, str *out_password)
{
    str password = make_password(sys, mem);
    struct workspace workspace;
    enum err err;

    if (!password.data)
        return arena_exhausted();
    err = workspace_open_catalog(sys, folder, &workspace);
    if (!err)
        err = make(&workspace, mem, password);
    workspace_close(&workspace);
    if (!err)
        *out_password = password;
    return err;
}

static fallible make_link(struct workspace *workspace, struct arena *mem,
                          struct users_link *out_link, bool *out_has)
{
    struct user user;
    enum err err = users_find(workspace->users, S(DEMO_OWNER_EMAIL), mem, &user);

    if (!err)
        err = users_make_link(workspace->users, &BY, user.id, clock_now(workspace->sys), out_link);
    *out_has = !err;
    return err == ERR_ABSENT || err == ERR_DENIED ? OK : err;
}

fallible demo_owner_link(struct sys *sys, const char *folder, struct arena *mem,
                         struct users_link *out_link, bool *out_has)
{
    struct workspace workspace;
    enum err err = workspace_open_catalog(sys, folder, &workspace);

    if (!err)
        err = make_link(&workspace, mem, out_link, out_has);
    workspace_close(&workspace);
    return err;
}
