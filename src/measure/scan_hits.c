/* scan_hits.c - finds the rows that have a mark, and lays out what is told of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Mostly a row's kind and time decide. Then all persons of a chunk are gone through at once, a
 * column at a time, in loops without branches; who has which hit is told by where her rows end.
 * Otherwise persons are gone through one by one.
 */
#include "measure/scan_hits.h"

#include "base/mem.h"
#include "measure/matcher_plain.h"
#include "measure/scan_met.h"

#include <string.h>

enum { SLACK = 16 };

void scan_hits_init(struct scan_hits *hits, const struct scan_files *files,
                    struct matcher_scope *scope, struct scan_met *met, const struct scan_sets *sets)
{
    const struct scan_plan *plan = files->plan;

    *hits =
        (struct scan_hits){.files = files, .plan = plan, .scope = scope, .met = met, .sets = sets};
    for (uint32_t i = 0; i < plan->slot_count; i++)
        hits->has_traits |= plan->slots[i].property.is_trait;
    hits->needs_rows =
        plan->slot_count || plan->gives_names || plan->gives_seqs || plan->gives_devices;
    for (uint32_t byte = 0; byte < SCAN_HITS_EIGHT; byte++)
        for (uint32_t bit = 0, count = 0; bit < 8; bit++)
            if (byte >> bit & 1) {
                hits->eight[byte][count++] = bit;
                hits->counts[byte] = (uint8_t)count;
            }
}

void scan_hits_done(struct scan_hits *hits)
{
    mem_free(hits->rows);
    mem_free(hits->gaps);
}

