/* guesses.h - how often a wrong password may be given: growing waits, kept in the catalog.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counted are wrong passwords for an account from one network, and for an account from all networks
 * that its user never signed in from. So strangers hold a user up by GUESSES_MOST_ALL at a time,
 * and not at all where she is known. An account that does not exist counts like one that does. An
 * attempt counts before it is looked at, so that a hundred at once are a hundred.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"

struct tx;

enum {
    GUESSES_HASH = 32,
    GUESSES_FREE = 5,      /* for an account from one network, then 1 s, 2 s, 4 s ... */
    GUESSES_FREE_ALL = 20, /* for an account from strange networks, then the same */
    GUESSES_ROWS = 20000,  /* kept; then the oldest go */
};
#define GUESSES_MOST (15 * MILLIS_MINUTE)
#define GUESSES_MOST_ALL MILLIS_MINUTE
#define GUESSES_FORGET MILLIS_DAY /* without another */

struct guesses_name {
    unsigned char pair[GUESSES_HASH];    /* the account and the network */
    unsigned char account[GUESSES_HASH]; /* the account alone */
    bool is_known;                       /* its user has signed in from that network */
};

/* `secret` has GUESSES_HASH bytes; `account` is the e-mail address as it is looked up. */
void guesses_hash(str secret, str account, str network, struct guesses_name *out_name);
/* Counts one. ERR_BUSY, and nothing is counted, when it must wait: `out_wait` says how long. */
fallible guesses_take(struct tx *tx, const struct guesses_name *name, millis now, millis *out_wait);
/* It was none: the password was right. */
fallible guesses_give_back(struct tx *tx, const struct guesses_name *name);
