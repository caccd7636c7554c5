/* test_columns_places.c - the order of rows comes back, and no forged one does harm.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_places.h"

#include "base/random.h"
#include "store/columns_turns.h"
#include "support/test.h"

#include <string.h>

/* Persons with so many rows each; every `late`-th row arrives when another one should. */
struct sample {
    const char *name;
    uint32_t persons;
    uint32_t (*rows)(uint32_t person);
    uint32_t late;
};

static uint32_t one_row(uint32_t person)
{
    (void)person;
    return 1;
}

static uint32_t few_rows(uint32_t person)
{
    return 1 + person * person % 17;
}

/* Words become as long as they can. */
static uint32_t rows_like_fibonacci(uint32_t person)
{
    uint32_t a = 1, b = 1;

    while (person--) {
        uint32_t sum = a + b;

        a = b;
        b = sum;
    }
    return a;
}

static uint32_t many_rows(uint32_t person)
{
    return person ? 3 : 70000;
}

static const struct sample samples[] = {
    {"alone", 1, few_rows, 0},
    {"one person", 1, many_rows, 3},
    {"two", 2, one_row, 0},
    {"each one row", 3000, one_row, 0},
    {"few rows", 1000, few_rows, 0},
    {"late", 1000, few_rows, 10},
    {"all late", 300, few_rows, 1},
    {"long words", 24, rows_like_fibonacci, 100},
    {"one with many", 50, many_rows, 50},
};

struct rows {
    struct columns_places of;
    uint32_t *places;
    uint32_t *rows; /* in order of their arrival */
    uint32_t count;
};

/* Of each person in order, but for the late ones. */
static struct rows rows_of(const struct sample *sample, random_state *random)
{
    uint32_t *first = arena_take(test_mem, (sample->persons + 1) * sizeof *first);
    uint32_t *persons, *next;
    struct rows rows = {.of = {first, sample->persons}};

    next = arena_take(test_mem, sample->persons * sizeof *next);
    for (uint32_t i = 0; i < sample->persons; i++) {
        next[i] = first[i] = rows.count;
        rows.count += sample->rows(i);
    }
    first[sample->persons] = rows.count;
    persons = arena_take(test_mem, rows.count * sizeof *persons);
    rows.places = arena_take(test_mem, rows.count * sizeof *rows.places);
    rows.rows = arena_take(test_mem, rows.count * sizeof *rows.rows);
    for (uint32_t i = 0; i < sample->persons; i++)
        for (uint32_t row = first[i]; row < first[i + 1]; row++)
            persons[row] = i;
    for (uint32_t i = rows.count; i-- > 1;) {
        uint32_t other = (uint32_t)random_below(random, i + 1), person = persons[i];

        persons[i] = persons[other];
        persons[other] = person;
    }
    for (uint32_t i = 0; i < rows.count; i++)
        rows.places[next[persons[i]]++] = 5 + 7 * i;
    for (uint32_t row = 0; sample->late && row < rows.count; row += sample->late) {
        uint32_t other = (uint32_t)random_below(random, rows.count), place = rows.places[row];

        rows.places[row] = rows.places[other];
        rows.places[other] = place;
    }
    return rows;
}

static void order(struct rows *rows)
{
    uint64_t *one = arena_take(test_mem, rows->count * sizeof *one);
    uint64_t *other = arena_take(test_mem, rows->count * sizeof *other);

    columns_places_order(rows->places, rows->count, one, other, rows->rows);
}

static struct buf packed(const struct rows *rows)
{
    struct buf out = {0};

    columns_places_pack(&out, &rows->of, rows->rows);
    CHECK(!buf_is_broken(&out) && buf_reserve(&out, COLUMNS_PADDING));
    memset(out.data + out.len, 0, COLUMNS_PADDING);
    return out;
}

static enum err unpacked(struct columns_unpacker *in, const struct rows *rows, const char *bytes,
                         size_t len, uint32_t *out_slots)
{
    in->at = (const uint8_t *)bytes;
    in->end = in->at + len;
    return columns_places_unpack(in, &rows->of, out_slots);
}

TEST(columns_places_sort_rows_by_their_places)
{
    random_state random = {1};

    EACH_CASE(sample, samples)
    {
        struct rows rows = rows_of(sample, &random);

        order(&rows);
        for (uint32_t i = 1; i < rows.count; i++)
            CHECK(rows.places[rows.rows[i - 1]] < rows.places[rows.rows[i]]);
    }
}

