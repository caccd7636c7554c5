/* decimal.h - numbers exactly as they were written.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * value = digits / 10^scale. Numbers of up to 18 significant digits between 10^-18 and 10^36 are
 * exact; others are kept as the nearest double and say so.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

typedef struct decimal {
    int64_t digits;     /* without trailing zeros where scale > 0 */
    int32_t scale;      /* 0 to 18; down to -18 for trailing zeros beyond 18 digits */
    uint32_t is_double; /* inexact: `digits` holds the bits of a double, scale is 0 */
} decimal;              /* no padding: its bytes may be hashed */

/* Reads a JSON number. Equal numbers ("1", "1.0", "10e-1") give equal decimals. ERR_INVALID, also
 * for what is too large for a double. */
fallible decimal_parse(str text, decimal *out_number);
int decimal_compare(decimal a, decimal b);           /* < 0, 0, > 0: exact, also against a double */
double decimal_to_double(decimal number);            /* the nearest double, as strtod of the text */
void decimal_write(struct buf *out, decimal number); /* exact ones in plain notation */

/* A sum of any number of decimals, starting as {0}. The exact addends are summed without any
 * rounding: each is a whole number of 10^-18 below 2^180, so that 2^64 of them stay far below
 * 2^255. Addends that are doubles are summed apart, in double precision; when there are any, the
 * sum is the double nearest to both parts together, and stops at the largest double. */
typedef struct decimal_sum {
    uint64_t limbs[4]; /* of 10^-18, lowest first, two's complement */
    double inexact;    /* sum of the addends that are doubles */
    uint64_t count;
    bool has_inexact;
} decimal_sum;

void decimal_sum_add(decimal_sum *sum, decimal number);
void decimal_sum_merge(decimal_sum *sum, const decimal_sum *other);
/* Appends the sum in plain notation without trailing zeros behind the point; "0" for none. */
void decimal_sum_write(struct buf *out, const decimal_sum *sum);
double decimal_sum_to_double(const decimal_sum *sum);
/* sum / count, correctly rounded to double while exact. count > 0. */
double decimal_sum_mean(const decimal_sum *sum, uint64_t count);
int decimal_sum_compare(const decimal_sum *a, const decimal_sum *b);
