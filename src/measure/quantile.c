/* quantile.c - Newton's method on the logarithm of a tail.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The beta distribution by the continued fraction of DiDonato and Morris (1992, algorithm 708),
 * evaluated as Lentz does, the factor before it by Loader's saddle point (Fast and Accurate
 * Computation of Binomial Probabilities, 2000): no large logarithms cancel. The fraction takes
 * about sqrt(min(a, b)) steps; beyond LARGE the expansion of Cornish and Fisher (1937) is nearer
 * than 1e-10 by itself.
 */
#include "measure/quantile.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define LARGE 1e6
enum { NEWTON_MOST = 200, FRACTION_MOST = 100000, SERIES = 20 };

double quantile_normal(double tail)
{
    /* The tail is below exp(-z^2 / 2) / 2: a beginning at the right, from where it goes down. */
    double z = sqrt(-2 * log(tail));

    for (int i = 0; i < NEWTON_MOST; i++) {
        double above = erfc(z * M_SQRT1_2) / 2;
        double density = exp(-z * z / 2) * M_2_SQRTPI * M_SQRT1_2 / 2;
        double step = above / density * log(above / tail);

        z += step;
        if (fabs(step) <= 1e-15 * z)
            break;
    }
    return z;
}

/* ln(ratio) - e, where e is the ratio less 1: each is told exactly where it is small. */
static double log_less(double ratio, double e)
{
    double power = -e, sum = 0;

    if (fabs(e) > 0.125)
        return log(ratio) - e;
    for (int k = 2; k < SERIES; k++) {
        power *= -e;
        sum -= power / k;
    }
    return sum;
}

/* What Stirling's formula lacks of ln gamma(z), z > 0. */
static double stirling_error(double z)
{
    double w = 1 / (z * z);
    int sign;

    if (z < 16)
        return lgamma_r(z, &sign) - ((z - 0.5) * log(z) - z + log(2 * M_PI) / 2);
    return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w / 1188)))) / z;
}

struct beta {
    double a, b;
    double factor; /* ln of Stirling's part of 1 / B(a, b) at the mean */
};

static struct beta beta_of(double a, double b)
{
    return (struct beta){a, b,
                         stirling_error(a + b) - stirling_error(a) - stirling_error(b) +
                             log(a / (2 * M_PI) * (b / (a + b))) / 2};
}

/* ln of x^a (1 - x)^b / B(a, b); `away` is x (a + b) - a. */
static double log_front(const struct beta *beta, double x, double away)
{
    double a = beta->a, b = beta->b;

    return a * log_less(x * (a + b) / a, away / a) +
           b * log_less((1 - x) * (a + b) / b, -away / b) + beta->factor;
}

/* The lower tail of (a, b) at x is the front, divided by this; `below` is a - x (a + b) >= 0. */
static double fraction(double a, double b, double x, double below)
{
    double h = a * (below + 1) / (a + 1), c = h, d = 0;

    for (int i = 1; i < FRACTION_MOST; i++) {
        double m = i, odd = a + 2 * m - 1;
        double top = (a + m - 1) / odd * ((a + b + m - 1) / odd) * m * (b - m) * x * x;
        double bottom = m + m * (b - m) * x / odd + (a + m) * (below + 1 + m * (2 - x)) / (odd + 2);

        d = 1 / (bottom + top * d);
        c = bottom + top / c;
        h *= c * d;
        if (fabs(c * d - 1) <= DBL_EPSILON)
            break;
    }
    return h;
}

/* The tail at x, and by how much its logarithm changes with ln x. */
static double tail_at(const struct beta *beta, double x, enum quantile_side side, double *out_slope)
{
    double a = beta->a, b = beta->b, away = x * (a + b) - a;
    double front = exp(log_front(beta, x, away)), near, tail;
    bool is_below = away <= 0;

    near = front / (is_below ? fraction(a, b, x, -away) : fraction(b, a, 1 - x, away));
    tail = is_below == (side == QUANTILE_LOWER) ? near : 1 - near;
    *out_slope = (side == QUANTILE_LOWER ? 1 : -1) * front / ((1 - x) * tail);
    return tail;
}

/* By mean, variance, skewness and kurtosis. */
static double cornish_fisher(double a, double b, double z)
{
    double s = a + b, deviation = sqrt(a / s * (b / s) / (s + 1));
    double skew = 2 * ((b - a) / (s + 2)) * sqrt((s + 1) / a / b);
    double excess =
        6 * ((a - b) * ((a - b) / s) * ((s + 1) / (s + 2)) / b - a / s) * (s / a / (s + 3));

    return a / s + deviation * (z + skew * (z * z - 1) / 6 + excess * z * (z * z - 3) / 24 -
                                skew * skew * z * (2 * z * z - 5) / 36);
}

/* Where the search begins: within (0, 1). */
static double begin(double a, double b, double z)
{
    double x = cornish_fisher(a, b, z), mean = a / (a + b);

    return x > mean / 100 && x < 1 - (1 - mean) / 100 ? x : mean;
}

/* a <= b: x is small, and its relative error is what counts. */
static double search(double a, double b, enum quantile_side side, double tail)
{
    double z = quantile_normal(tail) * (side == QUANTILE_LOWER ? -1 : 1);
    struct beta beta = beta_of(a, b);
    double u;

    if (a > LARGE)
        return cornish_fisher(a, b, z);
    u = log(begin(a, b, z));
    for (int i = 0; i < NEWTON_MOST; i++) {
        double slope, now = tail_at(&beta, exp(u), side, &slope);
        double step = -log(now / tail) / slope, next = u + step;

        u = next < 0 ? next : u / 2; /* from the left the first step may be too long */
        if (fabs(step) <= 1e-14)
            break;
    }
    return exp(u);
}

double quantile_beta(double a, double b, enum quantile_side side, double tail)
{
    if (a <= b)
        return search(a, b, side, tail);
    return 1 - search(b, a, side == QUANTILE_LOWER ? QUANTILE_UPPER : QUANTILE_LOWER, tail);
}
