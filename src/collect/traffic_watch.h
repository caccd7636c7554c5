/* traffic_watch.h - what visitors, networks and pages did lately, in bounded memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Visitors and networks are known by keyed hashes; nothing that names them is kept. Whoever was not
 * seen for longest is forgotten for who is new. Time is an argument. Any thread.
 *
 * A visitor that turns out to be a machine may have been judged a person before. So the sequence
 * numbers of what was stored as a person's hits are noted, and when the visitor is found out, its
 * numbers are *revised*: traffic_watch_revised hands them out, once each. Reasons go one way: no
 * machine becomes a person. After a restart nothing is remembered.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"

struct traffic_watch;

struct traffic_watch_config {
    hash_key key;    /* of the visitors' hashes */
    size_t visitors; /* how many are remembered; 0: 65,536, which take 10 MiB */
    size_t notes;    /* how many stored hits can still be revised; 0: 524,288, which take 8 MiB */
    str honeypots;   /* paths with commas between, copied: whose visitor follows one is a machine */
};

struct traffic_run { /* sequence numbers first .. first + count - 1 */
    uint64_t first, count;
};

struct traffic_revision {
    uint64_t visitor;
    double probability;       /* of a machine, as found out */
    const char *reason;       /* the code that weighed most */
    struct traffic_run *runs; /* ascending, apart */
    size_t count;
};

/* ERR_LIMIT; ERR_INVALID: a honeypot is no path. */
fallible traffic_watch_open(const struct traffic_watch_config *config,
                            struct traffic_watch **out_watch);
void traffic_watch_close(struct traffic_watch *watch); /* NULL is fine */

/* A hit of `visitor` (of its verdict) was stored under `seq` and judged a person's. Also when the
 * visitor was found out meanwhile: then it is revised at once. 0 is nobody. */
void traffic_watch_note(struct traffic_watch *watch, uint64_t visitor, uint64_t seq);
/* For metrics. */
struct traffic_table {
    uint64_t held, room;
    uint64_t forgotten; /* for who was newer */
};

struct traffic_watch_stats {
    struct traffic_table visitors, pages, networks;
    struct traffic_table notes; /* stored hits of people, which can still be revised */
    uint64_t found;             /* visitors that were handed out as machines after all */
    uint64_t revised;           /* hits that were */
};

void traffic_watch_stats_read(struct traffic_watch *watch, struct traffic_watch_stats *out_stats);

/* For one thread. The next visitor that was found out, with the numbers noted for it since it was
 * last given.
 * `*out_found` is false where there is none. Runs live in `mem`. ERR_LIMIT: it stays to be given.
 */
fallible traffic_watch_revised(struct traffic_watch *watch, struct arena *mem,
                               struct traffic_revision *out_revision, bool *out_found);
