/* decimal.h - numbers exactly as they were written.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * value = digits / 10^scale. Numbers of up to 18 significant digits and |exponent| small enough
 * are exact; others are kept as the nearest double and say so.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

typedef struct decimal {
    int64_t digits;   /* without trailing zeros where scale > 0 */
    int16_t scale;    /* 0 to 18; negative for trailing zeros beyond 18 digits */
    uint16_t is_double; /* inexact: `digits` holds the bits of a double, scale is 0 */
} decimal;

/* Reads a JSON number. Equal numbers ("1", "1.0", "10e-1") give equal decimals. ERR_INVALID. */
fallible decimal_parse(str text, decimal *out_number);
int decimal_compare(decimal a, decimal b); /* < 0, 0, > 0: exact, also against a double */
double decimal_to_double(decimal number);  /* the nearest double, as strtod of the text */
void decimal_write(struct buf *out, decimal number); /* plain notation, no exponent up to 18 digits */

/* A sum of any number of decimals: exact while all are exact. */
typedef struct decimal_sum {
    __int128 at_scale[2]; /* representation private to decimal.c */
    double inexact;       /* sum of the addends that are doubles */
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
