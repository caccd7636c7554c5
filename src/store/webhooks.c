/* webhooks.c - rows of the table `webhook`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/webhooks.h"

#include "base/mem.h"
#include "store/catalog.h"
#include "store/vault.h"

#include <string.h>

static const char *const states[] = {
    [WEBHOOK_ACTIVE] = "active",
    [WEBHOOK_PAUSED] = "paused",
    [WEBHOOK_BLOCKED] = "blocked",
    [WEBHOOK_DISABLED] = "disabled",
};

/* What the seal of secrets is bound to, besides workspace and place. */
#define SEAL S("webhook secrets")

const char *webhooks_state_name(enum webhook_state state)
{
    return states[state];
}

fallible webhooks_state_parse(str name, enum webhook_state *out_state)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (str_equals(name, str_of(states[i]))) {
            *out_state = (enum webhook_state)i;
            return OK;
        }
    return fail(ERR_INVALID, "\"state\" must be \"active\" or \"paused\"");
}

static fallible seal(struct vault *vault, struct arena *mem, str text, str *out_sealed)
{
    char *sealed = arena_take(mem, text.len + VAULT_OVERHEAD);

    if (!sealed)
        return arena_exhausted();
    TRY(vault_ready(vault, 0));
    TRY(vault_seal(vault, 0, SEAL, text, sealed));
    *out_sealed = (str){sealed, text.len + VAULT_OVERHEAD};
    return OK;
}

static fallible unseal(struct vault *vault, struct arena *mem, str sealed, str *out_text)
{
    char *text;

    if (sealed.len < VAULT_OVERHEAD)
        return fail(ERR_CORRUPT, "the secrets of a webhook are damaged");
    text = arena_take(mem, sealed.len - VAULT_OVERHEAD + 1);
    if (!text)
        return arena_exhausted();
    TRY(vault_unseal(vault, 0, SEAL, sealed, text));
    *out_text = (str){text, sealed.len - VAULT_OVERHEAD};
    return OK;
}

struct reading {
    struct vault *vault;
    struct arena *mem;
    struct webhook *list;
    size_t count, room;
};

static fallible grow(struct reading *reading)
{
    size_t room = reading->room ? 2 * reading->room : 16;
    struct webhook *grown;

    if (reading->count < reading->room)
        return OK;
    grown = arena_array(reading->mem, room, sizeof *grown);
    if (!grown)
        return arena_exhausted();
    if (reading->count)
        memcpy(grown, reading->list, reading->count * sizeof *grown);
    reading->list = grown;
    reading->room = room;
    return OK;
}

static enum err add_row(void *argument, struct row *row)
{
    struct reading *reading = argument;
    struct arena *mem = reading->mem;
    str sealed = catalog_row_blob(row, 3, mem);
    struct webhook webhook = {
        .id = catalog_row_i64(row, 0),
        .url = catalog_row_text(row, 1, mem),
        .events = catalog_row_text(row, 2, mem),
        .in_flight = (unsigned)catalog_row_i64(row, 4),
        .reason = catalog_row_text(row, 6, mem),
        .place = (uint64_t)catalog_row_i64(row, 7),
        .failures = (unsigned)catalog_row_i64(row, 8),
        .failing_since = catalog_row_i64(row, 9),
        .retry_at = catalog_row_i64(row, 10),
        .created_at = catalog_row_i64(row, 11),
    };

    if (!sealed.data || !webhook.url.data || !webhook.events.data || !webhook.reason.data)
        return arena_exhausted();
    TRY(webhooks_state_parse(catalog_row_text(row, 5, mem), &webhook.state));
    TRY(unseal(reading->vault, mem, sealed, &webhook.secrets));
    TRY(grow(reading));
    reading->list[reading->count++] = webhook;
    return OK;
}

fallible webhooks_list(struct catalog *catalog, struct vault *vault, struct arena *mem,
                       struct webhook **out_webhooks, size_t *out_count)
{
    struct reading reading = {.vault = vault, .mem = mem};
    struct tx *tx;

