/* audit.c - the chain of records in the tables `audit` and `audit_head`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/audit.h"

#include "base/json.h"
#include "store/catalog.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { WORKSPACE = 1, NUMBER = 8 };

struct head {
    int64_t seq;
    unsigned char hash[AUDIT_HASH];
    struct arena *mem;
};

static enum err take_head(void *argument, struct row *row)
{
    struct head *head = argument;
    str hash = catalog_row_blob(row, 1, head->mem);

    if (hash.len != AUDIT_HASH)
        return arena_exhausted();
    head->seq = catalog_row_i64(row, 0);
    memcpy(head->hash, hash.data, AUDIT_HASH);
    return OK;
}

static void hash_next(const unsigned char *before, int64_t seq, str record, unsigned char *out)
{
    crypto_hash_sha256_state state;
    unsigned char number[NUMBER];

    for (int i = 0; i < NUMBER; i++)
        number[i] = (unsigned char)((uint64_t)seq >> (8 * (NUMBER - 1 - i)));
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, before, AUDIT_HASH);
    crypto_hash_sha256_update(&state, number, sizeof number);
    crypto_hash_sha256_update(&state, (const unsigned char *)record.data, record.len);
    crypto_hash_sha256_final(&state, out);
}

static void add_text(struct json_writer *w, str name, str text)
{
    json_key(w, name);
    if (text.data)
        json_text(w, text);
    else
        json_null(w);
}

static void write_record(struct buf *out, millis now, const struct audit_entry *entry)
{
    struct json_writer w = {.out = out};

    json_open(&w, '{');
    json_key(&w, S("time"));
    json_time(&w, now);
    json_key(&w, S("workspace"));
    json_i64(&w, WORKSPACE);
    add_text(&w, S("actor"), entry->by->actor);
    add_text(&w, S("action"), str_of(entry->action));
    add_text(&w, S("object"), entry->object);
    add_text(&w, S("network"), entry->by->network);
    json_key(&w, S("details"));
    json_verbatim(&w, entry->details.data ? entry->details : S("{}"));
    json_shut(&w, '}');
}

static fallible add(struct tx *tx, struct head *head, str record)
{
    unsigned char hash[AUDIT_HASH];
    int64_t seq;

    TRY(catalog_each(tx, SQL_AUDIT_HEAD_GET, NO_BIND, take_head, head));
    seq = head->seq + 1;
    hash_next(head->hash, seq, record, hash);
    TRY(catalog_run(tx, SQL_AUDIT_ADD,
                    BIND(B_I64(seq), B_TEXT(record), B_BLOB(str_from(hash, sizeof hash)))));
    return catalog_run(tx, SQL_AUDIT_HEAD_PUT,
                       BIND(B_I64(seq), B_BLOB(str_from(hash, sizeof hash))));
}

fallible audit_add(struct tx *tx, millis now, const struct audit_entry *entry)
{
    struct head head = {.mem = arena_open(4096)};
    struct buf record = {0};
    enum err err;

    write_record(&record, now, entry);
    err =
        !head.mem || buf_is_broken(&record) ? arena_exhausted() : add(tx, &head, buf_str(&record));
    buf_done(&record);
    arena_close(head.mem);
    return err;
}

fallible audit_write(struct catalog *catalog, millis now, const struct audit_entry *entry)
{
    struct tx *tx;

    TRY(catalog_begin(catalog, &tx));
    return catalog_end(tx, audit_add(tx, now, entry));
}

struct listing {
    struct arena *mem;
    struct audit_page *page;
};

static enum err add_listed(void *argument, struct row *row)
{
    struct listing *listing = argument;
    struct audit_record record = {
        .seq = catalog_row_i64(row, 0),
        .json = catalog_row_text(row, 1, listing->mem),
        .hash = catalog_row_blob(row, 2, listing->mem),
    };

    if (!record.json.data || !record.hash.data)
        return arena_exhausted();
    listing->page->records[listing->page->count++] = record;
    return OK;
}

fallible audit_list(struct catalog *catalog, int64_t before, size_t limit, struct arena *mem,
                    struct audit_page *out_page)
{
    struct audit_page page = {.records = arena_array(mem, limit, sizeof *page.records)};
    struct listing listing = {mem, &page};
    struct head head = {.mem = mem};
    struct tx *tx;
    enum err err;

    if (!page.records)
        return arena_exhausted();
    TRY(catalog_begin(catalog, &tx));
    err = catalog_each(tx, SQL_AUDIT_LIST, BIND(B_I64(before), B_I64((int64_t)limit)), add_listed,
                       &listing);
    if (!err)
        err = catalog_each(tx, SQL_AUDIT_HEAD_GET, NO_BIND, take_head, &head);
    TRY(catalog_end(tx, err));
    page.head_seq = head.seq;
    page.head_hash = arena_dup(mem, str_from(head.hash, AUDIT_HASH));
    if (!page.head_hash.data)
        return arena_exhausted();
    *out_page = page;
    return OK;
}

/* Verifying */

static void found(struct audit_walk *walk, int64_t seq, const char *what)
{
    char sentence[160];

    snprintf(sentence, sizeof sentence, "the audit log is damaged: record %lld %s", (long long)seq,
             what);
    walk->report(walk->argument, sentence);
}

/* "SEQ HASH LENGTH RECORD": the length shows what stands behind a NUL. */
static bool read_told(str told, int64_t *out_seq, unsigned char *out_hash, str *out_record)
{
    str seq = str_cut(&told, ' '), hash = str_cut(&told, ' '), length = str_cut(&told, ' ');
    uint64_t stored;
    size_t len;

    *out_record = told;
    return told.data && str_to_i64(seq, out_seq) && str_to_u64(length, &stored) &&
           stored == told.len && hash.len == 2 * (size_t)AUDIT_HASH &&
           sodium_hex2bin(out_hash, AUDIT_HASH, hash.data, hash.len, NULL, &len, NULL) == 0 &&
           len == AUDIT_HASH;
}

enum err audit_walk_record(void *argument, const char *told)
{
    struct audit_walk *walk = argument;
    unsigned char stored[AUDIT_HASH], hash[AUDIT_HASH];
    str record;
    int64_t seq;

    if (!read_told(str_of(told), &seq, stored, &record)) {
        found(walk, walk->seq + 1, "cannot be read");
        walk->seq++;
        return OK;
    }
    hash_next(walk->hash, seq, record, hash);
    if (seq != walk->seq + 1)
        found(walk, walk->seq + 1, "is missing");
    else if (memcmp(hash, stored, AUDIT_HASH) != 0)
        found(walk, seq, "is not what was written");
    walk->seq = seq;
    memcpy(walk->hash, stored, AUDIT_HASH);
    return OK;
}

enum err audit_walk_head(void *argument, const char *told)
{
    struct audit_walk *walk = argument;
    unsigned char stored[AUDIT_HASH];
    int64_t seq;
    str rest;

    walk->has_head = true;
    if (!read_told(str_of(told), &seq, stored, &rest))
        found(walk, walk->seq, "is followed by no head that can be read");
    else if (seq > walk->seq)
        found(walk, walk->seq + 1, "and those behind it were cut off");
    else if (seq < walk->seq || memcmp(stored, walk->hash, AUDIT_HASH) != 0)
        found(walk, seq, "is the last by the catalog, and is not");
    return OK;
}
