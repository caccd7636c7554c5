/* sessions.c - a table in memory by the hash of the token, and its rows in the catalog.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/sessions.h"

#include "base/mem.h"
#include "store/catalog.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <sodium.h>
#include <string.h>

enum { HASH = 32, RANDOM = 32, BUCKETS = 1 << 14, ROW_MEMORY = 1 << 16 };
enum { BASE64URL = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

struct sessions_entry {
    struct sessions_entry *next;
    unsigned char hash[HASH];
    struct sessions_grant grant;
    millis seen_at;
    millis saved_at; /* what the catalog knows of seen_at */
};

struct sessions {
    struct sys *sys;
    struct catalog *catalog;
    struct mutex *lock; /* of the table; never held while the catalog is waited for */
    struct sessions_entry *buckets[BUCKETS];
};

static struct sessions_entry **bucket_of(struct sessions *sessions, const unsigned char *hash)
{
    uint64_t start;

    memcpy(&start, hash, sizeof start);
    return &sessions->buckets[start % BUCKETS];
}

static void hash_token(str token, unsigned char *out)
{
    crypto_generichash(out, HASH, (const unsigned char *)token.data, token.len, NULL, 0);
}

static void insert(struct sessions *sessions, struct sessions_entry *entry)
{
    struct sessions_entry **bucket = bucket_of(sessions, entry->hash);

    entry->next = *bucket;
    *bucket = entry;
}

static bool is_over(const struct sessions_entry *entry, millis now)
{
    return now >= entry->grant.created_at + SESSIONS_LONGEST ||
           now >= entry->seen_at + SESSIONS_IDLE;
}

struct loading {
    struct sessions *sessions;
    struct arena *mem;
};

static enum err load_row(void *argument, struct row *row)
{
    struct loading *loading = argument;
    struct sessions_entry *entry = mem_alloc(sizeof *entry);
    str hash, role;
    enum err err;

    if (!entry)
        return mem_exhausted();
    arena_reset(loading->mem);
    entry->grant = (struct sessions_grant){
        .id = catalog_row_i64(row, 0),
        .user_id = catalog_row_i64(row, 2),
        .workspace_id = catalog_row_i64(row, 3),
        .by_link = catalog_row_i64(row, 4),
        .created_at = catalog_row_i64(row, 5),
    };
    entry->seen_at = entry->saved_at = catalog_row_i64(row, 6);
    hash = catalog_row_blob(row, 1, loading->mem);
    role = catalog_row_text(row, 7, loading->mem);
    err = hash.len == HASH && role.data ? users_role_parse(role, &entry->grant.role)
                                        : arena_exhausted();
    if (err) {
        mem_free(entry);
        return err;
    }
    memcpy(entry->hash, hash.data, HASH);
    insert(loading->sessions, entry);
    return OK;
}

static fallible load(struct sessions *sessions, millis now)
{
    struct loading loading = {sessions, arena_open(ROW_MEMORY)};
    struct tx *tx;
    enum err err = loading.mem ? catalog_begin(sessions->catalog, &tx) : arena_exhausted();

    if (!err) {
        err = catalog_run(tx, SQL_SESSION_END_OLD,
                          BIND(B_I64(now - SESSIONS_LONGEST), B_I64(now - SESSIONS_IDLE)));
        if (!err)
            err = catalog_each(tx, SQL_SESSION_LOAD, NO_BIND, load_row, &loading);
        err = catalog_end(tx, err);
    }
    arena_close(loading.mem);
    return err;
}

fallible sessions_open(struct sys *sys, struct catalog *catalog, millis now,
                       struct sessions **out_sessions)
{
    struct sessions *sessions = mem_alloc(sizeof *sessions);
    enum err err;

    if (!sessions)
        return mem_exhausted();
    sessions->sys = sys;
    sessions->catalog = catalog;
    sessions->lock = mutex_open();
    err = sessions->lock ? load(sessions, now) : mem_exhausted();
    if (err)
        sessions_close(sessions);
    else
        *out_sessions = sessions;
    return err;
}

void sessions_close(struct sessions *sessions)
{
    if (!sessions)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (sessions->buckets[i]) {
            struct sessions_entry *entry = sessions->buckets[i];

            sessions->buckets[i] = entry->next;
            mem_free(entry);
        }
    mutex_close(sessions->lock);
    mem_free(sessions);
}

fallible sessions_check(struct sessions *sessions, str token, millis now,
                        struct sessions_grant *out_grant)
{
    unsigned char hash[HASH];
    struct sessions_entry *entry;
    bool is_valid;

