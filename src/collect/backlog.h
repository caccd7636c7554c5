/* backlog.h - what waits for the log's writer, and how much may, so that nobody let in waits long.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The writer says when it works. What it gets done in a tenth of a second may wait before requests
 * are turned away by their heads, and never less than what keeps it busy while others are read.
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog {
    size_t least, most, limit;
    atomic_size_t waiting; /* bytes */
    atomic_size_t room;    /* of them, before no more is read */
    /* The writer's own */
    double bytes_per_s; /* of late; 0: not known yet */
    double done;        /* bytes since that was last reckoned, */
    int64_t worked_ns;  /* and the time they took */
    int64_t began_ns;   /* of the latest group, */
    size_t jobs;        /* and how many it has answered */
};

/* The room is between `least` and three quarters of `limit`, beyond which nothing is added. */
void backlog_init(struct backlog *backlog, size_t least, size_t limit);

/* Any thread. False: it does not go in. */
bool backlog_add(struct backlog *backlog, size_t bytes);
/* Should what comes now be told to come later? */
bool backlog_is_full(const struct backlog *backlog);

/* On the writer thread: it begins a group, is through with some of it, and ends it. */
void backlog_begin(struct backlog *backlog, int64_t now_ns);
void backlog_remove(struct backlog *backlog, size_t bytes);
void backlog_end(struct backlog *backlog, int64_t now_ns);
/* How long it lets others join the next group. Not at all while one sender waits for each answer;
 * where there are many, a sync for each few of them would cost more than it is worth to them. */
int64_t backlog_gap(const struct backlog *backlog, int64_t now_ns);
