/* scan_files_reader.c - one thread's way through the files, the strays and the events in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A range of persons is taken in chunks of some thousand rows, which stay in the caches of the
 * processor from the first look to the merged batch.
 */
#include "base/mem.h"
#include "measure/scan_direct.h"
#include "measure/scan_files.h"
#include "measure/scan_hits.h"
#include "measure/scan_merge.h"
#include "measure/scan_met.h"
#include "measure/scan_strays.h"

/* Fewer persons than FEW_PERSONS are not worth a batch of their own. */
enum { CHUNK_ROWS = 16384, WARM_AT_ONCE = 128, FEW_PERSONS = 64 };

struct scan_files_reader {
    const struct scan_files *files;
    const struct scan_plan *plan;
    struct matcher_scope *scope;
    struct scan_rows *rows;
    const struct scan_values *values;
    struct scan_hits hits;
    struct scan_direct direct;
    struct scan_hand *hands; /* of each file */
    struct scan_strays *strays;
    struct scan_piece *pieces; /* of each file and its strays in turn, then of memory */
    struct scan_piece persons; /* of a merged batch */
    struct scan_sets sets;     /* of the persons in hand */
};

/* Traits: asked for person by person, from wherever her newest one is. */

/* The time is fetched only when there are several. */
struct newest {
    const struct value *value; /* NULL: none yet */
    const struct scan_hand *hand;
    uint32_t row;
    millis time; /* without a hand */
};

static millis time_of(const struct scan_hand *hand, uint32_t row)
{
    return ((const millis *)hand->times.data)[row];
}

static millis time_of_newest(const struct newest *newest)
{
    return newest->hand ? time_of(newest->hand, newest->row) : newest->time;
}

/* Of the rows [from, to), from the last to the first, those that have the property: the next one
 * before `row`, or `from` - 1. */
static int64_t find_before(const struct columns_block *block, uint32_t from, int64_t row)
{
    while (row > from) {
        uint32_t last = (uint32_t)row - 1, shift = 63 - last % 64;
        uint64_t word = block->bits ? block->bits[last / 64] << shift : ~UINT64_C(0);

        if (word) {
            int64_t found = (int64_t)last - __builtin_clzll(word);

            return found >= from ? found : (int64_t)from - 1;
        }
        row = (int64_t)last - last % 64;
    }
    return (int64_t)from - 1;
}

/* Of the rows [from, to) of a person, which stand in the order of time, the last one up to as_of is
 * the newest. */
static void see_trait_of_rows(const struct scan_hand *hand, const struct view_trait *trait,
                              uint32_t from, uint32_t to, millis as_of, struct newest *newest)
{
    bool has_later = scan_hand_stripe(hand, (uint32_t)hand->stripe)->last_time > as_of;
    const struct columns_block *block = &hand->blocks[trait->block];
    int64_t row = find_before(block, from, to);

    while (row >= from &&
           (!columns_code(block, (uint32_t)row) || mask_has(hand->masked, (uint32_t)row) ||
            (has_later && time_of(hand, (uint32_t)row) > as_of)))
        row = find_before(block, from, row);
    if (row < from || (newest->value && time_of(hand, (uint32_t)row) < time_of_newest(newest)))
        return;
    *newest = (struct newest){.value = &trait->values[columns_code(block, (uint32_t)row)],
                              .hand = hand,
                              .row = (uint32_t)row};
}

static fallible see_traits_of_file(struct scan_files_reader *reader, struct scan_hand *hand,
                                   uint32_t slot, node_id person, struct newest *newest)
{
    const struct view_trait *trait = &hand->view->traits[slot];
    uint32_t stripe, at;

    if (trait->block == COLUMNS_NONE)
        return OK;
    stripe = scan_hand_find_stripe(hand, person);
    if (stripe == scan_hand_stripes(hand) || scan_hand_stripe(hand, stripe)->first_person > person)
        return OK;
    TRY(scan_hand_turn(hand, stripe));
    TRY(scan_hand_times(hand));
    at = scan_hand_find_person(hand, person);
    if (((const node_id *)hand->persons.data)[at] == person && hand->blocks[trait->block].data &&
        !scan_files_has(reader->files->strays[hand->file]->moved, person)) {
        const uint32_t *first = hand->first.data;

        see_trait_of_rows(hand, trait, first[at], first[at + 1], reader->plan->bounds.as_of,
                          newest);
    }
    return OK;
}

