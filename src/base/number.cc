/* number.cc - numbers in JSON's notation by charconv: strtod and printf follow the locale.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
extern "C" {
#include "base/buf.h"
}
#include "base/number.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace
{

/* More than any exponent that matters, and far from where adding lengths could overflow. */
constexpr int64_t LARGEST_EXPONENT = 1000000000000;
constexpr int MOST_DIGITS = 19;

bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* Takes the digits at `at` into the number; `is_fraction` for those behind the point. */
const char *take_digits(const char *at, const char *end, bool is_fraction, int &kept, number &into)
{
    for (; is_digit(at, end); at++) {
        auto digit = static_cast<uint64_t>(*at - '0');
        if (kept == MOST_DIGITS) {
            into.is_cut |= digit != 0;
            into.exponent += !is_fraction;
            continue;
        }
        into.digits = into.digits * 10 + digit;
        kept += into.digits != 0;
        into.exponent -= is_fraction;
    }
    return at;
}

/* Reads what follows the 'e'; NULL when it is no exponent. */
const char *take_exponent(const char *at, const char *end, int64_t &exponent)
{
    bool is_negative = at < end && *at == '-';

    exponent = 0;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (!is_digit(at, end))
        return nullptr;
    for (; is_digit(at, end); at++)
        if (exponent < LARGEST_EXPONENT)
            exponent = exponent * 10 + (*at - '0');
    exponent = is_negative ? -exponent : exponent;
    return at;
}

template <typename... Format> void write(struct buf *out, double number, Format... format)
{
    char text[400]; /* the longest plain double has 1 + 2 + 323 + 17 characters */
    auto done = std::to_chars(text, text + sizeof text, number, format...);

    buf_add_bytes(out, text, static_cast<size_t>(done.ptr - text));
}

} // namespace

bool number_split(str text, struct number *out_number)
{
    const char *at = text.data, *end = text.data + text.len;
    number found = {};
    int64_t exponent = 0;
    int kept = 0;

    found.is_negative = at < end && *at == '-';
    at += found.is_negative;
    if (!is_digit(at, end) || (*at == '0' && is_digit(at + 1, end)))
        return false;
    at = take_digits(at, end, false, kept, found);
    if (at < end && *at == '.') {
        if (!is_digit(at + 1, end))
            return false;
        at = take_digits(at + 1, end, true, kept, found);
    }
    if (at < end && (*at == 'e' || *at == 'E'))
        at = take_exponent(at + 1, end, exponent);
    if (at != end)
        return false;
    found.exponent += exponent;
    for (; found.digits && found.digits % 10 == 0 && !found.is_cut; found.digits /= 10)
        found.exponent++;
    if (found.digits == 0)
        found.exponent = 0;
    *out_number = found;
    return true;
}

bool number_to_double(str text, double *out_number)
{
    struct number parts;
    double value;

    if (!number_split(text, &parts))
        return false;
    if (std::from_chars(text.data, text.data + text.len, value).ec != std::errc()) {
        /* Out of range, either way: doubles end far from 10^0 on both sides. */
        if (parts.exponent > -100)
            return false;
        value = parts.is_negative ? -0.0 : 0.0;
    }
    *out_number = value;
    return true;
}

void number_write(struct buf *out, double number)
{
    double size = std::fabs(number);

    if (size == 0 || (size >= 1e-7 && size < 1e21))
        write(out, number, std::chars_format::fixed);
    else
        write(out, number, std::chars_format::scientific);
}

void number_write_plain(struct buf *out, double number)
{
    write(out, number, std::chars_format::fixed);
}
