/* hook.c - webhooks: listed, made, changed, removed, tested.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Secrets are shown by the answer that made them, and never again.
 */
#include "web/api/api.h"
#include "web/hooks.h"
#include "web/web.h"

static struct hooks *hooks_of(struct exchange *x)
{
    return web_config(web_of(x))->hooks;
}

/* Writing */

static void write_text(struct json_writer *w, str name, str text)
{
    json_key(w, name);
    json_text(w, text);
}

static void write_members(struct json_writer *w, const struct webhook *webhook)
{
    json_key(w, S("id"));
    json_i64(w, webhook->id);
    write_text(w, S("url"), webhook->url);
    json_key(w, S("events"));
    json_verbatim(w, webhook->events);
    json_key(w, S("in_flight"));
    json_u64(w, webhook->in_flight);
    write_text(w, S("state"), str_of(webhooks_state_name(webhook->state)));
    write_text(w, S("reason"), webhook->reason);
    json_key(w, S("cursor"));
    json_u64(w, webhook->place - 1);
    json_key(w, S("failures"));
    json_u64(w, webhook->failures);
    json_key_time(w, S("failing_since"), webhook->failing_since);
    json_key_time(w, S("retry_at"), webhook->retry_at);
    json_key_time(w, S("created_at"), webhook->created_at);
}

static void answer_webhook(struct exchange *x, int status, const struct webhook *webhook,
                           bool shows_secret)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    str rest = webhook->secrets;

    json_open(&w, '{');
    write_members(&w, webhook);
    if (shows_secret)
        write_text(&w, S("secret"), str_cut(&rest, ' '));
    json_shut(&w, '}');
    web_answer_json(x, status, &out);
    buf_done(&out);
}

static void write_attempt(struct json_writer *w, const struct hooks_attempt *attempt)
{
    json_open(w, '{');
    json_key_time(w, S("at"), attempt->at);
    json_key(w, S("seq"));
    if (attempt->seq)
        json_u64(w, attempt->seq);
    else
        json_null(w);
    json_key(w, S("attempt"));
    json_u64(w, attempt->number);
    json_key(w, S("status"));
    if (attempt->status)
        json_i64(w, attempt->status);
    else
        json_null(w);
    json_key(w, S("elapsed_ms"));
    json_i64(w, attempt->elapsed_ms);
    write_text(w, S("reason"), str_of(attempt->reason));
    json_shut(w, '}');
}

/* Reading */

static fallible read_id(struct exchange *x, int64_t *out_id)
{
    if (!str_to_i64(exchange_path_value(x, S("id")), out_id))
        return fail(ERR_ABSENT, "there is no such webhook");
    return OK;
}

static fallible read_text(const struct json *doc, str name, struct arena *mem, str *out_text)
{
    uint32_t at = json_find(doc, 0, name);

    if (at == JSON_ABSENT || json_type_of(doc, at) == JSON_NULL)
        return OK;
    if (json_type_of(doc, at) != JSON_STRING)
        return fail(ERR_INVALID, "\"%.*s\" must be a text", STR_ARG(name));
    *out_text = json_string(doc, at, mem);
    if (!out_text->data)
        return arena_exhausted();
    *out_text = arena_dup(mem, *out_text);
    return out_text->data ? OK : arena_exhausted();
}

static fallible read_number(const struct json *doc, str name, int64_t least, int64_t most,
                            bool *out_is_there, int64_t *out_number)
{
    uint32_t at = json_find(doc, 0, name);

    *out_is_there = at != JSON_ABSENT && json_type_of(doc, at) != JSON_NULL;
    if (*out_is_there &&
        (!json_to_i64(doc, at, out_number) || *out_number < least || *out_number > most))
        return fail(ERR_INVALID, "\"%.*s\" must be a whole number from %lld to %lld", STR_ARG(name),
                    (long long)least, (long long)most);
    return OK;
}

/* "secret", or "secrets": the newest first, all of which sign. */
static fallible read_secrets(const struct json *doc, struct arena *mem, struct hooks_wish *wish)
{
    uint32_t list = json_find(doc, 0, S("secrets"));
    struct buf all = {0};
    enum err err = OK;

    TRY(read_text(doc, S("secret"), mem, &wish->secrets));
    if (list == JSON_ABSENT)
        return OK;
    if (json_type_of(doc, list) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"secrets\" must be a list");
    EACH_ELEMENT(doc, list, at)
    {
        if (json_type_of(doc, at) != JSON_STRING)
            err = fail(ERR_INVALID, "\"secrets\" must be a list of texts");
        buf_add(&all, all.len ? S(" ") : S(""));
        buf_add(&all, json_string(doc, at, mem));
    }
    wish->secrets = arena_dup(mem, buf_str(&all));
    if (!err && (buf_is_broken(&all) || !wish->secrets.data))
        err = arena_exhausted();
    buf_done(&all);
    return err;
}