static fallible seq_of(struct columns *columns, uint32_t stripe, uint32_t row, uint64_t *out_seq)
{
    struct columns_block seqs = {0};

    TRY(columns_hold(columns, stripe, COLUMNS_SEQS, &seqs));
    *out_seq = ((const uint64_t *)seqs.data)[row];
    columns_release(columns, &seqs);
    return OK;
}

/* A row of one of several clusters of a person. */
struct stray {
    struct newest newest; /* without a hand */
    uint32_t stripe;
    uint32_t row;
};

static fallible is_newer(const struct stray *a, const struct stray *b, struct columns *columns,
                         bool *out)
{
    uint64_t seq, other;

    *out = a->newest.time > b->newest.time;
    if (!b->newest.value)
        *out = true;
    else if (a->newest.time == b->newest.time) {
        TRY(seq_of(columns, a->stripe, a->row, &seq));
        TRY(seq_of(columns, b->stripe, b->row, &other));
        *out = seq > other;
    }
    return OK;
}

/* Runs [from, to) of a file are those of one person. */
static fallible see_traits_of_strays(struct scan_files_reader *reader, uint32_t file, uint32_t slot,
                                     const struct strays_run *from, const struct strays_run *to,
                                     struct newest *newest)
{
    const struct scan_view *view = &reader->files->views[file];
    const struct view_trait *trait = &view->traits[slot];
    struct stray best = {0};

    if (trait->block == COLUMNS_NONE)
        return OK;
    for (; from < to; from++) {
        struct stray found = {.stripe = from->stripe};
        struct scan_hand *hand;
        bool is_better;

        TRY(scan_strays_hand(reader->strays, file, from->stripe, &hand));
        if (!hand->blocks[trait->block].data)
            continue;
        see_trait_of_rows(hand, trait, from->first, from->end, reader->plan->bounds.as_of,
                          &found.newest);
        if (!found.newest.value)
            continue;
        found.row = found.newest.row;
        found.newest =
            (struct newest){.value = found.newest.value, .time = time_of_newest(&found.newest)};
        TRY(is_newer(&found, &best, view->columns, &is_better));
        if (is_better)
            best = found;
    }
    if (best.newest.value && (!newest->value || best.newest.time >= time_of_newest(newest)))
        *newest = best.newest;
    return OK;
}

static fallible see_traits(struct scan_files_reader *reader, uint32_t file, uint32_t slot,
                           node_id person, struct newest *newest)
{
    const struct strays_rows *rows = reader->files->strays[file];
    size_t at = strays_find(rows, person), end = at;

    while (end < rows->count && rows->runs[end].person == person)
        end++;
    if (at < end)
        return see_traits_of_strays(reader, file, slot, rows->runs + at, rows->runs + end, newest);
    return see_traits_of_file(reader, &reader->hands[file], slot, person, newest);
}

/* Called by the matcher's scope. A file follows another in the log, and memory follows the files:
 * of equal times the later one counts. */
static enum err find_trait(void *argument, uint32_t slot, property_id name, node_id person,
                           struct value *out_value)
{
    struct scan_files_reader *reader = argument;
    struct newest newest = {0};
    struct source_trait latest;

