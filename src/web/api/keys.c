/* keys.c - API keys: listed, made, revoked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/access.h"
#include "sys/clock.h"
#include "web/api/api.h"
#include "web/api/keys_write.h"
#include "web/web.h"

void keys_list(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct access_key *keys;
    size_t count;
    enum err err = access_list(web_config(web_of(x))->access, exchange_mem(x), &keys, &count);

    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("keys"));
    keys_write_list(&w, keys, count);
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

static str text_member(const struct json *doc, str name, struct arena *mem)
{
    uint32_t at = json_find(doc, 0, name);

    return at == JSON_ABSENT ? (str){NULL, 0} : json_string(doc, at, mem);
}

static fallible read_wish(struct exchange *x, struct access_wish *out_wish)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    struct arena *mem = exchange_mem(x);
    struct json doc;
    uint32_t expires;
    enum err err = reader ? web_read_object(x, reader, &doc) : arena_exhausted();

    *out_wish = (struct access_wish){0};
    if (!err) {
        out_wish->name = text_member(&doc, S("name"), mem);
        err = access_scope_parse(text_member(&doc, S("scope"), mem), &out_wish->scope);
    }
    if (!err) {
        expires = json_find(&doc, 0, S("expires_at"));
        if (expires != JSON_ABSENT && json_type_of(&doc, expires) != JSON_NULL)
            err = time_parse(json_string(&doc, expires, mem), &out_wish->expires_at);
    }
    if (reader)
        web_give_reader(web_of(x), reader);
    return err;
}

void keys_add(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct access_wish wish;
    str secret;
    enum err err = read_wish(x, &wish);

    if (!err)
        err = access_add(config->access, &wish, clock_now(config->sys), exchange_mem(x), &secret);
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("key"));
    json_text(&w, secret);
    json_shut(&w, '}');
    web_answer_json(x, 201, &out);
    buf_done(&out);
}

void keys_revoke(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    int64_t id;
    enum err err = OK;

    if (!str_to_i64(exchange_path_value(x, S("id")), &id))
        err = fail(ERR_ABSENT, "there is no such key");
    if (!err)
        err = access_revoke(config->access, id, clock_now(config->sys));
    if (err)
        web_fail(x, err);
    else
        exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}
