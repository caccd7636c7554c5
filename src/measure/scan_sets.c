/* scan_sets.c - goes through the values of traits, file by file.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Recursion follows the nesting of the question, which query_parse bounds.
 */
#include "measure/scan_sets.h"

#include <string.h>

/* Of one trait; bits of persons, from the base on. A value is odd where it decides other than none
 * would. */
struct findings {
    uint64_t odd[SCAN_SETS_WORDS];   /* the newest value that some file has of her is */
    uint64_t usual[SCAN_SETS_WORDS]; /* in some file it is not */
    uint64_t unsure[SCAN_SETS_WORDS];
};

/* One trait in one stripe. */
struct look {
    const struct scan_hand *hand;
    const struct columns_block *block;
    const uint8_t *is_odd;
    uint32_t from, to; /* persons */
    bool wants_usual;
    node_id base;
    struct findings found;
};

static void put(uint64_t *bits, node_id at, bool is_set)
{
    uint64_t bit = UINT64_C(1) << at % 64;

    bits[at / 64] = (bits[at / 64] & ~bit) | (is_set ? bit : 0);
}

static void note(struct look *look, uint32_t person, bool is_odd)
{
    node_id at = ((const node_id *)look->hand->persons.data)[person] - look->base;

    put(look->found.odd, at, is_odd);
    put(look->found.usual, at, !is_odd);
}

/* Values of few rows, from the first to the last, so that a newer one overrules. The usual ones are
 * mostly passed over, unless she had an odd one. */
static void see_sparse(struct look *look)
{
    const struct columns_block *block = look->block;
    const uint32_t *first = look->hand->first.data;
    uint32_t row = first[look->from], end = first[look->to], person = look->from, person_end = 0;
    uint64_t word = block->bits[row / 64], skipped = word & ((UINT64_C(1) << row % 64) - 1);
    uint32_t at = block->before[row / 64] + (uint32_t)__builtin_popcountll(skipped);

    for (word -= skipped, row -= row % 64;;) {
        for (; word; word &= word - 1) {
            uint32_t here = row + (uint32_t)__builtin_ctzll(word);
            bool is_odd = look->is_odd[columns_item(block, at++)];

            if (here >= end)
                return;
            if (mask_has(look->hand->masked, here))
                continue;
            if (!is_odd && !look->wants_usual && here >= person_end)
                continue;
            while (first[person + 1] <= here)
                person++;
            person_end = first[person + 1];
            note(look, person, is_odd);
        }
        row += 64;
        if (row >= end)
            return;
        word = block->bits[row / 64];
    }
}

static void see_dense(struct look *look)
{
    const uint32_t *first = look->hand->first.data;

    for (uint32_t person = look->from; person < look->to; person++) {
        uint32_t row = first[person + 1], code = 0;

        while (!code && row > first[person])
            if (!mask_has(look->hand->masked, --row))
                code = columns_item(look->block, row);
        if (code)
            note(look, person, look->is_odd[code]);
    }
}

/* Is the last value in the stripe the one that counts? */
static bool is_last_newest(const struct scan_hand *hand)
{
    return scan_hand_stripe(hand, (uint32_t)hand->stripe)->last_time <= hand->plan->bounds.as_of;
}

static void see_stripe(struct look *look, struct findings *findings)
{
    bool is_sure = is_last_newest(look->hand);
    const struct findings *found = &look->found;

    if (!look->block->data || look->from == look->to)
        return;
    look->wants_usual |= !is_sure;
    if (look->block->bits)
        see_sparse(look);
    else
        see_dense(look);
    for (uint32_t i = 0; i < SCAN_SETS_WORDS; i++) {
        findings->odd[i] |= is_sure ? found->odd[i] : 0;
        findings->usual[i] |= is_sure ? found->usual[i] : 0;
        findings->unsure[i] |= is_sure ? 0 : found->odd[i] | found->usual[i];
    }
}

static fallible see_file(const struct scan_sets *sets, struct scan_hand *hand, uint32_t trait,
                         const node_id range[2], struct findings *findings)
{
    const struct view_trait_test *test = &hand->view->trait_tests[trait];
    uint32_t stripe = scan_hand_find_stripe(hand, range[0]);

    for (; test->block != COLUMNS_NONE && stripe < scan_hand_stripes(hand) &&
           scan_hand_stripe(hand, stripe)->first_person < range[1];
         stripe++) {
        struct look look = {.hand = hand,
                            .block = &hand->blocks[test->block],
                            .is_odd = test->is_odd,
                            .wants_usual = sets->is_in_several_files,
                            .base = sets->base};

        TRY(scan_hand_turn(hand, stripe));
        look.from = scan_hand_find_person(hand, range[0]);
        look.to = scan_hand_find_person(hand, range[1]);
        see_stripe(&look, findings);
    }
    return OK;
}

/* Bits [from, to) of a word of persons that begins at `base`. */
static uint64_t in_range(const node_id range[2], node_id base)
{
    uint64_t bits = ~UINT64_C(0);

    if (base + 64 <= range[0] || base >= range[1])
        return 0;
    if (base < range[0])
        bits &= ~UINT64_C(0) << (range[0] - base);
    if (base + 64 > range[1])
        bits &= ~UINT64_C(0) >> (base + 64 - range[1]);
    return bits;
}

