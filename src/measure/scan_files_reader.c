/* scan_files_reader.c - one thread's way through the files, the strays and the events in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A range of persons is taken in chunks of some thousand rows, which stay in the caches of the
 * processor from the first look to the merged batch.
 */
#include "measure/scan_files.h"

#include "base/mem.h"
#include "measure/matcher_plain.h"
#include "measure/scan_merge.h"

#include <string.h>

enum { CHUNK_ROWS = 8192, NO_STRIPE = -1, WARM_AT_ONCE = 128, AHEAD = 64 };

/* What is held of one file: the blocks of one stripe. */
struct hand {
    const struct scan_view *view;
    uint32_t file;
    int64_t stripe;          /* NO_STRIPE: nothing is held */
    const uint64_t *deleted; /* its rows; NULL: none */
    struct columns_block persons, first, kinds, times, seqs, devices;
    struct columns_block *blocks; /* of the view */
};

/* One row, while it is looked at. */
struct place {
    struct hand *hand;
    uint32_t row;
    uint32_t kind;
    millis time;
};

struct scan_files_reader {
    const struct scan_files *files;
    const struct scan_plan *plan;
    struct matcher_scope *scope;
    struct scan_rows *rows;
    struct hand *hands;        /* of each file */
    struct scan_piece *pieces; /* of each file, then of the strays, then of memory */
    struct scan_piece merged;
    bool has_traits;        /* some slot is a trait */
    uint32_t *rows_of_hits; /* of one file in a chunk */
    uint32_t rows_room;
    uint64_t events_read;
};

/* Holding. */

static void release(struct hand *hand)
{
    struct columns *columns = hand->view->columns;

    columns_release(columns, &hand->persons);
    columns_release(columns, &hand->first);
    columns_release(columns, &hand->kinds);
    columns_release(columns, &hand->times);
    columns_release(columns, &hand->seqs);
    columns_release(columns, &hand->devices);
    for (uint32_t i = 0; i < hand->view->property_count; i++)
        columns_release(columns, &hand->blocks[i]);
    hand->stripe = NO_STRIPE;
}

static fallible hold_all(const struct scan_plan *plan, struct hand *hand, uint32_t stripe)
{
    struct columns *columns = hand->view->columns;

    TRY(columns_hold(columns, stripe, COLUMNS_PERSONS, &hand->persons));
    TRY(columns_hold(columns, stripe, COLUMNS_FIRST, &hand->first));
    TRY(columns_hold(columns, stripe, COLUMNS_KINDS, &hand->kinds));
    TRY(columns_hold(columns, stripe, COLUMNS_TIMES, &hand->times));
    if (plan->gives_seqs)
        TRY(columns_hold(columns, stripe, COLUMNS_SEQS, &hand->seqs));
    if (plan->gives_devices)
        TRY(columns_hold(columns, stripe, COLUMNS_DEVICES, &hand->devices));
    for (uint32_t i = 0; i < hand->view->property_count; i++)
        TRY(columns_hold(columns, stripe, (int)hand->view->properties[i], &hand->blocks[i]));
    return OK;
}

static fallible go_to(const struct scan_files_reader *reader, struct hand *hand, uint32_t stripe)
{
    enum err err;

    if (hand->stripe == (int64_t)stripe)
        return OK;
    if (hand->stripe != NO_STRIPE)
        release(hand);
    err = hold_all(reader->plan, hand, stripe);
    hand->stripe = stripe;
    hand->deleted = scan_files_deleted(reader->files, hand->file, stripe);
    if (err)
        release(hand);
    return err;
}

static const struct columns_stripe *stripe_of(const struct hand *hand, uint32_t stripe)
{
    return columns_stripe(hand->view->columns, stripe);
}

