/* me.c - the user who asks: her name, her password, her sessions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/users_sign_in.h"

#include "sys/clock.h"
#include "web/api/api.h"
#include "web/api/session_write.h"
#include "web/credentials.h"
#include "web/visitor.h"
#include "web/web.h"
#include "web/wish.h"

struct self {
    struct users *users;
    struct sessions_grant session;
    struct audit_by by;
    millis now;
};

static fallible read_self(struct exchange *x, struct self *out_self)
{
    const struct web_config *config = web_config(web_of(x));
    struct gate_visitor visitor;

    *out_self = (struct self){.users = config->users, .now = clock_now(config->sys)};
    TRY(gate_identify(web_gate(web_of(x)), x, &visitor));
    out_self->session = visitor.session;
    return visitor_by(x, &out_self->by);
}

static void answer_done(struct exchange *x, enum err err)
{
    if (err)
        web_fail(x, err);
    else
        exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}

static void answer_self(struct exchange *x, const struct self *self)
{
    struct user user;
    enum err err = users_get(self->users, self->session.user_id, exchange_mem(x), &user);

    if (err)
        web_fail(x, err);
    else
        session_write_answer(x, &user, self->session.id, gate_secret(x));
}

void me_show(struct exchange *x)
{
    struct self self;
    enum err err = read_self(x, &self);

    if (err)
        web_fail(x, err);
    else
        answer_self(x, &self);
}

void me_change(struct exchange *x)
{
    struct users_change change = {0};
    struct wish_member members[] = {{.name = "name", .text = &change.name}};
    struct self self;
    enum err err = wish_read(x, members, 1);

    if (!err && !change.name.len)
        err = fail(ERR_INVALID, "\"name\" must be there, and not be empty");
    if (!err)
        err = read_self(x, &self);
    if (!err)
        err = users_set(self.users, &self.by, self.session.user_id, &change, self.now);
    if (err)
        web_fail(x, err);
    else
        answer_self(x, &self);
}

static fallible set_password(struct exchange *x, millis *out_wait)
{
    struct users_sign_in_passwords passwords = {{NULL, 0}, {NULL, 0}};
    struct wish_member members[] = {{.name = "current", .text = &passwords.current},
                                    {.name = "password", .text = &passwords.next}};
    struct users_sign_in_visit visit;
    struct self self;

    TRY(wish_read(x, members, 2));
    if (!passwords.next.data)
        return fail(ERR_INVALID, "give a \"password\"");
    TRY(credentials_password(passwords.next, exchange_mem(x), &passwords.next));
    if (passwords.current.data)
        TRY(credentials_password(passwords.current, exchange_mem(x), &passwords.current));
    TRY(read_self(x, &self));
    TRY(visitor_read(x, &visit));
    return users_sign_in_set_password(self.users, &self.session, &passwords, &visit, out_wait);
}

void me_password(struct exchange *x)
{
    millis wait = 0;
    enum err err = set_password(x, &wait);

    if (err == ERR_BUSY && wait)
        session_write_wait(x, wait);
    else
        answer_done(x, err);
}

/* Sessions */

static void write_session(struct json_writer *w, const struct sessions_shown *shown, int64_t own)
{
    json_open(w, '{');
    json_key(w, S("id"));
    json_i64(w, shown->id);
    json_key(w, S("current"));
    json_bool(w, shown->id == own);
    json_key(w, S("device"));
    json_text(w, shown->device);
    json_key(w, S("network"));
    json_text(w, shown->network);
    json_key_time(w, S("created_at"), shown->created_at);
    json_key_time(w, S("seen_at"), shown->seen_at);
    json_shut(w, '}');
}

void me_sessions(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct sessions_shown *list;
    struct self self;
    size_t count;
    enum err err = read_self(x, &self);

    if (!err)
        err = sessions_list(users_sessions(self.users), self.session.user_id, self.now,
                            exchange_mem(x), &list, &count);
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("sessions"));
    json_open(&w, '[');
    for (size_t i = 0; i < count; i++)
        write_session(&w, &list[i], self.session.id);
    json_shut(&w, ']');
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void me_end_session(struct exchange *x)
{
    struct self self;
    int64_t id;
    enum err err = read_self(x, &self);

    if (!err && !str_to_i64(exchange_path_value(x, S("id")), &id))
        err = fail(ERR_ABSENT, "there is no such session");
    if (!err)
        err = users_end_session(self.users, &self.by, self.session.user_id, id, self.now);
    answer_done(x, err);
}

void me_end_others(struct exchange *x)
{
    struct self self;
    enum err err = read_self(x, &self);

    if (!err)
        err = users_end_sessions(self.users, &self.by, self.session.user_id, self.session.id,
                                 self.now);
    answer_done(x, err);
}
