/* access.c - keys: random secrets, their hashes in the catalog, a snapshot for checks.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A change builds the next snapshot inside its transaction and publishes it after the commit.
 * Earlier snapshots stay until the end: a check may still be reading one and leaves no trace of
 * it, and people change keys so seldom that counting readers would cost more than it frees.
 */
#include "store/access.h"

#include "base/mem.h"
#include "store/catalog.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

enum { SECRET_HASH = 32, SECRET_RANDOM = 32, SECRET_PREFIX = 3, SECRET_END = 4 };
enum { SECRET_LEN = SECRET_PREFIX + SECRET_RANDOM, NAME_LIMIT = 100, WORKSPACE = 1 };

static const struct {
    const char *name;
    const char *prefix;
} scopes[] = {
    [ACCESS_WRITE] = {"write", "mw_"},
    [ACCESS_API] = {"api", "ma_"},
    [ACCESS_ADMIN] = {"admin", "mx_"},
};

struct valid_key {
    unsigned char hash[SECRET_HASH];
    struct access_grant grant;
    millis expires_at;
};

struct snapshot {
    struct snapshot *older;
    size_t count;
    size_t room;
    uint32_t *slots; /* 1 + index of a key, 0 for none; a power of two, at least half empty */
    size_t slot_mask;
    struct valid_key *keys;
};

struct access {
    struct sys *sys;
    struct catalog *catalog;
    struct mutex *mutex; /* of those who change keys */
    _Atomic(struct snapshot *) current;
};

bool access_scope_allows(enum access_scope has, enum access_scope needed)
{
    return has == needed || has == ACCESS_ADMIN;
}

const char *access_scope_name(enum access_scope scope)
{
    return scopes[scope].name;
}

fallible access_scope_parse(str name, enum access_scope *out_scope)
{
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        if (str_equals(name, str_of(scopes[i].name))) {
            *out_scope = (enum access_scope)i;
            return OK;
        }
    }
    return fail(ERR_INVALID, "\"%.*s\" is no scope: write, api or admin", STR_ARG(name));
}

static void hash_secret(str secret, unsigned char *out)
{
    /* Not a password hash: nobody guesses 190 random bits, however fast. */
    crypto_generichash(out, SECRET_HASH, (const unsigned char *)secret.data, secret.len, NULL, 0);
}

static void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    mem_free(snapshot->slots);
    mem_free(snapshot->keys);
    mem_free(snapshot);
}

static size_t first_slot(const struct snapshot *snapshot, const unsigned char *hash)
{
    uint64_t start;

    memcpy(&start, hash, sizeof start);
    return (size_t)start & snapshot->slot_mask;
}

/* Time shows at most which hashes begin alike, and from a hash nobody finds the secret. */
static const struct valid_key *find(const struct snapshot *snapshot, const unsigned char *hash)
{
    size_t slot = first_slot(snapshot, hash);

    for (; snapshot->slots[slot]; slot = (slot + 1) & snapshot->slot_mask) {
        const struct valid_key *key = &snapshot->keys[snapshot->slots[slot] - 1];

        if (sodium_memcmp(key->hash, hash, SECRET_HASH) == 0)
            return key;
    }
    return NULL;
}

static fallible index_keys(struct snapshot *snapshot)
{
    size_t slots = 16;

    while (slots < 2 * snapshot->count)
        slots *= 2;
    snapshot->slots = mem_alloc(slots * sizeof *snapshot->slots);
    if (!snapshot->slots)
        return mem_exhausted();
    snapshot->slot_mask = slots - 1;
    for (size_t i = 0; i < snapshot->count; i++) {
        size_t slot = first_slot(snapshot, snapshot->keys[i].hash);

        while (snapshot->slots[slot])
            slot = (slot + 1) & snapshot->slot_mask;
        snapshot->slots[slot] = (uint32_t)i + 1;
    }
    return OK;
}

struct reading {
    struct arena *mem;
    struct snapshot *snapshot;
    struct access_key *keys;
    size_t count;
    size_t room;
};

static fallible grow(void **list, size_t *room, size_t count, size_t size)
{
    size_t wanted = *room ? 2 * *room : 16;
    void *grown;

    if (count < *room)
        return OK;
    grown = mem_grow(*list, wanted * size);
    if (!grown)
        return mem_exhausted();
    *list = grown;
    *room = wanted;
    return OK;
}

