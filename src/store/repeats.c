/* repeats.c - a row for each request, found by the hash of its name.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sealed is: the length of the media type in two bytes, that, and the body.
 */
#include "store/repeats.h"

#include "base/buf.h"
#include "base/mem.h"
#include "store/catalog.h"
#include "sys/entropy.h"

#include <sodium.h>
#include <string.h>

enum {
    RUN = 16,
    NONCE = crypto_secretbox_NONCEBYTES,
    SEALED = NONCE + crypto_secretbox_MACBYTES,
    MEDIA_LENGTH = 2,
    MEDIA_MOST = 200,
};

struct repeats {
    struct sys *sys;
    struct catalog *catalog;
    unsigned char run[RUN];
};

fallible repeats_open(struct sys *sys, struct catalog *catalog, struct repeats **out_repeats)
{
    struct repeats *repeats = mem_alloc(sizeof *repeats);

    if (!repeats)
        return mem_exhausted();
    repeats->sys = sys;
    repeats->catalog = catalog;
    entropy_fill(sys, repeats->run, RUN);
    *out_repeats = repeats;
    return OK;
}

void repeats_close(struct repeats *repeats)
{
    mem_free(repeats);
}

/* Each part with its length before it, so that no two lists of parts read alike. */
static void hash_parts(str key, const str *parts, size_t count, unsigned char *out)
{
    crypto_generichash_state state;

    if (key.len > crypto_generichash_KEYBYTES_MAX)
        key.len = crypto_generichash_KEYBYTES_MAX;
    crypto_generichash_init(&state, (const unsigned char *)key.data, key.len, REPEATS_HASH);
    for (size_t i = 0; i < count; i++) {
        uint64_t len = parts[i].len;

        crypto_generichash_update(&state, (const unsigned char *)&len, sizeof len);
        crypto_generichash_update(&state, (const unsigned char *)parts[i].data, parts[i].len);
    }
    crypto_generichash_final(&state, out, REPEATS_HASH);
}

static void name_request(const struct repeats_request *request, struct repeats_ticket *out_ticket,
                         unsigned char *out_hash)
{
    str key_id = str_from(&request->key_id, sizeof request->key_id);
    str name[] = {S("name"), key_id, request->name};
    str key[] = {S("answer"), key_id, request->name};
    str content[] = {S("request"), request->method, request->target, request->body};

    hash_parts(request->secret, name, 3, out_ticket->name);
    hash_parts(request->secret, key, 3, out_ticket->key);
    hash_parts(request->secret, content, 4, out_hash);
}

struct found {
    struct arena *mem;
    bool is_there;
    bool is_answered;
    str request_hash, run, answer;
    int status;
};

static enum err take_found(void *argument, struct row *row)
{
    struct found *found = argument;

    found->is_there = true;
    found->request_hash = catalog_row_blob(row, 0, found->mem);
    found->run = catalog_row_blob(row, 1, found->mem);
    found->is_answered = !catalog_row_is_null(row, 2);
    found->status = (int)catalog_row_i64(row, 2);
    if (found->is_answered)
        found->answer = catalog_row_blob(row, 3, found->mem);
    if (!found->request_hash.data || !found->run.data ||
        (found->is_answered && !found->answer.data))
        return arena_exhausted();
    return OK;
}

static enum err take_number(void *argument, struct row *row)
{
    *(int64_t *)argument = catalog_row_i64(row, 0);
    return OK;
}

static fallible add(struct repeats *repeats, struct tx *tx, const struct repeats_ticket *ticket,
                    str request_hash, millis now)
{
    int64_t count = 0;

    TRY(catalog_each(tx, SQL_REPEAT_COUNT, NO_BIND, take_number, &count));
    if (count >= REPEATS_MOST)
        return fail(ERR_BUSY, "more requests with an Idempotency-Key than are kept for a day: send "
                              "it later, or without");
    return catalog_run(tx, SQL_REPEAT_ADD,
                       BIND(B_BLOB(str_from(ticket->name, REPEATS_HASH)), B_BLOB(request_hash),
                            B_BLOB(str_from(repeats->run, RUN)), B_I64(now)));
}

/* Looks for the request, and notes it when it is the first. */
static fallible find_or_add(struct repeats *repeats, const struct repeats_ticket *ticket,
                            str request_hash, millis now, struct found *found)
{
    struct tx *tx;
    enum err err;

    TRY(catalog_begin(repeats->catalog, &tx));
    err = catalog_run(tx, SQL_REPEAT_FORGET_OLD, BIND(B_I64(now - REPEATS_SPAN)));
    if (!err)
        err = catalog_each(tx, SQL_REPEAT_FIND, BIND(B_BLOB(str_from(ticket->name, REPEATS_HASH))),
                           take_found, found);
    if (!err && !found->is_there)
        err = add(repeats, tx, ticket, request_hash, now);
    return catalog_end(tx, err);
}

