/* users_sign_in.h - how a person shows that she is a user: by a password or a one-time link.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Slow on purpose, and never on an event loop. Who is told that she may not come in is told nothing
 * else: an address that nobody has, a wrong password and a disabled user are one answer, and take
 * one time.
 */
#pragma once
#include "store/sessions.h"
#include "store/users.h"

enum { USERS_SIGN_IN_REFUSALS = 60 }; /* recorded in an hour; the others are counted */

/* Where somebody comes from. */
struct users_sign_in_visit {
    str network; /* its name: any bytes */
    str shown;   /* the same for people and the audit log */
    str device;
};

struct users_sign_in {
    struct user user;
    int64_t session_id;
    char token[SESSIONS_TOKEN + 1];
};

/* ERR_DENIED: not so. ERR_BUSY: too often (`out_wait` says how long to wait), or too many at once.
 */
struct users_sign_in_wish {
    str email, password;
};
fallible users_sign_in_by_password(struct users *users, const struct users_sign_in_wish *wish,
                                   const struct users_sign_in_visit *visit, struct arena *mem,
                                   struct users_sign_in *out, millis *out_wait);

/* Whose link it is. ERR_EXPIRED: it was used, is over, or never was. */
fallible users_sign_in_look(struct users *users, str token, struct arena *mem,
                            struct user *out_user, struct users_link *out_link);
struct users_sign_in_link {
    str token;
    str name, password; /* of an invitation; absent for a link that signs in */
};
/* Spends the link: of several who have it one comes in. ERR_EXPIRED as above; ERR_INVALID and
 * ERR_BUSY spend nothing. */
fallible users_sign_in_by_link(struct users *users, const struct users_sign_in_link *link,
                               const struct users_sign_in_visit *visit, struct arena *mem,
                               struct users_sign_in *out);

struct users_sign_in_passwords {
    str current; /* absent: she has none, or came by a link just now */
    str next;
};
/* Ends her other sessions. ERR_DENIED: `current` is wrong or missing; ERR_INVALID; ERR_BUSY. */
fallible users_sign_in_set_password(struct users *users, const struct sessions_grant *grant,
                                    const struct users_sign_in_passwords *passwords,
                                    const struct users_sign_in_visit *visit, millis *out_wait);
