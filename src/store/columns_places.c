/* columns_places.c - rows in the order of their arrival, told by whose turn it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Block: of the first half of the turns the number of bytes and their words (columns_turns.h), from
 * the highest bit of each byte on, and the same of the other half, from the last turn backwards: so
 * that two words can be read at a time.
 */
#include "store/columns_places.h"

#include "base/mem.h"
#include "store/columns_bits.h"
#include "store/columns_turns.h"

#include <stdlib.h>
#include <string.h>

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
    uint32_t *persons; /* of each row */
    uint64_t *words;   /* of each person */
    uint8_t *lengths;
};

static fallible begin(struct packing *packing, const struct columns_places *of)
{
    *packing = (struct packing){.of = of};
    packing->persons = mem_grow(NULL, of->first[of->persons] * sizeof *packing->persons);
    packing->words = mem_grow(NULL, of->persons * sizeof *packing->words);
    packing->lengths = mem_grow(NULL, of->persons * sizeof *packing->lengths);
    if (!packing->persons || !packing->words || !packing->lengths)
        return mem_exhausted();
    for (uint32_t i = 0; i < of->persons; i++)
        for (uint32_t row = of->first[i]; row < of->first[i + 1]; row++)
            packing->persons[row] = i;
    return OK;
}

static void end(struct packing *packing)
{
    mem_free(packing->persons);
    mem_free(packing->words);
    mem_free(packing->lengths);
}

static void list_words(struct packing *packing, const struct columns_turns *turns)
{
    for (unsigned length = 1; length <= COLUMNS_TURNS_LONGEST; length++)
        for (uint32_t i = 0; i < turns->count[length]; i++) {
            uint32_t person = turns->order[turns->before[length] + i];

            packing->words[person] = turns->word[length] + i;
            packing->lengths[person] = (uint8_t)length;
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

        bits |= packing->words[person] << (64 - used - packing->lengths[person]);
        used += packing->lengths[person];
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

void columns_places_pack(struct buf *out, const struct columns_places *of, const uint32_t *rows)
{
    struct packing packing;
    enum err err = begin(&packing, of);

    if (!err)
        err = pack_turns(&packing, out, rows);
    end(&packing);
    out->broken = out->broken || err;
}

/* --- Unpacking --- */

static fallible fail_places(void)
{
    return fail(ERR_CORRUPT, "places of its rows do not fit");
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

static fallible take_turns(uint32_t count, const struct columns_turns *turns,
                           struct reading both[2], struct ends *ends, uint32_t *out_slots)
{
    struct reading front = both[0], back = both[1];

    for (uint32_t i = 0; i < count - count / 2; i++) {
        struct ends *person = &ends[take_turn(turns, &back)];

        if (person->front >= person->back || back.at > back.end)
            return fail_places();
        out_slots[count - 1 - i] = --person->back;
        if (i >= count / 2)
            break;
        person = &ends[take_turn(turns, &front)];
        if (person->front >= person->back || front.at > front.end)
            return fail_places();
        out_slots[i] = person->front++;
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

static fallible unpack_turns(struct columns_unpacker *from, const struct columns_places *of,
                             const struct columns_turns *turns, uint32_t *out_slots)
{
    uint32_t count = of->first[of->persons];
    struct reading both[2];
    struct ends *ends;
    enum err err;

    for (uint32_t i = 0; !turns->shortest && i < count; i++)
        out_slots[i] = i;
    if (!turns->shortest)
        return OK;
    TRY(read_words(from, &both[0]));
    TRY(read_words(from, &both[1]));
    ends = mem_grow(NULL, of->persons * sizeof *ends);
    if (!ends)
        return mem_exhausted();
    for (uint32_t i = 0; i < of->persons; i++)
        ends[i] = (struct ends){of->first[i], of->first[i + 1]};
    err = take_turns(count, turns, both, ends, out_slots);
    mem_free(ends);
    return err;
}

fallible columns_places_unpack(struct columns_unpacker *from, const struct columns_places *of,
                               uint32_t *out_slots)
{
    struct columns_turns turns;
    enum err err = columns_turns_init(&turns, of->first, of->persons);

    if (!err)
        err = unpack_turns(from, of, &turns, out_slots);
    columns_turns_done(&turns);
    return err;
}

/* --- Into order --- */

static int by_order(const void *a, const void *b)
{
    const struct columns_late *left = a, *right = b;

    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return left->slot < right->slot ? -1 : left->slot > right->slot;
}

/* Takes out items until the others are in order; one apart from those around is taken rather than
 * these. Returns where the others end. */
static uint32_t take_late(int64_t *times, uint32_t *slots, uint32_t first, uint32_t end,
                          struct columns_late *late, uint32_t *out_count)
{
    uint32_t kept = first, count = 0, latest = end;

    for (uint32_t i = first; i < end; i++) {
        if (kept > first && times[i] < times[kept - 1]) {
            bool is_ahead = latest + 1 == i && (kept - 1 == first || times[i] >= times[kept - 2]);

            if (!is_ahead) {
                late[count++] = (struct columns_late){times[i], slots[i]};
                continue;
            }
            kept--;
            late[count++] = (struct columns_late){times[kept], slots[kept]};
        }
        times[kept] = times[i];
        slots[kept++] = slots[i];
        latest = i;
    }
    *out_count = count;
    return kept;
}

void columns_places_sort(const struct columns_places *of, int64_t *times, uint32_t *slots,
                         struct columns_late *scratch)
{
    for (uint32_t i = 0; i < of->persons; i++) {
        uint32_t at = of->first[i], end = of->first[i + 1], late, kept;

        for (at++; at < end && times[at - 1] <= times[at];)
            at++;
        if (at >= end)
            continue;
        kept = take_late(times, slots, of->first[i], end, scratch, &late);
        qsort(scratch, late, sizeof *scratch, by_order);
        while (late) {
            const struct columns_late *last = &scratch[late - 1];
            bool is_last = kept == of->first[i] || last->time > times[kept - 1] ||
                           (last->time == times[kept - 1] && last->slot > slots[kept - 1]);

            end--;
            times[end] = is_last ? last->time : times[kept - 1];
            slots[end] = is_last ? last->slot : slots[kept - 1];
            late -= is_last;
            kept -= !is_last;
        }
    }
}
