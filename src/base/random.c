/* random.c - SplitMix64 (Steele, Lea and Flood 2014).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/random.h"

uint64_t random_next(random_state *state)
{
    uint64_t z = state->at += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t random_below(random_state *state, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)random_next(state) * bound) >> 64);
}

bool random_chance(random_state *state, double probability)
{
    return (double)(random_next(state) >> 11) * 0x1p-53 < probability;
}

void random_bytes(random_state *state, void *out, size_t len)
{
    unsigned char *at = out;

    for (size_t i = 0; i < len; i++)
        at[i] = (unsigned char)random_next(state);
}
