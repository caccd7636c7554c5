/* access.h - the keys that programs show, and what each may do.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The secret is shown once, when a key is made; the catalog keeps its hash. Checks read a snapshot
 * in memory and may run on many threads at once, also while keys are added and revoked.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"

struct sys;
struct catalog;
struct access;

enum access_scope {
    ACCESS_WRITE, /* collects, and nothing else */
    ACCESS_API,   /* reads and queries */
    ACCESS_ADMIN, /* everything */
};

struct access_key {
    int64_t id;
    int64_t workspace_id;
    enum access_scope scope;
    str name;
    str secret_end; /* its last characters, for people to tell keys apart */
    millis created_at;
    millis expires_at; /* 0: never */
    millis revoked_at; /* 0: it is not */
};

struct access_grant {
    int64_t key_id;
    int64_t workspace_id;
    enum access_scope scope;
};

/* Reads the valid keys. `catalog` outlives the access. */
fallible access_open(struct sys *sys, struct catalog *catalog, struct access **out_access);
void access_close(struct access *access); /* NULL is fine */

struct access_wish {
    enum access_scope scope;
    str name;
    millis expires_at; /* 0: never */
};
/* Makes a key; it is valid at once. The secret is put into `mem`. ERR_INVALID for a name that is
 * empty or over 100 bytes. */
fallible access_add(struct access *access, const struct access_wish *wish, millis now,
                    struct arena *mem, str *out_secret);
/* All keys that ever were, oldest first. */
fallible access_list(struct access *access, struct arena *mem, struct access_key **out_keys,
                     size_t *out_count);
/* ERR_ABSENT when there is no such key or it is revoked already. */
fallible access_revoke(struct access *access, int64_t key_id, millis now);
/* Whether this secret allows what needs `needed`. ERR_ABSENT: no such key (any more);
 * ERR_EXPIRED; ERR_DENIED: the key is good, but not for this. Takes no lock, allocates nothing. */
fallible access_check(const struct access *access, str secret, enum access_scope needed, millis now,
                      struct access_grant *out_grant);

bool access_scope_allows(enum access_scope has, enum access_scope needed);
const char *access_scope_name(enum access_scope scope);              /* "write", "api", "admin" */
fallible access_scope_parse(str name, enum access_scope *out_scope); /* ERR_INVALID */
