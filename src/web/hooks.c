/* hooks.c - the destinations: kept in the catalog and in memory, changed by their owners.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/hooks_int.h"

#include "base/mem.h"
#include "store/log.h"
#include "store/log_await.h"
#include "store/vault.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <stdio.h>
#include <string.h>

enum { TEXTS = 64 << 10, URL_MOST = 2048, NAMES_MOST = 32, LIST = 8 << 20 };

void hooks_call(struct hooks *hooks)
{
    if (atomic_exchange(&hooks->is_called, true))
        return;
    log_await_end(hooks->config.log);
    courier_wake(hooks->courier);
}

void hooks_stop(struct hooks *hooks)
{
    mutex_lock(hooks->lock);
    hooks->is_stopping = true;
    mutex_unlock(hooks->lock);
    hooks_call(hooks);
}

void hooks_reset(struct hook *hook)
{
    hook->is_reset = true;
    hook->ahead = hook->webhook.place;
}

void hooks_free(struct hook *hook)
{
    if (!hook)
        return;
    for (size_t i = 0; i < HOOKS_WINDOW; i++)
        buf_done(&hook->window[i].body);
    buf_done(&hook->test.body);
    arena_close(hook->mem);
    mem_free(hook);
}

/* Texts */

static fallible read_secrets(struct hook *hook, str rest)
{
    hook->secret_count = 0;
    while (rest.len) {
        str one = str_cut(&rest, ' ');

        if (hook->secret_count == HOOKS_SECRETS)
            return fail(ERR_INVALID, "\"secrets\" may be %d at the most", HOOKS_SECRETS);
        TRY(signature_read(one, &hook->secrets[hook->secret_count]));
        hook->secret_count++;
    }
    return hook->secret_count ? OK : fail(ERR_INVALID, "\"secrets\" must hold at least one");
}

static fallible read_names(struct hooks *hooks, struct hook *hook, str events)
{
    struct json doc;

    TRY(json_parse_copy(hooks->reader, hook->mem, events, &doc));
    if (json_type_of(&doc, 0) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"events\" must be a list of names");
    hook->names = arena_array(hook->mem, NAMES_MOST, sizeof *hook->names);
    if (!hook->names)
        return arena_exhausted();
    EACH_ELEMENT(&doc, 0, at)
    {
        str name = json_string(&doc, at, hook->mem);

        if (json_type_of(&doc, at) != JSON_STRING || !name.len)
            return fail(ERR_INVALID, "\"events\" must be a list of names");
        if (hook->name_count == NAMES_MOST)
            return fail(ERR_INVALID, "\"events\" may be %d names at the most", NAMES_MOST);
        name = arena_dup(hook->mem, name);
        if (!name.data)
            return arena_exhausted();
        hook->names[hook->name_count++] = name;
    }
    return OK;
}

static fallible set_texts(struct hooks *hooks, struct hook *hook, const struct webhook *webhook)
{
    hook->webhook = *webhook;
    hook->webhook.url = arena_dup(hook->mem, webhook->url);
    hook->webhook.events = arena_dup(hook->mem, webhook->events);
    hook->webhook.secrets = arena_dup(hook->mem, webhook->secrets);
    if (!hook->webhook.url.data || !hook->webhook.events.data || !hook->webhook.secrets.data)
        return fail(ERR_LIMIT, "\"url\", \"events\" and \"secrets\" are too long");
    snprintf(hook->reason, sizeof hook->reason, "%.*s", STR_ARG(webhook->reason));
    hook->webhook.reason = str_of(hook->reason);
    TRY(read_secrets(hook, hook->webhook.secrets));
    return read_names(hooks, hook, hook->webhook.events);
}

fallible hooks_take(struct hooks *hooks, const struct webhook *webhook, struct hook **out_hook)
{
    struct hook *hook = mem_alloc(sizeof *hook);
    enum err err;

    if (!hook)
        return mem_exhausted();
    hook->hooks = hooks;
    hook->mem = arena_open(TEXTS);
    err = hook->mem ? set_texts(hooks, hook, webhook) : mem_exhausted();
    if (err) {
        hooks_free(hook);
        return err;
    }
    for (size_t i = 0; i < HOOKS_WINDOW; i++)
        hook->window[i].hook = hook;
    hook->test.hook = hook;
    hook->ahead = webhook->place;
    *out_hook = hook;
    return OK;
}