/* Of the persons given as bits, those who pass: each is asked for. */
static uint64_t ask(const struct scan_sets *sets, uint32_t trait, node_id base, uint64_t persons)
{
    const struct matcher_condition *test = sets->files->plan->traits[trait];
    uint64_t passing = 0;

    for (; persons; persons &= persons - 1) {
        matcher_enter(sets->scope, base + (node_id)__builtin_ctzll(persons));
        if (matcher_passes(sets->scope, test, NULL))
            passing |= persons & -persons;
    }
    return passing;
}

/* Of the persons given as bits, those of whom memory has a value. */
static uint64_t have_in_memory(const struct scan_sets *sets, uint32_t trait, node_id base,
                               uint64_t persons)
{
    uint32_t slot = matcher_trait_slot(sets->files->plan->traits[trait]);
    uint64_t having = 0;

    for (; persons; persons &= persons - 1) {
        matcher_enter(sets->scope, base + (node_id)__builtin_ctzll(persons));
        if (matcher_has_in_memory(sets->scope, slot))
            having |= persons & -persons;
    }
    return having;
}

static fallible find_trait(struct scan_sets *sets, uint32_t trait, const node_id range[2])
{
    const struct scan_files *files = sets->files;
    static const struct value none = {.type = VALUE_NULL};
    uint64_t without = 0; /* who has no value */
    struct findings findings = {0};

    if (matcher_trait_passes(files->plan->matchers, files->plan->traits[trait], &none))
        without = ~without;
    for (uint32_t i = 0; i < files->count; i++)
        TRY(see_file(sets, &sets->hands[i], trait, range, &findings));
    for (uint32_t i = 0; i < SCAN_SETS_WORDS; i++) {
        node_id base = sets->base + i * 64;
        uint64_t within = in_range(range, base), unsure;

        if (!within)
            continue;
        unsure = findings.unsure[i] | (findings.odd[i] & findings.usual[i]);
        unsure |= sets->apart[i];
        unsure |= have_in_memory(sets, trait, base, files->in_memory[base / 64] & within & ~unsure);
        sets->passing[trait][i] =
            ((findings.odd[i] ^ without) & ~unsure) | ask(sets, trait, base, unsure & within);
    }
    return matcher_scope_err(sets->scope);
}

/* Who is surely a member by traits alone, and who may be one. */
struct bounds {
    uint64_t sure, maybe;
};

static struct bounds bounds_of(const struct scan_sets *sets, const struct scan_segment *segment,
                               uint32_t word)
{
    struct bounds all = {~UINT64_C(0), ~UINT64_C(0)}, any = {0, 0}, unknown = {0, ~UINT64_C(0)};
    struct bounds part;

    switch (segment->kind) {
    case SEGMENT_ALL:
    case SEGMENT_ANY:
        for (size_t i = 0; i < segment->child_count; i++) {
            part = bounds_of(sets, &segment->children[i], word);
            all = (struct bounds){all.sure & part.sure, all.maybe & part.maybe};
            any = (struct bounds){any.sure | part.sure, any.maybe | part.maybe};
        }
        return segment->kind == SEGMENT_ALL ? all : any;
    case SEGMENT_NOT:
        part = bounds_of(sets, segment->children, word);
        return (struct bounds){~part.maybe, ~part.sure};
    case SEGMENT_TRAIT:
        if (segment->trait_number == SCAN_NO_TRAIT)
            return unknown;
        part.sure = part.maybe = sets->passing[segment->trait_number][word];
        return part;
    case SEGMENT_DID:
    case SEGMENT_SEQUENCE:
        break;
    }
    return unknown;
}

/* Who has strays in some file, or whose cluster moved from where one has it. */
static void find_apart(struct scan_sets *sets, node_id from, node_id to)
{
    const struct scan_files *files = sets->files;

    memset(sets->apart, 0, sizeof sets->apart);
    for (uint32_t i = 0; i < files->count; i++) {
        const struct strays_rows *rows = files->strays[i];

        for (node_id base = sets->base; rows->moved && base < to; base += 64)
            sets->apart[(base - sets->base) / 64] |= rows->moved[base / 64];
        for (size_t at = strays_find(rows, from); at < rows->count && rows->runs[at].person < to;
             at++) {
            node_id place = rows->runs[at].person - sets->base;

            sets->apart[place / 64] |= UINT64_C(1) << place % 64;
        }
    }
}

fallible scan_sets_find(struct scan_sets *sets, node_id from, node_id to)
{
    const struct scan_plan *plan = sets->files->plan;
    const node_id range[2] = {from, to};

    sets->base = from / 64 * 64;
    if (plan->trait_count)
        find_apart(sets, from, to);
    for (uint32_t i = 0; i < plan->trait_count; i++)
        TRY(find_trait(sets, i, range));
    for (node_id base = sets->base; sets->has_members && base < to; base += 64)
        sets->members[(base - sets->base) / 64] =
            bounds_of(sets, plan->audience, (base - sets->base) / 64).maybe;
    return OK;
}

void scan_sets_init(struct scan_sets *sets, const struct scan_files *files,
                    struct matcher_scope *scope, struct scan_hand *hands)
{
    const struct scan_plan *plan = files->plan;

    sets->files = files;
    sets->scope = scope;
    sets->hands = hands;
    sets->has_members = plan->trait_count;
    for (uint32_t trait = 0; trait < plan->trait_count; trait++) {
        uint32_t count = 0;

        for (uint32_t i = 0; i < files->count; i++)
            count += files->views[i].trait_tests[trait].block != COLUMNS_NONE;
        sets->is_in_several_files |= count > 1;
    }
}
