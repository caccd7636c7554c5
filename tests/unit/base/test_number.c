/* test_number.c - numbers in JSON's notation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/number.h"
#include "support/test.h"

TEST(number_is_taken_apart)
{
    static const struct {
        const char *text;
        uint64_t digits;
        int64_t exponent;
        bool is_negative, is_cut;
    } cases[] = {
        {"0", 0, 0, false, false},
        {"-0.000e99", 0, 0, true, false},
        {"1200", 12, 2, false, false},
        {"-0.0012", 12, -4, true, false},
        {"12.50E+3", 125, 2, false, false},
        {"12.50e-3", 125, -4, false, false},
        {"1234567890123456789", 1234567890123456789u, 0, false, false},
        {"12345678901234567890", 1234567890123456789u, 1, false, false},
        {"12345678901234567891", 1234567890123456789u, 1, false, true},
        {"0.12345678901234567891", 1234567890123456789u, -19, false, true},
    };
    struct number number;

    EACH_CASE(c, cases)
    {
        CHECK(number_split(str_of(c->text), &number));
        CHECK(number.digits == c->digits);
        CHECK_INT(number.exponent, c->exponent);
        CHECK_INT(number.is_negative, c->is_negative);
        CHECK_INT(number.is_cut, c->is_cut);
    }
    CHECK(number_split(S("1e99999999999999999999999"), &number));
    CHECK(number.exponent > 1000000);
    CHECK(number_split(S("1e-99999999999999999999999"), &number));
    CHECK(number.exponent < -1000000);
}

TEST(number_reads_and_writes_the_same_double)
{
    static const char *const cases[] = {"0",
                                        "-0",
                                        "1.5",
                                        "0.1",
                                        "123456789012345680",
                                        "1e-08",
                                        "2.2250738585072014e-308",
                                        "1.7976931348623157e+308"};

    EACH_CASE(text, cases)
    {
        struct buf out = {0};
        double value;
        CHECK(number_to_double(str_of(*text), &value));
        number_write(&out, value);
        CHECK_STR(buf_str(&out), *text);
        buf_done(&out);
    }
}

TEST(number_is_written_plainly_where_asked)
{
    struct buf out = {0};

    number_write_plain(&out, -1e22);
    buf_add_byte(&out, ' ');
    number_write_plain(&out, 1.5e-9);
    CHECK_STR(buf_str(&out), "-10000000000000000000000 0.0000000015");
    buf_clear(&out);
    number_write_plain(&out, -5e-324);
    CHECK_INT(out.len, 3 + 324);
    buf_done(&out);
}
