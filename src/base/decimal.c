/* decimal.c - decimals as whole numbers of 10^-18 in 256 bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/decimal.h"

#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 uint128;

enum { LIMBS = 4, LIMB_BITS = 64, MOST_DIGITS = 18 };

static const uint64_t POWERS[MOST_DIGITS + 1] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
};
static const uint64_t UNITS = 1000000000000000000u; /* in 1 */

/* A sign and a size: 256-bit numbers are added in two's complement, all else is done on these. */
struct size {
    uint64_t limbs[LIMBS];
    bool is_negative;
};

static void multiply(struct size *size, uint64_t factor)
{
    uint64_t carry = 0;

    for (int i = 0; i < LIMBS; i++) {
        uint128 product = (uint128)size->limbs[i] * factor + carry;
        size->limbs[i] = (uint64_t)product;
        carry = (uint64_t)(product >> LIMB_BITS);
    }
}

/* Returns the remainder. */
static uint64_t divide(struct size *size, uint64_t divisor)
{
    uint128 rest = 0;

    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << LIMB_BITS | size->limbs[i];
        size->limbs[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint64_t)rest;
}

static int compare_sizes(const struct size *a, const struct size *b)
{
    for (int i = LIMBS - 1; i >= 0; i--)
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    return 0;
}

static bool is_zero(const struct size *size)
{
    return !(size->limbs[0] | size->limbs[1] | size->limbs[2] | size->limbs[3]);
}

static void add_limbs(uint64_t limbs[LIMBS], const uint64_t more[LIMBS])
{
    uint64_t carry = 0;

    for (int i = 0; i < LIMBS; i++) {
        uint128 total = (uint128)limbs[i] + more[i] + carry;
        limbs[i] = (uint64_t)total;
        carry = (uint64_t)(total >> LIMB_BITS);
    }
}

static void negate(uint64_t limbs[LIMBS])
{
    static const uint64_t one[LIMBS] = {1};

    for (int i = 0; i < LIMBS; i++)
        limbs[i] = ~limbs[i];
    add_limbs(limbs, one);
}

static struct size size_of_exact(decimal number)
{
    int zeros = MOST_DIGITS - number.scale; /* 0 to 36 */
    struct size size = {.is_negative = number.digits < 0};

    size.limbs[0] = (uint64_t)(number.digits < 0 ? -number.digits : number.digits);
    if (zeros > MOST_DIGITS) {
        multiply(&size, UNITS);
        zeros -= MOST_DIGITS;
    }
    multiply(&size, POWERS[zeros]);
    return size;
}

static struct size size_of_sum(const decimal_sum *sum)
{
    struct size size;

    memcpy(size.limbs, sum->limbs, sizeof size.limbs);
    size.is_negative = size.limbs[LIMBS - 1] >> (LIMB_BITS - 1);
    if (size.is_negative)
        negate(size.limbs);
    return size;
}

static unsigned bit_at(const struct size *size, int bit)
{
    return bit < 0 ? 0 : (unsigned)(size->limbs[bit / LIMB_BITS] >> (bit % LIMB_BITS)) & 1;
}

static bool has_bits_below(const struct size *size, int bit)
{
    for (int i = 0; i < bit; i++)
        if (bit_at(size, i))
            return true;
    return false;
}

/* size / divisor, to the nearest double, ties to even: long division in base 2 until the quotient
 * has 64 bits; its last bit then also stands for all that follows. 0 < divisor < 2^125. */
static double ratio(const struct size *size, uint128 divisor)
{
    uint128 rest = 0;
    uint64_t quotient = 0;
    double result;
    int bit = LIMBS * LIMB_BITS; /* the last one used */

    while (!(quotient >> (LIMB_BITS - 1)) && (bit > 0 || rest)) {
        bit--;
        rest = rest << 1 | bit_at(size, bit);
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1;
        }
    }
    if (rest || has_bits_below(size, bit))
        quotient |= 1;
    result = ldexp((double)quotient, bit);
    return size->is_negative ? -result : result;
}

static double double_of(decimal number)
{
    double value;

    memcpy(&value, &number.digits, sizeof value);
    return value;
}

