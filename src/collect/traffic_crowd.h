/* traffic_crowd.h - who came to the same page, or from the same network, within a span of time.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pages and networks are known by hashes. Who was not joined for longest is forgotten for who is
 * new.
 */
#pragma once
#include "base/err.h"
#include "base/time.h"

enum { TRAFFIC_CROWD_MEMBERS = 16 };

struct traffic_crowds; /* any thread */

struct traffic_crowd_join {
    uint64_t key;    /* of the crowd */
    uint64_t kind;   /* how many of these are counted: a hash */
    uint64_t member; /* kept among the latest */
    bool is_new;     /* a member joins; else the crowd is only asked */
    bool is_used;    /* the member had a page in use */
    unsigned wanted; /* kinds from which on members are told; 0: they are not */
    millis at;
};

struct traffic_crowd_told {
    millis first;   /* when anybody came, as far back as it is remembered */
    unsigned kinds; /* distinct ones of the span, about */
    bool is_used;   /* by any member of the span */
    uint64_t members[TRAFFIC_CROWD_MEMBERS]; /* the latest, where as many kinds as wanted came */
    size_t count;
};

/* `count` crowds of `span` each. ERR_LIMIT. */
fallible traffic_crowd_open(size_t count, millis span, struct traffic_crowds **out_crowds);
uint64_t traffic_crowd_made(const struct traffic_crowds *crowds); /* crowds, so far */
size_t traffic_crowd_room(const struct traffic_crowds *crowds);
uint64_t traffic_crowd_forgotten(const struct traffic_crowds *crowds); /* of them, for others */
void traffic_crowd_close(struct traffic_crowds *crowds);               /* NULL is fine */
/* The crowd will be joined in a moment: brings its place near. */
void traffic_crowd_warm(const struct traffic_crowds *crowds, uint64_t key);
void traffic_crowd_join(struct traffic_crowds *crowds, const struct traffic_crowd_join *join,
                        struct traffic_crowd_told *out_told);
/* About how many distinct ones have set the bits, one of 64 each. */
unsigned traffic_crowd_estimate(uint64_t bits);