    for (uint32_t i = 0; i < reader->files->count; i++)
        TRY(see_traits(reader, i, slot, person, &newest));
    if (name != SOURCE_UNKNOWN && scan_files_has(reader->files->in_memory, person)) {
        source_trait(reader->plan->source, person, name, reader->plan->bounds.as_of, &latest);
        if (latest.is_found && (!newest.value || latest.time >= time_of_newest(&newest)))
            newest.value = &latest.value;
    }
    *out_value = newest.value ? *newest.value : (struct value){.type = VALUE_NULL};
    return OK;
}

/* Sources. */

static uint32_t count_pieces(const struct scan_files *files)
{
    return 2 * files->count + 1;
}

static enum err take_memory(void *argument, const struct scan_batch *batch)
{
    struct scan_files_reader *reader = argument;
    struct scan_piece *piece = &reader->pieces[2 * reader->files->count];

    for (size_t i = 0; i < batch->persons; i++) {
        TRY(scan_piece_reserve(piece, 1, batch->end[i] - batch->first[i]));
        scan_piece_begin(piece, batch->ids[i]);
        scan_piece_copy(piece, batch, batch->first[i], batch->end[i]);
        piece->end[piece->persons - 1] = piece->hits;
    }
    return OK;
}

/* The persons among [from, to) with events in memory who may be members, as bits of a word. */
static uint64_t word_of(const struct scan_files_reader *reader, node_id word, node_id from,
                        node_id to)
{
    uint64_t bits = reader->files->in_memory[word] & scan_sets_word(&reader->sets, word * 64);

    if (word == from / 64)
        bits &= ~UINT64_C(0) << from % 64;
    if (word == to / 64)
        bits &= (UINT64_C(1) << to % 64) - 1;
    return bits;
}

static bool has_memory(const struct scan_files_reader *reader, node_id from, node_id to)
{
    for (node_id word = from / 64; word <= (to - 1) / 64; word++)
        if (word_of(reader, word, from, to))
            return true;
    return false;
}

static fallible add_memory(struct scan_files_reader *reader, node_id from, node_id to)
{
    node_id ids[WARM_AT_ONCE];
    size_t count = 0;

    for (node_id word = from / 64; word <= (to - 1) / 64; word++) {
        for (uint64_t left = word_of(reader, word, from, to); left; left &= left - 1)
            ids[count++] = word * 64 + (node_id)__builtin_ctzll(left);
        if (count <= WARM_AT_ONCE - 64 && word < (to - 1) / 64)
            continue;
        source_warm(reader->plan->source, ids, count);
        for (size_t i = 0; i < count; i++)
            TRY(scan_rows_range(reader->rows, ids[i], ids[i] + 1, take_memory, reader));
        count = 0;
    }
    return OK;
}

/* Where the chunk that begins at `from` ends: no file has many more than CHUNK_ROWS rows in it, or
 * rows of it in two stripes. */
static fallible find_end(struct scan_files_reader *reader, node_id from, node_id to,
                         node_id *out_end)
{
    *out_end = to;
    for (uint32_t i = 0; i < reader->files->count; i++) {
        struct scan_hand *hand = &reader->hands[i];
        uint32_t stripe = scan_hand_find_stripe(hand, from), at, persons;
        const struct columns_stripe *about;
        const uint32_t *first;

        if (stripe == scan_hand_stripes(hand))
            continue;
        about = scan_hand_stripe(hand, stripe);
        if (about->first_person >= *out_end)
            continue;
        TRY(scan_hand_turn(hand, stripe));
        first = hand->first.data;
        persons = about->persons;
        at = scan_hand_find_person(hand, from);
        for (uint32_t start = first[at]; at < persons && first[at] - start < CHUNK_ROWS;)
            at++;
        if (at < persons && ((const node_id *)hand->persons.data)[at] < *out_end)
            *out_end = ((const node_id *)hand->persons.data)[at];
        else if (at == persons && about->last_person + 1 < *out_end)
            *out_end = about->last_person + 1;
    }
    return OK;
}

