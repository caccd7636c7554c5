/* columns_turns.c - the lengths of words by Huffman, then words in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_turns.h"

#include "base/mem.h"

#include <string.h>

enum { DIGIT = 11, DIGITS = 1 << DIGIT, COUNT_BITS = 32 };

/* --- Lengths --- */

/* Persons by their counts, the highest first; among equals as they stand. */
static void sort_persons(const uint32_t *first, uint32_t persons, uint32_t *order, uint32_t *spare)
{
    uint32_t *from = spare, *to = order;

    for (uint32_t i = 0; i < persons; i++)
        spare[i] = i;
    for (unsigned shift = 0; shift < COUNT_BITS; shift += DIGIT) {
        uint32_t at[DIGITS] = {0}, total = 0, *other = from;

        for (uint32_t i = 0; i < persons; i++)
            at[DIGITS - 1 - ((first[i + 1] - first[i]) >> shift & (DIGITS - 1))]++;
        for (unsigned digit = 0; digit < DIGITS; digit++) {
            uint32_t here = at[digit];

            at[digit] = total;
            total += here;
        }
        for (uint32_t i = 0; i < persons; i++) {
            uint32_t count = first[from[i] + 1] - first[from[i]];

            to[at[DIGITS - 1 - (count >> shift & (DIGITS - 1))]++] = from[i];
        }
        from = to;
        to = other;
    }
    if (from != order)
        memcpy(order, from, persons * sizeof *order);
}

/* Leaves are the persons from the lowest count on, knots come in the order they are made, which is
 * that of their weights. */
struct tree {
    const uint32_t *first;
    const uint32_t *order;
    uint32_t persons;
    uint64_t *weights; /* of knots */
    uint32_t *above;   /* the knot over each leaf, then over each knot */
    uint32_t leaf;     /* the next that is free */
    uint32_t knot;
    uint32_t knots;
};

static uint64_t leaf_weight(const struct tree *tree, uint32_t leaf)
{
    uint32_t person = tree->order[tree->persons - 1 - leaf];

    return tree->first[person + 1] - tree->first[person];
}

/* Hangs the lightest of those that are free under the newest knot. */
static uint64_t take_lightest(struct tree *tree)
{
    if (tree->leaf < tree->persons &&
        (tree->knot == tree->knots || leaf_weight(tree, tree->leaf) <= tree->weights[tree->knot])) {
        tree->above[tree->leaf] = tree->knots;
        return leaf_weight(tree, tree->leaf++);
    }
    tree->above[tree->persons + tree->knot] = tree->knots;
    return tree->weights[tree->knot++];
}

/* How many words there are of each length. */
static fallible count_lengths(struct tree *tree, struct columns_turns *turns)
{
    uint8_t *depths = mem_alloc(tree->persons);

    if (!depths)
        return mem_exhausted();
    while (tree->knots + 1 < tree->persons) {
        uint64_t weight = take_lightest(tree);

        weight += take_lightest(tree);
        tree->weights[tree->knots++] = weight;
        turns->bits += weight;
    }
    for (uint32_t knot = tree->knots - 1; knot-- > 0;)
        depths[knot] = (uint8_t)(depths[tree->above[tree->persons + knot]] + 1);
    for (uint32_t leaf = 0; leaf < tree->persons; leaf++)
        turns->count[depths[tree->above[leaf]] + 1]++;
    mem_free(depths);
    return OK;
}

/* --- Words --- */

static void name_words(struct columns_turns *turns)
{
    uint64_t word = 0;
    uint32_t before = 0;

    for (unsigned i = 1; i <= COLUMNS_TURNS_LONGEST; i++) {
        word <<= 1;
        turns->word[i] = word;
        turns->before[i] = before;
        turns->ahead[i] = before - word;
        word += turns->count[i];
        before += turns->count[i];
        turns->last[i] = (word << (64 - i)) - 1; /* the very last is all ones */
        if (!turns->shortest && turns->count[i])
            turns->shortest = (uint8_t)i;
        if (i <= COLUMNS_TURNS_QUICK)
            memset(turns->quick + (turns->word[i] << (COLUMNS_TURNS_QUICK - i)), (int)i,
                   (size_t)turns->count[i] << (COLUMNS_TURNS_QUICK - i));
    }
    for (size_t at = 0; at < 1 << COLUMNS_TURNS_QUICK; at++)
        if (!turns->quick[at])
            turns->quick[at] =
                turns->shortest > COLUMNS_TURNS_QUICK ? turns->shortest : COLUMNS_TURNS_QUICK + 1;
}

fallible columns_turns_init(struct columns_turns *turns, const uint32_t *first, uint32_t persons)
{
    struct tree tree = {.first = first, .persons = persons};
    uint32_t *spare = mem_grow(NULL, persons * sizeof *spare);
    enum err err = OK;

    memset(turns, 0, sizeof *turns);
    turns->order = mem_grow(NULL, persons * sizeof *turns->order);
    tree.weights = mem_grow(NULL, persons * sizeof *tree.weights);
    tree.above = mem_grow(NULL, 2 * (size_t)persons * sizeof *tree.above);
    if (!spare || !turns->order || !tree.weights || !tree.above) {
        err = mem_exhausted();
    } else {
        sort_persons(first, persons, turns->order, spare);
        tree.order = turns->order;
        if (persons > 1)
            err = count_lengths(&tree, turns);
        if (!err && persons > 1)
            name_words(turns);
    }
    mem_free(spare);
    mem_free(tree.weights);
    mem_free(tree.above);
    return err;
}

void columns_turns_done(struct columns_turns *turns)
{
    mem_free(turns->order);
    turns->order = NULL;
}