/* The rows that slots become by times, which here are places. */
static void sort(const struct rows *rows, const uint32_t *slots, uint32_t *out_rows)
{
    int64_t *times = arena_take(test_mem, rows->count * sizeof *times);
    uint32_t *order = arena_take(test_mem, rows->count * sizeof *order);
    struct columns_late *late = arena_take(test_mem, rows->count * sizeof *late);
    uint32_t *row_of = arena_take(test_mem, rows->count * sizeof *row_of);

    for (uint32_t i = 0; i < rows->count; i++) {
        times[slots[i]] = -(int64_t)rows->count + rows->rows[i] / 2; /* two of each */
        order[i] = i;
    }
    columns_places_sort(&rows->of, times, order, late);
    for (uint32_t row = 0; row < rows->count; row++) {
        CHECK_INT(times[row], -(int64_t)rows->count + row / 2);
        row_of[order[row]] = row;
    }
    for (uint32_t i = 0; i < rows->count; i++)
        out_rows[i] = row_of[slots[i]];
}

TEST(columns_places_come_back_in_the_order_of_arrival)
{
    random_state random = {2};
    struct columns_unpacker in;

    CHECK_OK(columns_unpacker_init(&in));
    EACH_CASE(sample, samples)
    {
        struct rows rows = rows_of(sample, &random);
        uint32_t *slots = arena_take(test_mem, rows.count * sizeof *slots);
        uint32_t *got = arena_take(test_mem, rows.count * sizeof *got);
        struct buf bytes;

        order(&rows);
        bytes = packed(&rows);
        CHECK_OK(unpacked(&in, &rows, bytes.data, bytes.len, slots));
        CHECK_OK(columns_unpack_end(&in));
        sort(&rows, slots, got);
        for (uint32_t i = 0; i < rows.count; i++)
            CHECK_INT(got[i] / 2, rows.rows[i] / 2);
        buf_done(&bytes);
    }
    columns_unpacker_done(&in);
}

TEST(columns_places_take_few_bits_of_who_has_many_rows)
{
    random_state random = {3};
    struct rows rows = rows_of(&samples[8], &random);
    struct buf bytes;

    rows.places = arena_take(test_mem, rows.count * sizeof *rows.places);
    for (uint32_t row = 0; row < rows.count; row++)
        rows.places[row] = row;
    order(&rows);
    bytes = packed(&rows);
    CHECK(bytes.len < rows.count / 8 + 300);
    buf_done(&bytes);
}

/* Each row may come out once at most. */
static void expect_rows_once(const struct rows *rows, const uint32_t *got)
{
    char *seen = arena_take(test_mem, rows->count);

    memset(seen, 0, rows->count);
    for (uint32_t i = 0; i < rows->count; i++) {
        CHECK(got[i] < rows->count);
        CHECK(!seen[got[i]]);
        seen[got[i]] = 1;
    }
}

TEST(columns_places_do_no_harm_when_forged)
{
    static const struct sample small = {"small", 20, few_rows, 6};
    random_state random = {4};
    struct rows rows = rows_of(&small, &random);
    uint32_t *got = arena_take(test_mem, rows.count * sizeof *got);
    struct columns_unpacker in;
    struct buf bytes;
    char *forged;

    order(&rows);
    bytes = packed(&rows);
    forged = arena_take(test_mem, bytes.len + COLUMNS_PADDING);
    CHECK_OK(columns_unpacker_init(&in));
    for (unsigned i = 0; i < 3000; i++) {
        size_t len = i % 3 ? bytes.len : random_below(&random, bytes.len);
        enum err err;

        memcpy(forged, bytes.data, bytes.len + COLUMNS_PADDING);
        for (uint64_t flips = random_below(&random, 4); flips; flips--)
            forged[random_below(&random, bytes.len)] ^= (char)(1 << random_below(&random, 8));
        err = unpacked(&in, &rows, forged, len, got);
        CHECK(err == OK || err == ERR_CORRUPT);
        if (!err)
            expect_rows_once(&rows, got);
    }
    columns_unpacker_done(&in);
    buf_done(&bytes);
}

/* Kraft: words of these lengths fill all there is, so whatever bits come, they are some word. */
TEST(columns_turns_have_words_for_all_bits)
{
    random_state random = {5};

    EACH_CASE(sample, samples)
    {
        struct rows rows = rows_of(sample, &random);
        struct columns_turns turns;
        double sum = 0;
        uint32_t words = 0;

        CHECK_OK(columns_turns_init(&turns, rows.of.first, rows.of.persons));
        for (unsigned i = 1; i <= COLUMNS_TURNS_LONGEST; i++) {
            sum += (double)turns.count[i] / (double)(1ull << i);
            words += turns.count[i];
        }
        CHECK(sample->persons == 1 ? !turns.shortest : sum == 1);
        CHECK_INT(words, sample->persons == 1 ? 0 : sample->persons);
        columns_turns_done(&turns);
    }
}
