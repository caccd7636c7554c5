/* path_table.h - counts of paths: rows of names of one length, most of them from a few names.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names get dense numbers, and the numbers of a path are the digits of its code. Where there are
 * few possible codes a path stands at its own place; otherwise it is looked up by its code. All
 * memory is the arena's.
 */
#pragma once
#include "base/arena.h"
#include "measure/source.h"

struct path {
    uint64_t count;
    uint32_t people;
    node_id last_person; /* persons come one after the other: a new one is not the last */
    uint32_t numbers[];  /* of its names */
};

struct path_table {
    struct arena *mem;
    uint32_t steps;    /* names of a path */
    uint32_t bits;     /* of a number in a code */
    bool is_exact;     /* a code is one path; else it is a hash of it */
    text_code *names;  /* by number */
    uint32_t *numbers; /* + 1, by hash of the name; twice the room */
    uint32_t name_count;
    uint32_t name_room;  /* a power of two */
    struct path **paths; /* all, as they came */
    size_t count;
    size_t room;
    struct path **places;    /* [code]; NULL: there are too many codes, or no paths yet */
    struct path_slot *slots; /* by hash of the code; NULL: there are places, or no paths yet */
    size_t slot_count;       /* a power of two */
};

void path_table_init(struct path_table *table, struct arena *mem, uint32_t steps);
/* The number of a name; a new one is the next. ERR_LIMIT. */
fallible path_table_number(struct path_table *table, text_code name, uint32_t *out_number);
/* The path of these numbers, made if need be. ERR_LIMIT. */
fallible path_table_get(struct path_table *table, const uint32_t *numbers, struct path **out_path);
/* Adds the counts of the other's paths, which share no person. ERR_LIMIT. */
fallible path_table_merge(struct path_table *table, const struct path_table *other);
