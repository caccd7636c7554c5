/* session.c - signing in by a password or a link, and out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/users_sign_in.h"

#include "sys/clock.h"
#include "web/api/api.h"
#include "web/api/session_write.h"
#include "web/cookie.h"
#include "web/credentials.h"
#include "web/visitor.h"
#include "web/web.h"
#include "web/wish.h"

static struct users *users_of(struct exchange *x)
{
    return web_config(web_of(x))->users;
}

static void answer(struct exchange *x, const struct users_sign_in *sign_in)
{
    cookie_give(x, str_of(sign_in->token));
    session_write_answer(x, &sign_in->user, sign_in->session_id, str_of(sign_in->token));
}

/* 401 for who is not let in: there is no more to it than that. */
static void refuse(struct exchange *x, enum err err, millis wait)
{
    if (err == ERR_DENIED) {
        exchange_add_header(x, S("WWW-Authenticate"), S("Session"));
        exchange_answer_problem(x, 401, str_of(err_text()));
    } else if (err == ERR_BUSY && wait) {
        session_write_wait(x, wait);
    } else {
        web_fail(x, err);
    }
}

/* What is no address is nobody's, and told like that. */
static fallible read_email(struct exchange *x, str typed, str *out_email)
{
    enum err err = credentials_email(typed, exchange_mem(x), out_email);

    if (err == ERR_INVALID) {
        *out_email = str_slice(typed, 0, CREDENTIALS_EMAIL_MOST);
        return OK;
    }
    return err;
}

void session_begin(struct exchange *x)
{
    struct users_sign_in_wish wish = {{NULL, 0}, {NULL, 0}};
    struct wish_member members[] = {{.name = "email", .text = &wish.email},
                                    {.name = "password", .text = &wish.password}};
    struct users_sign_in_visit visit;
    struct users_sign_in sign_in;
    millis wait = 0;
    enum err err = wish_read(x, members, 2);

    if (!err && (!wish.email.data || !wish.password.data))
        err = fail(ERR_INVALID, "give \"email\" and \"password\"");
    if (!err)
        err = read_email(x, wish.email, &wish.email);
    if (!err)
        err = credentials_password(wish.password, exchange_mem(x), &wish.password);
    if (!err)
        err = visitor_read(x, &visit);
    if (!err)
        err =
            users_sign_in_by_password(users_of(x), &wish, &visit, exchange_mem(x), &sign_in, &wait);
    if (err)
        refuse(x, err, wait);
    else
        answer(x, &sign_in);
}

void session_begin_by_link(struct exchange *x)
{
    struct users_sign_in_link link = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct wish_member members[] = {{.name = "token", .text = &link.token},
                                    {.name = "name", .text = &link.name},
                                    {.name = "password", .text = &link.password}};
    struct users_sign_in_visit visit;
    struct users_sign_in sign_in;
    enum err err = wish_read(x, members, 3);

    if (!err && !link.token.data)
        err = fail(ERR_INVALID, "give the link's \"token\"");
    if (!err && link.password.data)
        err = credentials_password(link.password, exchange_mem(x), &link.password);
    if (!err)
        err = visitor_read(x, &visit);
    if (!err)
        err = users_sign_in_by_link(users_of(x), &link, &visit, exchange_mem(x), &sign_in);
    if (err)
        web_fail(x, err);
    else
        answer(x, &sign_in);
}

void session_look(struct exchange *x)
{
    str token = {NULL, 0};
    struct wish_member members[] = {{.name = "token", .text = &token}};
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct users_link link;
    struct user user;
    enum err err = wish_read(x, members, 1);

    if (!err && !token.data)
        err = fail(ERR_INVALID, "give the link's \"token\"");
    if (!err)
        err = users_sign_in_look(users_of(x), token, exchange_mem(x), &user, &link);
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("kind"));
    json_text(&w, link.is_invitation ? S("invitation") : S("sign_in"));
    json_key(&w, S("email"));
    json_text(&w, user.email);
    json_key(&w, S("name"));
    json_text(&w, user.name);
    json_key_time(&w, S("expires_at"), link.expires_at);
    json_shut(&w, '}');
    exchange_add_header(x, S("Cache-Control"), S("no-store"));
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void session_end(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct gate_visitor visitor;
    struct audit_by by;
    enum err err = gate_identify(web_gate(web_of(x)), x, &visitor);

    if (!err)
        err = visitor_by(x, &by);
    if (!err)
        err = users_end_session(config->users, &by, visitor.session.user_id, visitor.session.id,
                                clock_now(config->sys));
    if (err) {
        web_fail(x, err);
        return;
    }
    cookie_end(x);
    exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}
