/* tails.h - those who follow the log over HTTP: one thread tells all of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each has a place of its own and at most one piece under way, so a slow one delays nobody and
 * holds nothing but that piece. Who watches is told what is newest, and how much was passed over.
 * The owner runs tails_run() on a thread of its own.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct access;
struct deletions;
struct exchange;
struct log;
struct sessions;
struct sys;
struct tails;

struct tails_config {
    struct sys *sys;
    struct access *access;
    struct deletions *deletions;
    struct log *log;
    struct sessions *sessions;
    uint64_t most; /* at once */
};

struct tail_wish {
    uint64_t after; /* the newest event that the client has; 0: none */
    uint64_t limit; /* events, then the stream ends; 0: it does not */
    /* Not 0: it watches. Of what arrives in a moment it is told so many events at the most, the
     * newest, and how many there were; `after` and `names` are not looked at. */
    uint64_t newest;
    str secret; /* of its key or session, looked at again from time to time; in exchange_mem */
    const str *names;  /* events with these names only; in exchange_mem */
    size_t name_count; /* 0: all */
};

struct tails_stats {
    uint64_t open;
    uint64_t events; /* told to anybody since the start */
};

fallible tails_open(const struct tails_config *config, struct tails **out_tails);
/* After the server has stopped; NULL is fine. */
void tails_close(struct tails *tails);
void tails_run(void *tails);
/* Ends every tail and tails_run(). From any thread. */
void tails_stop(struct tails *tails);
/* Makes the exchange of an inline route a tail. ERR_BUSY: there are too many, or it is stopping. */
fallible tails_add(struct tails *tails, struct exchange *x, const struct tail_wish *wish);
void tails_stats_read(const struct tails *tails, struct tails_stats *out_stats);
