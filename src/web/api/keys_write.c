/* keys_write.c - keys as JSON, for the API and the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/keys_write.h"

static void write_time(struct json_writer *w, str name, millis at)
{
    struct buf text = {0};

    json_key(w, name);
    if (at) {
        time_write_utc(&text, at);
        json_text(w, buf_str(&text));
    } else {
        json_null(w);
    }
    buf_done(&text);
}

void keys_write_list(struct json_writer *w, const struct access_key *keys, size_t count)
{
    json_open(w, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(w, '{');
        json_key(w, S("id"));
        json_i64(w, keys[i].id);
        json_key(w, S("name"));
        json_text(w, keys[i].name);
        json_key(w, S("scope"));
        json_text(w, str_of(access_scope_name(keys[i].scope)));
        json_key(w, S("ends_with"));
        json_text(w, keys[i].secret_end);
        write_time(w, S("created_at"), keys[i].created_at);
        write_time(w, S("expires_at"), keys[i].expires_at);
        write_time(w, S("revoked_at"), keys[i].revoked_at);
        json_shut(w, '}');
    }
    json_shut(w, ']');
}
