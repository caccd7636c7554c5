/* combine_write.c - several column files, merged person by person into one.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two passes: the first takes out what stands under another person than it belongs to now (strays),
 * which then lies sorted in memory; the second goes through all files and these rows at once, by
 * ascending persons. A cluster is taken out whole or not at all.
 */
#include "measure/combine_int.h"

#include "base/mem.h"
#include "measure/events.h"

#include <stdlib.h>
#include <string.h>

/* A property in the stripe that is held. */
struct part {
    struct columns_block block;
    struct combine_property *property;
};

/* A file, and where in it we are. */
struct hand {
    struct combine_source *source;
    uint32_t stripe;
    bool is_held;
    struct columns_block persons, first, times, seqs, nodes, devices, kinds;
    struct part *parts;
    uint32_t part_count;
    uint32_t person; /* of the stripe */
    size_t place;    /* the first with a node that is not behind us */
    uint64_t *taken; /* by place: the cluster of that node was taken out */
    uint32_t row;    /* of the person under way, and their end */
    uint32_t end;
};

struct stray {
    node_id person;
    node_id node;
    node_id device;
    uint32_t kind;
    millis time;
    uint64_t seq;
    size_t cells; /* the first of them */
    uint32_t cell_count;
};

struct combining {
    const struct combine_job *job;
    struct columns_writer *writer;
    node_id person; /* begun last */
    struct combine_union combined;
    struct hand *hands;
    struct columns_cell *cells; /* of one row */
    struct stray *strays;
    size_t stray_count;
    size_t stray_room;
    size_t stray_at;
    struct columns_cell *stray_cells;
    size_t stray_cell_count;
    size_t stray_cell_room;
    uint32_t rows; /* since it was last asked whether to go on */
};

/* Holding a stripe */

static void release(struct hand *hand)
{
    struct columns *columns = hand->source->columns;

    columns_release(columns, &hand->persons);
    columns_release(columns, &hand->first);
    columns_release(columns, &hand->times);
    columns_release(columns, &hand->seqs);
    columns_release(columns, &hand->nodes);
    columns_release(columns, &hand->devices);
    columns_release(columns, &hand->kinds);
    for (uint32_t i = 0; i < hand->part_count; i++)
        columns_release(columns, &hand->parts[i].block);
    hand->part_count = 0;
    hand->is_held = false;
}

static fallible hold_properties(struct combining *combining, struct hand *hand)
{
    struct combine_source *source = hand->source;

    for (uint32_t i = 0; i < columns_about(source->columns)->properties; i++) {
        struct part *part = &hand->parts[hand->part_count];

        TRY(columns_hold(source->columns, hand->stripe, (int)i, &part->block));
        if (!part->block.data)
            continue;
        part->property = &source->properties[i];
        hand->part_count++;
        if (part->property->number == COLUMNS_NONE)
            TRY(combine_union_property(&combining->combined, source, i));
    }
    return OK;
}

/* What tells whose the rows are. */
static fallible hold_persons(struct hand *hand)
{
    struct columns *columns = hand->source->columns;

    hand->is_held = true;
    hand->person = 0;
    TRY(columns_hold(columns, hand->stripe, COLUMNS_PERSONS, &hand->persons));
    TRY(columns_hold(columns, hand->stripe, COLUMNS_FIRST, &hand->first));
    return columns_hold(columns, hand->stripe, COLUMNS_NODES, &hand->nodes);
}

static fallible hold_rest(struct combining *combining, struct hand *hand)
{
    struct columns *columns = hand->source->columns;

    TRY(columns_hold(columns, hand->stripe, COLUMNS_TIMES, &hand->times));
    TRY(columns_hold(columns, hand->stripe, COLUMNS_SEQS, &hand->seqs));
    TRY(columns_hold(columns, hand->stripe, COLUMNS_DEVICES, &hand->devices));
    TRY(columns_hold(columns, hand->stripe, COLUMNS_KINDS, &hand->kinds));
    return hold_properties(combining, hand);
}

static fallible hold(struct combining *combining, struct hand *hand)
{
    TRY(hold_persons(hand));
    return hold_rest(combining, hand);
}

static const struct columns_stripe *stripe_of(const struct hand *hand)
{
    return columns_stripe(hand->source->columns, hand->stripe);
}

static uint32_t stripes_of(const struct hand *hand)
{
    return columns_about(hand->source->columns)->stripes;
}

static node_id person_of(const struct hand *hand)
{
    return ((const node_id *)hand->persons.data)[hand->person];
}

/* Rows */

