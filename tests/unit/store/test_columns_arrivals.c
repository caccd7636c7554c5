/* test_columns_arrivals.c - each stripe gets its items of a span, in order, however far apart.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_arrivals.h"

#include "base/random.h"
#include "support/test.h"

#include <string.h>

enum { COUNT = 1000, STRIPES = 7 };

static struct columns_arrived arrived_over(uint64_t range, random_state *random)
{
    uint64_t *items = arena_take(test_mem, COUNT * sizeof *items);
    uint16_t *stripes = arena_take(test_mem, COUNT * sizeof *stripes);

    for (uint32_t i = 0; i < COUNT; i++) {
        items[i] = (uint64_t)-5000 + random_below(random, range); /* before and after 1970 */
        stripes[i] = (uint16_t)(random_below(random, STRIPES - 1) + (i % 2)); /* 0: every other */
    }
    items[0] = (uint64_t)-5000;
    items[1] = items[0] + range - 1;
    return (struct columns_arrived){items, stripes, COUNT, STRIPES, 0};
}

TEST(columns_arrivals_give_each_stripe_its_items_in_order)
{
    static const struct {
        uint64_t range;
        unsigned width;
    } cases[] = {{2, 4}, {1ull << 32, 4}, {(1ull << 32) + 1, 8}, {1ull << 60, 8}};
    random_state random = {1};

    EACH_CASE(c, cases)
    {
        struct columns_arrived arrived = arrived_over(c->range, &random);
        unsigned width = columns_arrivals_width(&arrived);
        void *bytes = arena_take(test_mem, columns_arrivals_bytes(STRIPES, COUNT, width));
        uint32_t rows[COUNT], total = 0;
        uint64_t got[COUNT];
        struct columns_span span;

        CHECK_INT(width, c->width);
        columns_arrivals_fill(&arrived, width, bytes);
        span = columns_arrivals_span(bytes, STRIPES, width);
        for (uint32_t stripe = 0; stripe < STRIPES; stripe++) {
            uint32_t count = 0;

            for (uint32_t i = 0; i < COUNT; i++)
                if (arrived.stripes[i] == stripe)
                    rows[count++] = i;
            CHECK_INT(columns_arrivals_count(&span, stripe), count);
            columns_arrivals_take(&span, stripe, rows, got);
            total += count;
        }
        CHECK_INT(total, COUNT);
        CHECK(memcmp(got, arrived.items, sizeof got) == 0);
    }
}

TEST(columns_arrivals_keep_stripes)
{
    random_state random = {2};
    struct columns_arrived arrived = arrived_over(10, &random);
    uint64_t scratch[COUNT];
    uint16_t got[COUNT];
    struct columns_packer packer;
    struct columns_unpacker in;
    struct buf bytes = {0};

    CHECK_OK(columns_packer_init(&packer));
    columns_arrivals_pack_stripes(&packer, &bytes, &arrived, scratch);
    columns_packer_done(&packer);
    CHECK(buf_reserve(&bytes, COLUMNS_PADDING));
    memset(bytes.data + bytes.len, 0, COLUMNS_PADDING);
    CHECK_OK(columns_unpacker_init(&in));
    for (uint32_t stripes = STRIPES - 1; stripes <= STRIPES; stripes++) {
        in.at = (const uint8_t *)bytes.data;
        in.end = in.at + bytes.len;
        if (stripes < STRIPES)
            CHECK_ERR(ERR_CORRUPT, columns_arrivals_unpack_stripes(&in, stripes, got, COUNT));
        else
            CHECK_OK(columns_arrivals_unpack_stripes(&in, stripes, got, COUNT));
    }
    CHECK(memcmp(got, arrived.stripes, sizeof got) == 0);
    columns_unpacker_done(&in);
    buf_done(&bytes);
}

