/* keys_write.c - keys as JSON, for the API and the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/keys_write.h"

static void write_origins(struct json_writer *w, str list)
{
    json_key(w, S("origins"));
    if (!list.data) {
        json_null(w);
        return;
    }
    json_open(w, '[');
    while (list.data)
        json_text(w, str_cut(&list, ' '));
    json_shut(w, ']');
}

void keys_write_one(struct json_writer *w, const struct access_key *key)
{
    struct buf scope = {0};

    access_scope_write(key->scopes, &scope);
    json_open(w, '{');
    json_key(w, S("id"));
    json_i64(w, key->id);
    json_key(w, S("name"));
    json_text(w, key->name);
    json_key(w, S("scope"));
    json_text(w, buf_str(&scope));
    json_key(w, S("ends_with"));
    json_text(w, key->secret_end);
    write_origins(w, key->origins);
    json_key(w, S("servers"));
    json_bool(w, key->servers);
    json_key_time(w, S("created_at"), key->created_at);
    json_key_time(w, S("expires_at"), key->expires_at);
    json_key_time(w, S("revoked_at"), key->revoked_at);
    json_key_time(w, S("used_at"), key->used_at);
    json_shut(w, '}');
    if (buf_is_broken(&scope))
        w->out->broken = true;
    buf_done(&scope);
}

void keys_write_list(struct json_writer *w, const struct access_key *keys, size_t count)
{
    json_open(w, '[');
    for (size_t i = 0; i < count; i++)
        keys_write_one(w, &keys[i]);
    json_shut(w, ']');
}
