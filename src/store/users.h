/* users.h - people who sign in: what each may do, and how they are let in for the first time.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A user is invited by a link and joins by it, or joins when the folder is made. Every change is
 * written with its record of the audit log, or not at all. There is always an owner who can sign
 * in. E-mail addresses come as credentials_email gives them. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"
#include "store/audit.h"
#include "store/password.h"

struct catalog;
struct sessions;
struct sys;
struct users;

enum users_role {
    USERS_VIEWER,
    USERS_ANALYST,
    USERS_MARKETER,
    USERS_DEVELOPER,
    USERS_OWNER,
    USERS_ROLES
};

enum {
    USERS_MOST = 10000,
    USERS_NAME_MOST = 100,
    USERS_TOKEN = 3 + 43, /* of a link: "ml_" and base64url of 256 bits */
};
#define USERS_SIGN_IN_SPAN MILLIS_HOUR
#define USERS_INVITATION_SPAN (7 * MILLIS_DAY)

struct user {
    int64_t id;
    int64_t workspace_id;
    str email, name;
    str password; /* its hash; absent: there is none */
    enum users_role role;
    millis created_at;
    millis joined_at;   /* 0: invited */
    millis seen_at;     /* to some minutes; 0: never */
    millis disabled_at; /* 0: not */
};

const char *users_role_name(enum users_role role);
fallible users_role_parse(str name, enum users_role *out_role); /* ERR_INVALID */
/* What a role may do, as access_scope bits. */
unsigned users_scopes(enum users_role role);

struct users_config {
    struct sys *sys;
    struct catalog *catalog; /* outlives the users */
    struct password_cost cost;
};
fallible users_open(const struct users_config *config, struct users **out_users);
void users_close(struct users *users); /* NULL is fine */
struct sessions *users_sessions(struct users *users);

/* At most `limit` users made after user `after`, the oldest first. */
fallible users_list(struct users *users, int64_t after, size_t limit, struct arena *mem,
                    struct user **out_list, size_t *out_count);
fallible users_get(struct users *users, int64_t id, struct arena *mem, struct user *out_user);
fallible users_find(struct users *users, str email, struct arena *mem, struct user *out_user);

struct users_link {
    int64_t user_id;
    bool is_invitation; /* else it signs in */
    millis expires_at;
    char token[USERS_TOKEN + 1];
};

struct users_wish {
    str email;
    str name; /* may be empty */
    enum users_role role;
    bool has_joined; /* needs no invitation: the link signs in */
};
/* A new user and her link. ERR_CONFLICT: there is one of that address; ERR_LIMIT. */
fallible users_add(struct users *users, const struct audit_by *by, const struct users_wish *wish,
                   millis now, struct users_link *out_link);
/* A new link, in place of the one before. ERR_ABSENT; ERR_DENIED: she is disabled. */
fallible users_make_link(struct users *users, const struct audit_by *by, int64_t id, millis now,
                         struct users_link *out_link);

struct users_change {
    const enum users_role *role; /* NULL: as it is */
    const bool *is_disabled;
    str name; /* absent: as it is */
};
/* ERR_ABSENT; ERR_CONFLICT: she is the last owner; ERR_INVALID. Who is disabled is signed out. */
fallible users_set(struct users *users, const struct audit_by *by, int64_t id,
                   const struct users_change *change, millis now);
/* ERR_ABSENT, ERR_CONFLICT. Ids are not used again. */
fallible users_remove(struct users *users, const struct audit_by *by, int64_t id, millis now);
/* Ends one of a user's sessions, or all but one of them (`all_but`: its id, 0 for none). */
fallible users_end_session(struct users *users, const struct audit_by *by, int64_t id,
                           int64_t session_id, millis now);
fallible users_end_sessions(struct users *users, const struct audit_by *by, int64_t id,
                            int64_t all_but, millis now);
/* Of a copy that was restored: sessions and links end, for what ended since the copy was made would
 * be back. Nobody else may have the users open. */
fallible users_end_all(struct users *users, const struct audit_by *by, millis now);
