/* scan_hits.c - finds the rows that have a mark, and lays out what is told of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of a chunk of persons are chosen by bits, many at once: first by kind and time, which
 * mostly decide; otherwise row by row, where those that have no mark lose their bit. Then what is
 * told of hits is gathered a column at a time; who has which hit is told by where her rows end.
 */
#include "measure/scan_hits.h"

#include "base/mem.h"
#include "measure/matcher_plain.h"
#include "measure/scan_met.h"

#include <string.h>

/* Some rows of the held stripe, of whole persons; their bits begin at the first. */
struct chunk {
    const struct scan_hand *hand;
    uint32_t row, rows;
    uint32_t from, to; /* persons */
};

void scan_hits_init(struct scan_hits *hits, const struct scan_files *files,
                    struct matcher_scope *scope, struct scan_met *met, const struct scan_sets *sets)
{
    const struct scan_plan *plan = files->plan;

    *hits = (struct scan_hits){.files = files,
                               .plan = plan,
                               .scope = scope,
                               .met = met,
                               .sets = sets,
                               .pick = pick_best()};
    for (uint32_t i = 0; i < plan->slot_count; i++)
        hits->has_traits |= plan->slots[i].property.is_trait;
}

void scan_hits_done(struct scan_hits *hits)
{
    mem_free(hits->bits);
    mem_free(hits->others);
    mem_free(hits->before);
    mem_free(hits->kinds);
    mem_free(hits->members);
}

#define GROW(array, room) grow((void **)&(array), (room) * sizeof *(array))

static bool grow(void **array, size_t size)
{
    void *larger = mem_grow(*array, size);

    if (larger)
        *array = larger;
    return larger;
}

static fallible make_room(struct scan_hits *hits, uint32_t rows)
{
    size_t room = rows + (size_t)PICK_SLACK, words = pick_words(rows) + (size_t)1;

    if (room <= hits->room)
        return OK;
    if (!GROW(hits->bits, words) || !GROW(hits->others, words * 2) || !GROW(hits->before, words) ||
        !GROW(hits->kinds, room) || !GROW(hits->members, room))
        return mem_exhausted();
    hits->room = (uint32_t)room;
    return OK;
}

static const void *items_of(const struct columns_block *block, const struct chunk *chunk)
{
    return (const char *)block->data + chunk->row * (size_t)block->width;
}

/* Conditions. */

/* One row, while it is looked at. */
struct place {
    const struct scan_hand *hand;
    uint32_t row;
    uint32_t kind;
    millis time;
};

struct person_asked {
    const struct scan_hits *hits;
    const struct view_node *node;
};

static bool passes_of_person(void *argument, const struct query_condition *test)
{
    const struct person_asked *asked = argument;
    size_t i = 0;

    while (asked->node->person_tests[i].tree != test)
        i++;
    return matcher_passes(asked->hits->scope, asked->node->person_tests[i].compiled, NULL);
}

static bool passes(const struct scan_hits *hits, const struct view_node *node,
                   const struct place *at)
{
    struct person_asked asked = {hits, node};
    struct matcher_plain_person person = {passes_of_person, &asked};
    uint32_t code;

    switch (node->kind) {
    case CONDITION_ALL:
        for (size_t i = 0; i < node->child_count; i++)
            if (!passes(hits, &node->children[i], at))
                return false;
        return true;
    case CONDITION_ANY:
        for (size_t i = 0; i < node->child_count; i++)
            if (passes(hits, &node->children[i], at))
                return true;
        return false;
    case CONDITION_NOT:
        return !passes(hits, node->children, at);
    case CONDITION_TEST:
    case CONDITION_EACH:
        break;
    }
    if (node->of_person)
        return matcher_passes(hits->scope, node->of_person, NULL);
    code = node->block == COLUMNS_NONE ? 0 : columns_code(&at->hand->blocks[node->block], at->row);
    if (node->passes)
        return node->passes[code];
    return matcher_plain_each(node->test, code ? &node->values[code - 1] : NULL, &person);
}

