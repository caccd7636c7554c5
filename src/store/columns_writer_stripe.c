/* columns_writer_stripe.c - a stripe of rows becomes blocks, each in the form that takes the fewest
 * bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What each block consists of stands in columns_block.c, which reads them.
 */
#include "store/columns_writer_int.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum { KINDS_AT_ONCE = 64 };

void columns_writer_stripe_done(struct columns_writer_stripe *stripe)
{
    buf_done(&stripe->persons);
    buf_done(&stripe->firsts);
    buf_done(&stripe->times);
    buf_done(&stripe->seqs);
    buf_done(&stripe->nodes);
    buf_done(&stripe->devices);
    buf_done(&stripe->kinds);
}

static void clear(struct columns_writer_stripe *stripe)
{
    buf_clear(&stripe->persons);
    buf_clear(&stripe->firsts);
    buf_clear(&stripe->times);
    buf_clear(&stripe->seqs);
    buf_clear(&stripe->nodes);
    buf_clear(&stripe->devices);
    buf_clear(&stripe->kinds);
    stripe->rows = 0;
}

static bool is_broken(const struct columns_writer_stripe *stripe)
{
    return buf_is_broken(&stripe->persons) || buf_is_broken(&stripe->firsts) ||
           buf_is_broken(&stripe->times) || buf_is_broken(&stripe->seqs) ||
           buf_is_broken(&stripe->nodes) || buf_is_broken(&stripe->devices) ||
           buf_is_broken(&stripe->kinds);
}

static uint32_t persons_of(const struct columns_writer *writer)
{
    return (uint32_t)(writer->stripe.persons.len / sizeof(node_id));
}

static const uint32_t *items(const struct buf *b)
{
    return (const uint32_t *)(const void *)b->data;
}

static const uint64_t *long_items(const struct buf *b)
{
    return (const uint64_t *)(const void *)b->data;
}

/* One past the last row of a person. */
static uint32_t end_of(const struct columns_writer *writer, uint32_t person)
{
    return person + 1 < persons_of(writer) ? items(&writer->stripe.firsts)[person + 1]
                                           : writer->stripe.rows;
}

static void pack(struct columns_writer *writer, const uint64_t *values, size_t count)
{
    columns_pack(&writer->packer, &writer->out, values, count);
}

static void pack_number(struct columns_writer *writer, uint64_t number)
{
    columns_pack_number(&writer->out, number);
}

static void pack_persons(struct columns_writer *writer)
{
    const uint32_t *persons = items(&writer->stripe.persons);
    uint32_t count = persons_of(writer);

    for (uint32_t i = 1; i < count; i++)
        writer->one[i - 1] = persons[i] - persons[i - 1];
    pack(writer, writer->one, count - 1);
}

static void pack_firsts(struct columns_writer *writer)
{
    const uint32_t *firsts = items(&writer->stripe.firsts);
    struct buf *waiting = &writer->waiting.firsts;
    uint32_t count = persons_of(writer);

    for (uint32_t i = 0; i < count; i++)
        writer->one[i] = end_of(writer, i) - firsts[i];
    pack(writer, writer->one, count);
    columns_writer_put(waiting, firsts, count * sizeof *firsts);
    columns_writer_put32(waiting, writer->stripe.rows);
}

static void pack_kinds(struct columns_writer *writer)
{
    for (uint32_t row = 0; row < writer->stripe.rows; row++)
        writer->one[row] = items(&writer->stripe.kinds)[row];
    pack(writer, writer->one, writer->stripe.rows);
}

/* Ids as what they are in relation to those before: new ones in `other`; steps in `one`, the list
 * of later ones backwards from its end. */
struct ids {
    uint64_t *first;
    uint64_t *later;
    uint64_t *fresh;
};

static struct ids begin_ids(const struct columns_writer *writer)
{
    return (struct ids){writer->one, writer->one + writer->stripe.rows, writer->other};
}

