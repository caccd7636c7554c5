/* sessions.h - who is signed in: tokens that browsers show, for a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A token has 256 random bits; the catalog keeps its hash. Checks look into memory alone, so an
 * event loop may make them. A session ends SESSIONS_IDLE after its last use, SESSIONS_LONGEST after
 * its begin, and when it is ended; its user's role is looked at anew by each check. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"
#include "store/users.h"

struct catalog;
struct sessions;
struct sys;
struct tx;

#define SESSIONS_IDLE (7 * MILLIS_DAY)
#define SESSIONS_LONGEST (30 * MILLIS_DAY)
#define SESSIONS_USE_STEP MILLIS_MINUTE /* a use is noted once in it */
enum {
    SESSIONS_PREFIX = 3,
    SESSIONS_TOKEN = SESSIONS_PREFIX + 43, /* "ms_" and base64url of 256 bits */
    SESSIONS_OF_USER = 20,                 /* then the one unused for longest ends */
};

/* What a valid token says. */
struct sessions_grant {
    int64_t id;
    int64_t user_id;
    int64_t workspace_id;
    enum users_role role;
    bool by_link; /* began with a one-time link, not a password */
    millis created_at;
};

/* Reads the sessions. `catalog` outlives them. */
fallible sessions_open(struct sys *sys, struct catalog *catalog, millis now,
                       struct sessions **out_sessions);
void sessions_close(struct sessions *sessions); /* NULL is fine */

/* ERR_ABSENT: there is none, or it has ended. */
fallible sessions_check(struct sessions *sessions, str token, millis now,
                        struct sessions_grant *out_grant);

struct sessions_wish {
    int64_t user_id;
    int64_t workspace_id;
    enum users_role role;
    str device;
    str network;
    bool by_link;
};
struct sessions_entry;
struct sessions_new {
    struct sessions_entry *entry;
    int64_t ended; /* the session that ends because of it; 0: none */
    char token[SESSIONS_TOKEN + 1];
};
/* Writes a session within `tx`. Behind the transaction's end sessions_publish makes it count, or
 * forgets it. Whoever changes sessions does so one at a time. */
fallible sessions_add(struct sessions *sessions, struct tx *tx, const struct sessions_wish *wish,
                      millis now, struct sessions_new *out_session);
int64_t sessions_id(const struct sessions_new *session); /* before sessions_publish */
void sessions_publish(struct sessions *sessions, struct sessions_new *session, bool is_written);

/* Within `tx`. ERR_ABSENT: the user has no such session. Behind the commit: sessions_drop. */
fallible sessions_end(struct tx *tx, int64_t user_id, int64_t session_id);
/* All of a user's but one (0: all). Behind the commit: sessions_drop_others. */
fallible sessions_end_others(struct tx *tx, int64_t user_id, int64_t session_id);
void sessions_drop(struct sessions *sessions, int64_t session_id);
void sessions_drop_others(struct sessions *sessions, int64_t user_id, int64_t session_id);
void sessions_set_role(struct sessions *sessions, int64_t user_id, enum users_role role);

struct sessions_shown {
    int64_t id;
    str device, network;
    millis created_at, seen_at;
};
/* A user's, the newest first. */
fallible sessions_list(struct sessions *sessions, int64_t user_id, millis now, struct arena *mem,
                       struct sessions_shown **out_list, size_t *out_count);

/* Keeps when sessions were used, for the next start. Writes nothing when there is nothing new. */
fallible sessions_save(struct sessions *sessions);