static bool is_wished(const struct scan_hits *hits, const struct view_wish *wish,
                      const struct place *at)
{
    for (size_t i = 0; i < wish->count; i++)
        if (wish->events[i].kinds[at->kind] &&
            (!wish->events[i].where || passes(hits, wish->events[i].where, at)))
            return true;
    return false;
}

/* The person must have been entered. */
static scan_marks marks_of(const struct scan_hits *hits, const struct place *at)
{
    const struct scan_plan *plan = hits->plan;
    const struct scan_view *view = at->hand->view;
    scan_marks forbidden = scan_plan_forbidden_by_time(plan, at->time);
    scan_marks sure = view->kinds[at->kind].sure & ~forbidden;
    scan_marks maybe = view->kinds[at->kind].maybe & ~forbidden;

    if (at->time > plan->bounds.as_of)
        return 0;
    if ((sure | maybe) & plan->where_marks && !passes(hits, view->where, at)) {
        sure &= ~plan->where_marks;
        maybe &= ~plan->where_marks;
    }
    for (; maybe; maybe &= maybe - 1)
        if (is_wished(hits, &view->wishes[__builtin_ctzll(maybe)], at))
            sure |= maybe & -maybe;
    return sure;
}

/* Bits. */

static const struct columns_stripe *held(const struct scan_hand *hand)
{
    return scan_hand_stripe(hand, (uint32_t)hand->stripe);
}

/* The rows of the kinds that are not 0 in the table. */
static void find_kinds(const struct scan_hits *hits, const struct chunk *chunk,
                       const uint8_t *table, uint64_t *out_bits)
{
    const struct columns_block *kinds = &chunk->hand->kinds;

    if (kinds->width == 1) {
        hits->pick->find(items_of(kinds, chunk), chunk->rows, table, out_bits);
        return;
    }
    memset(out_bits, 0, pick_words(chunk->rows) * sizeof *out_bits);
    for (uint32_t i = 0; i < chunk->rows; i++)
        out_bits[i / 64] |= (uint64_t)table[columns_item(kinds, chunk->row + i)] << i % 64;
}

/* Bits of a whole stripe: those of 64 rows from `row` on, `last` being the last of all. */
static uint64_t bits_from(const uint64_t *bits, uint32_t row, uint32_t last)
{
    uint64_t word = bits[row / 64] >> row % 64;

    if (row % 64 && row / 64 < last / 64)
        word |= bits[row / 64 + 1] << (64 - row % 64);
    return word;
}

/* The rows that count and whose kind may have a mark. */
static void find_wanted(const struct scan_hits *hits, const struct chunk *chunk)
{
    const uint64_t *masked = chunk->hand->masked;
    uint32_t last = held(chunk->hand)->rows - 1;

    find_kinds(hits, chunk, chunk->hand->view->wanted, hits->bits);
    for (uint32_t i = 0; masked && i < chunk->rows; i += 64)
        hits->bits[i / 64] &= ~bits_from(masked, chunk->row + i, last);
}

/* The rows before `limit`, or those from it on, lose their bits if they lose all their marks. */
static void cut(const struct scan_hits *hits, const struct chunk *chunk, millis limit, bool is_end)
{
    const struct scan_view *view = chunk->hand->view;
    uint32_t words = pick_words(chunk->rows);
    uint64_t *untimely = hits->others, *bound = hits->others + words;

    hits->pick->below(items_of(&chunk->hand->times, chunk), chunk->rows, limit, untimely);
    find_kinds(hits, chunk, is_end ? view->ended : view->ranged, bound);
    for (uint32_t i = 0; i < words; i++)
        hits->bits[i] &= ~((is_end ? ~untimely[i] : untimely[i]) & bound[i]);
}