static fallible read_file(struct scan_files_reader *reader, uint32_t file, node_id from, node_id to)
{
    struct scan_hand *hand = &reader->hands[file];
    uint32_t stripe = scan_hand_find_stripe(hand, from);

    if (stripe == scan_hand_stripes(hand) || scan_hand_stripe(hand, stripe)->first_person >= to)
        return OK;
    TRY(scan_hand_turn(hand, stripe));
    return scan_hits_add(&reader->hits, hand, scan_hand_find_person(hand, from),
                         scan_hand_find_person(hand, to), &reader->pieces[2 * file]);
}

static node_id find_bit(const uint64_t *bits, node_id from, node_id to)
{
    node_id word = from / 64;
    uint64_t left;

    if (!bits || from >= to)
        return to;
    left = bits[word] & ~UINT64_C(0) << from % 64;
    while (!left && (word + 1) * 64 < to)
        left = bits[++word];
    if (!left || word * 64 + (node_id)__builtin_ctzll(left) >= to)
        return to;
    return word * 64 + (node_id)__builtin_ctzll(left);
}

/* The first of the persons [from, to) of whom not the files' own rows alone tell, or `to`. */
static node_id find_apart(const struct scan_files *files, node_id from, node_id to)
{
    to = find_bit(files->in_memory, from, to);
    for (uint32_t i = 0; i < files->count; i++) {
        const struct strays_rows *strays = files->strays[i];
        size_t at = strays->count ? strays_find(strays, from) : 0;

        to = find_bit(strays->moved, from, to);
        if (at < strays->count && strays->runs[at].person < to)
            to = strays->runs[at].person;
    }
    return to;
}

/* The persons [from, to) as one file has them, if it alone does; no batch otherwise. */
static fallible read_direct(struct scan_files_reader *reader, node_id from, node_id to,
                            struct scan_batch *out_batch)
{
    struct scan_hand *only = NULL;
    uint32_t first = 0, end = 0;

    out_batch->persons = 0;
    for (uint32_t i = 0; i < reader->files->count; i++) {
        struct scan_hand *hand = &reader->hands[i];
        uint32_t stripe = scan_hand_find_stripe(hand, from);

        if (stripe == scan_hand_stripes(hand) || scan_hand_stripe(hand, stripe)->first_person >= to)
            continue;
        if (only)
            return OK;
        TRY(scan_hand_turn(hand, stripe));
        first = scan_hand_find_person(hand, from);
        end = scan_hand_find_person(hand, to);
        only = hand;
    }
    if (!only || first == end)
        return OK;
    TRY(scan_direct_batch(&reader->direct, only, first, end, out_batch));
    if (out_batch->persons) {
        uint32_t row = ((const uint32_t *)only->first.data)[first];
        uint32_t last = ((const uint32_t *)only->first.data)[end];

        reader->hits.events_read += last - row - mask_count(only->masked, row, last);
    }
    return OK;
}

/* Whole persons from `from` on, as many as fit the caches of a processor. */
static fallible read_chunk(struct scan_files_reader *reader, node_id from, node_id to,
                           struct scan_batch *out_batch)
{
    const struct scan_files *files = reader->files;

    for (uint32_t i = 0; i < count_pieces(files); i++)
        scan_piece_clear(&reader->pieces[i]);
    for (uint32_t i = 0; i < files->count; i++) {
        TRY(read_file(reader, i, from, to));
        TRY(scan_strays_add(reader->strays, i, from, to, &reader->pieces[2 * i + 1]));
    }
    if (has_memory(reader, from, to))
        TRY(add_memory(reader, from, to));
    return scan_merge(reader->pieces, count_pieces(files), &reader->persons, reader->values,
                      out_batch);
}

/* Takes the chunk of [from, to) that begins at `from`, as it lies in a file where that is possible
 * and worth it. */
