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
#include "store/key_origins.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

enum { SECRET_HASH = 32, SECRET_RANDOM = 32, SECRET_PREFIX = 3, SECRET_END = 4 };
enum { SECRET_LEN = SECRET_PREFIX + SECRET_RANDOM, NAME_LIMIT = 100, WORKSPACE = 1 };
enum { ORIGINS_MEMORY = 64 << 20 };

/* What stands for others comes first, so that it is written instead of them. */
static const struct {
    const char *name;
    unsigned scopes;
} words[] = {
    {"admin", ACCESS_ADMIN},   {"api", ACCESS_API},       {"write", ACCESS_WRITE},
    {"query", ACCESS_QUERY},   {"export", ACCESS_EXPORT}, {"people", ACCESS_PEOPLE},
    {"manage", ACCESS_MANAGE},
};
enum { WORDS = sizeof words / sizeof words[0] };

struct valid_key {
    unsigned char hash[SECRET_HASH];
    struct access_grant grant;
    millis expires_at;
    millis saved_at;        /* the catalog knows of a use then; under the mutex */
    _Atomic millis used_at; /* written once in a step only: checks share the line */
};

struct snapshot {
    struct snapshot *older;
    struct arena *mem; /* of the lists of origins */
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

void access_scope_write(unsigned scopes, struct buf *out)
{
    size_t start = out->len;

    for (size_t i = 0; i < WORDS && scopes; i++) {
        if ((scopes & words[i].scopes) != words[i].scopes)
            continue;
        if (out->len > start)
            buf_add_byte(out, ' ');
        buf_add(out, str_of(words[i].name));
        scopes &= ~words[i].scopes;
    }
}

static fallible scope_of(str name, unsigned *out_scopes)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (str_equals(name, str_of(words[i].name))) {
            *out_scopes = words[i].scopes;
            return OK;
        }
    }
    return fail(
        ERR_INVALID,
        "\"%.*s\" is no scope: write, api or admin, or some of query, export, people, manage",
        name.len < 100 ? (int)name.len : 100, name.data);
}