/* Which rows may have a mark, by kind and time; tells whether hits may have lost some marks. */
static bool find_bits(const struct scan_hits *hits, const struct chunk *chunk)
{
    const struct scan_plan *plan = hits->plan;
    const struct scan_view *view = chunk->hand->view;
    bool is_early = held(chunk->hand)->first_time < plan->bounds.from;
    bool is_late = held(chunk->hand)->last_time >= plan->bounds.to;

    find_wanted(hits, chunk);
    if (is_early)
        cut(hits, chunk, plan->bounds.from, false);
    if (is_late)
        cut(hits, chunk, plan->bounds.to, true);
    return (is_early && !view->is_all_ranged) || (is_late && !view->is_all_ended);
}

/* Counts the bits ahead of each word, and all; beyond the last word stands an empty one. */
static uint32_t count_bits(const struct scan_hits *hits, const struct chunk *chunk)
{
    uint32_t words = pick_words(chunk->rows), count = 0;

    for (uint32_t i = 0; i < words; i++) {
        hits->before[i] = count;
        count += (uint32_t)__builtin_popcountll(hits->bits[i]);
    }
    hits->bits[words] = 0;
    hits->before[words] = count;
    return count;
}

/* How many hits the chunk's rows before `at` have. */
static uint32_t count_before(const struct scan_hits *hits, uint32_t at)
{
    uint64_t below = (UINT64_C(1) << at % 64) - 1;

    return hits->before[at / 64] + (uint32_t)__builtin_popcountll(hits->bits[at / 64] & below);
}

/* What is told of hits. */

static void fill_dense(const struct scan_hits *hits, const struct chunk *chunk,
                       const struct columns_block *block, uint32_t base, uint32_t *out)
{
    struct pick_codes codes = {items_of(block, chunk), block->width, base};

    hits->pick->codes(hits->bits, chunk->rows, &codes, out);
}

static void fill_sparse(const struct scan_hits *hits, const struct chunk *chunk,
                        const struct columns_block *block, uint32_t base, uint32_t *out)
{
    uint32_t last = held(chunk->hand)->rows - 1;

    memset(out, 0, hits->before[pick_words(chunk->rows)] * sizeof *out);
    for (uint32_t i = 0; i < chunk->rows; i += 64) {
        uint64_t left = bits_from(block->bits, chunk->row + i, last) & hits->bits[i / 64];

        for (; left; left &= left - 1) {
            uint32_t at = i + (uint32_t)__builtin_ctzll(left);

            out[count_before(hits, at)] = base + columns_code(block, chunk->row + at);
        }
    }
}

/* Traits are for fill_traits. Hits that are to have no value of the slot get none. */
static void fill_slot(const struct scan_hits *hits, const struct chunk *chunk, uint32_t slot,
                      const struct scan_piece *piece, uint32_t base)
{
    const struct scan_hand *hand = chunk->hand;
    const struct view_slot *wanted = &hand->view->slots[slot];
    const struct columns_block *block =
        wanted->block == COLUMNS_NONE ? NULL : &hand->blocks[wanted->block];
    scan_marks of = hits->plan->slots[slot].of;
    uint32_t count = piece->hits - base, *out = piece->slots[slot] + base;

    if (!block || !block->data) {
        memset(out, 0, count * sizeof *out);
        return;
    }
    if (block->bits)
        fill_sparse(hits, chunk, block, wanted->base, out);
    else
        fill_dense(hits, chunk, block, wanted->base, out);
    if (hits->are_alike && hand->view->all_sure & of)
        return;
    for (uint32_t i = 0; i < count; i++)
        out[i] &= 0u - ((piece->marks[base + i] & of) != 0);
}

static void fill_kinds(const struct scan_hits *hits, const struct chunk *chunk)
{
    fill_dense(hits, chunk, &chunk->hand->kinds, 0, hits->kinds);
}

/* Of the hits from `base` on, whose marks are known. */
static void fill(const struct scan_hits *hits, const struct chunk *chunk,
                 const struct scan_piece *piece, uint32_t base)
{
    const struct scan_hand *hand = chunk->hand;

    if (piece->has_names) {
        fill_kinds(hits, chunk);
        for (uint32_t hit = base; hit < piece->hits; hit++)
            piece->names[hit] = hand->view->names[hits->kinds[hit - base]];
    }
    if (piece->has_seqs)
        hits->pick->longs(hits->bits, chunk->rows, items_of(&hand->seqs, chunk),
                          piece->seqs + base);
    if (piece->has_devices)
        fill_dense(hits, chunk, &hand->devices, 0, piece->devices + base);
    for (uint32_t slot = 0; slot < piece->slot_count; slot++)
        if (!hits->plan->slots[slot].property.is_trait)
            fill_slot(hits, chunk, slot, piece, base);
}

