/* keys.c - API keys: listed, made, changed, revoked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/access.h"
#include "store/key_origins.h"
#include "sys/clock.h"
#include "web/api/api.h"
#include "web/api/keys_write.h"
#include "web/parameters.h"
#include "web/web.h"

void keys_list(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct access_key *keys;
    uint64_t limit, after;
    size_t count = 0;
    enum err err = parameters_number(x, S("limit"), &limit);

    if (!err)
        err = parameters_number(x, S("cursor"), &after);
    if (!err)
        err = access_list(web_config(web_of(x))->access, (int64_t)after, limit, exchange_mem(x),
                          &keys, &count);
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("keys"));
    keys_write_list(&w, keys, count);
    json_key(&w, S("cursor"));
    if (count == limit)
        json_text(&w, arena_print(exchange_mem(x), "%lld", (long long)keys[count - 1].id));
    else
        json_null(&w);
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

/* A wish */

static fallible read_name(const struct json *doc, uint32_t at, struct arena *mem,
                          struct access_wish *wish)
{
    wish->name = json_string(doc, at, mem);
    return wish->name.data ? OK : fail(ERR_INVALID, "\"name\" must be a text");
}

static fallible read_scope(const struct json *doc, uint32_t at, struct arena *mem,
                           struct access_wish *wish)
{
    return access_scope_parse(json_string(doc, at, mem), &wish->scopes);
}

static fallible read_end(const struct json *doc, uint32_t at, struct arena *mem,
                         struct access_wish *wish)
{
    if (json_type_of(doc, at) == JSON_NULL)
        return OK;
    if (time_parse(json_string(doc, at, mem), &wish->expires_at) != OK)
        return fail(ERR_INVALID, "\"expires_at\" must be a time as 2030-01-31T00:00:00Z, or null");
    return OK;
}

static fallible read_origins(const struct json *doc, uint32_t at, struct arena *mem,
                             struct access_wish *wish)
{
    struct buf list = {0};
    enum err err = OK;

    if (json_type_of(doc, at) == JSON_NULL)
        return OK;
    if (json_type_of(doc, at) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"origins\" must be a list of texts, or null");
    EACH_ELEMENT(doc, at, element)
    {
        str origin = json_string(doc, element, mem);

        if (!origin.len) {
            err = fail(ERR_INVALID, "each of \"origins\" must be a text as https://shop.example");
            break;
        }
        buf_add(&list, origin);
        buf_add_byte(&list, ' ');
    }
    if (!err)
        err = buf_is_broken(&list) ? arena_exhausted()
                                   : key_origins_read(buf_str(&list), mem, &wish->origins);
    buf_done(&list);
    return err;
}

static fallible read_servers(const struct json *doc, uint32_t at, struct arena *mem,
                             struct access_wish *wish)
{
    enum json_type type = json_type_of(doc, at);

    (void)mem;
    if (type != JSON_TRUE && type != JSON_FALSE)
        return fail(ERR_INVALID, "\"servers\" must be true or false");
    wish->servers = type == JSON_TRUE;
    return OK;
}

static const struct {
    const char *name;
    enum err (*read)(const struct json *doc, uint32_t at, struct arena *mem,
                     struct access_wish *wish);
} MEMBERS[] = {
    {"name", read_name},       {"scope", read_scope},     {"expires_at", read_end},
    {"origins", read_origins}, {"servers", read_servers},
};
enum { MEMBER_COUNT = sizeof MEMBERS / sizeof MEMBERS[0] };

/* A member nobody knows is refused: a misspelt end would be a key without one. */
static fallible read_members(const struct json *doc, struct arena *mem, struct access_wish *wish)
{
    EACH_MEMBER(doc, 0, key, value)
    {
        size_t i = 0;

        while (i < MEMBER_COUNT && !json_is_string(doc, key, str_of(MEMBERS[i].name)))
            i++;
        if (i == MEMBER_COUNT)
            return fail(ERR_INVALID, "a key has no %.*s: name, scope, expires_at, origins, servers",
                        STR_ARG(str_slice(json_raw(doc, key), 0, 80)));
        TRY(MEMBERS[i].read(doc, value, mem, wish));
    }
    return OK;
}

static fallible read_wish(struct exchange *x, struct access_wish *out_wish)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    struct arena *mem = exchange_mem(x);
    struct json doc;
    enum err err = reader ? web_read_object(x, reader, &doc) : arena_exhausted();

    *out_wish = (struct access_wish){0};
    if (!err)
        err = read_members(&doc, mem, out_wish);
    if (!err) { /* views of the reader do not outlive it */
        out_wish->name = arena_dup(mem, out_wish->name);
        if (!out_wish->name.data)
            err = arena_exhausted();
    }
    if (reader)
        web_give_reader(web_of(x), reader);
    return err;
}

/* Changes */

/* Who manages keys touches none that may more than she may herself; collecting gives nothing away.
 */
static fallible check_reach(struct exchange *x, unsigned scopes)
{
    struct gate_visitor visitor;

    TRY(gate_identify(web_gate(web_of(x)), x, &visitor));
    if (scopes & ~(visitor.scopes | ACCESS_WRITE))
        return fail(ERR_DENIED, "this key may more than you may: ask an owner");
    return OK;
}

void keys_add(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct access_wish wish;
    int64_t id;
    str secret;
    enum err err = read_wish(x, &wish);

    if (!err && !wish.scopes)
        err = access_scope_parse(S(""), &wish.scopes);
    if (!err)
        err = check_reach(x, wish.scopes);
    if (!err)
        err = access_add(config->access, &wish, clock_now(config->sys), exchange_mem(x), &id,
                         &secret);
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("id"));
    json_i64(&w, id);
    json_key(&w, S("key"));
    json_text(&w, secret);
    json_shut(&w, '}');
    exchange_add_header(x, S("Cache-Control"), S("no-store"));
    web_answer_json(x, 201, &out);
    buf_done(&out);
}

static fallible read_id(struct exchange *x, int64_t *out_id)
{
    if (!str_to_i64(exchange_path_value(x, S("id")), out_id))
        return fail(ERR_ABSENT, "there is no such key");
    return OK;
}

static fallible find(struct exchange *x, int64_t id, struct access_key **out_key)
{
    size_t count;

    TRY(access_list(web_config(web_of(x))->access, id - 1, 1, exchange_mem(x), out_key, &count));
    return count && (*out_key)->id == id ? OK : fail(ERR_ABSENT, "there is no such key");
}

static fallible change(struct exchange *x, struct access_key **out_key)
{
    const struct web_config *config = web_config(web_of(x));
    struct access_wish wish;
    int64_t id;

    TRY(read_id(x, &id));
    TRY(read_wish(x, &wish));
    TRY(find(x, id, out_key));
    TRY(check_reach(x, (*out_key)->scopes));
    if (wish.scopes && wish.scopes != (*out_key)->scopes)
        return fail(ERR_INVALID, "a key keeps its \"scope\": make another key and revoke this one");
    TRY(access_change(config->access, id, &wish, clock_now(config->sys)));
    return find(x, id, out_key);
}

void keys_change(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct access_key *key;
    enum err err = change(x, &key);

    if (err) {
        web_fail(x, err);
        return;
    }
    keys_write_one(&w, key);
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void keys_revoke(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct access_key *key;
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = find(x, id, &key);
    if (!err)
        err = check_reach(x, key->scopes);
    if (!err)
        err = access_revoke(config->access, id, clock_now(config->sys));
    if (err)
        web_fail(x, err);
    else
        exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}