static fallible read_scope(struct row *row, int column, struct arena *mem,
                           enum access_scope *out_scope)
{
    str name = catalog_row_text(row, column, mem);

    return name.data ? access_scope_parse(name, out_scope) : arena_exhausted();
}

static enum err add_valid(void *argument, struct row *row)
{
    struct reading *reading = argument;
    struct snapshot *snapshot = reading->snapshot;
    void *list = snapshot->keys;
    enum err err = grow(&list, &snapshot->room, snapshot->count, sizeof *snapshot->keys);
    struct valid_key key = {
        .grant = {.key_id = catalog_row_i64(row, 0), .workspace_id = catalog_row_i64(row, 1)}};
    str hash;

    snapshot->keys = list;
    if (err)
        return err;
    arena_reset(reading->mem);
    TRY(read_scope(row, 2, reading->mem, &key.grant.scope));
    hash = catalog_row_blob(row, 3, reading->mem);
    if (hash.len != SECRET_HASH)
        return arena_exhausted();
    memcpy(key.hash, hash.data, SECRET_HASH);
    key.expires_at = catalog_row_i64(row, 4);
    snapshot->keys[snapshot->count++] = key;
    return OK;
}

static fallible read_snapshot(struct tx *tx, struct snapshot **out_snapshot)
{
    struct reading reading = {.mem = arena_open(1 << 16)};
    enum err err;

    reading.snapshot = mem_alloc(sizeof *reading.snapshot);
    if (!reading.mem || !reading.snapshot)
        err = mem_exhausted();
    else
        err = catalog_each(tx, SQL_KEY_LIST_VALID, NO_BIND, add_valid, &reading);
    if (!err)
        err = index_keys(reading.snapshot);
    arena_close(reading.mem);
    if (err)
        snapshot_free(reading.snapshot);
    else
        *out_snapshot = reading.snapshot;
    return err;
}

/* Ends the change; what is valid from now on is published once it is durable. */
static fallible end_change(struct access *access, struct tx *tx, enum err err)
{
    struct snapshot *next = NULL;

    if (!err)
        err = read_snapshot(tx, &next);
    err = catalog_end(tx, err);
    if (err) {
        snapshot_free(next);
        return err;
    }
    next->older = atomic_load_explicit(&access->current, memory_order_relaxed);
    atomic_store_explicit(&access->current, next, memory_order_release);
    return OK;
}

fallible access_open(struct sys *sys, struct catalog *catalog, struct access **out_access)
{
    struct access *access = mem_alloc(sizeof *access);
    struct tx *tx;
    enum err err;

    if (!access)
        return mem_exhausted();
    access->sys = sys;
    access->catalog = catalog;
    access->mutex = mutex_open();
    if (!access->mutex)
        err = mem_exhausted();
    else if (sodium_init() < 0)
        err = fail(ERR_IO, "libsodium cannot start");
    else
        err = catalog_begin(catalog, &tx);
    if (!err)
        err = end_change(access, tx, OK);
    if (err)
        access_close(access);
    else
        *out_access = access;
    return err;
}

void access_close(struct access *access)
{
    struct snapshot *snapshot;

    if (!access)
        return;
    snapshot = atomic_load(&access->current);
    while (snapshot) {
        struct snapshot *older = snapshot->older;

        snapshot_free(snapshot);
        snapshot = older;
    }
    mutex_close(access->mutex);
    mem_free(access);
}

/* Letters and digits, all equally likely: bytes beyond the last full round are thrown away. */
static void write_secret(struct sys *sys, enum access_scope scope, char *out)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    enum { LETTERS = sizeof letters - 1, FAIR = 256 / LETTERS * LETTERS };
    size_t len = SECRET_PREFIX;

    memcpy(out, scopes[scope].prefix, SECRET_PREFIX);
    while (len < SECRET_LEN) {
        unsigned char byte;

        entropy_fill(sys, &byte, 1);
        if (byte < FAIR)
            out[len++] = letters[byte % LETTERS];
    }
}

fallible access_add(struct access *access, const struct access_wish *wish, millis now,
                    struct arena *mem, str *out_secret)
{
    unsigned char hash[SECRET_HASH];
    char *text = arena_take(mem, SECRET_LEN + 1);
    str secret = {text, SECRET_LEN};
    struct tx *tx;
    enum err err;