static void fill_times(const struct scan_hits *hits, const struct chunk *chunk,
                       const struct scan_piece *piece, uint32_t base)
{
    hits->pick->longs(hits->bits, chunk->rows, items_of(&chunk->hand->times, chunk),
                      piece->times + base);
}

/* Of the person entered last, whose hits begin at `base`. */
static fallible fill_traits(const struct scan_hits *hits, const struct scan_piece *piece,
                            uint32_t base)
{
    for (uint32_t slot = 0; slot < piece->slot_count; slot++) {
        const struct scan_slot *wanted = &hits->plan->slots[slot];
        uint32_t *out = piece->slots[slot];
        struct value value;
        uint32_t number;

        if (!wanted->property.is_trait || base == piece->hits)
            continue;
        matcher_value(hits->scope, &wanted->property, NULL, &value);
        TRY(scan_met_number(hits->met, slot, &value, &number));
        for (uint32_t hit = base; hit < piece->hits; hit++)
            out[hit] = piece->marks[hit] & wanted->of ? number : 0;
    }
    return OK;
}

/* All persons at once. */

/* Do kind and time alone decide? */
static bool are_even(const struct scan_hits *hits, const struct scan_hand *hand)
{
    return hand->view->is_sure && !hits->has_traits &&
           held(hand)->last_time <= hits->plan->bounds.as_of;
}

static void take_untimely(const struct scan_hits *hits, const struct scan_piece *piece,
                          uint32_t base)
{
    for (uint32_t hit = base; hit < piece->hits; hit++)
        piece->marks[hit] &= ~scan_plan_forbidden_by_time(hits->plan, piece->times[hit]);
}

static void fill_marks(const struct scan_hits *hits, const struct chunk *chunk,
                       const struct scan_piece *piece, uint32_t base)
{
    const struct scan_view *view = chunk->hand->view;
    scan_marks *marks = piece->marks + base;
    uint32_t count = piece->hits - base;

    if (view->is_even) {
        for (uint32_t i = 0; i < count; i++)
            marks[i] = view->all_sure;
        return;
    }
    fill_kinds(hits, chunk);
    for (uint32_t i = 0; i < count; i++)
        marks[i] = view->kinds[hits->kinds[i]].sure;
}

/* Does the person need no hit, and has a row that counts? */
static bool may_be_bare(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t person)
{
    const uint32_t *first = hand->first.data;
    uint32_t rows = first[person + 1] - first[person];

    return hits->plan->gives_everyone &&
           (!hand->masked || mask_count(hand->masked, first[person], first[person + 1]) < rows);
}

/* Adds a person with the hits [first, end), if she has any or is bare. */
static void add_person(const struct scan_hits *hits, struct scan_piece *piece, node_id id,
                       uint32_t first, uint32_t end, bool is_bare)
{
    uint32_t at = piece->persons;

    piece->ids[at] = id;
    piece->first[at] = first;
    piece->end[at] = end;
    piece->persons += ((first != end) | is_bare) & !scan_files_has(hits->moved, id);
}

static void add_even(struct scan_hits *hits, const struct chunk *chunk, struct scan_piece *piece)
{
    const node_id *persons = chunk->hand->persons.data;
    const uint32_t *first = chunk->hand->first.data;
    uint32_t base = piece->hits, before = base;
    bool may_lose = find_bits(hits, chunk);

    hits->are_alike = chunk->hand->view->is_even && !may_lose;
    piece->hits += count_bits(hits, chunk);
    fill_times(hits, chunk, piece, base);
    fill_marks(hits, chunk, piece, base);
    if (may_lose)
        take_untimely(hits, piece, base);
    for (uint32_t i = chunk->from; i < chunk->to; i++) {
        uint32_t end = base + count_before(hits, first[i + 1] - chunk->row);

        add_person(hits, piece, persons[i], before, end, may_be_bare(hits, chunk->hand, i));
        before = end;
    }
    fill(hits, chunk, piece, base);
}