static void put_step(struct ids *ids, enum columns_steps list, enum columns_step step, node_id id)
{
    if (list == COLUMNS_STEPS_FIRST)
        *ids->first++ = step;
    else
        *--ids->later = step;
    if (step == COLUMNS_STEP_FRESH)
        *ids->fresh++ = id;
}

static void pack_ids(struct columns_writer *writer, const struct ids *ids)
{
    size_t first = (size_t)(ids->first - writer->one), fresh = (size_t)(ids->fresh - writer->other);

    pack_number(writer, first);
    pack(writer, writer->one, first);
    pack(writer, ids->later, writer->stripe.rows - first);
    pack_number(writer, fresh);
    pack(writer, writer->other, fresh);
}

static void pack_nodes(struct columns_writer *writer)
{
    const uint32_t *persons = items(&writer->stripe.persons);
    const uint32_t *firsts = items(&writer->stripe.firsts);
    const uint32_t *nodes = items(&writer->stripe.nodes);
    struct ids ids = begin_ids(writer);

    for (uint32_t i = 0; i < persons_of(writer); i++) {
        uint32_t latest = persons[i], former = 0;

        for (uint32_t row = firsts[i]; row < end_of(writer, i); row++) {
            enum columns_step step = nodes[row] == latest   ? COLUMNS_STEP_SAME
                                     : nodes[row] == former ? COLUMNS_STEP_FORMER
                                                            : COLUMNS_STEP_FRESH;

            put_step(&ids, former ? COLUMNS_STEPS_LATER : COLUMNS_STEPS_FIRST, step, nodes[row]);
            if (nodes[row] != latest) {
                former = latest;
                latest = nodes[row];
            }
        }
    }
    pack_ids(writer, &ids);
}

static void pack_devices(struct columns_writer *writer)
{
    const uint32_t *firsts = items(&writer->stripe.firsts);
    const uint32_t *nodes = items(&writer->stripe.nodes);
    const uint32_t *devices = items(&writer->stripe.devices);
    struct ids ids = begin_ids(writer);

    for (uint32_t i = 0; i < persons_of(writer); i++) {
        struct columns_devices known[2] = {0};

        for (uint32_t row = firsts[i]; row < end_of(writer, i); row++) {
            struct columns_devices *of = columns_format_devices(known, nodes[row]);
            enum columns_step step = devices[row] == of->latest      ? COLUMNS_STEP_SAME
                                     : devices[row] == of->former    ? COLUMNS_STEP_FORMER
                                     : devices[row] == nodes[row]    ? COLUMNS_STEP_BESIDE
                                     : !devices[row]                 ? COLUMNS_STEP_FRESH
                                     : devices[row] == known[1].node ? COLUMNS_STEP_ACROSS
                                                                     : COLUMNS_STEP_FRESH;

            put_step(&ids, of->steps, step, devices[row]);
            if (devices[row] != of->latest) {
                of->former = of->latest;
                of->latest = devices[row];
            }
        }
    }
    pack_ids(writer, &ids);
}

/* --- Properties --- */

/* Which kinds never have the property, always, or now and then. A stripe's kinds tell most of
 * where it is. */
static fallible sort_kinds(const struct columns_writer *writer,
                           const struct columns_writer_property *property, uint64_t **out_kinds)
{
    const uint32_t *kinds = items(&writer->stripe.kinds), *rows = items(&property->rows);
    size_t cells = property->rows.len / sizeof *rows, at = 0;
    uint64_t there = 0, absent = 0; /* a bit a kind */
    uint64_t *states = mem_alloc((writer->head.kinds + 1ull) * sizeof *states);

    if (!states)
        return mem_exhausted();
    if (writer->head.kinds <= KINDS_AT_ONCE) {
        for (uint32_t row = 0; row < writer->stripe.rows; row++) {
            uint64_t is_there = at < cells && rows[at] == row;

            at += is_there;
            there |= is_there << kinds[row];
            absent |= (is_there ^ 1) << kinds[row];
        }
        for (uint32_t i = 0; i < writer->head.kinds; i++)
            states[i] = (there >> i & 1) | (absent >> i & 1) << 1;
    }
    for (uint32_t row = 0; writer->head.kinds > KINDS_AT_ONCE && row < writer->stripe.rows; row++) {
        bool is_there = at < cells && rows[at] == row;

        at += is_there;
        states[kinds[row]] |= is_there ? 1 : 2;
    }
    for (uint32_t i = 0; i < writer->head.kinds; i++)
        states[i] = states[i] == 3   ? COLUMNS_PRESENCE_MIXED
                    : states[i] == 1 ? COLUMNS_PRESENCE_ALL
                                     : COLUMNS_PRESENCE_NONE;
    *out_kinds = states;
    return OK;
}

