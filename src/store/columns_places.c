/* columns_places.c - rows in the order of their arrival, told by whose turn it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Block: number of rows that came late, how far each is from the one before, and by how much its
 * place among the person's rows by arrival is above that by time, of either sign; of the first half
 * of the turns the number of bytes and their words (columns_turns.h), from the highest bit of each
 * byte on, and the same of the other half, from the last turn backwards: so that two words can be
 * read at a time.
 */
#include "store/columns_places.h"

#include "base/mem.h"
#include "store/columns_bits.h"
#include "store/columns_format.h"
#include "store/columns_turns.h"

#include <string.h>

#define NONE UINT32_MAX

enum { DIGIT = 11, DIGITS = 1 << DIGIT, PLACE_BITS = 32 };

void columns_places_order(const uint32_t *places, uint32_t rows, uint64_t *scratch,
                          uint64_t *other_scratch, uint32_t *out_rows)
{
    uint64_t *from = scratch, *to = other_scratch;
    uint32_t all = 0;

    for (uint32_t row = 0; row < rows; row++) {
        from[row] = (uint64_t)places[row] << 32 | row;
        all |= places[row];
    }
    for (unsigned shift = 0; shift < PLACE_BITS && all >> shift; shift += DIGIT) {
        uint32_t at[DIGITS] = {0}, total = 0;
        uint64_t *other = from;

        for (uint32_t i = 0; i < rows; i++)
            at[from[i] >> (32 + shift) & (DIGITS - 1)]++;
        for (unsigned digit = 0; digit < DIGITS; digit++) {
            uint32_t here = at[digit];

            at[digit] = total;
            total += here;
        }
        for (uint32_t i = 0; i < rows; i++)
            to[at[from[i] >> (32 + shift) & (DIGITS - 1)]++] = from[i];
        from = to;
        to = other;
    }
    for (uint32_t i = 0; i < rows; i++)
        out_rows[i] = (uint32_t)from[i];
}

/* --- Packing --- */

/* What is found out on the way. */
struct packing {
    const struct columns_places *of;
    uint32_t *persons;  /* of each row */
    uint32_t *arrivals; /* of each row, among the person's */
    uint32_t *next;     /* of each person, the next arrival; then its word's length */
    uint64_t *words;
    uint64_t *gaps; /* of late rows */
    uint64_t *off;
    size_t late;
};

static fallible begin(struct packing *packing, const struct columns_places *of)
{
    uint32_t rows = of->first[of->persons];

    *packing = (struct packing){.of = of};
    packing->persons = mem_grow(NULL, rows * sizeof *packing->persons);
    packing->arrivals = mem_grow(NULL, rows * sizeof *packing->arrivals);
    packing->next = mem_alloc(of->persons * sizeof *packing->next);
    packing->words = mem_grow(NULL, of->persons * sizeof *packing->words);
    packing->gaps = mem_grow(NULL, rows * sizeof *packing->gaps);
    packing->off = mem_grow(NULL, rows * sizeof *packing->off);
    return packing->persons && packing->arrivals && packing->next && packing->words &&
                   packing->gaps && packing->off
               ? OK
               : mem_exhausted();
}

static void end(struct packing *packing)
{
    mem_free(packing->persons);
    mem_free(packing->arrivals);
    mem_free(packing->next);
    mem_free(packing->words);
    mem_free(packing->gaps);
    mem_free(packing->off);
}

static void number_arrivals(struct packing *packing, const uint32_t *rows)
{
    const struct columns_places *of = packing->of;

    for (uint32_t i = 0; i < of->persons; i++)
        for (uint32_t row = of->first[i]; row < of->first[i + 1]; row++)
            packing->persons[row] = i;
    for (uint32_t i = 0; i < of->first[of->persons]; i++)
        packing->arrivals[rows[i]] = packing->next[packing->persons[rows[i]]]++;
}

/* Lists rows so that the others of each person arrived in their order. */
static void find_late(struct packing *packing)
{
    const struct columns_places *of = packing->of;
    const uint32_t *arrivals = packing->arrivals;
    uint32_t before = 0;

    for (uint32_t i = 0; i < of->persons; i++) {
        uint32_t expected = 0; /* the least behind those in order */

        for (uint32_t row = of->first[i]; row < of->first[i + 1]; row++) {
            bool is_ahead = row + 1 < of->first[i + 1] && arrivals[row + 1] >= expected &&
                            arrivals[row + 1] < arrivals[row];

            if (arrivals[row] >= expected && !is_ahead) {
                expected = arrivals[row] + 1;
                continue;
            }
            packing->gaps[packing->late] = row - before;
            packing->off[packing->late++] =
                columns_format_zigzag((int64_t)arrivals[row] - (row - of->first[i]));
            before = row;
        }
    }
}