/* Few persons. */

/* Lists who of the chunk may be a member, and has the processor fetch what is looked at of her;
 * returns how many. */
static uint32_t list_members(const struct scan_hits *hits, const struct chunk *chunk)
{
    const struct scan_hand *hand = chunk->hand;
    const node_id *persons = hand->persons.data;
    const uint32_t *first = hand->first.data;
    uint32_t count = 0;

    for (uint32_t i = chunk->from; i < chunk->to; i++) {
        if (!scan_sets_may_be(hits->sets, persons[i]) || scan_files_has(hits->moved, persons[i]))
            continue;
        __builtin_prefetch((const char *)hand->kinds.data + (size_t)first[i] * hand->kinds.width);
        __builtin_prefetch((const millis *)hand->times.data + first[i + 1] - 1);
        hits->members[count++] = i;
    }
    return count;
}

/* The same where most persons are left out: each member is a chunk of her own, from when on the
 * audience asks for events. */
static void add_members(struct scan_hits *hits, const struct chunk *chunk, struct scan_piece *piece)
{
    const uint32_t *first = chunk->hand->first.data;
    uint32_t count = list_members(hits, chunk);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t person = hits->members[i], end = first[person + 1];
        uint32_t start = time_find(chunk->hand->times.data, first[person], end, hits->plan->since);
        struct chunk hers = {chunk->hand, start, end - start, person, person + 1};

        add_even(hits, &hers, piece);
    }
}

/* Row by row. */

/* Decides about the rows [from, to) of the chunk, whose person was entered. */
static void check_rows(const struct scan_hits *hits, const struct chunk *chunk, uint32_t from,
                       uint32_t to, struct scan_piece *piece)
{
    const struct scan_hand *hand = chunk->hand;

    for (uint32_t word = from / 64; word * 64 < to; word++) {
        uint64_t left = hits->bits[word];

        if (word == from / 64)
            left &= ~UINT64_C(0) << from % 64;
        if (word == to / 64)
            left &= (UINT64_C(1) << to % 64) - 1;
        for (; left; left &= left - 1) {
            uint32_t row = chunk->row + word * 64 + (uint32_t)__builtin_ctzll(left);
            struct place at = {hand, row, columns_item(&hand->kinds, row),
                               ((const millis *)hand->times.data)[row]};
            scan_marks marks = marks_of(hits, &at);

            if (marks)
                piece->marks[piece->hits++] = marks;
            else
                hits->bits[word] &= ~(left & -left);
        }
    }
}

static void clear_rows(const struct scan_hits *hits, uint32_t from, uint32_t to)
{
    for (uint32_t word = from / 64; word * 64 < to; word++) {
        uint64_t left = ~UINT64_C(0);

        if (word == from / 64)
            left &= ~UINT64_C(0) << from % 64;
        if (word == to / 64)
            left &= (UINT64_C(1) << to % 64) - 1;
        hits->bits[word] &= ~left;
    }
}

/* How many of the rows [from, to) are left, up to as_of or later; 0 if the first of them is later.
 */
static uint32_t count_left(const struct scan_hand *hand, uint32_t from, uint32_t to, millis as_of)
{
    const millis *times = hand->times.data;
    uint32_t count = 0;

    if (!hand->masked && held(hand)->last_time <= as_of)
        return to - from;
    for (uint32_t row = from; row < to; row++) {
        if (mask_has(hand->masked, row))
            continue;
        if (!count++ && times[row] > as_of)
            return 0;
    }
    return count;
}