static fallible make_room(struct scan_hits *hits, uint32_t rows)
{
    uint32_t room = rows + SLACK, *larger;

    if (room <= hits->room)
        return OK;
    larger = mem_grow(hits->rows, room * sizeof *larger);
    if (!larger)
        return mem_exhausted();
    hits->rows = larger;
    larger = mem_grow(hits->gaps, room * sizeof *larger);
    if (!larger)
        return mem_exhausted();
    hits->gaps = larger;
    hits->room = room;
    return OK;
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

/* What is told of the hits from `base` on, whose rows are given. */

struct fill {
    const struct columns_block *block;
    const uint32_t *rows;
    const scan_marks *marks;
    scan_marks of;
    uint32_t base; /* code + 1 is the value number base + code + 1 */
    uint32_t count;
    uint32_t *out;
};

#define FILL(type)                                                                                 \
    for (uint32_t i = 0; i < count; i++) {                                                         \
        uint32_t code = ((const type *)fill->block->data)[rows[i]];                                \
                                                                                                   \
        out[i] = (code + (base & (0u - (code != 0)))) & (0u - ((marks[i] & of) != 0));             \
    }

static void fill_dense(const struct fill *fill)
{
    const uint32_t *rows = fill->rows;
    const scan_marks *marks = fill->marks, of = fill->of;
    uint32_t base = fill->base, count = fill->count, *out = fill->out;

    if (fill->block->width == 1)
        FILL(uint8_t)
    else if (fill->block->width == 2)
        FILL(uint16_t)
    else
        FILL(uint32_t)
}

static void fill_sparse(const struct fill *fill)
{
    for (uint32_t i = 0; i < fill->count; i++) {
        uint32_t code = fill->marks[i] & fill->of ? columns_code(fill->block, fill->rows[i]) : 0;

        fill->out[i] = code ? fill->base + code : 0;
    }
}

/* Traits are for fill_traits. */
static void fill_slot(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t slot,
                      const struct scan_piece *piece, uint32_t base)
{
    const struct view_slot *wanted = &hand->view->slots[slot];
    struct fill fill = {.rows = hits->rows,
                        .marks = piece->marks + base,
                        .of = hits->plan->slots[slot].of,
                        .base = wanted->base,
                        .count = piece->hits - base,
                        .out = piece->slots[slot] + base};

    if (wanted->block != COLUMNS_NONE && hand->blocks[wanted->block].data)
        fill.block = &hand->blocks[wanted->block];
    if (!fill.block)
        memset(fill.out, 0, fill.count * sizeof *fill.out);
    else if (fill.block->bits)
        fill_sparse(&fill);
    else
        fill_dense(&fill);
}

static void fill_columns(const struct scan_hits *hits, const struct scan_hand *hand,
                         const struct scan_piece *piece, uint32_t base)
{
    const uint32_t *rows = hits->rows;

    for (uint32_t hit = base; piece->has_names && hit < piece->hits; hit++)
        piece->names[hit] = hand->view->names[columns_item(&hand->kinds, rows[hit - base])];
    for (uint32_t hit = base; piece->has_seqs && hit < piece->hits; hit++)
        piece->seqs[hit] = ((const uint64_t *)hand->seqs.data)[rows[hit - base]];
    for (uint32_t hit = base; piece->has_devices && hit < piece->hits; hit++)
        piece->devices[hit] = ((const node_id *)hand->devices.data)[rows[hit - base]];
    for (uint32_t slot = 0; slot < piece->slot_count; slot++)
        if (!hits->plan->slots[slot].property.is_trait)
            fill_slot(hits, hand, slot, piece, base);
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

/* Rows. */

typedef uint32_t lanes __attribute__((vector_size(16)));

static inline void put_eight(uint32_t *out, const uint32_t eight[8], uint32_t row)
{
    lanes first, second;

    memcpy(&first, eight, sizeof first);
    memcpy(&second, eight + 4, sizeof second);
    first += row;
    second += row;
    memcpy(out, &first, sizeof first);
    memcpy(out + 4, &second, sizeof second);
}

/* Those of the rows [from, to) that are of few given kinds, eight rows at once; returns how many.
 * For the comparison of bytes in a word see "Hacker's Delight", 6-1. */
static uint32_t find_few(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                         uint32_t to, uint32_t *out)
{
    const struct scan_view *view = hand->view;
    const uint8_t *kinds = hand->kinds.data;
    const uint64_t ones = 0x0101010101010101u, sevens = ones * 0x7f;
    uint32_t count = 0;

    for (uint32_t row = from; row < to; row += 8) {
        uint64_t eight, missed = ~UINT64_C(0);
        uint32_t found;

        memcpy(&eight, kinds + row, sizeof eight);
        for (uint32_t i = 0; i < view->few_count; i++) {
            uint64_t other = eight ^ ones * view->few[i];

            missed &= ((other & sevens) + sevens) | other;
        }
        /* The top bits of the bytes, gathered in the highest byte. */
        found = (uint32_t)(((~missed >> 7 & ones) * 0x0102040810204080u) >> 56);
        if (to - row < 8)
            found &= (1u << (to - row)) - 1;
        put_eight(out + count, hits->eight[found], row);
        count += hits->counts[found];
    }
    return count;
}

/* Those of the rows [from, to) whose kind may have a mark; returns how many. */
static uint32_t find_wanted(const struct scan_hits *hits, const struct scan_hand *hand,
                            uint32_t from, uint32_t to, uint32_t *out)
{
    const struct scan_view *view = hand->view;
    uint32_t count = 0;

    if (view->few_kind == SCAN_FEW_WANTED)
        return find_few(hits, hand, from, to, out);
    for (uint32_t row = from; row < to; row++) {
        out[count] = row;
        count += view->wanted[columns_item(&hand->kinds, row)];
    }
    return count;
}

/* All persons at once. */

static const struct columns_stripe *held(const struct scan_hand *hand)
{
    return scan_hand_stripe(hand, (uint32_t)hand->stripe);
}

/* Do kind and time alone decide? */
static bool are_even(const struct scan_hits *hits, const struct scan_hand *hand)
{
    return hand->view->is_sure && !hits->has_traits && !hand->deleted &&
           held(hand)->last_time <= hits->plan->bounds.as_of;
}

/* What time does to the hits of a chunk. */
struct cut {
    millis from, to;  /* a person's hits outside are none */
    bool is_by_marks; /* instead: it depends on the marks of each */
};

static struct cut find_cut(const struct scan_hits *hits, const struct scan_hand *hand)
{
    const struct scan_plan *plan = hits->plan;
    scan_marks all = hand->view->all_sure;
    scan_marks early = all & plan->in_range, late = all & (plan->in_range | plan->before_end);
    struct cut cut = {INT64_MIN, INT64_MAX, false};

    if (held(hand)->first_time < plan->bounds.from && early) {
        cut.from = plan->bounds.from;
        cut.is_by_marks |= early != all;
    }
    if (held(hand)->last_time >= plan->bounds.to && late) {
        cut.to = plan->bounds.to;
        cut.is_by_marks |= late != all;
    }
    return cut;
}

static void begin_person(const struct scan_hits *hits, struct scan_piece *piece, node_id id,
                         uint32_t first, uint32_t end)
{
    if ((first == end && !hits->plan->gives_everyone) || scan_files_has(hits->files->dirty, id))
        return;
    piece->ids[piece->persons] = id;
    piece->first[piece->persons] = first;
    piece->end[piece->persons++] = end;
}

static void begin_cut(const struct scan_hits *hits, struct scan_piece *piece, node_id id,
                      uint32_t first, uint32_t end, const struct cut *cut)
{
    while (first < end && piece->times[first] < cut->from)
        first++;
    while (first < end && piece->times[end - 1] >= cut->to)
        end--;
    begin_person(hits, piece, id, first, end);
}

/* Marks of the rows found. */
static void mark_rows(const struct scan_hits *hits, const struct scan_hand *hand,
                      const struct scan_piece *piece, uint32_t count)
{
    const struct scan_candidates *kinds = hand->view->kinds;
    const uint8_t *small = hand->kinds.data;
    const uint32_t *rows = hits->rows;
    scan_marks *marks = piece->marks + piece->hits;

    if (hand->view->is_even)
        for (uint32_t i = 0; i < count; i++)
            marks[i] = hand->view->all_sure;
    else if (hand->kinds.width == 1)
        for (uint32_t i = 0; i < count; i++)
            marks[i] = kinds[small[rows[i]]].sure;
    else
        for (uint32_t i = 0; i < count; i++)
            marks[i] = kinds[columns_item(&hand->kinds, rows[i])].sure;
}

/* Drops the rows whose time takes all their marks; returns how many are left. */
static uint32_t drop_untimely(const struct scan_hits *hits, const struct scan_piece *piece,
                              uint32_t count)
{
    const struct scan_bounds *bounds = &hits->plan->bounds;
    scan_marks early = hits->plan->in_range, late = early | hits->plan->before_end;
    millis *times = piece->times + piece->hits;
    scan_marks *marks = piece->marks + piece->hits;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        millis time = times[i];
        scan_marks left = marks[i];

        left &= ~(early & (0 - (scan_marks)(time < bounds->from)));
        left &= ~(late & (0 - (scan_marks)(time >= bounds->to)));
        hits->rows[kept] = hits->rows[i];
        times[kept] = time;
        marks[kept] = left;
        kept += left != 0;
    }
    return kept;
}

/* Gives each person her part of the rows found, behind which stands one greater than any. */
static void deal_out(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                     uint32_t to, struct scan_piece *piece, const struct cut *cut)
{
    const node_id *persons = hand->persons.data;
    const uint32_t *first = hand->first.data;
    uint32_t base = piece->hits, at = 0;

    for (uint32_t i = from; i < to; i++) {
        uint32_t before = at;

        while (hits->rows[at] < first[i + 1])
            at++;
        begin_cut(hits, piece, persons[i], base + before, base + at, cut);
    }
}

/* Finds the rows that are wanted and gathers what is told of them. */
static void add_found(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                      uint32_t to, struct scan_piece *piece)
{
    const uint32_t *first = hand->first.data, *rows = hits->rows;
    const millis *times = hand->times.data;
    uint32_t base = piece->hits;
    uint32_t count = find_wanted(hits, hand, first[from], first[to], hits->rows);
    struct cut cut = find_cut(hits, hand), none = {INT64_MIN, INT64_MAX, false};

    for (uint32_t i = 0; i < count; i++)
        piece->times[base + i] = times[rows[i]];
    mark_rows(hits, hand, piece, count);
    if (cut.is_by_marks)
        count = drop_untimely(hits, piece, count);
    hits->rows[count] = UINT32_MAX;
    deal_out(hits, hand, from, to, piece, cut.is_by_marks ? &none : &cut);
    piece->hits += count;
    fill_columns(hits, hand, piece, base);
}

/* Copies the runs of rows between those that are not wanted; returns how many. */
static uint32_t copy_runs(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                          uint32_t to, const struct scan_piece *piece)
{
    const millis *times = hand->times.data;
    const uint32_t *gaps = hits->gaps;
    uint32_t count = 0;

    for (uint32_t row = from; row < to; gaps++) {
        uint32_t length = (*gaps < to ? *gaps : to) - row;

        memcpy(piece->times + piece->hits + count, times + row, length * sizeof *times);
        for (uint32_t i = 0; hits->needs_rows && i < length; i++)
            hits->rows[count + i] = row + i;
        count += length;
        row += length + 1;
    }
    return count;
}

/* The same where most rows are wanted and the others may be there, too. */
static void add_loose(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                      uint32_t to, struct scan_piece *piece, const struct cut *cut)
{
    const struct scan_candidates *kinds = hand->view->kinds;
    const uint32_t *first = hand->first.data;
    const uint8_t *small = (const uint8_t *)hand->kinds.data + first[from];
    uint32_t base = piece->hits, count = first[to] - first[from];

    memcpy(piece->times + base, (const millis *)hand->times.data + first[from],
           count * sizeof *piece->times);
    for (uint32_t i = 0; i < count; i++)
        piece->marks[base + i] = kinds[small[i]].sure;
    for (uint32_t i = 0; hits->needs_rows && i < count; i++)
        hits->rows[i] = first[from] + i;
    for (uint32_t i = from; i < to; i++)
        begin_cut(hits, piece, ((const node_id *)hand->persons.data)[i],
                  base + first[i] - first[from], base + first[i + 1] - first[from], cut);
    piece->hits += count;
    fill_columns(hits, hand, piece, base);
}

/* The same where most rows are wanted: finds those that are not. */
static void add_runs(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                     uint32_t to, struct scan_piece *piece, const struct cut *cut)
{
    const node_id *persons = hand->persons.data;
    const uint32_t *first = hand->first.data;
    uint32_t base = piece->hits, count, gap = 0;

    count = find_few(hits, hand, first[from], first[to], hits->gaps);
    hits->gaps[count] = UINT32_MAX;
    count = copy_runs(hits, hand, first[from], first[to], piece);
    mark_rows(hits, hand, piece, count);
    for (uint32_t i = from; i < to; i++) {
        uint32_t start = base + first[i] - first[from] - gap;

        while (hits->gaps[gap] < first[i + 1])
            gap++;
        begin_cut(hits, piece, persons[i], start, base + first[i + 1] - first[from] - gap, cut);
    }
    piece->hits += count;
    fill_columns(hits, hand, piece, base);
}

/* Few persons. */

enum { MANY_ROWS = 256 };

/* The first of the rows [from, to) that is not before `since`. */
static uint32_t find_since(const struct scan_hand *hand, uint32_t from, uint32_t to, millis since)
{
    const millis *times = hand->times.data;
    uint32_t count = to - from;

    while (count) {
        uint32_t half = count / 2;

        if (times[from + half] < since) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return from;
}

/* Of the rows found, which are one person's, puts those that have a mark at `out`; returns how
 * many. They ascend in time: those that come too early are passed over from the last one back. */
static uint32_t add_timely(const struct scan_hits *hits, const struct scan_hand *hand,
                           struct scan_piece *piece, uint32_t *rows, uint32_t count)
{
    const struct scan_candidates *kinds = hand->view->kinds;
    const millis *times = hand->times.data;
    uint32_t kept = 0, base = piece->hits, at = count;

    while (at && times[rows[at - 1]] >= hits->plan->since)
        at--;
    for (; at < count; at++) {
        uint32_t row = rows[at];
        millis time = times[row];
        scan_marks marks = kinds[columns_item(&hand->kinds, row)].sure &
                           ~scan_plan_forbidden_by_time(hits->plan, time);

        rows[kept] = row;
        piece->times[base + kept] = time;
        piece->marks[base + kept] = marks;
        kept += marks != 0;
    }
    piece->hits += kept;
    return kept;
}

/* Lists who of the persons [from, to) may be a member, and has the processor fetch what is looked
 * at of her; returns how many. */
static uint32_t list_members(const struct scan_hits *hits, const struct scan_hand *hand,
                             uint32_t from, uint32_t to, uint32_t *out)
{
    const node_id *persons = hand->persons.data;
    const uint32_t *first = hand->first.data;
    const char *kinds = hand->kinds.data;
    uint32_t count = 0;

    for (uint32_t i = from; i < to; i++) {
        if (!scan_sets_may_be(hits->sets, persons[i]) ||
            scan_files_has(hits->files->dirty, persons[i]))
            continue;
        __builtin_prefetch(kinds + (size_t)first[i] * hand->kinds.width);
        __builtin_prefetch((const millis *)hand->times.data + first[i + 1] - 1);
        out[count++] = i;
    }
    return count;
}

/* The same where most persons are left out. */
static void add_members(const struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                        uint32_t to, struct scan_piece *piece)
{
    const uint32_t *first = hand->first.data, *members = hits->gaps;
    uint32_t base = piece->hits, *rows = hits->rows;
    uint32_t count = list_members(hits, hand, from, to, hits->gaps);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t before = piece->hits, start = first[members[i]], end = first[members[i] + 1];

        if (end - start > MANY_ROWS)
            start = find_since(hand, start, end, hits->plan->since);
        rows += add_timely(hits, hand, piece, rows, find_wanted(hits, hand, start, end, rows));
        begin_person(hits, piece, ((const node_id *)hand->persons.data)[members[i]], before,
                     piece->hits);
    }
    fill_columns(hits, hand, piece, base);
}

/* One by one. */

/* Those of the rows that have a mark, of the person entered. */
static uint32_t add_checked(const struct scan_hits *hits, const struct scan_hand *hand,
                            struct scan_piece *piece, uint32_t *rows, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        struct place at = {hand, row, columns_item(&hand->kinds, row),
                           ((const millis *)hand->times.data)[row]};
        scan_marks marks = marks_of(hits, &at);

        if (!marks)
            continue;
        rows[kept++] = row;
        piece->times[piece->hits] = at.time;
        piece->marks[piece->hits++] = marks;
    }
    return kept;
}