static fallible go_on(struct combining *combining)
{
    const struct combine_job *job = combining->job;

    if (++combining->rows < COMBINE_PACE_ROWS)
        return OK;
    combining->rows = 0;
    if (job->pace && !job->pace(job->argument))
        return fail(ERR_EXPIRED, "stopped while combining column files");
    return OK;
}

/* A row as the new file has it; the cells are borrowed until the next. */
static fallible read_row(struct combining *combining, struct hand *hand, uint32_t row,
                         struct columns_row *out)
{
    uint32_t kind = columns_item(&hand->kinds, row), count = 0;

    *out = (struct columns_row){
        .time = ((const millis *)hand->times.data)[row],
        .seq = ((const uint64_t *)hand->seqs.data)[row],
        .node = ((const node_id *)hand->nodes.data)[row],
        .device = ((const node_id *)hand->devices.data)[row],
        .kind = hand->source->kinds[kind],
        .cells = combining->cells,
    };
    if (out->kind == COLUMNS_NONE)
        TRY(combine_union_kind(&combining->combined, hand->source, kind, &out->kind));
    for (uint32_t i = 0; i < hand->part_count; i++) {
        struct combine_property *property = hand->parts[i].property;
        uint32_t code = columns_code(&hand->parts[i].block, row), fresh;

        if (!code)
            continue;
        fresh = property->codes[code - 1];
        if (fresh == COLUMNS_NONE)
            TRY(combine_union_value(&combining->combined, property, code - 1, &fresh));
        combining->cells[count++] = (struct columns_cell){property->number, fresh};
    }
    out->cell_count = count;
    return go_on(combining);
}

/* Strays */

