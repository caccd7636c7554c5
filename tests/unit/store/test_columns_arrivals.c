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
    columns_arrivals_pack_stripes(&packer, &bytes, arrived.stripes, COUNT, scratch);
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
