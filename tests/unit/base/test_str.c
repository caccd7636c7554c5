/* test_str.c - views of text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/str.h"
#include "support/test.h"

TEST(str_compares_by_bytes)
{
    static const struct {
        str a, b;
        int want;
    } cases[] = {
        {{"", 0}, {NULL, 0}, 0},  {{"a", 1}, {"a", 1}, 0},        {{"a", 1}, {"b", 1}, -1},
        {{"ab", 2}, {"a", 1}, 1}, {{"a\0b", 3}, {"a\0c", 3}, -1}, {{"\x80", 1}, {"\x7F", 1}, 1},
        {{"Z", 1}, {"a", 1}, -1},
    };

    EACH_CASE(c, cases)
    {
        int order = str_compare(c->a, c->b);
        CHECK_INT((order > 0) - (order < 0), c->want);
        CHECK_INT(str_equals(c->a, c->b), c->want == 0);
        CHECK_INT(str_equals_secret(c->a, c->b), c->want == 0);
    }
    CHECK(str_equals_nocase(S("Content-TYPE"), S("content-type")));
    CHECK(!str_equals_nocase(S("a["), S("A{"))); /* 32 apart, but no letters */
    CHECK(str_of(NULL).data == NULL);
}

TEST(str_finds_parts)
{
    CHECK(str_starts(S("abc"), S("ab")) && !str_starts(S("a"), S("ab")));
    CHECK(str_ends(S("abc"), S("bc")) && !str_ends(S("c"), S("bc")));
    CHECK(str_contains(S("abcd"), S("bc")) && !str_contains(S("abcd"), S("ca")));
    CHECK(str_contains((str){NULL, 0}, S("")) && !str_contains((str){NULL, 0}, S("a")));
    CHECK_INT(str_find(S("abc"), 'c'), 2);
    CHECK_INT(str_find(S("abc"), 'd'), -1);
    CHECK_STR(str_slice(S("abc"), 1, 99), "bc");
    CHECK_STR(str_slice(S("abc"), 5, 2), "");
    CHECK_STR(str_trim(S(" \t a b\t ")), "a b");
    CHECK_STR(str_trim(S("  ")), "");
}

TEST(str_is_cut_piece_by_piece)
{
    str rest = S("a,,b");

    CHECK_STR(str_cut(&rest, ','), "a");
    CHECK_STR(str_cut(&rest, ','), "");
    CHECK_STR(str_cut(&rest, ','), "b");
    CHECK(rest.data == NULL);
    rest = S("a,");
    CHECK_STR(str_cut(&rest, ','), "a");
    CHECK(rest.data != NULL && rest.len == 0);
}

TEST(str_numbers_are_strict)
{
    static const struct {
        const char *text;
        bool is_u64, is_i64;
        uint64_t u64;
        int64_t i64;
    } cases[] = {
        {"0", true, true, 0, 0},
        {"007", true, true, 7, 7},
        {"-7", false, true, 0, -7},
        {"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
        {"9223372036854775808", true, false, (uint64_t)INT64_MAX + 1, 0},
        {"-9223372036854775808", false, true, 0, INT64_MIN},
        {"-9223372036854775809", false, false, 0, 0},
        {"18446744073709551615", true, false, UINT64_MAX, 0},
        {"18446744073709551616", false, false, 0, 0},
        {"", false, false, 0, 0},
        {"-", false, false, 0, 0},
        {"+1", false, false, 0, 0},
        {" 1", false, false, 0, 0},
        {"1x", false, false, 0, 0},
        {"--1", false, false, 0, 0},
    };

    EACH_CASE(c, cases)
    {
        uint64_t u64 = 0;
        int64_t i64 = 0;
        CHECK_INT(str_to_u64(str_of(c->text), &u64), c->is_u64);
        CHECK_INT(str_to_i64(str_of(c->text), &i64), c->is_i64);
        CHECK(u64 == c->u64 && i64 == c->i64);
    }
}