/* The first stripe that ends at `id` or behind it. */
static uint32_t find_stripe(const struct hand *hand, node_id id)
{
    uint32_t low = 0, count = columns_about(hand->view->columns)->stripes;

    while (count) {
        uint32_t half = count / 2;

        if (stripe_of(hand, low + half)->last_person < id) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

/* The first person of the held stripe with `id` or a greater one. */
static uint32_t find_person(const struct hand *hand, node_id id)
{
    const node_id *persons = hand->persons.data;
    uint32_t low = 0, count = stripe_of(hand, (uint32_t)hand->stripe)->persons;

    while (count) {
        uint32_t half = count / 2;

        if (persons[low + half] < id) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

/* Traits: asked for person by person, from wherever her newest one is. */

struct newest {
    millis time;
    bool is_found;
    struct value value;
};

static void see_trait(const struct hand *hand, const struct view_values *trait, uint32_t row,
                      millis as_of, struct newest *newest)
{
    uint32_t code = columns_code(&hand->blocks[trait->block], row);
    millis time = ((const millis *)hand->times.data)[row];

    if (!code || time > as_of || mask_has(hand->deleted, row) ||
        (newest->is_found && time < newest->time))
        return;
    *newest = (struct newest){time, true, trait->values[code]};
}

static fallible see_traits_of_file(struct scan_files_reader *reader, struct hand *hand,
                                   uint32_t slot, node_id person, struct newest *newest)
{
    const struct view_values *trait = &hand->view->traits[slot];
    uint32_t stripe = find_stripe(hand, person), at;
    const uint32_t *first;

    if (trait->block == COLUMNS_NONE || stripe == columns_about(hand->view->columns)->stripes ||
        stripe_of(hand, stripe)->first_person > person)
        return OK;
    TRY(go_to(reader, hand, stripe));
    at = find_person(hand, person);
    if (((const node_id *)hand->persons.data)[at] != person)
        return OK;
    first = hand->first.data;
    if (!hand->blocks[trait->block].data)
        return OK;
    for (uint32_t row = first[at]; row < first[at + 1]; row++)
        see_trait(hand, trait, row, reader->plan->bounds.as_of, newest);
    return OK;
}

static size_t find_stray(const struct scan_files *files, node_id id)
{
    size_t low = 0, count = files->stray_count;

    while (count) {
        size_t half = count / 2;

        if (files->strays[low + half].person < id) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

static fallible see_traits_of_strays(struct scan_files_reader *reader, uint32_t slot,
                                     node_id person, struct newest *newest)
{
    const struct scan_files *files = reader->files;

    for (size_t i = find_stray(files, person);
         i < files->stray_count && files->strays[i].person == person; i++) {
        struct hand *hand = &reader->hands[files->strays[i].file];
        const struct view_values *trait = &hand->view->traits[slot];

        if (trait->block == COLUMNS_NONE)
            continue;
        TRY(go_to(reader, hand, files->strays[i].stripe));
        see_trait(hand, trait, files->strays[i].row, reader->plan->bounds.as_of, newest);
    }
    return OK;
}

/* Called by the matcher's scope. A file follows another in the log, and memory follows the files:
 * of equal times the later one counts. */
static enum err find_trait(void *argument, uint32_t slot, property_id name, node_id person,
                           struct value *out_value)
{
    struct scan_files_reader *reader = argument;
    struct newest newest = {.value = {.type = VALUE_NULL}};
    struct source_trait latest;

    if (scan_files_has(reader->files->dirty, person))
        TRY(see_traits_of_strays(reader, slot, person, &newest));
    else
        for (uint32_t i = 0; i < reader->files->count; i++)
            TRY(see_traits_of_file(reader, &reader->hands[i], slot, person, &newest));
    if (name != SOURCE_UNKNOWN && scan_files_has(reader->files->in_memory, person)) {
        source_trait(reader->plan->source, person, name, reader->plan->bounds.as_of, &latest);
        if (latest.is_found && (!newest.is_found || latest.time >= newest.time))
            newest.value = latest.value;
    }
    *out_value = newest.value;
    return OK;
}

/* Conditions. */

struct person_asked {
    const struct scan_files_reader *reader;
    const struct view_node *node;
};

static bool passes_of_person(void *argument, const struct query_condition *test)
{
    const struct person_asked *asked = argument;
    size_t i = 0;

    while (asked->node->person_tests[i].tree != test)
        i++;
    return matcher_passes(asked->reader->scope, asked->node->person_tests[i].compiled, NULL);
}

static bool passes(const struct scan_files_reader *reader, const struct view_node *node,
                   const struct place *at)
{
    struct person_asked asked = {reader, node};
    struct matcher_plain_person person = {passes_of_person, &asked};
    uint32_t code;

    switch (node->kind) {
    case CONDITION_ALL:
        for (size_t i = 0; i < node->child_count; i++)
            if (!passes(reader, &node->children[i], at))
                return false;
        return true;
    case CONDITION_ANY:
        for (size_t i = 0; i < node->child_count; i++)
            if (passes(reader, &node->children[i], at))
                return true;
        return false;
    case CONDITION_NOT:
        return !passes(reader, node->children, at);
    case CONDITION_TEST:
    case CONDITION_EACH:
        break;
    }
    if (node->of_person)
        return matcher_passes(reader->scope, node->of_person, NULL);
    code = node->block == COLUMNS_NONE ? 0 : columns_code(&at->hand->blocks[node->block], at->row);
    if (node->passes)
        return node->passes[code];
    return matcher_plain_each(node->test, code ? &node->values[code - 1] : NULL, &person);
}

static bool is_wished(const struct scan_files_reader *reader, const struct view_wish *wish,
                      const struct place *at)
{
    for (size_t i = 0; i < wish->count; i++)
        if (wish->events[i].kinds[at->kind] &&
            (!wish->events[i].where || passes(reader, wish->events[i].where, at)))
            return true;
    return false;
}

/* The person must have been entered. */
static scan_marks marks_of(const struct scan_files_reader *reader, const struct place *at)
{
    const struct scan_plan *plan = reader->plan;
    const struct scan_view *view = at->hand->view;
    scan_marks forbidden = scan_plan_forbidden_by_time(plan, at->time);
    scan_marks sure = view->kinds[at->kind].sure & ~forbidden;
    scan_marks maybe = view->kinds[at->kind].maybe & ~forbidden;

    if (at->time > plan->bounds.as_of)
        return 0;
    if ((sure | maybe) & plan->where_marks && !passes(reader, view->where, at)) {
        sure &= ~plan->where_marks;
        maybe &= ~plan->where_marks;
    }
    for (; maybe; maybe &= maybe - 1)
        if (is_wished(reader, &view->wishes[__builtin_ctzll(maybe)], at))
            sure |= maybe & -maybe;
    return sure;
}

/* Hits: rows first, then what is told of them, a column at a time. */

static struct value device_of(const struct hand *hand, uint32_t row)
{
    node_id device = ((const node_id *)hand->devices.data)[row];

    return device ? (struct value){.type = VALUE_NUMBER, .code = device, .number.digits = device}
                  : (struct value){.type = VALUE_NULL};
}

/* Values of the hits from `base` on, whose rows are given; traits are for fill_traits. */
static void fill_slot(const struct scan_files_reader *reader, const struct hand *hand,
                      uint32_t slot, struct scan_piece *piece, uint32_t base)
{
    const struct scan_slot *wanted = &reader->plan->slots[slot];
    const struct view_values *values = &hand->view->slots[slot];
    const uint32_t *rows = reader->rows_of_hits;
    struct value *out = piece->slots[slot];
    bool has_values =
        wanted->path.data && values->block != COLUMNS_NONE && hand->blocks[values->block].data;

    for (uint32_t hit = base; hit < piece->hits; hit++) {
        uint32_t row = rows[hit - base];

        if (!(piece->marks[hit] & wanted->of))
            out[hit] = (struct value){.type = VALUE_NULL};
        else if (has_values)
            out[hit] = values->values[columns_code(&hand->blocks[values->block], row)];
        else
            out[hit] =
                wanted->path.data ? (struct value){.type = VALUE_NULL} : device_of(hand, row);
    }
}

/* Of the person entered last, whose hits begin at `base`. */
static void fill_traits(const struct scan_files_reader *reader, struct scan_piece *piece,
                        uint32_t base)
{
    for (uint32_t slot = 0; slot < piece->slot_count; slot++) {
        const struct scan_slot *wanted = &reader->plan->slots[slot];
        struct value *out = piece->slots[slot];

        for (uint32_t hit = base; wanted->property.is_trait && hit < piece->hits; hit++) {
            out[hit] = (struct value){.type = VALUE_NULL};
            if (piece->marks[hit] & wanted->of)
                matcher_value(reader->scope, &wanted->property, NULL, &out[hit]);
        }
    }
}

static void fill_columns(const struct scan_files_reader *reader, const struct hand *hand,
                         struct scan_piece *piece, uint32_t base)
{
    const uint32_t *rows = reader->rows_of_hits;

    for (uint32_t hit = base; piece->has_names && hit < piece->hits; hit++)
        piece->names[hit] = hand->view->names[columns_item(&hand->kinds, rows[hit - base])];
    for (uint32_t hit = base; piece->has_seqs && hit < piece->hits; hit++)
        piece->seqs[hit] = ((const uint64_t *)hand->seqs.data)[rows[hit - base]];
    for (uint32_t slot = 0; slot < piece->slot_count; slot++)
        if (!reader->plan->slots[slot].property.is_trait)
            fill_slot(reader, hand, slot, piece, base);
}

static uint32_t drop_deleted(const struct hand *hand, uint32_t *rows, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        rows[kept] = rows[i];
        kept += !mask_has(hand->deleted, rows[i]);
    }
    return kept;
}

/* How many rows of [from, to) are left, and the time of the first of them. */
static uint32_t count_left(const struct hand *hand, uint32_t from, uint32_t to, millis *out_time)
{
    const millis *times = hand->times.data;
    uint32_t count = 0;

    if (!hand->deleted) {
        *out_time = times[from];
        return to - from;
    }
    for (uint32_t row = from; row < to; row++) {
        if (mask_has(hand->deleted, row))
            continue;
        if (!count++)
            *out_time = times[row];
    }
    return count;
}

static fallible make_room(struct scan_files_reader *reader, uint32_t rows)
{
    uint32_t *larger;

    if (rows < reader->rows_room)
        return OK;
    larger = mem_grow(reader->rows_of_hits, (rows + 1u) * sizeof *larger);
    if (!larger)
        return mem_exhausted();
    reader->rows_of_hits = larger;
    reader->rows_room = rows + 1;
    return OK;
}

/* The same for few kinds of a byte each: eight rows are compared at once, and most have none. */
static uint32_t find_few(const struct hand *hand, uint32_t from, uint32_t to, uint32_t *out)
{
    const uint8_t *kinds = hand->kinds.data;
    const uint64_t ones = 0x0101010101010101u, sevens = ones * 0x7f;
    uint32_t count = 0;

    for (uint32_t row = from; row < to; row += 8) {
        uint64_t eight, found = 0;

        memcpy(&eight, kinds + row, sizeof eight);
        for (uint32_t i = 0; i < hand->view->few_count; i++) {
            uint64_t other = eight ^ ones * hand->view->few[i];

            found |= ~(((other & sevens) + sevens) | other | sevens);
        }
        if (to - row < 8)
            found &= (UINT64_C(1) << (to - row) * 8) - 1;
        for (; found; found &= found - 1)
            out[count++] = row + (uint32_t)__builtin_ctzll(found) / 8;
    }
    return count;
}

/* Adds those of the rows [from, to) to `out` whose kind may have a mark; returns how many. */
static uint32_t find_wanted(const struct hand *hand, uint32_t from, uint32_t to, uint32_t *out)
{
    const uint8_t *wanted = hand->view->wanted;
    uint32_t count = 0;

    if (hand->kinds.width == 1 && hand->view->few_count)
        return find_few(hand, from, to, out);
    if (hand->kinds.width == 1) {
        const uint8_t *kinds = hand->kinds.data;

        for (uint32_t row = from; row < to; row++) {
            out[count] = row;
            count += wanted[kinds[row]];
        }
        return count;
    }
    for (uint32_t row = from; row < to; row++) {
        out[count] = row;
        count += wanted[columns_item(&hand->kinds, row)];
    }
    return count;
}

/* Do time and kind alone decide in the held stripe, and no time is out of bounds? */
static bool is_sure(const struct scan_files_reader *reader, const struct hand *hand)
{
    const struct columns_stripe *stripe = stripe_of(hand, (uint32_t)hand->stripe);
    const struct scan_plan *plan = reader->plan;

    return hand->view->is_sure && stripe->last_time <= plan->bounds.as_of &&
           !scan_plan_forbidden_by_time(plan, stripe->first_time) &&
           !scan_plan_forbidden_by_time(plan, stripe->last_time);
}

/* Adds the hits among `count` rows of a person; some rows may turn out to be none. */
static void add_checked(const struct scan_files_reader *reader, struct hand *hand, node_id person,
                        struct scan_piece *piece, uint32_t *rows, uint32_t count)
{
    uint32_t base = piece->hits, kept = 0;

    matcher_enter(reader->scope, person);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        struct place at = {hand, row, columns_item(&hand->kinds, row),
                           ((const millis *)hand->times.data)[row]};
        scan_marks marks = marks_of(reader, &at);

        if (!marks)
            continue;
        rows[kept++] = row;
        piece->times[piece->hits] = at.time;
        piece->marks[piece->hits++] = marks;
    }
    fill_traits(reader, piece, base);
}

static void add_sure(struct hand *hand, struct scan_piece *piece, const uint32_t *rows,
                     uint32_t count)
{
    const struct scan_candidates *kinds = hand->view->kinds;
    const millis *times = hand->times.data;

    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(&times[rows[i] + AHEAD]);
        piece->times[piece->hits + i] = times[rows[i]];
        piece->marks[piece->hits + i] = kinds[columns_item(&hand->kinds, rows[i])].sure;
    }
    piece->hits += count;
}

/* Adds persons [from, to) of the held stripe. */
static fallible add_persons(struct scan_files_reader *reader, struct hand *hand, uint32_t from,
                            uint32_t to, struct scan_piece *piece)
{
    const node_id *persons = hand->persons.data;
    const uint32_t *first = hand->first.data;
    bool are_sure = is_sure(reader, hand) && !reader->has_traits;
    uint32_t base = piece->hits;

    TRY(make_room(reader, first[to] - first[from]));
    TRY(scan_piece_reserve(piece, to - from, first[to] - first[from]));
    for (uint32_t i = from; i < to; i++) {
        uint32_t before = piece->hits, *rows = reader->rows_of_hits + (before - base);
        millis earliest = 0;
        uint32_t left = count_left(hand, first[i], first[i + 1], &earliest), count;

        if (!left || scan_files_has(reader->files->dirty, persons[i]) ||
            earliest > reader->plan->bounds.as_of)
            continue;
        reader->events_read += left;
        count = find_wanted(hand, first[i], first[i + 1], rows);
        if (hand->deleted)
            count = drop_deleted(hand, rows, count);
        if (are_sure)
            add_sure(hand, piece, rows, count);
        else
            add_checked(reader, hand, persons[i], piece, rows, count);
        if (piece->hits > before || reader->plan->gives_everyone) {
            piece->ids[piece->persons] = persons[i];
            piece->first[piece->persons++] = before;
        }
    }
    piece->first[piece->persons] = piece->hits;
    fill_columns(reader, hand, piece, base);
    return OK;
}

static fallible add_file(struct scan_files_reader *reader, uint32_t file, node_id from, node_id to)
{
    struct hand *hand = &reader->hands[file];
    uint32_t stripes = columns_about(hand->view->columns)->stripes;

    for (uint32_t stripe = find_stripe(hand, from);
         stripe < stripes && stripe_of(hand, stripe)->first_person < to; stripe++) {
        TRY(go_to(reader, hand, stripe));
        TRY(add_persons(reader, hand, find_person(hand, from), find_person(hand, to),
                        &reader->pieces[file]));
    }
    return OK;
}

static fallible add_strays(struct scan_files_reader *reader, node_id from, node_id to)
{
    const struct scan_files *files = reader->files;
    struct scan_piece *piece = &reader->pieces[files->count];
    size_t end = find_stray(files, to);
    node_id last = 0;

    TRY(make_room(reader, 1));
    for (size_t i = find_stray(files, from); i < end; i++) {
        const struct scan_stray *stray = &files->strays[i];
        struct hand *hand = &reader->hands[stray->file];
        uint32_t base = piece->hits;

        TRY(scan_piece_reserve(piece, 1, 1));
        if (stray->person != last) {
            scan_piece_begin(piece, stray->person);
            matcher_enter(reader->scope, stray->person);
            matcher_warm(reader->scope); /* now: it may turn the hands to other stripes */
        }
        last = stray->person;
        TRY(go_to(reader, hand, stray->stripe));
        reader->rows_of_hits[0] = stray->row;
        add_checked(reader, hand, stray->person, piece, reader->rows_of_hits, 1);
        fill_columns(reader, hand, piece, base);
        piece->first[piece->persons] = piece->hits;
        reader->events_read++;
    }
    return OK;
}

static enum err take_memory(void *argument, const struct scan_batch *batch)
{
    struct scan_files_reader *reader = argument;
    struct scan_piece *piece = &reader->pieces[reader->files->count + 1];

    TRY(scan_piece_reserve(piece, batch->persons, batch->first[batch->persons]));
    for (size_t i = 0; i < batch->persons; i++) {
        scan_piece_begin(piece, batch->ids[i]);
        scan_piece_copy(piece, batch, batch->first[i], batch->first[i + 1]);
    }
    return OK;
}

static fallible add_memory(struct scan_files_reader *reader, node_id from, node_id to)
{
    const uint64_t *bits = reader->files->in_memory;
    node_id ids[WARM_AT_ONCE];
    size_t count = 0;

    for (node_id word = from / 64; word <= (to - 1) / 64; word++) {
        for (uint64_t left = bits[word]; left; left &= left - 1) {
            node_id id = word * 64 + (node_id)__builtin_ctzll(left);

            if (id >= from && id < to)
                ids[count++] = id;
        }
        if (count <= WARM_AT_ONCE - 64 && word < (to - 1) / 64)
            continue;
        source_warm(reader->plan->source, ids, count);
        for (size_t i = 0; i < count; i++)
            TRY(scan_rows_range(reader->rows, ids[i], ids[i] + 1, take_memory, reader));
        count = 0;
    }
    return OK;
}

/* Where the chunk that begins at `from` ends: no file has many more than CHUNK_ROWS rows in it. */
static fallible find_end(struct scan_files_reader *reader, node_id from, node_id to,
                         node_id *out_end)
{
    *out_end = to;
    for (uint32_t i = 0; i < reader->files->count; i++) {
        struct hand *hand = &reader->hands[i];
        uint32_t stripe = find_stripe(hand, from), at, persons;
        const uint32_t *first;

        if (stripe == columns_about(hand->view->columns)->stripes ||
            stripe_of(hand, stripe)->first_person >= *out_end)
            continue;
        TRY(go_to(reader, hand, stripe));
        first = hand->first.data;
        persons = stripe_of(hand, stripe)->persons;
        at = find_person(hand, from);
        for (uint32_t start = first[at]; at < persons && first[at] - start < CHUNK_ROWS;)
            at++;
        if (at < persons && ((const node_id *)hand->persons.data)[at] < *out_end)
            *out_end = ((const node_id *)hand->persons.data)[at];
        else if (at == persons && stripe_of(hand, stripe)->last_person + 1 < *out_end)
            *out_end = stripe_of(hand, stripe)->last_person + 1;
    }
    return OK;
}

fallible scan_files_range(struct scan_files_reader *reader, node_id from, node_id to,
                          scan_taker taker, void *argument)
{
    const struct scan_files *files = reader->files;

    while (from < to) {
        node_id end;

        TRY(find_end(reader, from, to, &end));
        for (uint32_t i = 0; i < files->count + 2; i++)
            scan_piece_clear(&reader->pieces[i]);
        for (uint32_t i = 0; i < files->count; i++)
            TRY(add_file(reader, i, from, end));
        TRY(add_strays(reader, from, end));
        TRY(add_memory(reader, from, end));
        TRY(scan_merge_give(reader->pieces, files->count + 2, &reader->merged, taker, argument));
        from = end;
    }
    return OK;
}

uint64_t scan_files_read(const struct scan_files_reader *reader)
{
    return reader->events_read + scan_rows_read(reader->rows);
}

/* Life. */

fallible scan_files_open(const struct scan_files *files, struct matcher_scope *scope,
                         struct scan_rows *rows, struct scan_files_reader **out_reader)
{
    struct scan_files_reader *reader = mem_alloc(sizeof *reader);
    bool is_whole;

    if (!reader)
        return mem_exhausted();
    *reader = (struct scan_files_reader){
        .files = files, .plan = files->plan, .scope = scope, .rows = rows};
    reader->hands = mem_alloc((files->count + 1u) * sizeof *reader->hands);
    reader->pieces = mem_alloc((files->count + 2u) * sizeof *reader->pieces);
    is_whole = reader->hands && reader->pieces;
    for (uint32_t i = 0; is_whole && i < files->count; i++) {
        struct hand *hand = &reader->hands[i];

        hand->view = &files->views[i];
        hand->file = i;
        hand->stripe = NO_STRIPE;
        hand->blocks = mem_alloc((hand->view->property_count + 1u) * sizeof *hand->blocks);
        is_whole = hand->blocks;
    }
    if (!is_whole) {
        scan_files_close(reader);
        return mem_exhausted();
    }
    for (uint32_t i = 0; i < files->count + 2; i++)
        scan_piece_init(&reader->pieces[i], files->plan);
    scan_piece_init(&reader->merged, files->plan);
    for (uint32_t i = 0; i < files->plan->slot_count; i++)
        reader->has_traits |= files->plan->slots[i].property.is_trait;
    matcher_scope_ask(scope, find_trait, reader);
    *out_reader = reader;
    return OK;
}

void scan_files_close(struct scan_files_reader *reader)
{
    if (!reader)
        return;
    for (uint32_t i = 0; reader->hands && i < reader->files->count; i++) {
        if (reader->hands[i].blocks && reader->hands[i].stripe != NO_STRIPE)
            release(&reader->hands[i]);
        mem_free(reader->hands[i].blocks);
    }
    for (uint32_t i = 0; reader->pieces && i < reader->files->count + 2; i++)
        scan_piece_done(&reader->pieces[i]);
    scan_piece_done(&reader->merged);
    mem_free(reader->rows_of_hits);
    mem_free(reader->pieces);
    mem_free(reader->hands);
    mem_free(reader);
}
