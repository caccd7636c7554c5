/* dictionary.h - texts as dense codes: each text once, codes from 0 in order of appearance.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define DICTIONARY_NONE UINT32_MAX

struct dictionary {
    struct dictionary_entry *entries;
    uint32_t count;
    uint32_t room;
    uint32_t *slots; /* open addressing; code + 1, 0 is free; a power of two */
    uint32_t slot_count;
    char **blocks; /* the bytes; a block never moves, so a text stays where it is */
    uint32_t block_count;
    uint32_t block_room;
    uint32_t block_used;
    uint64_t seed;
    uint64_t bytes; /* memory taken */
};

void dictionary_init(struct dictionary *texts, uint64_t seed);
void dictionary_done(struct dictionary *texts);
uint32_t dictionary_find(const struct dictionary *texts, str text); /* or DICTIONARY_NONE */
/* The code of `text`, a new one if need be. ERR_LIMIT: nothing has changed. */
fallible dictionary_add(struct dictionary *texts, str text, uint32_t *out_code);
/* Fetches what looking up these texts will touch, all at once instead of one after the other. */
void dictionary_warm(const struct dictionary *texts, const str *list, uint32_t count);
str dictionary_text(const struct dictionary *texts, uint32_t code);