fallible decimal_parse(str text, decimal *out_number)
{
    struct number parts;
    decimal number = {0};
    double value;

    if (!number_split(text, &parts))
        return fail(ERR_INVALID, "\"%.*s\" is not a number", STR_ARG(str_slice(text, 0, 40)));
    if (!parts.is_cut && parts.digits < UNITS) {
        for (; parts.exponent > 0 && parts.digits < UNITS / 10; parts.exponent--)
            parts.digits *= 10;
        if (parts.exponent >= -MOST_DIGITS && parts.exponent <= MOST_DIGITS) {
            number.digits = parts.is_negative ? -(int64_t)parts.digits : (int64_t)parts.digits;
            number.scale = (int32_t)-parts.exponent;
            *out_number = number;
            return OK;
        }
    }
    if (!number_to_double(text, &value))
        return fail(ERR_INVALID, "\"%.*s\" is too large a number", STR_ARG(str_slice(text, 0, 40)));
    if (value != 0) { /* what is too small for a double is the exact 0 */
        memcpy(&number.digits, &value, sizeof value);
        number.is_double = 1;
    }
    *out_number = number;
    return OK;
}

/* Compares the sizes of an exact decimal and a double that is neither 0 nor 10^37 or more. */
static int compare_size_to_double(decimal exact, double value)
{
    struct size a = size_of_exact(exact), b = {0};
    int exponent, order;
    uint128 units;
    bool has_more = false;

    units = (uint128)(uint64_t)ldexp(frexp(fabs(value), &exponent), DBL_MANT_DIG) * UNITS;
    exponent -= DBL_MANT_DIG;
    if (exponent < 0 && exponent > -128) {
        has_more = (units & (((uint128)1 << -exponent) - 1)) != 0;
        units >>= -exponent;
    } else if (exponent < 0) {
        has_more = true;
        units = 0;
    }
    b.limbs[0] = (uint64_t)units;
    b.limbs[1] = (uint64_t)(units >> LIMB_BITS);
    for (; exponent > 0; exponent--)
        multiply(&b, 2);
    order = compare_sizes(&a, &b);
    return order == 0 && has_more ? -1 : order;
}

static int sign_of(double number)
{
    return (number > 0) - (number < 0);
}

static int compare_to_double(decimal exact, double value)
{
    int sign = (exact.digits > 0) - (exact.digits < 0);

    if (sign != sign_of(value))
        return sign < sign_of(value) ? -1 : 1;
    if (sign == 0)
        return 0;
    if (fabs(value) >= 1e37) /* beyond every exact decimal */
        return -sign;
    return sign * compare_size_to_double(exact, value);
}

int decimal_compare(decimal a, decimal b)
{
    struct size size_a, size_b;

    if (a.is_double && b.is_double)
        return (double_of(a) > double_of(b)) - (double_of(a) < double_of(b));
    if (a.is_double)
        return -compare_to_double(b, double_of(a));
    if (b.is_double)
        return compare_to_double(a, double_of(b));
    if (a.scale == b.scale || (a.digits < 0) != (b.digits < 0))
        return (a.digits > b.digits) - (a.digits < b.digits);
    size_a = size_of_exact(a);
    size_b = size_of_exact(b);
    return a.digits < 0 ? compare_sizes(&size_b, &size_a) : compare_sizes(&size_a, &size_b);
}

double decimal_to_double(decimal number)
{
    struct size size;

    if (number.is_double)
        return double_of(number);
    /* Both operands are exact as doubles, so that the one division rounds once. */
    if (number.scale >= 0 && llabs(number.digits) <= (int64_t)1 << DBL_MANT_DIG)
        return (double)number.digits / (double)POWERS[number.scale];
    size = size_of_exact(number);
    return ratio(&size, UNITS);
}

/* Appends the digits, of which the last 18 stand behind the point, without idle zeros. */
static void write_digits(struct buf *out, bool is_negative, str digits)
{
    size_t whole = digits.len - MOST_DIGITS, from = 0, to = digits.len;

    while (from + 1 < whole && digits.data[from] == '0')
        from++;
    while (to > whole && digits.data[to - 1] == '0')
        to--;
    if (is_negative)
        buf_add_byte(out, '-');
    buf_add(out, str_slice(digits, from, whole));
    if (to > whole)
        buf_add_byte(out, '.');
    buf_add(out, str_slice(digits, whole, to));
}

