/* users_int.h - what the files of users share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/catalog.h"
#include "store/sessions.h"
#include "store/users.h"

enum { USERS_SECRET = 32, USERS_HASH = 32, USERS_WORKSPACE = 1 };

struct users {
    struct sys *sys;
    struct catalog *catalog;
    struct sessions *sessions;
    struct password_room *room;
    struct mutex *lock; /* of those who change users, sessions or links */
    unsigned char secret[USERS_SECRET];
    millis refusals_since; /* of those that were recorded; under the lock */
    int64_t refusals, unrecorded;
};

/* The user of a query that gives at most one. ERR_ABSENT. */
fallible users_read(struct tx *tx, enum sql query, const struct bind *value, struct arena *mem,
                    struct user *out_user);
/* The address in lower case, as it is looked up. */
str users_email_key(str email, struct arena *mem);
fallible users_check_name(str name); /* ERR_INVALID */
void users_hash_token(str token, unsigned char *out);
/* Records "user:ID" as the object. */
fallible users_audit(struct tx *tx, millis now, const struct audit_by *by, const char *action,
                     int64_t id, str details);