static fallible take_chunk(struct scan_files_reader *reader, node_id from, node_id to,
                           node_id *out_end, struct scan_batch *out_batch)
{
    node_id end, apart;

    out_batch->persons = 0;
    TRY(find_end(reader, from, to, &end));
    if (reader->direct.kinds) {
        apart = find_apart(reader->files, from, end);
        if (apart == end || apart - from >= FEW_PERSONS) {
            end = apart;
            TRY(read_direct(reader, from, end, out_batch));
        } else if (end - from > FEW_PERSONS) {
            end = from + FEW_PERSONS;
        }
    }
    *out_end = end;
    return out_batch->persons ? OK : read_chunk(reader, from, end, out_batch);
}

static fallible read_persons(struct scan_files_reader *reader, node_id from, node_id to,
                             scan_taker taker, void *argument)
{
    TRY(scan_sets_find(&reader->sets, from, to));
    while (from < to) {
        struct scan_batch batch;

        TRY(take_chunk(reader, from, to, &from, &batch));
        if (batch.persons)
            TRY(taker(argument, &batch));
    }
    return OK;
}

fallible scan_files_range(struct scan_files_reader *reader, node_id from, node_id to,
                          scan_taker taker, void *argument)
{
    while (from < to) {
        node_id end = scan_sets_end(from) < to ? scan_sets_end(from) : to;

        TRY(read_persons(reader, from, end, taker, argument));
        from = end;
    }
    return OK;
}

const struct scan_sets *scan_files_sets(const struct scan_files_reader *reader)
{
    return &reader->sets;
}

uint64_t scan_files_read(const struct scan_files_reader *reader)
{
    return reader->hits.events_read + scan_rows_read(reader->rows);
}

/* Life. */

fallible scan_files_open(const struct scan_files *files, struct matcher_scope *scope,
                         struct scan_met *met, struct scan_rows *rows,
                         struct scan_files_reader **out_reader)
{
    struct scan_files_reader *reader = mem_alloc(sizeof *reader);
    enum err err = OK;

    if (!reader)
        return mem_exhausted();
    *reader = (struct scan_files_reader){.files = files,
                                         .plan = files->plan,
                                         .scope = scope,
                                         .rows = rows,
                                         .values = scan_met_values(met)};
    scan_hits_init(&reader->hits, files, scope, met, &reader->sets);
    err = scan_direct_init(&reader->direct, files, reader->values);
    reader->hands = mem_alloc((files->count + 1u) * sizeof *reader->hands);
    reader->pieces = mem_alloc(count_pieces(files) * sizeof *reader->pieces);
    if (!err && (!reader->hands || !reader->pieces))
        err = mem_exhausted();
    for (uint32_t i = 0; !err && i < files->count; i++) {
        err = scan_hand_open(&reader->hands[i], files, i);
        reader->hands[i].takes_ticks = scan_direct_takes_ticks(&reader->direct, i);
    }
    if (!err)
        err = scan_strays_open(files, &reader->hits, &reader->strays);
    if (err) {
        scan_files_close(reader);
        return err;
    }
    for (uint32_t i = 0; i < count_pieces(files); i++)
        scan_piece_init(&reader->pieces[i], files->plan);
    scan_piece_init(&reader->persons, files->plan);
    scan_sets_init(&reader->sets, files, scope, reader->hands);
    matcher_scope_ask(scope, find_trait, reader);
    *out_reader = reader;
    return OK;
}

void scan_files_close(struct scan_files_reader *reader)
{
    if (!reader)
        return;
    for (uint32_t i = 0; reader->hands && i < reader->files->count; i++)
        scan_hand_close(&reader->hands[i]);
    for (uint32_t i = 0; reader->pieces && i < count_pieces(reader->files); i++)
        scan_piece_done(&reader->pieces[i]);
    scan_piece_done(&reader->persons);
    scan_strays_close(reader->strays);
    scan_hits_done(&reader->hits);
    scan_direct_done(&reader->direct);
    mem_free(reader->pieces);
    mem_free(reader->hands);
    mem_free(reader);
}