/* Puts 18 digits before `end`. */
static char *put_digits(char *end, uint64_t number)
{
    for (int i = 0; i < MOST_DIGITS; i++, number /= 10)
        *--end = (char)('0' + number % 10);
    return end;
}

void decimal_write(struct buf *out, decimal number)
{
    char digits[2 * MOST_DIGITS];
    uint64_t size = (uint64_t)llabs(number.digits);

    if (number.is_double) {
        number_write(out, double_of(number));
    } else if (number.scale <= 0) {
        buf_add_i64(out, number.digits);
        for (int i = number.scale; i < 0; i++)
            buf_add_byte(out, '0');
    } else {
        uint64_t one = POWERS[number.scale];
        put_digits(digits + MOST_DIGITS, size / one);
        put_digits(digits + 2 * MOST_DIGITS, size % one * POWERS[MOST_DIGITS - number.scale]);
        write_digits(out, number.digits < 0, str_from(digits, sizeof digits));
    }
}

static double within_doubles(double number)
{
    return fmin(fmax(number, -DBL_MAX), DBL_MAX);
}

void decimal_sum_add(decimal_sum *sum, decimal number)
{
    uint64_t limbs[LIMBS];

    sum->count++;
    if (number.is_double) {
        sum->inexact = within_doubles(sum->inexact + double_of(number));
        sum->has_inexact = true;
    } else if (number.scale >= 0) {
        __int128 units = (__int128)number.digits * (int64_t)POWERS[MOST_DIGITS - number.scale];
        limbs[0] = (uint64_t)units;
        limbs[1] = (uint64_t)(units >> LIMB_BITS);
        limbs[2] = limbs[3] = units < 0 ? UINT64_MAX : 0;
        add_limbs(sum->limbs, limbs);
    } else {
        struct size size = size_of_exact(number);
        if (size.is_negative)
            negate(size.limbs);
        add_limbs(sum->limbs, size.limbs);
    }
}

void decimal_sum_merge(decimal_sum *sum, const decimal_sum *other)
{
    add_limbs(sum->limbs, other->limbs);
    sum->inexact = within_doubles(sum->inexact + other->inexact);
    sum->has_inexact |= other->has_inexact;
    sum->count += other->count;
}

static void write_units(struct buf *out, struct size size)
{
    char digits[5 * MOST_DIGITS]; /* 10^90 > 2^256 */
    char *at = put_digits(digits + sizeof digits, divide(&size, UNITS));

    do
        at = put_digits(at, divide(&size, UNITS));
    while (!is_zero(&size));
    write_digits(out, size.is_negative, str_from(at, (size_t)(digits + sizeof digits - at)));
}

void decimal_sum_write(struct buf *out, const decimal_sum *sum)
{
    if (sum->has_inexact)
        number_write_plain(out, decimal_sum_to_double(sum));
    else
        write_units(out, size_of_sum(sum));
}

double decimal_sum_to_double(const decimal_sum *sum)
{
    struct size size = size_of_sum(sum);

    return within_doubles(ratio(&size, UNITS) + sum->inexact);
}

double decimal_sum_mean(const decimal_sum *sum, uint64_t count)
{
    struct size size = size_of_sum(sum);

    if (sum->has_inexact)
        return decimal_sum_to_double(sum) / (double)count;
    return ratio(&size, (uint128)UNITS * count);
}

int decimal_sum_compare(const decimal_sum *a, const decimal_sum *b)
{
    decimal_sum difference = *a;
    struct size size;

    if (a->has_inexact || b->has_inexact)
        return sign_of(decimal_sum_to_double(a) - decimal_sum_to_double(b));
    memcpy(difference.limbs, b->limbs, sizeof difference.limbs);
    negate(difference.limbs);
    add_limbs(difference.limbs, a->limbs);
    size = size_of_sum(&difference);
    return is_zero(&size) ? 0 : size.is_negative ? -1 : 1;
}
