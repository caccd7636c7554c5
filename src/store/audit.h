/* audit.h - what was done, by whom: records in a chain, each bound to all before it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record is JSON: {"time","workspace","actor","action","object","network","details"}. Its hash is
 * SHA-256 over the hash before, its number (8 bytes, the highest first) and its bytes; the catalog
 * keeps the last number and hash. So what was flipped, dropped, swapped or cut off shows. Nobody
 * changes or removes a record; who copies the head elsewhere can prove that nobody did.
 * Records hold ids, never names, addresses of persons or secrets.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"

struct catalog;
struct tx;

enum { AUDIT_HASH = 32 };

/* Whose doing something is. */
struct audit_by {
    str actor;   /* "user:7", "key:3", "command" */
    str network; /* as text; absent: there is none */
};

struct audit_entry {
    const struct audit_by *by;
    const char *action; /* "user.invite" */
    str object;         /* "user:8"; absent: there is none */
    str details;        /* a JSON object; absent: nothing */
};

struct audit_record {
    int64_t seq;
    str json;
    str hash;
};

/* Within a transaction: what is recorded is done with it, or neither. */
fallible audit_add(struct tx *tx, millis now, const struct audit_entry *entry);
/* Durable when it returns. */
fallible audit_write(struct catalog *catalog, millis now, const struct audit_entry *entry);
struct audit_page {
    struct audit_record *records; /* the newest first */
    size_t count;
    int64_t head_seq; /* of the last record of all; 0: there is none */
    str head_hash;
};
/* At most `limit` records before number `before`. */
fallible audit_list(struct catalog *catalog, int64_t before, size_t limit, struct arena *mem,
                    struct audit_page *out_page);

/* A walk along the chain, for who verifies it: the rows of SQL_AUDIT_TOLD in turn, then that of
 * SQL_AUDIT_HEAD_TOLD. A broken place is reported once: the walk goes on from what stands there. */
struct audit_walk {
    void (*report)(void *argument, const char *sentence);
    void *argument;
    int64_t seq;
    unsigned char hash[AUDIT_HASH];
    bool has_head;
};
/* For catalog_each_text; `argument` is the walk. */
enum err audit_walk_record(void *walk, const char *told);
enum err audit_walk_head(void *walk, const char *told);