static void add(struct hooks *hooks, struct hook *hook)
{
    struct hook **link = &hooks->first;

    while (*link)
        link = &(*link)->next;
    *link = hook;
    hooks->count++;
}

/* Opening */

static fallible load(struct hooks *hooks)
{
    struct arena *mem = arena_open(LIST);
    struct webhook *list;
    struct hook *hook;
    size_t count = 0;
    enum err err =
        mem ? webhooks_list(hooks->config.catalog, hooks->config.vault, mem, &list, &count)
            : mem_exhausted();

    for (size_t i = 0; !err && i < count; i++) {
        err = hooks_take(hooks, &list[i], &hook);
        if (!err)
            add(hooks, hook);
    }
    arena_close(mem);
    return err;
}

static fallible open_parts(struct hooks *hooks)
{
    const struct hooks_config *config = &hooks->config;
    const unsigned char *id = vault_workspace_id(config->vault);

    for (size_t i = 0; i + 1 < sizeof hooks->workspace; i++)
        hooks->workspace[i] = "0123456789abcdef"[id[i / 2] >> (i % 2 ? 0 : 4) & 15];
    hooks->lock = mutex_open();
    hooks->reader = json_reader_open();
    if (!hooks->lock || !hooks->reader)
        return mem_exhausted();
    if (networks_read(config->allowed, &hooks->allowed) != OK)
        return fail(ERR_INVALID, "setting allow_networks of [webhooks]: %s", err_text());
    TRY(strands_open(config->log, config->deletions, &hooks->strands));
    TRY(courier_open(&hooks->allowed, &hooks->courier));
    return load(hooks);
}

fallible hooks_open(const struct hooks_config *config, struct hooks **out_hooks)
{
    struct hooks *hooks = mem_alloc(sizeof *hooks);
    enum err err;

    if (!hooks)
        return mem_exhausted();
    hooks->config = *config;
    err = open_parts(hooks);
    if (err)
        hooks_close(hooks);
    else
        *out_hooks = hooks;
    return err;
}

void hooks_close(struct hooks *hooks)
{
    if (!hooks)
        return;
    courier_close(hooks->courier);
    strands_close(hooks->strands);
    while (hooks->first) {
        struct hook *hook = hooks->first;

        hooks->first = hook->next;
        hooks_free(hook);
    }
    json_reader_close(hooks->reader);
    networks_done(&hooks->allowed);
    mutex_close(hooks->lock);
    mem_free(hooks);
}

fallible hooks_save(struct hooks *hooks)
{
    const struct webhook *changed[HOOKS_WINDOW];
    struct hook *hook = hooks->first;

    while (hook) {
        struct hook *first = hook;
        size_t count = 0;

        for (; hook && count < HOOKS_WINDOW; hook = hook->next)
            if (hook->is_changed && !hook->is_removed)
                changed[count++] = &hook->webhook;
        if (count)
            TRY(webhooks_save(hooks->config.catalog, changed, count));
        for (; first != hook; first = first->next)
            first->is_changed = false;
    }
    return OK;
}

/* Looking */

static fallible find(const struct hooks *hooks, int64_t id, struct hook **out_hook)
{
    for (struct hook *hook = hooks->first; hook; hook = hook->next)
        if (hook->webhook.id == id && !hook->is_removed) {
            *out_hook = hook;
            return OK;
        }
    return fail(ERR_ABSENT, "there is no webhook %lld", (long long)id);
}

static fallible copy(const struct webhook *from, struct arena *mem, struct webhook *out)
{
    struct webhook webhook = *from;

    webhook.url = arena_dup(mem, from->url);
    webhook.events = arena_dup(mem, from->events);
    webhook.secrets = arena_dup(mem, from->secrets);
    webhook.reason = arena_dup(mem, from->reason);
    if (!webhook.url.data || !webhook.events.data || !webhook.secrets.data || !webhook.reason.data)
        return arena_exhausted();
    *out = webhook;
    return OK;
}

fallible hooks_list(struct hooks *hooks, struct arena *mem, struct webhook **out_list,
                    size_t *out_count)
{
    struct webhook *list;
    size_t count = 0;
    enum err err = OK;

    mutex_lock(hooks->lock);
    list = arena_array(mem, hooks->count + 1, sizeof *list);
    if (!list)
        err = arena_exhausted();
    for (struct hook *hook = hooks->first; !err && hook; hook = hook->next)
        if (!hook->is_removed)
            err = copy(&hook->webhook, mem, &list[count++]);
    mutex_unlock(hooks->lock);
    if (err)
        return err;
    *out_list = list;
    *out_count = count;
    return OK;
}

