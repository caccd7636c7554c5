/* password.c - libsodium's argon2id, with salts from the seam.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/password.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    SALT = crypto_pwhash_SALTBYTES,
    HASH = crypto_pwhash_STRBYTES > PASSWORD_TEXT ? -1 : 32,
    KIB = 1024,
    BASE64 = sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
    WAITING = 1,
    VARIETY = 4, /* different characters at the least */
};

struct password_room {
    struct sys *sys;
    struct password_cost cost;
    struct mutex *lock;
    struct condition *left;
    bool is_taken;
    int waiting;
    char decoy[PASSWORD_TEXT]; /* nobody's: what is verified where there is nothing to verify */
};

static const char *const COMMON_ONES[] = {
#define COMMON(text) text,
#include "store/password_common.def"
#undef COMMON
};

void password_cost_default(struct password_cost *out_cost)
{
    *out_cost =
        (struct password_cost){crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE};
}

static void write_hash(const struct password_cost *cost, const unsigned char *salt,
                       const unsigned char *hash, char *out)
{
    char salt_text[sodium_base64_ENCODED_LEN(SALT, BASE64)];
    char hash_text[sodium_base64_ENCODED_LEN(HASH, BASE64)];

    sodium_bin2base64(salt_text, sizeof salt_text, salt, SALT, BASE64);
    sodium_bin2base64(hash_text, sizeof hash_text, hash, HASH, BASE64);
    memset(out, 0, PASSWORD_TEXT);
    snprintf(out, PASSWORD_TEXT, "$argon2id$v=19$m=%zu,t=%llu,p=1$%s$%s", cost->memory_bytes / KIB,
             cost->operations, salt_text, hash_text);
}

fallible password_room_open(struct sys *sys, const struct password_cost *cost,
                            struct password_room **out_room)
{
    struct password_room *room = mem_alloc(sizeof *room);
    unsigned char salt[SALT], hash[HASH];

    if (!room)
        return mem_exhausted();
    room->sys = sys;
    room->cost = *cost;
    room->lock = mutex_open();
    room->left = condition_open();
    if (!room->lock || !room->left) {
        password_room_close(room);
        return mem_exhausted();
    }
    if (sodium_init() < 0) {
        password_room_close(room);
        return fail(ERR_IO, "libsodium cannot start");
    }
    entropy_fill(sys, salt, sizeof salt);
    entropy_fill(sys, hash, sizeof hash);
    write_hash(cost, salt, hash, room->decoy);
    *out_room = room;
    return OK;
}

void password_room_close(struct password_room *room)
{
    if (!room)
        return;
    condition_close(room->left);
    mutex_close(room->lock);
    mem_free(room);
}

fallible password_enter(struct password_room *room)
{
    bool may_wait;

    mutex_lock(room->lock);
    may_wait = !room->is_taken || room->waiting < WAITING;
    if (may_wait) {
        room->waiting++;
        while (room->is_taken)
            condition_wait(room->left, room->lock);
        room->waiting--;
        room->is_taken = true;
    }
    mutex_unlock(room->lock);
    return may_wait ? OK
                    : fail(ERR_BUSY, "more passwords are being looked at than may be at once: "
                                     "try again in a moment");
}

void password_leave(struct password_room *room)
{
    mutex_lock(room->lock);
    room->is_taken = false;
    condition_signal(room->left);
    mutex_unlock(room->lock);
}

/* Rules */

static fallible count_characters(str password)
{
    size_t count = 0;

    if (!utf8_is_valid(password) || str_find(password, 0) >= 0)
        return fail(ERR_INVALID, "\"password\" must be text");
    for (size_t i = 0; i < password.len; i++)
        count += ((unsigned char)password.data[i] & 0xc0) != 0x80;
    if (count < PASSWORD_LEAST || count > PASSWORD_MOST)
        return fail(ERR_INVALID, "\"password\" must have %d to %d characters", PASSWORD_LEAST,
                    PASSWORD_MOST);
    return OK;
}

/* "aaaaaaaaaa", "abababababab": of too few different bytes. */
static bool is_monotonous(str password)
{
    bool seen[256] = {false};
    int variety = 0;

    for (size_t i = 0; i < password.len; i++) {
        unsigned char byte = (unsigned char)password.data[i];

        variety += !seen[byte];
        seen[byte] = true;
    }
    return variety < VARIETY;
}

/* "abcdefghijkl", "987654321098" but for its turn: each byte the neighbour of the one before. */
static bool is_row(str password)
{
    size_t steps = 0;

    for (size_t i = 1; i < password.len; i++) {
        int step = password.data[i] - password.data[i - 1];

        steps += step == 1 || step == -1;
    }
    return steps + 2 >= password.len;
}

static bool is_of_email(str password, str email)
{
    str domain = email, local = str_cut(&domain, '@');

    return str_equals_nocase(password, email) || str_equals_nocase(password, local) ||
           (domain.data && str_equals_nocase(password, domain));
}

fallible password_check(str password, str email)
{
    bool is_common = is_monotonous(password) || is_row(password);

    TRY(count_characters(password));
    if (is_of_email(password, email))
        return fail(ERR_INVALID, "\"password\" must not be the e-mail address: anybody tries that");
    for (size_t i = 0; !is_common && i < sizeof COMMON_ONES / sizeof COMMON_ONES[0]; i++)
        is_common = str_equals_nocase(password, str_of(COMMON_ONES[i]));
    if (is_common)
        return fail(ERR_INVALID, "\"password\" is one of the first that anybody tries: take "
                                 "another, such as four words that have nothing in common");
    return OK;
}

/* Hashes */

fallible password_hash(struct password_room *room, str password, char out[PASSWORD_TEXT])
{
    unsigned char salt[SALT], hash[HASH];

    entropy_fill(room->sys, salt, sizeof salt);
    if (crypto_pwhash(hash, HASH, password.data, password.len, salt, room->cost.operations,
                      room->cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return fail(ERR_BUSY, "there is no memory for a password just now: try again later");
    write_hash(&room->cost, salt, hash, out);
    return OK;
}

fallible password_verify(struct password_room *room, str stored, str password, bool *out_is_right)
{
    char text[PASSWORD_TEXT] = {0};
    bool is_there = stored.data && stored.len < PASSWORD_TEXT;
    int status;

    memcpy(text, is_there ? stored.data : room->decoy, is_there ? stored.len : sizeof room->decoy);
    errno = 0;
    status = crypto_pwhash_str_verify(text, password.data, password.len);
    if (status != 0 && errno == ENOMEM)
        return fail(ERR_BUSY, "there is no memory for a password just now: try again later");
    *out_is_right = is_there && status == 0;
    return OK;
}

bool password_is_outdated(const struct password_room *room, str stored)
{
    char text[PASSWORD_TEXT] = {0};

    if (!stored.len || stored.len >= PASSWORD_TEXT)
        return false;
    memcpy(text, stored.data, stored.len);
    return crypto_pwhash_str_needs_rehash(text, room->cost.operations, room->cost.memory_bytes) !=
           0;
}
