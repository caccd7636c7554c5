/* columns_turns.h - a code for a list of persons, made from how often each is in it. For
 * columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * By Huffman: whoever knows the counts makes the same code. Words are numbers of so many bits as
 * their length, those of one length ascend with their order, and longer ones are greater when both
 * are filled up with zeros at the end.
 */
#pragma once
#include "base/err.h"

#include <stdint.h>

enum {
    COLUMNS_TURNS_LONGEST = 56, /* of 2^32 turns no word has more than 47 bits */
    COLUMNS_TURNS_QUICK = 11,   /* bits that tell the length of a word that has no more */
};

struct columns_turns {
    uint32_t *order;                            /* persons, by the length of their words */
    uint8_t shortest;                           /* 0: one person alone, whose turn it always is */
    uint64_t bits;                              /* of all turns */
    uint32_t count[COLUMNS_TURNS_LONGEST + 1];  /* words of a length */
    uint32_t before[COLUMNS_TURNS_LONGEST + 1]; /* words that are shorter */
    uint64_t word[COLUMNS_TURNS_LONGEST + 1];   /* the first of a length */
    uint64_t ahead[COLUMNS_TURNS_LONGEST + 1];  /* what a word needs to become a place of `order` */
    uint64_t last[COLUMNS_TURNS_LONGEST + 1];   /* of a length, filled up with ones to 64 bits */
    uint8_t quick[1 << COLUMNS_TURNS_QUICK];    /* where to look from, by a word's first bits */
};

/* From the first turn of each person and the number of all: everybody has one at least. */
fallible columns_turns_init(struct columns_turns *turns, const uint32_t *first, uint32_t persons);
void columns_turns_done(struct columns_turns *turns);

/* The length of the word with which `bits` begin, from the highest on. */
static inline unsigned columns_turns_length(const struct columns_turns *turns, uint64_t bits)
{
    unsigned length = turns->quick[bits >> (64 - COLUMNS_TURNS_QUICK)];

    while (bits > turns->last[length])
        length++;
    return length;
}
