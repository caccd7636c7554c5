/* dice.h - chance in a simulated world: the same seed, the same throws.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each thing that may happen has dice of its own, found by its number, so that what one person does
 * never moves what another does. Only sums, products and roots of whole numbers are used, no
 * functions of the mathematical library, whose last digits differ from one machine to the next.
 */
#pragma once
#include "base/random.h"
#include "base/time.h"

/* Dice of `who` on `day` for a purpose. */
random_state dice_for(uint64_t seed, uint64_t who, uint64_t day, uint64_t purpose);
double dice_unit(random_state *dice); /* 0 <= x < 1 */
double dice_bell(random_state *dice); /* of mean 0 and deviation 1, never beyond 6 */
/* A whole number of the given mean: its whole part, and one more by chance. */
uint32_t dice_count(random_state *dice, double mean);
/* An index by weights, whose sum is above 0. */
size_t dice_weighted(random_state *dice, const unsigned *weights, size_t count);
/* A span between a third and 2.4 times `mean`, mostly short. */
millis dice_wait(random_state *dice, millis mean);
/* The text of a random id of 36 characters (RFC 9562, version 4), with a NUL behind it. */
enum { DICE_ID = 37 };
void dice_id(random_state *dice, char out[DICE_ID]);