static fallible read_state(const struct json *doc, struct arena *mem, struct hooks_wish *wish)
{
    str state = {NULL, 0};

    TRY(read_text(doc, S("state"), mem, &state));
    wish->has_state = state.data;
    if (!state.data)
        return OK;
    TRY(webhooks_state_parse(state, &wish->state));
    if (wish->state != WEBHOOK_ACTIVE && wish->state != WEBHOOK_PAUSED)
        return fail(ERR_INVALID, "\"state\" may be set to \"active\" or \"paused\"");
    return OK;
}

static fallible read_members(const struct json *doc, struct arena *mem, struct hooks_wish *wish)
{
    uint32_t events = json_find(doc, 0, S("events")), rotates = json_find(doc, 0, S("rotate"));
    int64_t number = 0;
    bool is_there;

    TRY(read_text(doc, S("url"), mem, &wish->url));
    if (events != JSON_ABSENT) {
        wish->events = arena_dup(mem, json_raw(doc, events));
        if (!wish->events.data)
            return arena_exhausted();
    }
    TRY(read_secrets(doc, mem, wish));
    wish->rotates = rotates != JSON_ABSENT && json_type_of(doc, rotates) == JSON_TRUE;
    TRY(read_number(doc, S("in_flight"), 1, HOOKS_WINDOW, &is_there, &number));
    wish->in_flight = is_there ? (unsigned)number : 0;
    TRY(read_number(doc, S("cursor"), 0, INT64_MAX, &wish->has_after, &number));
    wish->after = (uint64_t)number;
    return read_state(doc, mem, wish);
}

static fallible read_wish(struct exchange *x, struct hooks_wish *out_wish)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    struct json doc;
    enum err err;

    *out_wish = (struct hooks_wish){0};
    if (!reader)
        return arena_exhausted();
    err = web_read_object(x, reader, &doc);
    if (!err)
        err = read_members(&doc, exchange_mem(x), out_wish);
    web_give_reader(web_of(x), reader);
    return err;
}

/* Handlers */

void hook_list(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct webhook *list;
    size_t count;
    enum err err = hooks_list(hooks_of(x), exchange_mem(x), &list, &count);

    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("webhooks"));
    json_open(&w, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(&w, '{');
        write_members(&w, &list[i]);
        json_shut(&w, '}');
    }
    json_shut(&w, ']');
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void hook_show(struct exchange *x)
{
    struct webhook webhook;
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = hooks_get(hooks_of(x), id, exchange_mem(x), &webhook);
    if (err)
        web_fail(x, err);
    else
        answer_webhook(x, 200, &webhook, false);
}

void hook_add(struct exchange *x)
{
    struct webhook webhook;
    struct hooks_wish wish;
    enum err err = read_wish(x, &wish);

    if (!err)
        err = hooks_add(hooks_of(x), &wish, exchange_mem(x), &webhook);
    if (err)
        web_fail(x, err);
    else
        answer_webhook(x, 201, &webhook, true);
}

void hook_change(struct exchange *x)
{
    struct webhook webhook;
    struct hooks_wish wish;
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = read_wish(x, &wish);
    if (!err)
        err = hooks_change(hooks_of(x), id, &wish, exchange_mem(x), &webhook);
    if (err)
        web_fail(x, err);
    else
        answer_webhook(x, 200, &webhook, wish.rotates);
}

void hook_remove(struct exchange *x)
{
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = hooks_remove(hooks_of(x), id);
    if (err)
        web_fail(x, err);
    else
        exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}

void hook_attempts(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct hooks_attempt *attempts;
    size_t count = 0;
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = hooks_attempts(hooks_of(x), id, exchange_mem(x), &attempts, &count);
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("attempts"));
    json_open(&w, '[');
    for (size_t i = 0; i < count; i++)
        write_attempt(&w, &attempts[i]);
    json_shut(&w, ']');
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

static void answer_test(struct exchange *x, const struct hooks_attempt *attempt)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};

    write_attempt(&w, attempt);
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void hook_test(struct exchange *x)
{
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = hooks_test(hooks_of(x), id, x, answer_test);
    if (err)
        web_fail(x, err);
}
