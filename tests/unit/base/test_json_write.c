/* test_json_write.c - the writer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "base/random.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

TEST(json_writer_puts_commas_by_itself)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};

    json_open(&w, '{');
    json_key(&w, S("a"));
    json_open(&w, '[');
    json_u64(&w, UINT64_MAX);
    json_i64(&w, INT64_MIN);
    json_open(&w, '[');
    json_shut(&w, ']');
    json_open(&w, '{');
    json_shut(&w, '}');
    json_bool(&w, true);
    json_bool(&w, false);
    json_shut(&w, ']');
    json_key(&w, S("b\n"));
    json_null(&w);
    json_key(&w, S("c"));
    json_verbatim(&w, S("{\"x\":1}"));
    json_key(&w, S("d"));
    json_text(&w, S("e"));
    json_shut(&w, '}');
    CHECK_STR(buf_str(&out), "{\"a\":[18446744073709551615,-9223372036854775808,[],{},true,false],"
                             "\"b\\n\":null,\"c\":{\"x\":1},\"d\":\"e\"}");
    buf_done(&out);
}

TEST(json_writer_escapes_text)
{
    static const struct {
        str text;
        const char *want;
    } cases[] = {
        {{"", 0}, "\"\""},
        {{NULL, 0}, "\"\""},
        {{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
        {{"\b\f\n\r\t\0\x1F\x7F", 8}, "\"\\b\\f\\n\\r\\t\\u0000\\u001f\x7F\""},
        {{"</script>", 9}, "\"\\u003c/script>\""},
        {{"\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xA7", 9}, "\"\\u2028\\u2029\xE2\x80\xA7\""},
        {{"\xC3\xA9\xF0\x9F\x98\x80", 6}, "\"\xC3\xA9\xF0\x9F\x98\x80\""},
        {{"a\xFF\xE2\x82z\xE2", 6}, "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\""},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};
        struct json_writer w = {.out = &out};
        json_text(&w, c->text);
        CHECK_STR(buf_str(&out), c->want);
        buf_done(&out);
    }
}

TEST(json_writer_writes_doubles_at_their_shortest)
{
    static const struct {
        double number;
        const char *want;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {100000, "100000"},
        {0.1, "0.1"},
        {-1.5, "-1.5"},
        {1e-7, "0.0000001"},
        {1e-8, "1e-08"},
        {1e21, "1e+21"},
        {1.0 / 3, "0.3333333333333333"},
        {5e-324, "5e-324"},
        {NAN, "null"},
        {-INFINITY, "null"},
        {9007199254740993.0, "9007199254740992"},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};
        struct json_writer w = {.out = &out};
        json_double(&w, c->number);
        CHECK_STR(buf_str(&out), c->want);
        buf_done(&out);
    }
}

TEST(json_writer_and_reader_agree_on_any_double_and_any_bytes)
{
    struct json_reader *reader = json_reader_open();
    random_state random = {7};

    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_next(&random);
        struct buf out = {0};
        struct json_writer w = {.out = &out};
        char bytes[12];
        struct json doc;
        double number, back;

        memcpy(&number, &bits, sizeof number);
        random_bytes(&random, bytes, sizeof bytes);
        json_open(&w, '[');
        json_double(&w, number);
        json_text(&w, str_from(bytes, sizeof bytes));
        json_shut(&w, ']');
        CHECK_OK(json_parse_copy(reader, test_mem, buf_str(&out), &doc));
        CHECK_INT(doc.defect_count, 0);
        CHECK_INT(doc.count, 3);
        CHECK(!isfinite(number) || (json_to_double(&doc, 1, &back) && back == number));
        buf_done(&out);
    }
    json_reader_close(reader);
}