    if (!text)
        return arena_exhausted();
    if (wish->name.len == 0 || wish->name.len > NAME_LIMIT)
        return fail(ERR_INVALID, "a key's name has 1 to %d bytes", NAME_LIMIT);
    write_secret(access->sys, wish->scope, text);
    hash_secret(secret, hash);

    mutex_lock(access->mutex);
    err = catalog_begin(access->catalog, &tx);
    if (!err) {
        err = catalog_run(tx, SQL_KEY_ADD,
                          BIND(B_I64(WORKSPACE), B_TEXT(wish->name),
                               B_TEXT(str_of(scopes[wish->scope].name)),
                               B_BLOB(str_from(hash, sizeof hash)),
                               B_TEXT(str_slice(secret, SECRET_LEN - SECRET_END, SECRET_LEN)),
                               B_I64(now), wish->expires_at ? B_I64(wish->expires_at) : B_NULL));
        err = end_change(access, tx, err);
    }
    mutex_unlock(access->mutex);
    if (!err)
        *out_secret = secret;
    return err;
}

fallible access_revoke(struct access *access, int64_t key_id, millis now)
{
    struct tx *tx;
    enum err err;

    mutex_lock(access->mutex);
    err = catalog_begin(access->catalog, &tx);
    if (!err) {
        err = catalog_run(tx, SQL_KEY_REVOKE, BIND(B_I64(key_id), B_I64(now)));
        if (!err && catalog_rows_changed(tx) == 0)
            err = fail(ERR_ABSENT, "there is no valid key %lld", (long long)key_id);
        err = end_change(access, tx, err);
    }
    mutex_unlock(access->mutex);
    return err;
}

static enum err add_listed(void *argument, struct row *row)
{
    struct reading *reading = argument;
    void *list = reading->keys;
    enum err err = grow(&list, &reading->room, reading->count, sizeof *reading->keys);
    struct access_key key = {
        .id = catalog_row_i64(row, 0),
        .workspace_id = catalog_row_i64(row, 1),
        .name = catalog_row_text(row, 2, reading->mem),
        .secret_end = catalog_row_text(row, 4, reading->mem),
        .created_at = catalog_row_i64(row, 5),
        .expires_at = catalog_row_i64(row, 6),
        .revoked_at = catalog_row_i64(row, 7),
    };

    reading->keys = list;
    if (err)
        return err;
    if (!key.name.data || !key.secret_end.data)
        return arena_exhausted();
    TRY(read_scope(row, 3, reading->mem, &key.scope));
    reading->keys[reading->count++] = key;
    return OK;
}

fallible access_list(struct access *access, struct arena *mem, struct access_key **out_keys,
                     size_t *out_count)
{
    struct reading reading = {.mem = mem};
    struct access_key *keys = NULL;
    struct tx *tx;
    enum err err;

    TRY(catalog_begin(access->catalog, &tx));
    err = catalog_end(tx, catalog_each(tx, SQL_KEY_LIST, NO_BIND, add_listed, &reading));
    if (err)
        goto done;
    keys = arena_array(mem, reading.count ? reading.count : 1, sizeof *keys);
    if (!keys) {
        err = arena_exhausted();
        goto done;
    }
    if (reading.count)
        memcpy(keys, reading.keys, reading.count * sizeof *keys);
    *out_keys = keys;
    *out_count = reading.count;
done:
    mem_free(reading.keys);
    return err;
}

fallible access_check(const struct access *access, str secret, enum access_scope needed, millis now,
                      struct access_grant *out_grant)
{
    const struct valid_key *key = NULL;
    unsigned char hash[SECRET_HASH];

    if (secret.len == SECRET_LEN) {
        hash_secret(secret, hash);
        key = find(atomic_load_explicit(&access->current, memory_order_acquire), hash);
    }
    if (!key)
        return fail(ERR_ABSENT, "there is no such key, or it was revoked");
    if (key->expires_at && key->expires_at <= now)
        return fail(ERR_EXPIRED, "the key has expired");
    if (!access_scope_allows(key->grant.scope, needed))
        return fail(ERR_DENIED, "a key for %s does not allow what needs %s",
                    scopes[key->grant.scope].name, scopes[needed].name);
    *out_grant = key->grant;
    return OK;
}
