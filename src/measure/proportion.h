/* proportion.h - between which bounds a share lies of which a sample was seen.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Wilson (1927, Probable inference, the law of succession, and statistical inference), Clopper and
 * Pearson (1934, The use of confidence or fiducial limits illustrated in the case of the binomial)
 * and Agresti and Coull (1998, Approximate is better than "exact" for interval estimation of
 * binomial proportions).
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum proportion_method { PROPORTION_WILSON, PROPORTION_EXACT, PROPORTION_AGRESTI_COULL };

#define PROPORTION_LEAST_CONFIDENCE 0.5
#define PROPORTION_MOST_CONFIDENCE 0.999999
#define PROPORTION_CONFIDENCE 0.95

fallible proportion_parse_method(str name, enum proportion_method *out_method); /* ERR_INVALID */

struct proportion_interval {
    enum proportion_method method;
    double confidence;
};
struct proportion {
    double estimate;
    double low, high;
};
/* `count` of `of`. ERR_INVALID: it is no proportion, or there are more than 2^53; the confidence is
 * not within the bounds. The interval of Agresti and Coull may reach a little below 0 and above 1
 * where some, but few, are or are not: it is not cut, as in R's binom.confint. */
fallible proportion_estimate(int64_t count, int64_t of, const struct proportion_interval *interval,
                             struct proportion *out_proportion);