/* Each person's word and, in `next`, its length. */
static void list_words(struct packing *packing, const struct columns_turns *turns)
{
    for (unsigned length = 1; length <= COLUMNS_TURNS_LONGEST; length++)
        for (uint32_t i = 0; i < turns->count[length]; i++) {
            uint32_t person = turns->order[turns->before[length] + i];

            packing->words[person] = turns->word[length] + i;
            packing->next[person] = length;
        }
}

static uint64_t in_file_order(uint64_t word)
{
    return __builtin_bswap64(word);
}

/* The words of turns from one up to another, or backwards. Returns where they end. */
static char *put_turns(const struct packing *packing, const uint32_t *rows, uint32_t from,
                       uint32_t to, char *out)
{
    uint64_t bits = 0, stored;
    unsigned used = 0; /* below 8 */

    for (uint32_t i = from; i != to; i += from < to ? 1 : UINT32_MAX) {
        uint32_t person = packing->persons[rows[i]];

        bits |= packing->words[person] << (64 - used - packing->next[person]);
        used += packing->next[person];
        stored = in_file_order(bits);
        memcpy(out, &stored, sizeof stored);
        out += used / 8;
        bits <<= used / 8 * 8;
        used %= 8;
    }
    return out + (used > 0);
}

static fallible pack_turns(struct packing *packing, struct buf *out, const uint32_t *rows)
{
    const struct columns_places *of = packing->of;
    uint32_t count = of->first[of->persons];
    struct columns_turns turns;
    enum err err = columns_turns_init(&turns, of->first, of->persons);
    size_t room = columns_bits_bytes(turns.bits) + sizeof(uint64_t);
    char *words = mem_grow(NULL, 2 * room), *end = words;

    if (!err && !words)
        err = mem_exhausted();
    if (!err && turns.shortest) {
        list_words(packing, &turns);
        end = put_turns(packing, rows, 0, count / 2, words);
        columns_pack_number(out, (uint64_t)(end - words));
        buf_add_bytes(out, words, (size_t)(end - words));
        end = put_turns(packing, rows, count - 1, count / 2 - 1, words);
        columns_pack_number(out, (uint64_t)(end - words));
        buf_add_bytes(out, words, (size_t)(end - words));
    }
    mem_free(words);
    columns_turns_done(&turns);
    return err;
}

void columns_places_pack(struct columns_packer *packer, struct buf *out,
                         const struct columns_places *of, const uint32_t *rows)
{
    struct packing packing;
    enum err err = begin(&packing, of);

    if (!err) {
        number_arrivals(&packing, rows);
        find_late(&packing);
        columns_pack_number(out, packing.late);
        columns_pack(packer, out, packing.gaps, packing.late);
        columns_pack(packer, out, packing.off, packing.late);
        err = pack_turns(&packing, out, rows);
    }
    end(&packing);
    out->broken = out->broken || err;
}

/* --- Unpacking --- */

struct unpacking {
    const struct columns_places *of;
    uint32_t *rows; /* of each person in the order of arrival */
    uint64_t *gaps; /* of late rows */
    uint64_t *off;
    size_t late;
};

static fallible fail_places(void)
{
    return fail(ERR_CORRUPT, "places of its rows do not fit");
}

/* Puts the person's late rows, listed from `from` up to `to`, where they belong, and the others
 * where room is left. */
static fallible put_late(struct unpacking *in, uint32_t person, size_t from, size_t to)
{
    uint32_t first = in->of->first[person], count = in->of->first[person + 1] - first, at = 0;
    uint32_t *rows = in->rows + first;

    for (uint32_t i = 0; i < count; i++)
        rows[i] = NONE;
    for (size_t i = from; i < to; i++) {
        uint64_t row = in->gaps[i] - first; /* by now they are rows */
        uint64_t arrival = row + (uint64_t)columns_format_unzigzag(in->off[i]);

        if (arrival >= count || rows[arrival] != NONE)
            return fail_places();
        rows[arrival] = (uint32_t)in->gaps[i];
    }
    for (uint32_t row = first; row < first + count; row++) {
        if (from < to && in->gaps[from] == row) {
            from++;
            continue;
        }
        while (rows[at] != NONE)
            at++;
        rows[at] = row;
    }
    return OK;
}

