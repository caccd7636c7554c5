/* scan_sets.h - which persons pass the audience's tests of traits, many at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A trait is found where a file keeps its values, which are few beside the rows; only of persons
 * about whom several places have something to say each is asked for by herself.
 */
#pragma once
#include "measure/scan_files.h"
#include "measure/scan_hand.h"

enum { SCAN_SETS_WORDS = 64, SCAN_SETS_PERSONS = SCAN_SETS_WORDS * 64 };

struct scan_sets {
    const struct scan_files *files;
    struct matcher_scope *scope;
    struct scan_hand *hands;         /* of each file */
    node_id base;                    /* of the first bit; a multiple of 64 */
    uint64_t apart[SCAN_SETS_WORDS]; /* files alone do not tell where rows of theirs stand */
    bool has_members;                /* some test tells who cannot be a member */
    bool is_in_several_files;        /* some trait */
    uint64_t members[SCAN_SETS_WORDS];
    uint64_t passing[SCAN_MOST_TRAITS][SCAN_SETS_WORDS]; /* [trait of the plan] */
};

/* All must outlive it. */
void scan_sets_init(struct scan_sets *sets, const struct scan_files *files,
                    struct matcher_scope *scope, struct scan_hand *hands);
/* Where the range that begins at `from` must end at the latest. */
static inline node_id scan_sets_end(node_id from)
{
    return from / 64 * 64 + SCAN_SETS_PERSONS;
}
/* Looks at persons [from, to); turns hands. */
fallible scan_sets_find(struct scan_sets *sets, node_id from, node_id to);

/* About the persons looked at. */
static inline bool scan_sets_has(const struct scan_sets *sets, uint32_t trait, node_id person)
{
    node_id at = person - sets->base;

    return sets->passing[trait][at / 64] >> at % 64 & 1;
}

/* Who of the 64 persons from `base` on may be a member. */
static inline uint64_t scan_sets_word(const struct scan_sets *sets, node_id base)
{
    return sets->has_members ? sets->members[(base - sets->base) / 64] : ~UINT64_C(0);
}

/* May she be a member? */
static inline bool scan_sets_may_be(const struct scan_sets *sets, node_id person)
{
    node_id at = person - sets->base;

    return !sets->has_members || sets->members[at / 64] >> at % 64 & 1;
}