static void pack_presence_bits(struct columns_writer *writer,
                               const struct columns_writer_property *property,
                               const uint64_t *states)
{
    const uint32_t *kinds = items(&writer->stripe.kinds), *rows = items(&property->rows);
    size_t cells = property->rows.len / sizeof *rows, at = 0, bits = 0;
    bool is_mixed = false;

    for (uint32_t i = 0; i < writer->head.kinds; i++)
        is_mixed = is_mixed || states[i] == COLUMNS_PRESENCE_MIXED;
    for (uint32_t row = 0; is_mixed && row < writer->stripe.rows; row++) {
        bool is_there = at < cells && rows[at] == row;

        at += is_there;
        writer->one[bits] = is_there; /* taken only if the next does not go over it */
        bits += states[kinds[row]] == COLUMNS_PRESENCE_MIXED;
    }
    pack(writer, writer->one, bits);
}

static void pack_presence_gaps(struct columns_writer *writer,
                               const struct columns_writer_property *property)
{
    const uint32_t *rows = items(&property->rows);
    size_t cells = property->rows.len / sizeof *rows;

    for (size_t i = 0; i < cells; i++)
        writer->one[i] = i ? rows[i] - rows[i - 1] - 1 : rows[0];
    pack(writer, writer->one, cells);
}

static fallible pack_presence(struct columns_writer *writer,
                              const struct columns_writer_property *property)
{
    size_t cells = property->rows.len / sizeof(uint32_t), start, second;
    struct buf *out = &writer->out;
    uint64_t *states;

    pack_number(writer, cells);
    if (cells == writer->stripe.rows)
        return OK;
    TRY(sort_kinds(writer, property, &states));
    start = out->len;
    pack_number(writer, COLUMNS_PRESENCE_BY_KIND);
    pack_number(writer, writer->head.kinds);
    pack(writer, states, writer->head.kinds);
    pack_presence_bits(writer, property, states);
    mem_free(states);
    if (cells * 8 > writer->stripe.rows)
        return OK;
    second = out->len;
    pack_number(writer, COLUMNS_PRESENCE_GAPS);
    pack_presence_gaps(writer, property);
    columns_writer_choose(out, start, second);
    return OK;
}

/* Goes from person to person, of those with cells. */
struct cell_walk {
    const uint32_t *rows;
    size_t cells;
    size_t from; /* the person's first cell */
    size_t to;
    uint32_t person;
};

static bool next_person(const struct columns_writer *writer, struct cell_walk *walk)
{
    walk->from = walk->to;
    if (walk->from == walk->cells)
        return false;
    while (walk->rows[walk->from] >= end_of(writer, walk->person))
        walk->person++;
    while (walk->to < walk->cells && walk->rows[walk->to] < end_of(writer, walk->person))
        walk->to++;
    return true;
}

static struct cell_walk walk_of(const struct columns_writer_property *property)
{
    return (struct cell_walk){.rows = items(&property->rows),
                              .cells = property->rows.len / sizeof(uint32_t)};
}

/* The code that most of them have, if there is one. */
static uint32_t usual_of(const uint32_t *codes, size_t count)
{
    uint32_t usual = codes[0];
    size_t lead = 0;

    for (size_t i = 0; i < count; i++) {
        if (!lead)
            usual = codes[i];
        lead = codes[i] == usual ? lead + 1 : lead - 1;
    }
    return usual;
}

/* Which ones differ from the person's one before, and these. The first of a person is told without
 * being marked. */
