/* quantile.h - quantiles of the normal and of the beta distribution.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The logarithms of both distributions' tails are concave - the beta's over ln x, for a and b from
 * 1 on - so Newton's method on them comes from one side and cannot miss: no tables, no brackets.
 */
#pragma once

/* The z above which lies `tail` (0 < tail < 0.5) of the standard normal distribution; within 1e-14
 * of it. */
double quantile_normal(double tail);

enum quantile_side { QUANTILE_LOWER, QUANTILE_UPPER };
/* The x below (above, of the upper side) which lies `tail` (5e-7 <= tail < 0.5) of the beta
 * distribution of whole a, b from 1 to 2^53: within a relative 1e-10. */
double quantile_beta(double a, double b, enum quantile_side side, double tail);
