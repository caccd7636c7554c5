/* proportion.c - three intervals of a binomial proportion.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/proportion.h"

#include "measure/quantile.h"

#include <math.h>

#define MOST ((int64_t)1 << 53) /* whole numbers up to here are exact */

static const char *const METHODS[] = {
    [PROPORTION_WILSON] = "wilson",
    [PROPORTION_EXACT] = "exact",
    [PROPORTION_AGRESTI_COULL] = "agresti-coull",
};

fallible proportion_parse_method(str name, enum proportion_method *out_method)
{
    for (size_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++)
        if (str_equals(name, str_of(METHODS[i]))) {
            *out_method = (enum proportion_method)i;
            return OK;
        }
    return fail(ERR_INVALID, "\"method\" must be \"wilson\", \"exact\" or \"agresti-coull\"");
}

/* The lower bound of k by its product with the upper one, k^2 / (n (n + z^2)): nothing cancels. */
static double wilson_low(double k, double n, double z)
{
    double root = z * sqrt(k * ((n - k) / n) + z * z / 4);

    return k * (k / n) / (k + z * z / 2 + root);
}

static double wilson_high(double k, double n, double z)
{
    double root = z * sqrt(k * ((n - k) / n) + z * z / 4);

    return k == n ? 1 : (k + z * z / 2 + root) / (n + z * z);
}

static struct proportion agresti_coull(double k, double n, double z)
{
    double trials = n + z * z, share = (k + z * z / 2) / trials;
    double half = z * sqrt(share * (1 - share) / trials);

    return (struct proportion){
        .low = k > 0 ? share - half : 0,
        .high = k < n ? share + half : 1,
    };
}

static struct proportion clopper_pearson(double k, double n, double tail)
{
    return (struct proportion){
        .low = k > 0 ? quantile_beta(k, n - k + 1, QUANTILE_LOWER, tail) : 0,
        .high = k < n ? quantile_beta(k + 1, n - k, QUANTILE_UPPER, tail) : 1,
    };
}

static struct proportion bounds(double k, double n, const struct proportion_interval *interval)
{
    double tail = (1 - interval->confidence) / 2, z;

    if (interval->method == PROPORTION_EXACT)
        return clopper_pearson(k, n, tail);
    z = quantile_normal(tail);
    if (interval->method == PROPORTION_AGRESTI_COULL)
        return agresti_coull(k, n, z);
    return (struct proportion){.low = wilson_low(k, n, z), .high = wilson_high(k, n, z)};
}

fallible proportion_estimate(int64_t count, int64_t of, const struct proportion_interval *interval,
                             struct proportion *out_proportion)
{
    struct proportion proportion;

    if (of < 1 || of > MOST)
        return fail(ERR_INVALID, "\"of\" must be a whole number from 1 to %lld", (long long)MOST);
    if (count < 0 || count > of)
        return fail(ERR_INVALID, "\"count\" must be a whole number from 0 to \"of\"");
    if (!(interval->confidence >= PROPORTION_LEAST_CONFIDENCE &&
          interval->confidence <= PROPORTION_MOST_CONFIDENCE))
        return fail(ERR_INVALID, "\"confidence\" must be a number from %g to %.6f",
                    PROPORTION_LEAST_CONFIDENCE, PROPORTION_MOST_CONFIDENCE);
    proportion = bounds((double)count, (double)of, interval);
    proportion.estimate = (double)count / (double)of;
    *out_proportion = proportion;
    return OK;
}
