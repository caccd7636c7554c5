/* user.c - users: listed, invited, changed, removed, and links to let them in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/users.h"

#include "sys/clock.h"
#include "web/api/api.h"
#include "web/api/user_write.h"
#include "web/credentials.h"
#include "web/parameters.h"
#include "web/visitor.h"
#include "web/web.h"
#include "web/wish.h"

static struct users *users_of(struct exchange *x)
{
    return web_config(web_of(x))->users;
}

static millis now_of(struct exchange *x)
{
    return clock_now(web_config(web_of(x))->sys);
}

static fallible read_id(struct exchange *x, int64_t *out_id)
{
    if (!str_to_i64(exchange_path_value(x, S("id")), out_id))
        return fail(ERR_ABSENT, "there is no such user");
    return OK;
}

void user_list(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    uint64_t limit, after;
    struct user *list;
    size_t count;
    enum err err = parameters_number(x, S("limit"), &limit);

    if (!err)
        err = parameters_number(x, S("cursor"), &after);
    if (!err)
        err = users_list(users_of(x), (int64_t)after, limit, exchange_mem(x), &list, &count);
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("users"));
    user_write_list(&w, list, count);
    json_key(&w, S("cursor"));
    if (count == limit)
        json_text(&w, arena_print(exchange_mem(x), "%lld", (long long)list[count - 1].id));
    else
        json_null(&w);
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

/* The address that the client came to is the one that its links are good for. */
static fallible answer_link(struct exchange *x, const struct users_link *link)
{
    str base =
        arena_print(exchange_mem(x), "%s://%.*s", exchange_request(x)->is_secure ? "https" : "http",
                    STR_ARG(exchange_header(x, S("Host"))));
    struct buf out = {0};
    struct json_writer w = {.out = &out};

    if (!base.data)
        return arena_exhausted();
    user_write_link(&w, link, base);
    exchange_add_header(x, S("Cache-Control"), S("no-store"));
    web_answer_json(x, 201, &out);
    buf_done(&out);
    return OK;
}

static fallible read_wish(struct exchange *x, struct users_wish *out_wish)
{
    str email = {NULL, 0}, name = S(""), role = {NULL, 0};
    struct wish_member members[] = {
        {.name = "email", .text = &email},
        {.name = "name", .text = &name},
        {.name = "role", .text = &role},
    };

    TRY(wish_read(x, members, 3));
    *out_wish = (struct users_wish){.name = name};
    TRY(credentials_email(email, exchange_mem(x), &out_wish->email));
    return users_role_parse(role, &out_wish->role);
}

void user_invite(struct exchange *x)
{
    struct users_wish wish;
    struct users_link link;
    struct audit_by by;
    enum err err = read_wish(x, &wish);

    if (!err)
        err = visitor_by(x, &by);
    if (!err)
        err = users_add(users_of(x), &by, &wish, now_of(x), &link);
    if (!err)
        err = answer_link(x, &link);
    if (err)
        web_fail(x, err);
}

void user_link(struct exchange *x)
{
    struct users_link link;
    struct audit_by by;
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = visitor_by(x, &by);
    if (!err)
        err = users_make_link(users_of(x), &by, id, now_of(x), &link);
    if (err == ERR_DENIED)
        err = fail(ERR_CONFLICT, "this user is disabled: enable her first");
    if (!err)
        err = answer_link(x, &link);
    if (err)
        web_fail(x, err);
}

static void answer_user(struct exchange *x, int64_t id)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct user user;
    enum err err = users_get(users_of(x), id, exchange_mem(x), &user);

    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    user_write_members(&w, &user);
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void user_show(struct exchange *x)
{
    int64_t id;
    enum err err = read_id(x, &id);

    if (err)
        web_fail(x, err);
    else
        answer_user(x, id);
}

static fallible change(struct exchange *x, int64_t id)
{
    str role_name = {NULL, 0}, name = {NULL, 0};
    bool is_disabled = false, has_disabled = false;
    struct wish_member members[] = {
        {.name = "name", .text = &name},
        {.name = "role", .text = &role_name},
        {.name = "disabled", .kind = WISH_BOOL, .is_true = &is_disabled, .is_given = &has_disabled},
    };
    struct users_change change = {0};
    struct audit_by by;
    enum users_role role;

    TRY(wish_read(x, members, 3));
    if (role_name.data) {
        TRY(users_role_parse(role_name, &role));
        change.role = &role;
    }
    change.is_disabled = has_disabled ? &is_disabled : NULL;
    change.name = name;
    TRY(visitor_by(x, &by));
    return users_set(users_of(x), &by, id, &change, now_of(x));
}

void user_change(struct exchange *x)
{
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = change(x, id);
    if (err)
        web_fail(x, err);
    else
        answer_user(x, id);
}

void user_remove(struct exchange *x)
{
    struct audit_by by;
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = visitor_by(x, &by);
    if (!err)
        err = users_remove(users_of(x), &by, id, now_of(x));
    if (err)
        web_fail(x, err);
    else
        exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}