/* False: nothing is told of her. */
static bool enter(struct scan_hits *hits, const struct chunk *chunk, uint32_t person)
{
    const struct scan_hand *hand = chunk->hand;
    const uint32_t *first = hand->first.data;
    node_id id = ((const node_id *)hand->persons.data)[person];
    uint32_t left = count_left(hand, first[person], first[person + 1], hits->plan->bounds.as_of);

    if (!left || scan_files_has(hits->moved, id))
        return false;
    hits->events_read += left;
    if (!scan_sets_may_be(hits->sets, id))
        return false;
    matcher_enter(hits->scope, id);
    return true;
}

static fallible add_each(struct scan_hits *hits, const struct chunk *chunk,
                         struct scan_piece *piece)
{
    const node_id *persons = chunk->hand->persons.data;
    const uint32_t *first = chunk->hand->first.data;
    uint32_t base = piece->hits;

    hits->are_alike = false;
    find_wanted(hits, chunk);
    for (uint32_t i = chunk->from; i < chunk->to; i++) {
        uint32_t before = piece->hits, from = first[i] - chunk->row;
        uint32_t to = first[i + 1] - chunk->row;

        if (!enter(hits, chunk, i)) {
            clear_rows(hits, from, to);
            continue;
        }
        check_rows(hits, chunk, from, to, piece);
        TRY(fill_traits(hits, piece, before));
        add_person(hits, piece, persons[i], before, piece->hits, hits->plan->gives_everyone);
    }
    count_bits(hits, chunk);
    fill_times(hits, chunk, piece, base);
    fill(hits, chunk, piece, base);
    return OK;
}

/* Rows that count, without those of persons who are told elsewhere. */
static uint32_t count_rows(const struct scan_hits *hits, const struct chunk *chunk)
{
    const uint64_t *masked = chunk->hand->masked;
    const node_id *persons = chunk->hand->persons.data;
    const uint32_t *first = chunk->hand->first.data;
    uint32_t end = chunk->row + chunk->rows;
    uint32_t count = chunk->rows - mask_count(masked, chunk->row, end);

    for (uint32_t i = chunk->from; hits->moved && i < chunk->to; i++)
        if (scan_files_has(hits->moved, persons[i]))
            count -= first[i + 1] - first[i] - mask_count(masked, first[i], first[i + 1]);
    return count;
}

fallible scan_hits_add(struct scan_hits *hits, struct scan_hand *hand, uint32_t from, uint32_t to,
                       struct scan_piece *piece)
{
    const uint32_t *first = hand->first.data;
    struct chunk chunk = {hand, first[from], first[to] - first[from], from, to};

    if (from == to)
        return OK;
    TRY(scan_hand_times(hand));
    hits->moved = hits->files->strays[hand->file]->moved;
    TRY(make_room(hits, chunk.rows));
    TRY(scan_piece_reserve(piece, to - from, chunk.rows));
    if (!are_even(hits, hand))
        return add_each(hits, &chunk, piece);
    hits->events_read += count_rows(hits, &chunk);
    if (hits->sets->has_members)
        add_members(hits, &chunk, piece);
    else
        add_even(hits, &chunk, piece);
    return OK;
}

fallible scan_hits_add_rows(struct scan_hits *hits, struct scan_hand *hand, uint32_t from,
                            uint32_t to, struct scan_piece *piece)
{
    struct chunk chunk = {.hand = hand, .row = from, .rows = to - from};
    uint32_t base = piece->hits;

    TRY(scan_hand_times(hand));
    TRY(make_room(hits, chunk.rows));
    TRY(scan_piece_reserve(piece, 0, chunk.rows));
    hits->events_read += count_left(hand, from, to, hits->plan->bounds.as_of);
    hits->are_alike = false;
    find_wanted(hits, &chunk);
    check_rows(hits, &chunk, 0, chunk.rows, piece);
    if (base == piece->hits)
        return OK;
    piece->end[piece->persons - 1] = piece->hits;
    count_bits(hits, &chunk);
    fill_times(hits, &chunk, piece, base);
    TRY(fill_traits(hits, piece, base));
    fill(hits, &chunk, piece, base);
    return OK;
}
