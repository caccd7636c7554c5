/* test_quantile.c - quantiles against values of another make.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/quantile.h"

#include "support/test.h"

#include <math.h>

static double relative_error(double got, double want)
{
    return fabs(got / want - 1);
}

TEST(quantiles_of_the_normal_distribution_are_exact)
{
    /* SciPy's norm.isf, which mpmath confirms. */
    static const struct {
        double tail, want;
    } cases[] = {
        {0.25, 0.6744897501960817}, {0.05, 1.6448536269514729}, {0.025, 1.9599639845400545},
        {0.005, 2.575829303548901}, {5e-7, 4.8916384756985045}, {0.4999, 0.00025066283008800055},
    };

    EACH_CASE(c, cases)
    CHECK(relative_error(quantile_normal(c->tail), c->want) < 1e-12);
}

TEST(quantiles_of_the_beta_distribution_are_those_of_another_make)
{
    static const struct {
        double a, b;
        enum quantile_side side;
        double tail, want;
    } cases[] = {
#define CASE(a, b, side, tail, want) {a, b, QUANTILE_##side, tail, want},
#include "quantile_cases.def"
#undef CASE
    };

    EACH_CASE(c, cases)
    CHECK(relative_error(quantile_beta(c->a, c->b, c->side, c->tail), c->want) < 1e-10);
}

TEST(quantiles_of_the_beta_distribution_that_are_powers)
{
    static const double others[] = {1, 2, 3, 10, 1000, 1e6, 1e9, 1e15};

    EACH_CASE(b, others)
    {
        double want = -expm1(log1p(-0.025) / *b);

        CHECK(relative_error(quantile_beta(1, *b, QUANTILE_LOWER, 0.025), want) < 1e-13);
        want = -expm1(log(0.025) / *b);
        CHECK(relative_error(quantile_beta(1, *b, QUANTILE_UPPER, 0.025), want) < 1e-13);
        want = exp(log(0.025) / *b);
        CHECK(relative_error(quantile_beta(*b, 1, QUANTILE_LOWER, 0.025), want) < 1e-13);
    }
}

TEST(quantiles_of_the_beta_distribution_grow_where_the_method_changes)
{
    double before = 0;

    for (double a = 999990; a < 1000010; a++) {
        double low = quantile_beta(a, 5e6, QUANTILE_LOWER, 0.025);

        CHECK(low > before);
        before = low;
    }
}
