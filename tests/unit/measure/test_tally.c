/* test_tally.c - small sets of hashes: exact while small, honest when not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/tally.h"

#include "base/mem.h"
#include "support/test.h"

static struct tally_values values_of(uint64_t from, uint64_t to)
{
    struct tally_values values = {0};

    for (int twice = 0; twice < 2; twice++)
        for (uint64_t i = from; i < to; i++)
            CHECK_OK(tally_values_add(&values, i * 0x9e3779b97f4a7c15u));
    return values;
}

TEST(distinct_values_are_exact_up_to_a_bound)
{
    static const struct {
        uint64_t from, to, other_from, other_to, count;
        bool is_over;
    } cases[] = {
        {0, 0, 0, 0, 0, false},
        {0, 1, 0, 1, 1, false}, /* the hash 0, too */
        {0, 500, 300, 700, 700, false},
        {0, TALLY_VALUES, 0, TALLY_VALUES, TALLY_VALUES, false},
        {0, TALLY_VALUES, 1, TALLY_VALUES + 1, TALLY_VALUES + 1, true},
        {0, TALLY_VALUES + 500, 0, 3, TALLY_VALUES + 1, true},
        {0, 3, 0, TALLY_VALUES + 500, TALLY_VALUES + 1, true},
    };

    EACH_CASE(c, cases)
    {
        struct tally_values values = values_of(c->from, c->to);
        struct tally_values other = values_of(c->other_from, c->other_to);

        CHECK_OK(tally_values_merge(&values, &other));
        CHECK_INT(values.count, c->count);
        CHECK_INT(values.is_over, c->is_over);
        tally_values_done(&values);
        tally_values_done(&other);
    }
}

TEST(of_bounds_the_largest_counts)
{
    struct tally_values values = values_of(0, 10), other = {0};

    tally_values_overflow(&other, 5000);
    CHECK_OK(tally_values_merge(&values, &other));
    CHECK(values.is_over && values.count == 5000);
    tally_values_overflow(&other, 1);
    CHECK_INT(other.count, 5000);
    tally_values_done(&values);
    tally_values_done(&other);
}

TEST(hashes_tell_values_of_different_types_and_shapes_apart)
{
    uint64_t text = tally_hash_atom(TALLY_TEXT, "1", 1);
    uint64_t list = tally_hash_item(tally_hash_item(0, text), 1);
    uint64_t object = tally_hash_member(TALLY_MARK, S("a"), text);

    CHECK(text != tally_hash_atom(TALLY_BOOLEAN, "1", 1));
    CHECK(text & list & object & TALLY_MARK);
    CHECK(list != object);
    CHECK(tally_hash_member(object, S("b"), list) ==
          tally_hash_member(tally_hash_member(TALLY_MARK, S("b"), list), S("a"), text));
    CHECK(tally_hash_item(tally_hash_item(0, 1), 2) != tally_hash_item(tally_hash_item(0, 2), 1));
}