static void pack_changes(struct columns_writer *writer,
                         const struct columns_writer_property *property)
{
    const uint32_t *codes = items(&property->codes);
    struct cell_walk walk = walk_of(property);
    uint64_t *mark = writer->one, *change = writer->other;

    while (next_person(writer, &walk)) {
        *change++ = codes[walk.from];
        for (size_t i = walk.from + 1; i < walk.to; i++) {
            bool differs = codes[i] != codes[i - 1];

            *mark++ = differs;
            *change = codes[i];
            change += differs;
        }
    }
    pack(writer, writer->one, (size_t)(mark - writer->one));
    pack_number(writer, (uint64_t)(change - writer->other));
    pack(writer, writer->other, (size_t)(change - writer->other));
}

/* Each person's usual one, where others are and which. */
static void pack_usual(struct columns_writer *writer,
                       const struct columns_writer_property *property)
{
    const uint32_t *codes = items(&property->codes);
    struct cell_walk walk = walk_of(property);
    uint64_t *usual = writer->one, *gaps = writer->one;
    size_t count = 0, before = 0;

    while (next_person(writer, &walk))
        *usual++ = usual_of(codes + walk.from, walk.to - walk.from);
    pack(writer, writer->one, (size_t)(usual - writer->one));
    for (walk = walk_of(property); next_person(writer, &walk);) {
        uint32_t code = usual_of(codes + walk.from, walk.to - walk.from);

        for (size_t i = walk.from; i < walk.to; i++)
            if (codes[i] != code) {
                gaps[count] = i - before;
                writer->other[count++] = codes[i];
                before = i;
            }
    }
    pack_number(writer, count);
    pack(writer, gaps, count);
    pack(writer, writer->other, count);
}

/* What takes the fewest codes besides marks and places; plain ones where that hardly helps. */
static enum columns_codes_form form_of(const struct columns_writer *writer,
                                       const struct columns_writer_property *property)
{
    const uint32_t *codes = items(&property->codes);
    struct cell_walk walk = walk_of(property);
    size_t changes = 0, others = 0;

    while (next_person(writer, &walk)) {
        uint32_t code = usual_of(codes + walk.from, walk.to - walk.from);

        changes++;
        others += codes[walk.from] == code ? 1 : 2;
        for (size_t i = walk.from + 1; i < walk.to; i++) {
            changes += codes[i] != codes[i - 1];
            others += codes[i] != code;
        }
    }
    if ((changes < others ? changes : others) * 2 >= walk.cells)
        return COLUMNS_CODES_PLAIN;
    return changes < others ? COLUMNS_CODES_CHANGES : COLUMNS_CODES_USUAL;
}

static void pack_codes(struct columns_writer *writer,
                       const struct columns_writer_property *property)
{
    const uint32_t *codes = items(&property->codes);
    size_t cells = property->codes.len / sizeof *codes;
    enum columns_codes_form form = form_of(writer, property);

    pack_number(writer, form);
    switch (form) {
    case COLUMNS_CODES_CHANGES:
        pack_changes(writer, property);
        break;
    case COLUMNS_CODES_USUAL:
        pack_usual(writer, property);
        break;
    case COLUMNS_CODES_PLAIN:
        for (size_t i = 0; i < cells; i++)
            writer->one[i] = codes[i];
        pack(writer, writer->one, cells);
        break;
    }
}

static fallible write_property(struct columns_writer *writer, uint32_t number)
{
    struct columns_writer_property *property = &writer->property_list[number];
    uint64_t at = columns_writer_place(writer);

    if (buf_is_broken(&property->rows) || buf_is_broken(&property->codes))
        return mem_exhausted();
    if (!property->rows.len)
        return OK;
    TRY(pack_presence(writer, property));
    pack_codes(writer, property);
    buf_clear(&property->rows);
    buf_clear(&property->codes);
    return columns_writer_piece(writer, &writer->stripe_pieces, (int32_t)number, at);
}

/* --- A stripe --- */

