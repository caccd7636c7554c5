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

/* What a key may do: one or more of these. */
enum access_scope {
    ACCESS_WRITE = 1,   /* collects events */
    ACCESS_QUERY = 2,   /* asks questions, and looks at what there is */
    ACCESS_EXPORT = 4,  /* takes all events out */
    ACCESS_PEOPLE = 8,  /* joins persons and takes it back */
    ACCESS_MANAGE = 16, /* deletes, mends and configures */
    ACCESS_ROOT = 32,   /* makes keys and backups: only as a part of ACCESS_ADMIN */
    ACCESS_API = ACCESS_QUERY | ACCESS_EXPORT,
    ACCESS_KEYS = 64,   /* makes keys that may no more than itself: a developer's, of no key */
    ACCESS_ADMIN = 127, /* everything */
};

struct access_key {
    int64_t id;
    int64_t workspace_id;
    unsigned scopes;
    str name;
    str secret_end; /* its last characters, for people to tell keys apart */
    str origins;    /* whose pages may use it, see key_origins.h; absent: any */
    bool servers;   /* with origins: those who tell none may use it, too */
    millis created_at;
    millis expires_at; /* 0: never */
    millis revoked_at; /* 0: it is not */
    millis used_at;    /* within ACCESS_USE_STEP; 0: it was not */
};

#define ACCESS_USE_STEP (15 * MILLIS_MINUTE)

struct access_grant {
    int64_t key_id;
    int64_t workspace_id;
    unsigned scopes;
    str origins; /* borrowed from the access */
    bool servers;
};

/* Reads the valid keys. `catalog` outlives the access. */
fallible access_open(struct sys *sys, struct catalog *catalog, struct access **out_access);
void access_close(struct access *access); /* NULL is fine */

struct access_wish {
    unsigned scopes;
    str name;
    millis expires_at; /* 0: never */
    str origins;       /* a list of key_origins_read; absent: any */
    bool servers;
};
/* Makes a key; it is valid at once. The secret is put into `mem`; `out_id` may be NULL. ERR_INVALID
 * for a name that is empty or over 100 bytes, an end that is past, and a key that collects and does
 * something else: it stands in pages for all to read. */
fallible access_add(struct access *access, const struct access_wish *wish, millis now,
                    struct arena *mem, int64_t *out_id, str *out_secret);
/* Gives a valid key the name, end, origins and servers of `wish`, at once. Its scopes stay: those
 * of the wish are not looked at. ERR_ABSENT; ERR_INVALID as above. */
fallible access_change(struct access *access, int64_t key_id, const struct access_wish *wish,
                       millis now);
/* Keys that ever were, oldest first: at most `limit` of those made after key `after`. */
fallible access_list(struct access *access, int64_t after, size_t limit, struct arena *mem,
                     struct access_key **out_keys, size_t *out_count);
/* ERR_ABSENT when there is no such key or it is revoked already. */
fallible access_revoke(struct access *access, int64_t key_id, millis now);
/* Whether this secret allows what needs `needed`. ERR_ABSENT: no such key (any more);
 * ERR_EXPIRED; ERR_DENIED: the key is good, but not for this. Takes no lock, allocates nothing. */
fallible access_check(const struct access *access, str secret, unsigned needed, millis now,
                      struct access_grant *out_grant);
/* May a page of `origin` (absent: nobody told one) use the key? ERR_DENIED. */
fallible access_check_origin(const struct access_grant *grant, str origin);
/* Is there a valid key that collects and that a page of `origin` may use? */
bool access_has_origin(const struct access *access, str origin, millis now);
/* Keeps when keys were used, for the next start. Writes nothing when there is nothing new. */
fallible access_save_uses(struct access *access);

/* "write", "query export people" ... ; "api" and "admin" for what they stand for. */
void access_scope_write(unsigned scopes, struct buf *out);
/* Words with spaces or commas between. ERR_INVALID. */
fallible access_scope_parse(str words, unsigned *out_scopes);