static uint32_t drop_deleted(const struct scan_hand *hand, uint32_t *rows, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        rows[kept] = rows[i];
        kept += !mask_has(hand->deleted, rows[i]);
    }
    return kept;
}

/* How many of the rows [from, to) are left, up to as_of or later; 0 if the first of them is later.
 */
static uint32_t count_left(const struct scan_hand *hand, uint32_t from, uint32_t to, millis as_of)
{
    const millis *times = hand->times.data;
    uint32_t count = 0;

    if (!hand->deleted && held(hand)->last_time <= as_of)
        return to - from;
    for (uint32_t row = from; row < to; row++) {
        if (mask_has(hand->deleted, row))
            continue;
        if (!count++ && times[row] > as_of)
            return 0;
    }
    return count;
}

static fallible add_each(struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                         uint32_t to, struct scan_piece *piece)
{
    const node_id *persons = hand->persons.data;
    const uint32_t *first = hand->first.data;
    uint32_t base = piece->hits, *rows = hits->rows;

    for (uint32_t i = from; i < to; i++) {
        uint32_t before = piece->hits, count;
        uint32_t left = count_left(hand, first[i], first[i + 1], hits->plan->bounds.as_of);

        if (!left || scan_files_has(hits->files->dirty, persons[i]))
            continue;
        hits->events_read += left;
        if (!scan_sets_may_be(hits->sets, persons[i]))
            continue;
        matcher_enter(hits->scope, persons[i]);
        count = find_wanted(hits, hand, first[i], first[i + 1], rows);
        if (hand->deleted)
            count = drop_deleted(hand, rows, count);
        rows += add_checked(hits, hand, piece, rows, count);
        TRY(fill_traits(hits, piece, before));
        begin_person(hits, piece, persons[i], before, piece->hits);
    }
    fill_columns(hits, hand, piece, base);
    return OK;
}