fallible access_scope_parse(str text, unsigned *out_scopes)
{
    unsigned all = 0, scopes;
    size_t end;

    for (size_t at = 0; at < text.len; at = end + 1) {
        for (end = at; end < text.len && text.data[end] != ' ' && text.data[end] != ',';)
            end++;
        if (end == at)
            continue;
        TRY(scope_of(str_slice(text, at, end), &scopes));
        all |= scopes;
    }
    if (!all)
        return scope_of(S(""), &scopes);
    *out_scopes = all;
    return OK;
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
    arena_close(snapshot->mem);
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
static struct valid_key *find(const struct snapshot *snapshot, const unsigned char *hash)
{
    size_t slot = first_slot(snapshot, hash);

    for (; snapshot->slots[slot]; slot = (slot + 1) & snapshot->slot_mask) {
        struct valid_key *key = &snapshot->keys[snapshot->slots[slot] - 1];

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

static fallible read_scope(struct row *row, int column, struct arena *mem, unsigned *out_scopes)
{
    str text = catalog_row_text(row, column, mem);

    return text.data ? access_scope_parse(text, out_scopes) : arena_exhausted();
}

static fallible read_origins(struct row *row, int column, struct arena *mem, str *out_origins)
{
    *out_origins = (str){NULL, 0};
    if (catalog_row_is_null(row, column))
        return OK;
    *out_origins = catalog_row_text(row, column, mem);
    return out_origins->data ? OK : arena_exhausted();
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
    TRY(read_scope(row, 2, reading->mem, &key.grant.scopes));
    hash = catalog_row_blob(row, 3, reading->mem);
    if (hash.len != SECRET_HASH)
        return arena_exhausted();
    memcpy(key.hash, hash.data, SECRET_HASH);
    key.expires_at = catalog_row_i64(row, 4);
    TRY(read_origins(row, 5, snapshot->mem, &key.grant.origins));
    key.grant.servers = catalog_row_i64(row, 6);
    key.saved_at = catalog_row_i64(row, 7);
    atomic_init(&key.used_at, key.saved_at);
    snapshot->keys[snapshot->count++] = key;
    return OK;
}

static fallible read_snapshot(struct tx *tx, struct snapshot **out_snapshot)
{
    struct reading reading = {.mem = arena_open(1 << 16)};
    enum err err;

    reading.snapshot = mem_alloc(sizeof *reading.snapshot);
    if (reading.snapshot)
        reading.snapshot->mem = arena_open(ORIGINS_MEMORY);
    if (!reading.mem || !reading.snapshot || !reading.snapshot->mem)
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

/* What was used meanwhile is not forgotten; a use of the last moment may be. */
static void take_over_uses(const struct snapshot *from, struct snapshot *to)
{
    for (size_t i = 0; from && i < to->count; i++) {
        struct valid_key *before = find(from, to->keys[i].hash);

        if (before)
            atomic_store(&to->keys[i].used_at, atomic_load(&before->used_at));
    }
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
    take_over_uses(next->older, next);
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
static void write_secret(struct sys *sys, unsigned scopes, char *out)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    enum { LETTERS = sizeof letters - 1, FAIR = 256 / LETTERS * LETTERS };
    size_t len = SECRET_PREFIX;

    memcpy(out,
           scopes == ACCESS_ADMIN   ? "mx_"
           : scopes == ACCESS_WRITE ? "mw_"
                                    : "ma_",
           SECRET_PREFIX);
    while (len < SECRET_LEN) {
        unsigned char byte;

        entropy_fill(sys, &byte, 1);
        if (byte < FAIR)
            out[len++] = letters[byte % LETTERS];
    }
}

static fallible check_wish(const struct access_wish *wish, millis now)
{
    if (wish->name.len == 0 || wish->name.len > NAME_LIMIT)
        return fail(ERR_INVALID, "a key's name has 1 to %d bytes", NAME_LIMIT);
    if (wish->expires_at && wish->expires_at <= now)
        return fail(ERR_INVALID, "\"expires_at\" is past: give a time to come, or none");
    return OK;
}

static fallible check_scopes(unsigned scopes)
{
    if (!scopes || (scopes & ACCESS_ROOT && scopes != ACCESS_ADMIN))
        return fail(ERR_INVALID, "a key needs a scope");
    if (scopes & ACCESS_WRITE && scopes != ACCESS_WRITE && scopes != ACCESS_ADMIN)
        return fail(ERR_INVALID,
                    "a key that collects stands in pages for all to read, so it may do "
                    "nothing else: make two keys");
    return OK;
}

static enum err take_id(void *argument, struct row *row)
{
    *(int64_t *)argument = catalog_row_i64(row, 0);
    return OK;
}

static fallible add_row(struct tx *tx, const struct access_wish *wish, str secret, millis now,
                        int64_t *out_id)
{
    unsigned char hash[SECRET_HASH];
    struct buf scope = {0};
    enum err err;

    hash_secret(secret, hash);
    access_scope_write(wish->scopes, &scope);
    err = buf_is_broken(&scope)
              ? mem_exhausted()
              : catalog_run(tx, SQL_KEY_ADD,
                            BIND(B_I64(WORKSPACE), B_TEXT(wish->name), B_TEXT(buf_str(&scope)),
                                 B_BLOB(str_from(hash, sizeof hash)),
                                 B_TEXT(str_slice(secret, SECRET_LEN - SECRET_END, SECRET_LEN)),
                                 B_I64(now), wish->expires_at ? B_I64(wish->expires_at) : B_NULL,
                                 wish->origins.data ? B_TEXT(wish->origins) : B_NULL,
                                 B_I64(wish->servers || !wish->origins.data)));
    buf_done(&scope);
    return err ? err : catalog_each(tx, SQL_KEY_NEWEST, NO_BIND, take_id, out_id);
}

fallible access_add(struct access *access, const struct access_wish *wish, millis now,
                    struct arena *mem, int64_t *out_id, str *out_secret)
{
    char *text = arena_take(mem, SECRET_LEN + 1);
    int64_t id = 0;
    struct tx *tx;
    enum err err;

    if (!text)
        return arena_exhausted();
    TRY(check_wish(wish, now));
    TRY(check_scopes(wish->scopes));
    write_secret(access->sys, wish->scopes, text);

    mutex_lock(access->mutex);
    err = catalog_begin(access->catalog, &tx);
    if (!err)
        err = end_change(access, tx, add_row(tx, wish, (str){text, SECRET_LEN}, now, &id));
    mutex_unlock(access->mutex);
    if (err)
        return err;
    *out_secret = (str){text, SECRET_LEN};
    if (out_id)
        *out_id = id;
    return OK;
}

static fallible need_row(struct tx *tx, int64_t key_id)
{
    return catalog_rows_changed(tx)
               ? OK
               : fail(ERR_ABSENT, "there is no valid key %lld", (long long)key_id);
}

fallible access_change(struct access *access, int64_t key_id, const struct access_wish *wish,
                       millis now)
{
    struct tx *tx;
    enum err err;

    TRY(check_wish(wish, now));
    mutex_lock(access->mutex);
    err = catalog_begin(access->catalog, &tx);
    if (!err) {
        err = catalog_run(tx, SQL_KEY_CHANGE,
                          BIND(B_I64(key_id), B_TEXT(wish->name),
                               wish->expires_at ? B_I64(wish->expires_at) : B_NULL,
                               wish->origins.data ? B_TEXT(wish->origins) : B_NULL,
                               B_I64(wish->servers || !wish->origins.data)));
        if (!err)
            err = need_row(tx, key_id);
        err = end_change(access, tx, err);
    }
    mutex_unlock(access->mutex);
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
        if (!err)
            err = need_row(tx, key_id);
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
        .servers = catalog_row_i64(row, 9),
        .used_at = catalog_row_i64(row, 10),
    };

    reading->keys = list;
    if (err)
        return err;
    if (!key.name.data || !key.secret_end.data)
        return arena_exhausted();
    TRY(read_scope(row, 3, reading->mem, &key.scopes));
    TRY(read_origins(row, 8, reading->mem, &key.origins));
    reading->keys[reading->count++] = key;
    return OK;
}

/* Valid keys stand by their ids. What memory knows of its uses is newer. */
static void add_use(const struct snapshot *snapshot, struct access_key *key)
{
    size_t from = 0, to = snapshot->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (snapshot->keys[middle].grant.key_id < key->id)
            from = middle + 1;
        else
            to = middle;
    }
    if (from < snapshot->count && snapshot->keys[from].grant.key_id == key->id)
        key->used_at = atomic_load_explicit(&snapshot->keys[from].used_at, memory_order_relaxed);
}

fallible access_list(struct access *access, int64_t after, size_t limit, struct arena *mem,
                     struct access_key **out_keys, size_t *out_count)
{
    struct reading reading = {.mem = mem};
    struct access_key *keys = NULL;
    struct tx *tx;
    enum err err;

    TRY(catalog_begin(access->catalog, &tx));
    err = catalog_each(tx, SQL_KEY_LIST, BIND(B_I64(after), B_I64((int64_t)limit)), add_listed,
                       &reading);
    err = catalog_end(tx, err);
    if (err)
        goto done;
    keys = arena_array(mem, reading.count ? reading.count : 1, sizeof *keys);
    if (!keys) {
        err = arena_exhausted();
        goto done;
    }
    for (size_t i = 0; i < reading.count; i++) {
        keys[i] = reading.keys[i];
        add_use(atomic_load_explicit(&access->current, memory_order_acquire), &keys[i]);
    }
    *out_keys = keys;
    *out_count = reading.count;
done:
    mem_free(reading.keys);
    return err;
}

static fallible denied(unsigned has, unsigned needed)
{
    struct buf sentence = {0};
    enum err err;

    buf_add(&sentence, S("a key for \""));
    access_scope_write(has, &sentence);
    buf_add(&sentence, S("\" does not allow what needs \""));
    access_scope_write(needed & (ACCESS_ROOT | ACCESS_KEYS) ? ACCESS_ADMIN : needed, &sentence);
    buf_add(&sentence, S("\""));
    err = fail(ERR_DENIED, "%.*s", STR_ARG(buf_str(&sentence)));
    buf_done(&sentence);
    return err;
}

fallible access_check(const struct access *access, str secret, unsigned needed, millis now,
                      struct access_grant *out_grant)
{
    struct valid_key *key = NULL;
    unsigned char hash[SECRET_HASH];

    if (secret.len == SECRET_LEN) {
        hash_secret(secret, hash);
        key = find(atomic_load_explicit(&access->current, memory_order_acquire), hash);
    }
    if (!key)
        return fail(ERR_ABSENT, "there is no such key, or it was revoked");
    if (key->expires_at && key->expires_at <= now)
        return fail(ERR_EXPIRED, "the key has expired: make another");
    if ((key->grant.scopes & needed) != needed)
        return denied(key->grant.scopes, needed);
    if (now - atomic_load_explicit(&key->used_at, memory_order_relaxed) >= ACCESS_USE_STEP)
        atomic_store_explicit(&key->used_at, now, memory_order_relaxed);
    *out_grant = key->grant;
    return OK;
}

static bool allows_origin(const struct access_grant *grant, str origin)
{
    return !grant->origins.data || (!origin.len && grant->servers) ||
           key_origins_have(grant->origins, origin);
}

fallible access_check_origin(const struct access_grant *grant, str origin)
{
    if (allows_origin(grant, origin))
        return OK;
    if (!origin.len)
        return fail(ERR_DENIED, "this key is for pages of its origins, and the request tells no "
                                "origin: use another key, or allow it \"servers\"");
    return fail(ERR_DENIED, "this key is not for pages of %.*s: add that to the key's \"origins\"",
                origin.len < 100 ? (int)origin.len : 100, origin.data);
}

bool access_has_origin(const struct access *access, str origin, millis now)
{
    const struct snapshot *snapshot = atomic_load_explicit(&access->current, memory_order_acquire);

    for (size_t i = 0; i < snapshot->count; i++) {
        const struct valid_key *key = &snapshot->keys[i];

        if (key->grant.scopes == ACCESS_WRITE && !(key->expires_at && key->expires_at <= now) &&
            allows_origin(&key->grant, origin))
            return true;
    }
    return false;
}

/* What is due is known before the transaction: most often nothing is. */
fallible access_save_uses(struct access *access)
{
    struct snapshot *snapshot;
    struct tx *tx = NULL;
    enum err err = OK;

    mutex_lock(access->mutex);
    snapshot = atomic_load_explicit(&access->current, memory_order_relaxed);
    for (size_t i = 0; !err && i < snapshot->count; i++) {
        struct valid_key *key = &snapshot->keys[i];
        millis used_at = atomic_load_explicit(&key->used_at, memory_order_relaxed);

        if (used_at <= key->saved_at)
            continue;
        if (!tx)
            err = catalog_begin(access->catalog, &tx);
        if (!err)
            err = catalog_run(tx, SQL_KEY_USED, BIND(B_I64(key->grant.key_id), B_I64(used_at)));
        if (!err)
            key->saved_at = used_at;
    }
    if (tx)
        err = catalog_end(tx, err);
    mutex_unlock(access->mutex);
    return err;
}
