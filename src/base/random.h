/* random.h - reproducible pseudo-random numbers, for simulations and generators; never secrets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct random_state {
    uint64_t at;
} random_state;

uint64_t random_next(random_state *state);                  /* SplitMix64 */
uint64_t random_below(random_state *state, uint64_t bound); /* 0 .. bound-1; bound > 0 */
bool random_chance(random_state *state, double probability);
void random_bytes(random_state *state, void *out, size_t len);
