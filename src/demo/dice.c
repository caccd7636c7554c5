/* dice.c - SplitMix64, seeded by what it is for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/dice.h"

enum { BELL_SUM = 12 };

random_state dice_for(uint64_t seed, uint64_t who, uint64_t day, uint64_t purpose)
{
    random_state dice = {seed};

    dice.at = random_next(&dice) ^ who;
    dice.at = random_next(&dice) ^ day;
    dice.at = random_next(&dice) ^ purpose;
    dice.at = random_next(&dice);
    return dice;
}

double dice_unit(random_state *dice)
{
    return (double)(random_next(dice) >> 11) * 0x1p-53;
}

/* The sum of twelve even numbers has variance 1. */
double dice_bell(random_state *dice)
{
    double sum = -BELL_SUM / 2.0;

    for (int i = 0; i < BELL_SUM; i++)
        sum += dice_unit(dice);
    return sum;
}

uint32_t dice_count(random_state *dice, double mean)
{
    uint32_t whole = mean > 0 ? (uint32_t)mean : 0;

    return whole + random_chance(dice, mean - whole);
}

size_t dice_weighted(random_state *dice, const unsigned *weights, size_t count)
{
    uint64_t sum = 0, at;
    size_t i = 0;

    for (size_t k = 0; k < count; k++)
        sum += weights[k];
    at = random_below(dice, sum);
    while (at >= weights[i])
        at -= weights[i++];
    return i;
}

millis dice_wait(random_state *dice, millis mean)
{
    double u = dice_unit(dice);

    return (millis)((double)mean * (0.3 + 2.1 * u * u));
}

void dice_id(random_state *dice, char out[DICE_ID])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t bits = 0;

    for (int i = 0; i < DICE_ID - 1; i++, bits >>= 4) {
        if (i % 16 == 0)
            bits = random_next(dice);
        out[i] = digits[bits & 15];
    }
    out[8] = out[13] = out[18] = out[23] = '-';
    out[14] = '4';
    out[19] = digits[8 + bits % 4];
    out[DICE_ID - 1] = 0;
}
