/* number.h - numbers in JSON's notation, in any locale (by C++'s charconv).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A number taken apart: digits * 10^exponent. Zero has exponent 0. */
struct number {
    uint64_t digits;  /* the first 19 significant ones, without trailing zeros */
    int64_t exponent; /* saturates far beyond every double */
    bool is_negative;
    bool is_cut; /* digits other than 0 follow the first 19 */
};

/* False unless all of `text` is one number by RFC 8259. */
bool number_split(str text, struct number *out_number);
/* The nearest double, ties to even; what is too small is 0. False when it is no number or too
 * large for a double. */
bool number_to_double(str text, double *out_number);
/* Appends the shortest text that reads back as the same double, which must be finite; plain
 * notation from 1e-7 to 1e21, an exponent beyond. */
void number_write(struct buf *out, double number);
/* The same in plain notation whatever the size. */
void number_write_plain(struct buf *out, double number);

#ifdef __cplusplus
}
#endif