    if (token.len != SESSIONS_TOKEN)
        return fail(ERR_ABSENT, "sign in: there is no such session");
    hash_token(token, hash);
    mutex_lock(sessions->lock);
    entry = *bucket_of(sessions, hash);
    while (entry && sodium_memcmp(entry->hash, hash, HASH) != 0)
        entry = entry->next;
    is_valid = entry && !is_over(entry, now);
    if (is_valid) {
        if (now - entry->seen_at >= SESSIONS_USE_STEP)
            entry->seen_at = now;
        *out_grant = entry->grant;
    }
    mutex_unlock(sessions->lock);
    return is_valid ? OK : fail(ERR_ABSENT, "sign in: the session has ended");
}

/* Changes */

/* Whoever changes sessions is the only one that does, so nothing goes between look and change. */
static int64_t overdue(struct sessions *sessions, int64_t user_id)
{
    const struct sessions_entry *oldest = NULL;
    size_t count = 0;
    int64_t id;

    mutex_lock(sessions->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct sessions_entry *entry = sessions->buckets[i]; entry;
             entry = entry->next) {
            if (entry->grant.user_id != user_id)
                continue;
            count++;
            if (!oldest || entry->seen_at < oldest->seen_at)
                oldest = entry;
        }
    id = count >= SESSIONS_OF_USER ? oldest->grant.id : 0;
    mutex_unlock(sessions->lock);
    return id;
}

static enum err take_id(void *argument, struct row *row)
{
    *(int64_t *)argument = catalog_row_i64(row, 0);
    return OK;
}

static void write_token(struct sys *sys, char *out)
{
    unsigned char random[RANDOM];

    entropy_fill(sys, random, sizeof random);
    memcpy(out, "ms_", SESSIONS_PREFIX);
    sodium_bin2base64(out + SESSIONS_PREFIX, SESSIONS_TOKEN + 1 - SESSIONS_PREFIX, random, RANDOM,
                      BASE64URL);
    sodium_memzero(random, sizeof random);
}

static fallible add_row(struct sessions *sessions, struct tx *tx, const struct sessions_wish *wish,
                        millis now, struct sessions_new *session)
{
    struct sessions_entry *entry = session->entry;

    session->ended = overdue(sessions, wish->user_id);
    if (session->ended)
        TRY(sessions_end(tx, wish->user_id, session->ended));
    TRY(catalog_run(tx, SQL_SESSION_ADD,
                    BIND(B_BLOB(str_from(entry->hash, HASH)), B_I64(wish->user_id),
                         B_I64(wish->workspace_id), B_TEXT(wish->device), B_TEXT(wish->network),
                         B_I64(wish->by_link), B_I64(now))));
    return catalog_each(tx, SQL_SESSION_NEWEST, NO_BIND, take_id, &entry->grant.id);
}

fallible sessions_add(struct sessions *sessions, struct tx *tx, const struct sessions_wish *wish,
                      millis now, struct sessions_new *out_session)
{
    struct sessions_new session = {.entry = mem_alloc(sizeof *session.entry)};
    enum err err;

    if (!session.entry)
        return mem_exhausted();
    write_token(sessions->sys, session.token);
    hash_token(str_of(session.token), session.entry->hash);
    session.entry->grant = (struct sessions_grant){
        .user_id = wish->user_id,
        .workspace_id = wish->workspace_id,
        .role = wish->role,
        .by_link = wish->by_link,
        .created_at = now,
    };
    session.entry->seen_at = session.entry->saved_at = now;
    err = add_row(sessions, tx, wish, now, &session);
    if (err)
        mem_free(session.entry);
    else
        *out_session = session;
    return err;
}

int64_t sessions_id(const struct sessions_new *session)
{
    return session->entry->grant.id;
}

void sessions_publish(struct sessions *sessions, struct sessions_new *session, bool is_written)
{
    if (!is_written) {
        mem_free(session->entry);
    } else {
        if (session->ended)
            sessions_drop(sessions, session->ended);
        mutex_lock(sessions->lock);
        insert(sessions, session->entry);
        mutex_unlock(sessions->lock);
    }
    session->entry = NULL;
}

fallible sessions_end(struct tx *tx, int64_t user_id, int64_t session_id)
{
    TRY(catalog_run(tx, SQL_SESSION_END, BIND(B_I64(session_id), B_I64(user_id))));
    return catalog_rows_changed(tx) ? OK : fail(ERR_ABSENT, "there is no such session");
}

fallible sessions_end_others(struct tx *tx, int64_t user_id, int64_t session_id)
{
    return catalog_run(tx, SQL_SESSION_END_OTHERS, BIND(B_I64(user_id), B_I64(session_id)));
}