static const struct combine_place *find_place(const struct combine_job *job, node_id node)
{
    size_t low = 0, count = job->place_count;

    while (count) {
        size_t half = count / 2;

        if (job->places[low + half].node < node) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return &job->places[low]; /* or behind the last */
}

static fallible grow(void *list, size_t *room, size_t wanted, size_t size)
{
    size_t more = *room ? *room : 1024;
    void *old, *grown;

    if (wanted <= *room)
        return OK;
    while (more < wanted)
        more *= 2;
    memcpy(&old, list, sizeof old);
    grown = mem_grow(old, more * size);
    if (!grown)
        return mem_exhausted();
    memcpy(list, &grown, sizeof grown);
    *room = more;
    return OK;
}

static bool is_deleted(const struct combining *combining, const struct hand *hand, uint32_t row)
{
    struct events *events = combining->job->deletes;

    return events && events_is_deleted(events, ((const uint64_t *)hand->seqs.data)[row]);
}

static fallible add_stray(struct combining *combining, struct hand *hand, uint32_t row)
{
    const struct combine_job *job = combining->job;
    const struct combine_place *place;
    struct columns_row read;

    TRY(read_row(combining, hand, row, &read));
    place = find_place(job, read.node);
    if (place == job->places + job->place_count || place->node != read.node)
        return fail(ERR_CORRUPT, "a column file has an event of node %u among those of another",
                    read.node);
    TRY(grow(&combining->strays, &combining->stray_room, combining->stray_count + 1,
             sizeof *combining->strays));
    TRY(grow(&combining->stray_cells, &combining->stray_cell_room,
             combining->stray_cell_count + read.cell_count, sizeof *combining->stray_cells));
    if (read.cell_count)
        memcpy(combining->stray_cells + combining->stray_cell_count, read.cells,
               read.cell_count * sizeof *read.cells);
    combining->strays[combining->stray_count++] = (struct stray){
        .person = place->person,
        .node = read.node,
        .device = read.device,
        .kind = read.kind,
        .time = read.time,
        .seq = read.seq,
        .cells = combining->stray_cell_count,
        .cell_count = read.cell_count,
    };
    combining->stray_cell_count += read.cell_count;
    return OK;
}

/* Do all rows of the cluster belong to the person who names it? */
static bool is_in_place(const struct combine_job *job, const struct hand *hand,
                        const struct combine_place *cluster)
{
    const uint32_t *first = hand->first.data;
    const node_id *nodes = hand->nodes.data;
    node_id last = cluster->node;

    if (cluster->person != cluster->node)
        return false;
    for (uint32_t row = first[hand->person]; row < first[hand->person + 1]; row++) {
        const struct combine_place *place;

        if (nodes[row] == last)
            continue;
        last = nodes[row];
        place = find_place(job, last);
        if (place == job->places + job->place_count || place->node != last ||
            place->person != cluster->node)
            return false;
    }
    return true;
}

static fallible take_cluster(struct combining *combining, struct hand *hand, size_t place)
{
    const uint32_t *first = hand->first.data;

    if (!hand->times.data)
        TRY(hold_rest(combining, hand));
    hand->taken[place / 64] |= UINT64_C(1) << place % 64;
    for (uint32_t row = first[hand->person]; row < first[hand->person + 1]; row++)
        if (!is_deleted(combining, hand, row))
            TRY(add_stray(combining, hand, row));
    return OK;
}

static fallible take_strays_of_stripe(struct combining *combining, struct hand *hand)
{
    const struct combine_job *job = combining->job;
    const struct combine_place *place = find_place(job, stripe_of(hand)->first_person);
    const struct combine_place *end = job->places + job->place_count;
    uint32_t persons = stripe_of(hand)->persons;

    if (place == end || place->node > stripe_of(hand)->last_person)
        return OK;
    TRY(hold_persons(hand));
    while (hand->person < persons && place < end) {
        if (person_of(hand) > place->node) {
            place++;
            continue;
        }
        if (person_of(hand) == place->node && !is_in_place(job, hand, place))
            TRY(take_cluster(combining, hand, (size_t)(place - job->places)));
        hand->person++;
    }
    release(hand);
    return OK;
}

static int by_order(const void *a, const void *b)
{
    const struct stray *left = a;
    const struct stray *right = b;

    if (left->person != right->person)
        return left->person < right->person ? -1 : 1;
    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static fallible take_strays(struct combining *combining)
{
    for (size_t i = 0; i < combining->job->count; i++) {
        struct hand *hand = &combining->hands[i];

        for (hand->stripe = 0; hand->stripe < stripes_of(hand); hand->stripe++)
            TRY(take_strays_of_stripe(combining, hand));
        hand->stripe = 0;
    }
    if (combining->stray_count)
        qsort(combining->strays, combining->stray_count, sizeof *combining->strays, by_order);
    return OK;
}

/* A person begins with her first row: of some, all are deleted. */
static fallible write_row(struct combining *combining, node_id person,
                          const struct columns_row *row)
{
    if (person != combining->person)
        TRY(columns_writer_person(combining->writer, person));
    combining->person = person;
    return columns_writer_row(combining->writer, row);
}

static fallible write_stray(struct combining *combining)
{
    const struct stray *stray = &combining->strays[combining->stray_at++];
    struct columns_row row = {
        .time = stray->time,
        .seq = stray->seq,
        .node = stray->node,
        .device = stray->device,
        .kind = stray->kind,
        .cells = combining->stray_cells + stray->cells,
        .cell_count = stray->cell_count,
    };

    TRY(write_row(combining, stray->person, &row));
    return go_on(combining);
}

/* Merging */

/* Was the cluster of a hand taken out? Persons ascend from call to call. */
static bool is_taken(const struct combine_job *job, struct hand *hand)
{
    node_id person = person_of(hand);

    while (hand->place < job->place_count && job->places[hand->place].node < person)
        hand->place++;
    return hand->place < job->place_count && job->places[hand->place].node == person &&
           hand->taken[hand->place / 64] >> hand->place % 64 & 1;
}

/* To the person who stands at hand->person or is the next one not taken out; none: not held. */
static fallible settle_on(struct combining *combining, struct hand *hand)
{
    const uint32_t *first;

    for (;;) {
        if (!hand->is_held) {
            if (hand->stripe == stripes_of(hand))
                return OK;
            TRY(hold(combining, hand));
        }
        while (hand->person < stripe_of(hand)->persons && is_taken(combining->job, hand))
            hand->person++;
        if (hand->person < stripe_of(hand)->persons)
            break;
        release(hand);
        hand->stripe++;
    }
    first = hand->first.data;
    hand->row = first[hand->person];
    hand->end = first[hand->person + 1];
    return OK;
}

static bool goes_before(const struct hand *a, const struct hand *b)
{
    millis left = ((const millis *)a->times.data)[a->row];
    millis right = ((const millis *)b->times.data)[b->row];

    if (left != right)
        return left < right;
    return ((const uint64_t *)a->seqs.data)[a->row] < ((const uint64_t *)b->seqs.data)[b->row];
}

/* Who of the hands that stand at `person` has the next of her rows; NULL: none. */
static struct hand *next_of(struct combining *combining, node_id person)
{
    struct hand *best = NULL;

    for (size_t i = 0; i < combining->job->count; i++) {
        struct hand *hand = &combining->hands[i];

        if (hand->is_held && person_of(hand) == person && hand->row < hand->end &&
            (!best || goes_before(hand, best)))
            best = hand;
    }
    return best;
}

/* Is the next row of hers a stray? The hand has the next of the others; NULL: there is none. */
static bool is_stray_next(const struct combining *combining, node_id person,
                          const struct hand *hand)
{
    const struct stray *stray;
    millis time;

    if (combining->stray_at == combining->stray_count)
        return false;
    stray = &combining->strays[combining->stray_at];
    if (stray->person != person)
        return false;
    if (!hand)
        return true;
    time = ((const millis *)hand->times.data)[hand->row];
    if (stray->time != time)
        return stray->time < time;
    return stray->seq < ((const uint64_t *)hand->seqs.data)[hand->row];
}

static fallible write_hers(struct combining *combining, node_id person)
{
    for (;;) {
        struct hand *hand = next_of(combining, person);
        struct columns_row row;

        if (is_stray_next(combining, person, hand)) {
            TRY(write_stray(combining));
            continue;
        }
        if (!hand)
            return OK;
        hand->row++;
        if (is_deleted(combining, hand, hand->row - 1))
            continue;
        TRY(read_row(combining, hand, hand->row - 1, &row));
        TRY(write_row(combining, person, &row));
    }
}

static fallible write_person(struct combining *combining, node_id person)
{
    TRY(write_hers(combining, person));
    for (size_t i = 0; i < combining->job->count; i++) {
        struct hand *hand = &combining->hands[i];

        if (!hand->is_held || person_of(hand) != person)
            continue;
        hand->person++;
        TRY(settle_on(combining, hand));
    }
    return OK;
}

/* The least person who is left, or 0. */
static node_id next_person(const struct combining *combining)
{
    node_id least = 0;

    if (combining->stray_at < combining->stray_count)
        least = combining->strays[combining->stray_at].person;
    for (size_t i = 0; i < combining->job->count; i++) {
        const struct hand *hand = &combining->hands[i];

        if (hand->is_held && (!least || person_of(hand) < least))
            least = person_of(hand);
    }
    return least;
}

static fallible write_persons(struct combining *combining)
{
    node_id person;

    for (size_t i = 0; i < combining->job->count; i++)
        TRY(settle_on(combining, &combining->hands[i]));
    while ((person = next_person(combining)))
        TRY(write_person(combining, person));
    return OK;
}

/* The whole */

static fallible open_hands(struct combining *combining)
{
    const struct combine_job *job = combining->job;
    uint32_t most = 0;

    combining->hands = mem_alloc(job->count * sizeof *combining->hands);
    if (!combining->hands)
        return mem_exhausted();
    for (size_t i = 0; i < job->count; i++) {
        uint32_t properties = columns_about(job->files[i])->properties;
        struct hand *hand = &combining->hands[i];

        hand->source = &combining->combined.sources[i];
        hand->parts = mem_alloc((properties + 1ull) * sizeof *hand->parts);
        hand->taken = mem_alloc((job->place_count / 64 + 1) * sizeof *hand->taken);
        if (!hand->parts || !hand->taken)
            return mem_exhausted();
        most = properties > most ? properties : most;
    }
    combining->cells = mem_alloc((most + 1ull) * sizeof *combining->cells);
    return combining->cells ? OK : mem_exhausted();
}

static void done(struct combining *combining)
{
    for (size_t i = 0; combining->hands && i < combining->job->count; i++) {
        if (combining->hands[i].is_held)
            release(&combining->hands[i]);
        mem_free(combining->hands[i].parts);
        mem_free(combining->hands[i].taken);
    }
    mem_free(combining->hands);
    mem_free(combining->cells);
    mem_free(combining->strays);
    mem_free(combining->stray_cells);
    combine_union_done(&combining->combined);
    columns_writer_close(combining->writer);
}

static fallible write_all(struct combining *combining)
{
    const struct combine_job *job = combining->job;
    struct columns_about about = {
        .first_seq = columns_about(job->files[0])->first_seq,
        .next_seq = columns_about(job->files[job->count - 1])->next_seq,
        .identity_seq = job->identity_seq,
    };

    TRY(columns_writer_open(job->sys, job->path, job->workspace, job->section_rows,
                            &combining->writer));
    TRY(combine_union_init(&combining->combined, combining->writer, job));
    TRY(combine_union_order(&combining->combined, job));
    TRY(open_hands(combining));
    TRY(take_strays(combining));
    TRY(write_persons(combining));
    return columns_writer_finish(combining->writer, &about);
}

fallible combine_write(const struct combine_job *job)
{
    struct combining combining = {.job = job, .rows = COMBINE_PACE_ROWS - 1};
    enum err err = write_all(&combining);

    done(&combining);
    return err;
}
