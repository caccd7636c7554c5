/* guesses.c - two rows of the table `guess` for each attempt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/guesses.h"

#include "store/catalog.h"

#include <sodium.h>

enum { DOUBLINGS = 30 };

struct guess {
    int64_t failures;
    millis last_at;
};

static str bytes(const unsigned char *hash)
{
    return str_from(hash, GUESSES_HASH);
}

static void hash_parts(str secret, str account, str network, unsigned char *out)
{
    crypto_generichash_state state;
    uint64_t len = account.len;

    crypto_generichash_init(&state, (const unsigned char *)secret.data, secret.len, GUESSES_HASH);
    crypto_generichash_update(&state, (const unsigned char *)&len, sizeof len);
    crypto_generichash_update(&state, (const unsigned char *)account.data, account.len);
    crypto_generichash_update(&state, (const unsigned char *)network.data, network.len);
    crypto_generichash_final(&state, out, GUESSES_HASH);
}

void guesses_hash(str secret, str account, str network, struct guesses_name *out_name)
{
    hash_parts(secret, account, network, out_name->pair);
    hash_parts(secret, account, S(""), out_name->account);
    out_name->is_known = false;
}

static enum err take_row(void *argument, struct row *row)
{
    struct guess *guess = argument;

    guess->failures = catalog_row_i64(row, 0);
    guess->last_at = catalog_row_i64(row, 1);
    return OK;
}

static fallible find(struct tx *tx, const unsigned char *hash, millis now, struct guess *out_guess)
{
    *out_guess = (struct guess){0};
    TRY(catalog_each(tx, SQL_GUESS_FIND, BIND(B_BLOB(bytes(hash))), take_row, out_guess));
    if (out_guess->last_at > now) /* the clock went back: nobody waits for the future */
        out_guess->last_at = now;
    return OK;
}

static millis wait_of(const struct guess *guess, int64_t free, millis most, millis now)
{
    int64_t over = guess->failures - free;
    millis wait = over < 0 ? 0 : over > DOUBLINGS ? most : MILLIS_SECOND << over;
    millis due = guess->last_at + (wait < most ? wait : most);

    return due > now ? due - now : 0;
}

static fallible count(struct tx *tx, const unsigned char *hash, const struct guess *guess,
                      millis now)
{
    return catalog_run(tx, SQL_GUESS_PUT,
                       BIND(B_BLOB(bytes(hash)), B_I64(guess->failures + 1), B_I64(now)));
}

fallible guesses_take(struct tx *tx, const struct guesses_name *name, millis now, millis *out_wait)
{
    struct guess pair, all = {0};
    millis wait, wait_all = 0;

    TRY(catalog_run(tx, SQL_GUESS_FORGET_OLD, BIND(B_I64(now - GUESSES_FORGET))));
    TRY(find(tx, name->pair, now, &pair));
    TRY(find(tx, name->account, now, &all));
    wait = wait_of(&pair, GUESSES_FREE, GUESSES_MOST, now);
    if (!name->is_known)
        wait_all = wait_of(&all, GUESSES_FREE_ALL, GUESSES_MOST_ALL, now);
    if (wait < wait_all)
        wait = wait_all;
    if (wait) {
        *out_wait = wait;
        return fail(ERR_BUSY, "too many wrong passwords: wait as long as Retry-After says, or ask "
                              "for a link");
    }
    TRY(count(tx, name->pair, &pair, now));
    if (!name->is_known)
        TRY(count(tx, name->account, &all, now));
    return catalog_run(tx, SQL_GUESS_TRIM, BIND(B_I64(GUESSES_ROWS)));
}

fallible guesses_give_back(struct tx *tx, const struct guesses_name *name)
{
    TRY(catalog_run(tx, SQL_GUESS_FORGET, BIND(B_BLOB(bytes(name->pair)))));
    return name->is_known ? OK
                          : catalog_run(tx, SQL_GUESS_LESS, BIND(B_BLOB(bytes(name->account))));
}
