/* test_utf8.c - characters and what is none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "support/test.h"

TEST(utf8_knows_every_character_and_no_other)
{
    char bytes[UTF8_LONGEST];
    bool is_valid;

    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        size_t len = utf8_encode(code, bytes);
        bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
        size_t step = utf8_step(bytes, bytes + len, &is_valid);
        CHECK(is_valid == !is_surrogate);
        CHECK(step == (is_surrogate ? 1 : len));
        CHECK(len == 1 || !utf8_is_valid(str_from(bytes, len - 1)));
    }
}

TEST(utf8_steps_over_maximal_subparts)
{
    static const struct {
        str bytes;
        size_t step;
    } cases[] = {
        {{"\x80", 1}, 1},
        {{"\xC1\x80", 2}, 1},
        {{"\xC2", 1}, 1},
        {{"\xC2\x41", 2}, 1},
        {{"\xE0\x9F\x80", 3}, 1},
        {{"\xE2\x82", 2}, 2},
        {{"\xE2\x82\x41", 3}, 2},
        {{"\xED\xA0\x80", 3}, 1},
        {{"\xF0\x8F\x80\x80", 4}, 1},
        {{"\xF1\x80\x80", 3}, 3},
        {{"\xF1\x80\x80\x41", 4}, 3},
        {{"\xF4\x90\x80\x80", 4}, 1},
        {{"\xF5\x80", 2}, 1},
        {{"\xFF", 1}, 1},
    };
    bool is_valid;

    EACH_CASE(c, cases)
    {
        CHECK_INT(utf8_step(c->bytes.data, c->bytes.data + c->bytes.len, &is_valid), c->step);
        CHECK(!is_valid);
    }
    CHECK(utf8_is_valid(S("")) && utf8_is_valid(S("a\xC3\xA9\xF0\x9F\x98\x80")));
    CHECK(!utf8_is_valid(S("a\xFF")));
}

TEST(utf8_counts_the_characters_of_a_line)
{
    CHECK_INT(utf8_line(S("a")), 1);
    CHECK_INT(utf8_line(S(" a\xC3\xA9\xF0\x9F\x98\x80 ")), 5);
    CHECK_INT(utf8_line(S("")), 0);
    CHECK_INT(utf8_line(S("  ")), 0);
    CHECK_INT(utf8_line(S("a\nb")), 0);
    CHECK_INT(utf8_line(S("a\x7F")), 0);
    CHECK_INT(utf8_line(S("a\xC3")), 0);
    CHECK_INT(utf8_line((str){"a\0b", 3}), 0);
}