fallible hooks_get(struct hooks *hooks, int64_t id, struct arena *mem, struct webhook *out_webhook)
{
    struct hook *hook;
    enum err err;

    mutex_lock(hooks->lock);
    err = find(hooks, id, &hook);
    if (!err)
        err = copy(&hook->webhook, mem, out_webhook);
    mutex_unlock(hooks->lock);
    return err;
}

fallible hooks_attempts(struct hooks *hooks, int64_t id, struct arena *mem,
                        struct hooks_attempt **out_attempts, size_t *out_count)
{
    struct hooks_attempt *list = arena_array(mem, HOOKS_ATTEMPTS, sizeof *list);
    struct hook *hook;
    size_t count = 0;
    enum err err;

    if (!list)
        return arena_exhausted();
    mutex_lock(hooks->lock);
    err = find(hooks, id, &hook);
    if (!err)
        for (uint64_t at = hook->attempt_count; at > 0 && count < HOOKS_ATTEMPTS; at--)
            list[count++] = hook->attempts[(at - 1) % HOOKS_ATTEMPTS];
    mutex_unlock(hooks->lock);
    if (err)
        return err;
    *out_attempts = list;
    *out_count = count;
    return OK;
}

void hooks_stats_read(struct hooks *hooks, struct hooks_stats *out_stats)
{
    mutex_lock(hooks->lock);
    *out_stats = hooks->stats;
    out_stats->destinations = hooks->count;
    mutex_unlock(hooks->lock);
}

/* Changing */

static str new_secret(struct sys *sys, struct arena *mem)
{
    struct signature_secret secret = {.len = SIGNATURE_MADE};
    struct buf text = {0};
    str copied;

    entropy_fill(sys, secret.bytes, secret.len);
    signature_write(&secret, &text);
    copied = arena_dup(mem, buf_str(&text));
    buf_done(&text);
    return copied;
}

static fallible rotate(struct hooks *hooks, struct arena *mem, str *secrets)
{
    str rest = *secrets, old = str_cut(&rest, ' '), new = new_secret(hooks->config.sys, mem);

    if (new.data)
        new = old.len ? arena_print(mem, "%.*s %.*s", STR_ARG(new), STR_ARG(old)) : new;
    if (!new.data)
        return arena_exhausted();
    *secrets = new;
    return OK;
}

static fallible set_place(struct hooks *hooks, uint64_t after, uint64_t *out_place)
{
    uint64_t durable = log_durable_seq(hooks->config.log);

    if (after >= durable)
        return fail(ERR_INVALID, "\"cursor\" is %llu, but the newest event is %llu",
                    (unsigned long long)after, (unsigned long long)(durable - 1));
    *out_place = after + 1;
    return OK;
}

static fallible apply(struct hooks *hooks, const struct hooks_wish *wish, struct arena *mem,
                      struct webhook *webhook)
{
    if (wish->url.data)
        webhook->url = wish->url;
    if (wish->events.data)
        webhook->events = wish->events;
    if (wish->secrets.data)
        webhook->secrets = wish->secrets;
    if (wish->rotates)
        TRY(rotate(hooks, mem, &webhook->secrets));
    if (wish->in_flight)
        webhook->in_flight = wish->in_flight;
    if (wish->has_after)
        TRY(set_place(hooks, wish->after, &webhook->place));
    if (wish->has_state || wish->url.data) {
        webhook->state = wish->has_state ? wish->state : webhook->state;
        webhook->failures = 0;
        webhook->failing_since = webhook->retry_at = 0;
        webhook->reason = S("");
    }
    return OK;
}

static fallible check_url(struct hooks *hooks, str url)
{
    if (url.len > URL_MOST)
        return fail(ERR_INVALID, "\"url\" may have %d bytes at the most", URL_MOST);
    return courier_check(&hooks->allowed, url);
}

static fallible add_locked(struct hooks *hooks, struct webhook *webhook, struct arena *mem)
{
    struct hook *hook;
    enum err err;

    if (hooks->count >= hooks->config.most)
        return fail(ERR_LIMIT, "there may be %zu webhooks at the most ([webhooks] most)",
                    hooks->config.most);
    TRY(hooks_take(hooks, webhook, &hook));
    err = webhooks_add(hooks->config.catalog, hooks->config.vault, mem, webhook, &webhook->id);
    if (err) {
        hooks_free(hook);
        return err;
    }
    hook->webhook.id = webhook->id;
    add(hooks, hook);
    return OK;
}