/* Rows of persons who are told elsewhere. */
static uint32_t count_dirty(const struct scan_hits *hits, const struct scan_hand *hand,
                            uint32_t from, uint32_t to)
{
    const node_id *persons = hand->persons.data;
    const uint32_t *first = hand->first.data;
    uint32_t count = 0;

    for (uint32_t i = from; hits->files->dirty && i < to; i++)
        if (scan_files_has(hits->files->dirty, persons[i]))
            count += first[i + 1] - first[i];
    return count;
}

fallible scan_hits_add(struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                       uint32_t to, struct scan_piece *piece)
{
    const uint32_t *first = hand->first.data;
    struct cut cut = find_cut(hits, hand);

    if (from == to)
        return OK;
    TRY(make_room(hits, first[to] - first[from]));
    TRY(scan_piece_reserve(piece, to - from, first[to] - first[from]));
    if (!are_even(hits, hand))
        return add_each(hits, hand, from, to, piece);
    hits->events_read += first[to] - first[from] - count_dirty(hits, hand, from, to);
    if (hits->sets->has_members)
        add_members(hits, hand, from, to, piece);
    else if (hand->view->few_kind == SCAN_FEW_UNWANTED && !cut.is_by_marks && hits->plan->is_loose)
        add_loose(hits, hand, from, to, piece, &cut);
    else if (hand->view->few_kind == SCAN_FEW_UNWANTED && !cut.is_by_marks &&
             (hits->needs_rows || hand->view->is_even))
        add_runs(hits, hand, from, to, piece, &cut);
    else
        add_found(hits, hand, from, to, piece);
    return OK;
}

fallible scan_hits_add_row(struct scan_hits *hits, const struct scan_hand *hand, uint32_t row,
                           struct scan_piece *piece)
{
    uint32_t base = piece->hits;

    TRY(make_room(hits, 1));
    TRY(scan_piece_reserve(piece, 0, 1));
    hits->events_read++;
    hits->rows[0] = row;
    if (!add_checked(hits, hand, piece, hits->rows, 1))
        return OK;
    piece->end[piece->persons - 1] = piece->hits;
    TRY(fill_traits(hits, piece, base));
    fill_columns(hits, hand, piece, base);
    return OK;
}
