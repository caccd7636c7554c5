/* test_dice.c - throws that can be repeated, and are as even as they should be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/dice.h"
#include "support/test.h"

enum { THROWS = 20000 };

TEST(dice_for_the_same_thing_throw_the_same)
{
    random_state one = dice_for(1, 2, 3, 4), same = dice_for(1, 2, 3, 4);

    for (int i = 0; i < 100; i++)
        CHECK(random_next(&one) == random_next(&same));
}

TEST(dice_for_another_seed_person_day_or_purpose_throw_differently)
{
    static const uint64_t others[][4] = {{2, 2, 3, 4}, {1, 3, 3, 4}, {1, 2, 4, 4}, {1, 2, 3, 5}};
    random_state one = dice_for(1, 2, 3, 4);
    uint64_t first = random_next(&one);

    EACH_CASE(c, others)
    {
        random_state other = dice_for((*c)[0], (*c)[1], (*c)[2], (*c)[3]);

        CHECK(random_next(&other) != first);
    }
}

TEST(dice_count_has_the_mean_that_was_asked_for)
{
    static const double means[] = {0, 0.25, 1, 2.5};

    EACH_CASE(mean, means)
    {
        random_state dice = dice_for(7, 0, 0, 0);
        double sum = 0;

        for (int i = 0; i < THROWS; i++)
            sum += dice_count(&dice, *mean);
        CHECK(sum / THROWS > *mean - 0.02 && sum / THROWS < *mean + 0.02);
    }
}

TEST(dice_weighted_never_gives_what_weighs_nothing)
{
    static const unsigned weights[] = {0, 3, 0, 1};
    random_state dice = dice_for(7, 0, 0, 1);
    int counts[4] = {0};

    for (int i = 0; i < THROWS; i++)
        counts[dice_weighted(&dice, weights, 4)]++;
    CHECK_INT(counts[0] + counts[2], 0);
    CHECK(counts[1] > 2.8 * counts[3] && counts[1] < 3.2 * counts[3]);
}

TEST(dice_bell_has_mean_0_and_deviation_1)
{
    random_state dice = dice_for(7, 0, 0, 2);
    double sum = 0, squares = 0;

    for (int i = 0; i < THROWS; i++) {
        double x = dice_bell(&dice);

        sum += x;
        squares += x * x;
    }
    CHECK(sum / THROWS > -0.03 && sum / THROWS < 0.03);
    CHECK(squares / THROWS > 0.96 && squares / THROWS < 1.04);
}

TEST(dice_id_is_a_random_uuid)
{
    random_state dice = dice_for(7, 0, 0, 3);
    char id[DICE_ID];

    dice_id(&dice, id);
    CHECK_INT(str_of(id).len, 36);
    CHECK(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
    CHECK(id[14] == '4');
    CHECK(id[19] == '8' || id[19] == '9' || id[19] == 'a' || id[19] == 'b');
}
