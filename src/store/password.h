/* password.h - what a password must be, and its hash by argon2id.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A hash takes much memory and most of a second on purpose, so few are made at once: whoever hashes
 * enters first. Never on an event loop.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct password_room;
struct sys;

enum {
    PASSWORD_LEAST = 10, /* characters, by NIST SP 800-63B */
    PASSWORD_MOST = 128,
    PASSWORD_TEXT = 128, /* bytes of a stored hash, with the NUL */
};

struct password_cost {
    unsigned long long operations;
    size_t memory_bytes;
};

/* What a server needs: 3 rounds over 256 MiB (libsodium's moderate limits). */
void password_cost_default(struct password_cost *out_cost);

fallible password_room_open(struct sys *sys, const struct password_cost *cost,
                            struct password_room **out_room);
void password_room_close(struct password_room *room); /* NULL is fine */

/* One is inside, one more waits; ERR_BUSY for others. */
fallible password_enter(struct password_room *room);
void password_leave(struct password_room *room);

/* Characters, the most common ones, the e-mail address itself. ERR_INVALID. */
fallible password_check(str password, str email);
/* Writes the hash as text, with salt and cost. Inside. ERR_BUSY without memory. */
fallible password_hash(struct password_room *room, str password, char out[PASSWORD_TEXT]);
/* Does `stored` cost other than new ones do? Then whoever guesses could tell it from none at all.
 */
bool password_is_outdated(const struct password_room *room, str stored);
/* Is it the password of `stored`? Of an absent one it is not, after as long a time. Inside.
 * ERR_BUSY without memory. */
fallible password_verify(struct password_room *room, str stored, str password, bool *out_is_right);
