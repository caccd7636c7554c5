/* test_json_walk.c - finding and reading values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "support/test.h"

static struct json_reader *reader; /* lives until the end of the process */

static struct json parsed(str text)
{
    struct json doc;

    if (!reader)
        reader = json_reader_open();
    CHECK_OK(json_parse_copy(reader, test_mem, text, &doc));
    return doc;
}

TEST(json_find_takes_the_last_of_equal_keys)
{
    struct json doc = parsed(S("{\"a\":1,\"b\":{\"a\":2},\"a\":3,\"\\u0061b\":4,\"ab\":5,\"\":6}"));

    CHECK_STR(json_raw(&doc, json_find(&doc, 0, S("a"))), "3");
    CHECK_STR(json_raw(&doc, json_find(&doc, 0, S("b"))), "{\"a\":2}");
    CHECK_STR(json_raw(&doc, json_find(&doc, 0, S("ab"))), "5");
    CHECK_STR(json_raw(&doc, json_find(&doc, 0, S(""))), "6");
    CHECK_INT(json_find(&doc, 0, S("c")), JSON_ABSENT);
    CHECK_INT(json_find(&doc, 2, S("a")), JSON_ABSENT); /* a number has no members */
}

TEST(json_find_resolves_escaped_keys)
{
    struct json doc = parsed(S("{\"\\u0061\\/\":1}"));

    CHECK_INT(json_find(&doc, 0, S("a/")), 2);
    CHECK_INT(json_find(&doc, 0, S("a")), JSON_ABSENT);
    CHECK_INT(json_find(&doc, 0, S("a/b")), JSON_ABSENT);
}

TEST(json_each_visits_members_and_elements_in_order)
{
    struct json doc = parsed(S("{\"k\":[[1,2],3,{}],\"l\":0}"));
    struct buf seen = {0};

    EACH_MEMBER(&doc, 0, key, value)
    {
        buf_add(&seen, json_raw(&doc, key));
        if (json_type_of(&doc, value) == JSON_ARRAY)
            EACH_ELEMENT(&doc, value, element)
        buf_add(&seen, json_raw(&doc, element));
    }
    CHECK_STR(buf_str(&seen), "\"k\"[1,2]3{}\"l\"");
    buf_done(&seen);
}

TEST(json_strings_are_unescaped)
{
    static const struct {
        str text;
        str want;
    } cases[] = {
        {{"\"plain\"", 7}, {"plain", 5}},
        {{"\"\"", 2}, {"", 0}},
        {{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 18}, {"\"\\/\b\f\n\r\t", 8}},
        {{"\"\\u0000\\u0041\\u00e9\\u20AC\"", 26}, {"\0A\xC3\xA9\xE2\x82\xAC", 7}},
        {{"\"<\\ud83d\\ude00>\"", 16}, {"<\xF0\x9F\x98\x80>", 6}},
        {{"\"\\ud83dx\"", 9}, {"\xEF\xBF\xBDx", 4}},
        {{"\"\\ude00\\ud83d\"", 14}, {"\xEF\xBF\xBD\xEF\xBF\xBD", 6}},
        {{"\"\\ud83d\\ud83d\\ude00\"", 20}, {"\xEF\xBF\xBD\xF0\x9F\x98\x80", 7}},
    };

    EACH_CASE(c, cases)
    {
        struct json doc = parsed(c->text);
        str got = json_string(&doc, 0, test_mem);
        CHECK(str_equals(got, c->want));
        CHECK(json_is_string(&doc, 0, c->want));
        CHECK(!json_is_string(&doc, 0, S("something else")));
    }
}

TEST(json_string_is_absent_where_there_is_none)
{
    struct json doc = parsed(S("[1,\"\\n\"]"));
    struct arena *tiny = arena_open(0);

    CHECK(json_string(&doc, 0, test_mem).data == NULL);
    CHECK(json_string(&doc, 1, test_mem).data == NULL);
    CHECK(json_string(&doc, 2, tiny).data == NULL);
    CHECK(!json_is_string(&doc, 1, S("1")));
    arena_close(tiny);
}

TEST(json_whole_numbers_are_read_exactly)
{
    static const struct {
        const char *text;
        bool is_whole;
        int64_t want;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"-7", true, -7},
        {"1e3", true, 1000},
        {"5.0", true, 5},
        {"12.50e1", true, 125},
        {"-100e-2", true, -1},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775807.000", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"0.5", false, 0},
        {"1e-1", false, 0},
        {"1e19", false, 0},
        {"1e999999999999999999999", false, 0},
        {"0e999999999999999999999", true, 0},
        {"1.00000000000000000000000000001", false, 0},
        {"10000000000000000000000000000e-27", true, 10},
        {"\"1\"", false, 0},
        {"true", false, 0},
    };

    EACH_CASE(c, cases)
    {
        struct json doc = parsed(str_of(c->text));
        int64_t got = 77;
        CHECK_INT(json_to_i64(&doc, 0, &got), c->is_whole);
        CHECK_INT(got, c->is_whole ? c->want : 77);
    }
}

TEST(json_doubles_are_the_nearest)
{
    static const struct {
        const char *text;
        bool fits;
        double want;
    } cases[] = {
        {"0.1", true, 0x1.999999999999ap-4},
        {"-2.5e-3", true, -0.0025},
        {"9007199254740993", true, 9007199254740992.0}, /* a tie goes to even */
        {"9007199254740993.0000000000000000000000000001", true, 9007199254740994.0},
        {"1e-400", true, 0},
        {"4.9e-324", true, 0x1p-1074},
        {"1.7976931348623157e308", true, 0x1.fffffffffffffp1023},
        {"1.7976931348623159e308", false, 0},
        {"\"1\"", false, 0},
    };

    EACH_CASE(c, cases)
    {
        struct json doc = parsed(str_of(c->text));
        double got = 77;
        CHECK_INT(json_to_double(&doc, 0, &got), c->fits);
        CHECK(got == (c->fits ? c->want : 77));
    }
}

TEST(json_defects_have_a_sentence)
{
    for (enum json_defect_kind kind = JSON_BAD_NUMBER; kind <= JSON_TOO_DEEP; kind++)
        CHECK(str_of(json_defect_text(kind)).len > 10);
}
