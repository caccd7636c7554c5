/* user_write.c - users and their links as JSON, for the API and the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/user_write.h"

static str state_of(const struct user *user)
{
    if (user->disabled_at)
        return S("disabled");
    return user->joined_at ? S("active") : S("invited");
}

void user_write_members(struct json_writer *w, const struct user *user)
{
    json_key(w, S("id"));
    json_i64(w, user->id);
    json_key(w, S("email"));
    json_text(w, user->email);
    json_key(w, S("name"));
    json_text(w, user->name);
    json_key(w, S("role"));
    json_text(w, str_of(users_role_name(user->role)));
    json_key(w, S("state"));
    json_text(w, state_of(user));
    json_key(w, S("has_password"));
    json_bool(w, user->password.data != NULL);
    json_key_time(w, S("created_at"), user->created_at);
    json_key_time(w, S("joined_at"), user->joined_at);
    json_key_time(w, S("seen_at"), user->seen_at);
}

void user_write_list(struct json_writer *w, const struct user *list, size_t count)
{
    json_open(w, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(w, '{');
        user_write_members(w, &list[i]);
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

void user_write_url(struct buf *out, str base, const struct users_link *link)
{
    buf_print(out, "%.*s/signin#%s", STR_ARG(base), link->token);
}

void user_write_link(struct json_writer *w, const struct users_link *link, str base)
{
    struct buf url = {0};

    user_write_url(&url, base, link);
    json_open(w, '{');
    json_key(w, S("id"));
    json_i64(w, link->user_id);
    json_key(w, S("link"));
    json_text(w, buf_str(&url));
    json_key_time(w, S("expires_at"), link->expires_at);
    json_shut(w, '}');
    if (buf_is_broken(&url))
        w->out->broken = true;
    buf_done(&url);
}