    TRY(vault_ready(vault, 0));
    TRY(catalog_begin(catalog, &tx));
    TRY(catalog_end(tx, catalog_each(tx, SQL_WEBHOOK_LIST, NO_BIND, add_row, &reading)));
    *out_webhooks = reading.list;
    *out_count = reading.count;
    return OK;
}

static enum err read_id(void *argument, struct row *row)
{
    *(int64_t *)argument = catalog_row_i64(row, 0);
    return OK;
}

fallible webhooks_add(struct catalog *catalog, struct vault *vault, struct arena *mem,
                      const struct webhook *webhook, int64_t *out_id)
{
    struct tx *tx;
    int64_t id = 0;
    str sealed;
    enum err err;

    TRY(seal(vault, mem, webhook->secrets, &sealed));
    TRY(catalog_begin(catalog, &tx));
    err = catalog_run(tx, SQL_WEBHOOK_ADD,
                      BIND(B_TEXT(webhook->url), B_TEXT(webhook->events), B_BLOB(sealed),
                           B_I64(webhook->in_flight), B_TEXT(str_of(states[webhook->state])),
                           B_I64((int64_t)webhook->place), B_I64(webhook->created_at)));
    if (!err)
        err = catalog_each(tx, SQL_WEBHOOK_LAST, NO_BIND, read_id, &id);
    TRY(catalog_end(tx, err));
    *out_id = id;
    return OK;
}

static fallible must_have_changed(struct tx *tx, int64_t id)
{
    return catalog_rows_changed(tx) ? OK
                                    : fail(ERR_ABSENT, "there is no webhook %lld", (long long)id);
}

fallible webhooks_change(struct catalog *catalog, struct vault *vault, struct arena *mem,
                         const struct webhook *webhook)
{
    struct tx *tx;
    str sealed;
    enum err err;

    TRY(seal(vault, mem, webhook->secrets, &sealed));
    TRY(catalog_begin(catalog, &tx));
    err = catalog_run(tx, SQL_WEBHOOK_CHANGE,
                      BIND(B_I64(webhook->id), B_TEXT(webhook->url), B_TEXT(webhook->events),
                           B_BLOB(sealed), B_I64(webhook->in_flight)));
    if (!err)
        err = must_have_changed(tx, webhook->id);
    return catalog_end(tx, err);
}

static struct bind time_or_null(millis at)
{
    return at ? B_I64(at) : B_NULL;
}

fallible webhooks_save(struct catalog *catalog, const struct webhook *const *webhooks, size_t count)
{
    struct tx *tx;
    enum err err = OK;

    TRY(catalog_begin(catalog, &tx));
    for (size_t i = 0; !err && i < count; i++) {
        const struct webhook *webhook = webhooks[i];

        err = catalog_run(tx, SQL_WEBHOOK_PROGRESS,
                          BIND(B_I64(webhook->id), B_TEXT(str_of(states[webhook->state])),
                               B_TEXT(webhook->reason), B_I64((int64_t)webhook->place),
                               B_I64(webhook->failures), time_or_null(webhook->failing_since),
                               time_or_null(webhook->retry_at)));
    }
    return catalog_end(tx, err);
}

fallible webhooks_remove(struct catalog *catalog, int64_t id)
{
    struct tx *tx;
    enum err err;

    TRY(catalog_begin(catalog, &tx));
    err = catalog_run(tx, SQL_WEBHOOK_REMOVE, BIND(B_I64(id)));
    if (!err)
        err = must_have_changed(tx, id);
    return catalog_end(tx, err);
}

fallible webhooks_hold(struct catalog *catalog, str reason)
{
    struct tx *tx;

    TRY(catalog_begin(catalog, &tx));
    return catalog_end(tx, catalog_run(tx, SQL_WEBHOOK_HOLD, BIND(B_TEXT(reason))));
}
