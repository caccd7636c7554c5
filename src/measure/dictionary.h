/* dictionary.h - texts as dense codes: each text once, codes from 0 in order of appearance.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define DICTIONARY_NONE UINT32_MAX

struct dictionary_slot {
    uint32_t hash;
    uint32_t place; /* of the text, + 1; 0: the slot is free */
};

struct dictionary {
    uint32_t *places; /* by code */
    uint32_t count;
    uint32_t room;
    struct dictionary_slot *slots; /* open addressing; a power of two */
    uint32_t slot_count;
    char **blocks; /* the bytes; a block never moves, so a text stays where it is */
    uint32_t block_count;
    uint32_t block_room;
    uint32_t block_used;
    char **slabs; /* what the blocks are pieces of; as much room as for blocks */
    uint32_t slab_count;
    uint32_t slab_left;               /* blocks of the newest that wait to be used */
    struct dictionary_recent *recent; /* texts that dictionary_add_all saw lately */
    uint64_t seed;
    uint64_t bytes; /* memory taken */
};

void dictionary_init(struct dictionary *texts, uint64_t seed);
void dictionary_done(struct dictionary *texts);
/* Forgets all texts; keeps what it takes to look up as many again. */
void dictionary_clear(struct dictionary *texts);
uint32_t dictionary_find(const struct dictionary *texts, str text); /* or DICTIONARY_NONE */
/* The code of `text`, a new one if need be. ERR_LIMIT: nothing has changed. */
fallible dictionary_add(struct dictionary *texts, str text, uint32_t *out_code);
/* The codes of many texts: waits for memory once for all of them, and hardly at all for those that
 * come all the time. ERR_LIMIT: some may have been added. */
fallible dictionary_add_all(struct dictionary *texts, const str *list, uint32_t count,
                            uint32_t *out_codes);
/* Fetches what looking up these texts will touch, all at once instead of one after the other. */
void dictionary_warm(const struct dictionary *texts, const str *list, uint32_t count);
str dictionary_text(const struct dictionary *texts, uint32_t code);