static fallible order_rows(struct unpacking *in)
{
    const uint32_t *first = in->of->first;
    uint32_t count = first[in->of->persons], person = 0;
    uint64_t row = 0;
    size_t to;

    for (uint32_t i = 0; i < count; i++)
        in->rows[i] = i;
    for (size_t i = 0; i < in->late; i++) {
        if (in->gaps[i] >= count - row || (i && !in->gaps[i]))
            return fail_places();
        in->gaps[i] = row += in->gaps[i];
    }
    for (size_t from = 0; from < in->late; from = to) {
        while (in->gaps[from] >= first[person + 1])
            person++;
        for (to = from; to < in->late && in->gaps[to] < first[person + 1]; to++)
            ;
        TRY(put_late(in, person, from, to));
    }
    return OK;
}

/* Words that are read one after the other. */
struct reading {
    const uint8_t *bytes; /* padding follows */
    uint64_t at;          /* bit */
    uint64_t end;
};

static inline uint32_t take_turn(const struct columns_turns *turns, struct reading *reading)
{
    uint64_t bits;
    unsigned length;

    memcpy(&bits, reading->bytes + reading->at / 8, sizeof bits);
    bits = in_file_order(bits) << reading->at % 8;
    length = columns_turns_length(turns, bits);
    reading->at += length;
    return turns->order[(bits >> (64 - length)) + turns->ahead[length]];
}

/* Of each person the next row from the front and, one behind it, from the back. */
struct ends {
    uint32_t front;
    uint32_t back;
};

static fallible take_turns(const struct unpacking *in, const struct columns_turns *turns,
                           struct reading both[2], struct ends *ends, uint32_t *out_rows)
{
    uint32_t count = in->of->first[in->of->persons];
    struct reading front = both[0], back = both[1];

    for (uint32_t i = 0; i < count - count / 2; i++) {
        struct ends *person = &ends[take_turn(turns, &back)];

        if (person->front >= person->back || back.at > back.end)
            return fail_places();
        out_rows[count - 1 - i] = in->rows[--person->back];
        if (i >= count / 2)
            break;
        person = &ends[take_turn(turns, &front)];
        if (person->front >= person->back || front.at > front.end)
            return fail_places();
        out_rows[i] = in->rows[person->front++];
    }
    return OK;
}

static fallible read_words(struct columns_unpacker *from, struct reading *out_reading)
{
    uint64_t bytes;

    TRY(columns_unpack_number(from, UINT32_MAX, &bytes));
    TRY(columns_unpack_raw(from, bytes, &out_reading->bytes));
    out_reading->at = 0;
    out_reading->end = bytes * 8;
    return OK;
}

static fallible unpack_turns(struct columns_unpacker *from, const struct unpacking *in,
                             const struct columns_turns *turns, uint32_t *out_rows)
{
    const struct columns_places *of = in->of;
    struct reading both[2];
    struct ends *ends;
    enum err err;

    if (!turns->shortest) {
        memcpy(out_rows, in->rows, of->first[of->persons] * sizeof *out_rows);
        return OK;
    }
    TRY(read_words(from, &both[0]));
    TRY(read_words(from, &both[1]));
    ends = mem_grow(NULL, of->persons * sizeof *ends);
    if (!ends)
        return mem_exhausted();
    for (uint32_t i = 0; i < of->persons; i++)
        ends[i] = (struct ends){of->first[i], of->first[i + 1]};
    err = take_turns(in, turns, both, ends, out_rows);
    mem_free(ends);
    return err;
}

static fallible unpack_late(struct columns_unpacker *from, struct unpacking *in)
{
    uint64_t count;

    TRY(columns_unpack_number(from, in->of->first[in->of->persons], &count));
    in->late = count;
    TRY(columns_unpack(from, in->gaps, count));
    TRY(columns_unpack(from, in->off, count));
    return order_rows(in);
}

fallible columns_places_unpack(struct columns_unpacker *from, const struct columns_places *of,
                               uint64_t *const scratch[COLUMNS_PLACES_SCRATCHES],
                               uint32_t *out_rows)
{
    struct unpacking in = {
        .of = of, .rows = (uint32_t *)scratch[0], .gaps = scratch[1], .off = scratch[2]};
    struct columns_turns turns;
    enum err err;

    TRY(unpack_late(from, &in));
    err = columns_turns_init(&turns, of->first, of->persons);
    if (!err)
        err = unpack_turns(from, &in, &turns, out_rows);
    columns_turns_done(&turns);
    return err;
}
