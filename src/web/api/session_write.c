/* session_write.c - who is signed in, as the sign-in and /api/me tell it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/session_write.h"

#include "store/access.h"
#include "web/api/user_write.h"
#include "web/cookie.h"
#include "web/web.h"

/* Each scope by itself: a page asks whether one is there. */
static void write_scopes(struct json_writer *w, unsigned scopes)
{
    static const struct {
        unsigned scope;
        const char *name;
    } NAMES[] = {
        {ACCESS_QUERY, "query"},   {ACCESS_EXPORT, "export"}, {ACCESS_PEOPLE, "people"},
        {ACCESS_MANAGE, "manage"}, {ACCESS_KEYS, "keys"},     {ACCESS_ROOT, "admin"},
    };

    json_open(w, '[');
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (scopes & NAMES[i].scope)
            json_text(w, str_of(NAMES[i].name));
    json_shut(w, ']');
}

void session_write_answer(struct exchange *x, const struct user *user, int64_t session_id,
                          str token)
{
    char csrf[COOKIE_CSRF + 1];
    struct buf out = {0};
    struct json_writer w = {.out = &out};

    cookie_csrf(token, csrf);
    json_open(&w, '{');
    json_key(&w, S("user"));
    json_open(&w, '{');
    user_write_members(&w, user);
    json_shut(&w, '}');
    json_key(&w, S("scopes"));
    write_scopes(&w, users_scopes(user->role));
    json_key(&w, S("session"));
    json_i64(&w, session_id);
    json_key(&w, S("csrf"));
    json_text(&w, str_of(csrf));
    json_shut(&w, '}');
    exchange_add_header(x, S("Cache-Control"), S("no-store"));
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void session_write_wait(struct exchange *x, millis wait)
{
    struct buf seconds = {0};

    buf_add_i64(&seconds, (wait + MILLIS_SECOND - 1) / MILLIS_SECOND);
    exchange_add_header(x, S("Retry-After"), buf_str(&seconds));
    exchange_answer_problem(x, 429, str_of(err_text()));
    buf_done(&seconds);
}