/* Removes those of `user_id` (0: anybody's) that are `session_id`, or are not. */
static void drop(struct sessions *sessions, int64_t user_id, int64_t session_id, bool is_kept)
{
    mutex_lock(sessions->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sessions_entry **at = &sessions->buckets[i]; *at;) {
            struct sessions_entry *entry = *at;

            if ((user_id && entry->grant.user_id != user_id) ||
                (entry->grant.id == session_id) == is_kept) {
                at = &entry->next;
                continue;
            }
            *at = entry->next;
            mem_free(entry);
        }
    mutex_unlock(sessions->lock);
}

void sessions_drop(struct sessions *sessions, int64_t session_id)
{
    drop(sessions, 0, session_id, false);
}

void sessions_drop_others(struct sessions *sessions, int64_t user_id, int64_t session_id)
{
    drop(sessions, user_id, session_id, true);
}

void sessions_set_role(struct sessions *sessions, int64_t user_id, enum users_role role)
{
    mutex_lock(sessions->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sessions_entry *entry = sessions->buckets[i]; entry; entry = entry->next)
            if (entry->grant.user_id == user_id)
                entry->grant.role = role;
    mutex_unlock(sessions->lock);
}

/* Lists */

struct listing {
    struct sessions_shown list[SESSIONS_OF_USER];
    size_t count;
    struct arena *mem;
};

static enum err add_listed(void *argument, struct row *row)
{
    struct listing *listing = argument;
    struct sessions_shown shown = {
        .id = catalog_row_i64(row, 0),
        .device = catalog_row_text(row, 1, listing->mem),
        .network = catalog_row_text(row, 2, listing->mem),
        .created_at = catalog_row_i64(row, 3),
    };

    if (!shown.device.data || !shown.network.data)
        return arena_exhausted();
    listing->list[listing->count++] = shown;
    return OK;
}

/* When it was used is known to memory; false: it is over. */
static bool add_use(struct sessions *sessions, struct sessions_shown *shown, millis now)
{
    bool is_there = false;

    mutex_lock(sessions->lock);
    for (size_t i = 0; i < BUCKETS && !is_there; i++)
        for (struct sessions_entry *entry = sessions->buckets[i]; entry; entry = entry->next)
            if (entry->grant.id == shown->id && !is_over(entry, now)) {
                shown->seen_at = entry->seen_at;
                is_there = true;
            }
    mutex_unlock(sessions->lock);
    return is_there;
}

fallible sessions_list(struct sessions *sessions, int64_t user_id, millis now, struct arena *mem,
                       struct sessions_shown **out_list, size_t *out_count)
{
    struct listing *listing = arena_take(mem, sizeof *listing);
    size_t kept = 0;
    struct tx *tx;
    enum err err;

    if (!listing)
        return arena_exhausted();
    listing->mem = mem;
    TRY(catalog_begin(sessions->catalog, &tx));
    err = catalog_each(tx, SQL_SESSION_LIST, BIND(B_I64(user_id), B_I64(SESSIONS_OF_USER)),
                       add_listed, listing);
    TRY(catalog_end(tx, err));
    for (size_t i = 0; i < listing->count; i++) {
        listing->list[kept] = listing->list[i];
        kept += add_use(sessions, &listing->list[kept], now);
    }
    *out_list = listing->list;
    *out_count = kept;
    return OK;
}

/* Copies the sessions whose use the catalog does not know, up to `room`. */
static size_t unsaved(struct sessions *sessions, struct sessions_entry *out, size_t room)
{
    size_t count = 0;

    mutex_lock(sessions->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sessions_entry *entry = sessions->buckets[i]; entry; entry = entry->next)
            if (entry->seen_at > entry->saved_at && count < room) {
                out[count++] = *entry;
                entry->saved_at = entry->seen_at;
            }
    mutex_unlock(sessions->lock);
    return count;
}

fallible sessions_save(struct sessions *sessions)
{
    enum { AT_ONCE = 256 };
    struct sessions_entry *used = mem_alloc(AT_ONCE * sizeof *used);
    size_t count = AT_ONCE;
    enum err err = used ? OK : mem_exhausted();
    struct tx *tx;

    while (!err && count == AT_ONCE) {
        count = unsaved(sessions, used, AT_ONCE);
        if (!count)
            break;
        err = catalog_begin(sessions->catalog, &tx);
        if (err)
            break;
        for (size_t i = 0; !err && i < count; i++) {
            err = catalog_run(tx, SQL_SESSION_SEEN,
                              BIND(B_I64(used[i].grant.id), B_I64(used[i].seen_at)));
            if (!err)
                err = catalog_run(tx, SQL_USER_SEEN,
                                  BIND(B_I64(used[i].grant.user_id), B_I64(used[i].seen_at)));
        }
        err = catalog_end(tx, err);
    }
    mem_free(used);
    return err;
}