static fallible unseal(const struct repeats_ticket *ticket, const struct found *found,
                       struct arena *mem, struct repeats_answer *out_answer)
{
    const unsigned char *sealed = (const unsigned char *)found->answer.data;
    size_t len = found->answer.len;
    unsigned char *text = arena_take(mem, len);
    size_t media;

    if (!text)
        return arena_exhausted();
    if (len < SEALED + MEDIA_LENGTH ||
        crypto_secretbox_open_easy(text, sealed + NONCE, len - NONCE, sealed, ticket->key) != 0)
        return fail(ERR_CORRUPT, "a kept answer cannot be read");
    len -= SEALED;
    media = (size_t)text[0] << 8 | text[1];
    if (media > len - MEDIA_LENGTH)
        return fail(ERR_CORRUPT, "a kept answer cannot be read");
    out_answer->media = str_from(text + MEDIA_LENGTH, media);
    out_answer->body = str_from(text + MEDIA_LENGTH + media, len - MEDIA_LENGTH - media);
    out_answer->status = found->status;
    return OK;
}

fallible repeats_begin(struct repeats *repeats, const struct repeats_request *request, millis now,
                       struct arena *mem, struct repeats_ticket *out_ticket,
                       struct repeats_answer *out_answer)
{
    unsigned char hash[REPEATS_HASH];
    struct repeats_answer none = {0};
    struct found found = {.mem = mem};

    name_request(request, out_ticket, hash);
    TRY(find_or_add(repeats, out_ticket, str_from(hash, REPEATS_HASH), now, &found));
    *out_answer = none;
    if (!found.is_there)
        return OK;
    if (!str_equals_secret(found.request_hash, str_from(hash, REPEATS_HASH)))
        return fail(ERR_INVALID,
                    "another request had this Idempotency-Key: a new one needs a key of "
                    "its own");
    if (found.is_answered)
        return unseal(out_ticket, &found, mem, out_answer);
    if (str_equals(found.run, str_from(repeats->run, RUN)))
        return fail(ERR_CONFLICT,
                    "the first request with this Idempotency-Key is under way: send it "
                    "again in a moment");
    return fail(ERR_EXPIRED, "the first request with this Idempotency-Key was cut off when the "
                             "server stopped: look whether it was done, and send it again under "
                             "another key if it was not");
}

static fallible seal(struct repeats *repeats, const struct repeats_ticket *ticket,
                     const struct repeats_answer *answer, struct buf *out)
{
    str media = str_slice(answer->media, 0, MEDIA_MOST);
    unsigned char nonce[NONCE];
    struct buf text = {0};

    entropy_fill(repeats->sys, nonce, NONCE);
    buf_add_byte(&text, (char)(media.len >> 8));
    buf_add_byte(&text, (char)(media.len & 255));
    buf_add(&text, media);
    buf_add(&text, answer->body);
    buf_add_bytes(out, nonce, NONCE);
    if (!buf_is_broken(&text) && buf_reserve(out, text.len + crypto_secretbox_MACBYTES)) {
        crypto_secretbox_easy((unsigned char *)out->data + out->len,
                              (const unsigned char *)text.data, text.len, nonce, ticket->key);
        out->len += text.len + crypto_secretbox_MACBYTES;
        sodium_memzero(text.data, text.len);
    }
    if (buf_is_broken(&text))
        out->broken = true;
    buf_done(&text);
    return buf_is_broken(out) ? mem_exhausted() : OK;
}

fallible repeats_end(struct repeats *repeats, const struct repeats_ticket *ticket,
                     const struct repeats_answer *answer)
{
    str name = str_from(ticket->name, REPEATS_HASH);
    struct buf sealed = {0};
    struct tx *tx;
    enum err err = answer->status ? seal(repeats, ticket, answer, &sealed) : OK;

    if (!err)
        err = catalog_begin(repeats->catalog, &tx);
    if (!err) {
        err = answer->status
                  ? catalog_run(tx, SQL_REPEAT_ANSWER,
                                BIND(B_BLOB(name), B_I64(answer->status), B_BLOB(buf_str(&sealed))))
                  : catalog_run(tx, SQL_REPEAT_FORGET, BIND(B_BLOB(name)));
        err = catalog_end(tx, err);
    }
    buf_done(&sealed);
    return err;
}