static fallible reserve_scratch(struct columns_writer *writer)
{
    uint32_t room = writer->stripe.rows;

    if (room <= writer->scratch_room)
        return OK;
    mem_free(writer->one);
    mem_free(writer->other);
    writer->scratch_room = 0;
    writer->one = mem_alloc(room * sizeof *writer->one);
    writer->other = mem_alloc(room * sizeof *writer->other);
    if (!writer->one || !writer->other)
        return mem_exhausted();
    writer->scratch_room = room;
    return OK;
}

static void note_times(struct columns_writer *writer, struct columns_stripe *stripe)
{
    const uint64_t *times = long_items(&writer->stripe.times);
    struct columns_head *head = &writer->head;

    stripe->first_time = stripe->last_time = (millis)times[0];
    for (uint32_t row = 1; row < stripe->rows; row++) {
        millis time = (millis)times[row];

        stripe->first_time = time < stripe->first_time ? time : stripe->first_time;
        stripe->last_time = time > stripe->last_time ? time : stripe->last_time;
    }
    if (!head->stripes || stripe->first_time < head->first_time)
        head->first_time = stripe->first_time;
    if (!head->stripes || stripe->last_time > head->last_time)
        head->last_time = stripe->last_time;
}

/* Readers put them into this order, whatever was written. */
static fallible check_order(const struct columns_writer *writer)
{
    const millis *times = (const millis *)(const void *)writer->stripe.times.data;
    const uint64_t *seqs = long_items(&writer->stripe.seqs);

    for (uint32_t i = 0; i < persons_of(writer); i++)
        for (uint32_t row = items(&writer->stripe.firsts)[i] + 1; row < end_of(writer, i); row++)
            if (times[row] < times[row - 1] ||
                (times[row] == times[row - 1] && seqs[row] <= seqs[row - 1]))
                return fail(ERR_INVALID, "rows of a person are out of order");
    return OK;
}

static fallible write_fixed(struct columns_writer *writer)
{
    for (int32_t column = COLUMNS_LOWEST; column < 0; column++) {
        uint64_t at = columns_writer_place(writer);

        switch (column) {
        case COLUMNS_KINDS:
            pack_kinds(writer);
            break;
        case COLUMNS_DEVICES:
            pack_devices(writer);
            break;
        case COLUMNS_NODES:
            pack_nodes(writer);
            break;
        case COLUMNS_SEQS:
            TRY(columns_writer_keep_arrivals(writer, long_items(&writer->stripe.times),
                                             long_items(&writer->stripe.seqs),
                                             writer->stripe.rows));
            continue;
        case COLUMNS_TIMES: /* with the sequence numbers */
            continue;
        case COLUMNS_FIRST:
            pack_firsts(writer);
            break;
        case COLUMNS_PERSONS:
            pack_persons(writer);
            break;
        default:
            assert(false);
        }
        TRY(columns_writer_piece(writer, &writer->stripe_pieces, column, at));
    }
    return OK;
}

fallible columns_writer_end_stripe(struct columns_writer *writer)
{
    struct columns_stripe_entry entry = {.stripe.rows = writer->stripe.rows,
                                         .stripe.persons = persons_of(writer)};
    uint32_t pieces;

    if (is_broken(&writer->stripe))
        return mem_exhausted();
    if (!entry.stripe.rows)
        return OK;
    TRY(check_order(writer));
    TRY(reserve_scratch(writer));
    TRY(columns_writer_enter_section(writer, entry.stripe.rows));
    pieces = writer->head.pieces;
    note_times(writer, &entry.stripe);
    entry.stripe.first_person = items(&writer->stripe.persons)[0];
    entry.stripe.last_person = items(&writer->stripe.persons)[entry.stripe.persons - 1];
    TRY(write_fixed(writer));
    for (uint32_t i = 0; i < writer->head.properties; i++)
        TRY(write_property(writer, i));
    entry.pieces = writer->head.pieces - pieces;
    columns_writer_put(&writer->stripe_entries, &entry, sizeof entry);
    writer->head.stripes++;
    clear(&writer->stripe);
    return OK;
}