fallible hooks_add(struct hooks *hooks, const struct hooks_wish *wish, struct arena *mem,
                   struct webhook *out_webhook)
{
    struct webhook webhook = {.events = S("[]"),
                              .in_flight = 1,
                              .reason = S(""),
                              .place = log_durable_seq(hooks->config.log),
                              .created_at = clock_now(hooks->config.sys)};
    enum err err;

    if (!wish->url.data)
        return fail(ERR_INVALID, "\"url\" is missing: where events are sent to");
    TRY(check_url(hooks, wish->url));
    TRY(apply(hooks, wish, mem, &webhook));
    if (!webhook.secrets.data)
        TRY(rotate(hooks, mem, &webhook.secrets));
    mutex_lock(hooks->lock);
    err = add_locked(hooks, &webhook, mem);
    mutex_unlock(hooks->lock);
    if (err)
        return err;
    hooks_call(hooks);
    *out_webhook = webhook;
    return OK;
}

/* The hook takes over what a new one was made with; the sender begins anew at its place. */
static void replace(struct hook *hook, struct hook *made)
{
    struct arena *mem = hook->mem;

    hook->webhook = made->webhook;
    memcpy(hook->reason, made->reason, sizeof hook->reason);
    hook->webhook.reason = str_of(hook->reason);
    memcpy(hook->secrets, made->secrets, sizeof hook->secrets);
    hook->secret_count = made->secret_count;
    hook->names = made->names;
    hook->name_count = made->name_count;
    hook->mem = made->mem;
    made->mem = mem;
    hook->is_changed = false;
    hooks_reset(hook);
}

static fallible change_locked(struct hooks *hooks, int64_t id, const struct hooks_wish *wish,
                              struct arena *mem, struct webhook *out_webhook)
{
    const struct webhook *changed;
    struct webhook webhook;
    struct hook *hook, *made;
    enum err err;

    TRY(find(hooks, id, &hook));
    TRY(copy(&hook->webhook, mem, &webhook));
    TRY(apply(hooks, wish, mem, &webhook));
    TRY(hooks_take(hooks, &webhook, &made));
    changed = &made->webhook;
    err = webhooks_change(hooks->config.catalog, hooks->config.vault, mem, &webhook);
    if (!err)
        err = webhooks_save(hooks->config.catalog, &changed, 1);
    if (!err)
        replace(hook, made);
    hooks_free(made);
    *out_webhook = webhook;
    return err;
}

fallible hooks_change(struct hooks *hooks, int64_t id, const struct hooks_wish *wish,
                      struct arena *mem, struct webhook *out_webhook)
{
    enum err err;

    if (wish->url.data)
        TRY(check_url(hooks, wish->url));
    mutex_lock(hooks->lock);
    err = change_locked(hooks, id, wish, mem, out_webhook);
    mutex_unlock(hooks->lock);
    hooks_call(hooks);
    return err;
}

fallible hooks_remove(struct hooks *hooks, int64_t id)
{
    struct hook *hook;
    enum err err;

    mutex_lock(hooks->lock);
    err = find(hooks, id, &hook);
    if (!err)
        err = webhooks_remove(hooks->config.catalog, id);
    if (!err)
        hook->is_removed = true;
    mutex_unlock(hooks->lock);
    hooks_call(hooks);
    return err;
}

static fallible ask(struct hook *hook, struct exchange *x,
                    void (*answer)(struct exchange *x, const struct hooks_attempt *attempt))
{
    if (hook->hooks->is_stopping)
        return fail(ERR_BUSY, "the server is stopping");
    if (hook->asked.exchange)
        return fail(ERR_BUSY, "a test of this webhook is under way");
    hook->asked = (struct hooks_asked){x, answer};
    return OK;
}

fallible hooks_test(struct hooks *hooks, int64_t id, struct exchange *x,
                    void (*answer)(struct exchange *x, const struct hooks_attempt *attempt))
{
    struct hook *hook;
    enum err err;

    mutex_lock(hooks->lock);
    err = find(hooks, id, &hook);
    if (!err)
        err = ask(hook, x, answer);
    mutex_unlock(hooks->lock);
    if (!err)
        hooks_call(hooks);
    return err;
}