/* Of stripes that are all as frequent, hardly a bit more than their logarithm is written. */
TEST(columns_arrivals_take_few_bits_of_stripes)
{
    static const struct {
        uint32_t stripes;
        double bits;
    } cases[] = {{1, 0.05},   {2, 1.05},   {3, 1.62},     {7, 2.88},      {255, 8.05},
                 {256, 8.05}, {768, 9.65}, {40000, 15.4}, {65535, 16.05}, {65536, 16.05}};
    random_state random = {3};
    struct columns_packer packer;
    struct columns_unpacker in;

    CHECK_OK(columns_packer_init(&packer));
    CHECK_OK(columns_unpacker_init(&in));
    EACH_CASE(c, cases)
    {
        uint16_t stripes[COLUMNS_SPAN], got[COLUMNS_SPAN];
        struct columns_arrived arrived = {NULL, stripes, COLUMNS_SPAN - 3, c->stripes, 0};
        uint64_t *scratch = arena_take(test_mem, COLUMNS_SPAN * sizeof *scratch);
        struct buf bytes = {0};

        for (uint32_t i = 0; i < arrived.count; i++)
            stripes[i] = (uint16_t)random_below(&random, c->stripes);
        stripes[5] = (uint16_t)(c->stripes - 1);
        columns_arrivals_pack_stripes(&packer, &bytes, &arrived, scratch);
        CHECK((double)bytes.len * 8 < c->bits * arrived.count + 100);
        CHECK(buf_reserve(&bytes, COLUMNS_PADDING));
        memset(bytes.data + bytes.len, 0, COLUMNS_PADDING);
        in.at = (const uint8_t *)bytes.data;
        in.end = in.at + bytes.len;
        CHECK_OK(columns_arrivals_unpack_stripes(&in, c->stripes, got, arrived.count));
        CHECK_OK(columns_unpack_end(&in));
        CHECK(memcmp(got, stripes, arrived.count * sizeof *got) == 0);
        buf_done(&bytes);
    }
    columns_packer_done(&packer);
    columns_unpacker_done(&in);
}

TEST(columns_arrivals_find_no_stripe_that_is_not_there)
{
    /* Five digits to the base of 768 in 48 bits. */
    static const uint64_t most = 768ull * 768 * 768 * 768 * 768 - 1;
    unsigned char bytes[1 + 6 + COLUMNS_PADDING] = {1};
    struct columns_unpacker in = {.zstd = NULL};
    uint16_t got[5];

    for (uint64_t over = 0; over < 2; over++) {
        uint64_t word = most + over;

        memcpy(bytes + 1, &word, 6);
        in.at = bytes;
        in.end = bytes + 7;
        CHECK_ERR(over ? ERR_CORRUPT : OK, columns_arrivals_unpack_stripes(&in, 768, got, 5));
    }
}

TEST(columns_arrivals_smooth_what_lies_apart)
{
    static const struct {
        uint32_t late[4]; /* places; 0: none more */
        int64_t by;
    } cases[] = {{{0}, 0},
                 {{500}, 3 * 86400000ll},
                 {{500}, -3 * 86400000ll},
                 {{100, 101, 102, 103}, 86400000},
                 {{300, 302, 305, 307}, 86400000},
                 {{996, 997, 998, 999}, 86400000}};

    EACH_CASE(c, cases)
    {
        uint64_t times[COUNT], scratch[COUNT];

        for (uint32_t i = 0; i < COUNT; i++)
            times[i] = (uint64_t)-5000 + 20ull * i;
        for (uint32_t i = 0; i < 4 && c->late[i]; i++)
            times[c->late[i]] -= (uint64_t)c->by;
        columns_arrivals_smooth(times, COUNT, scratch);
        for (uint32_t i = 0; i < COUNT; i++) {
            CHECK(!i || (int64_t)times[i - 1] <= (int64_t)times[i]);
            CHECK(c->by || times[i] == (uint64_t)-5000 + 20ull * i);
        }
    }
}
