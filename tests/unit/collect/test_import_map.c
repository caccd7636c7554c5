/* test_import_map.c - maps: what they say, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_map.h"

#include "proto/csv.h"
#include "support/test.h"

TEST(import_map_reads_every_member)
{
    struct import_map map;

    CHECK_OK(import_map_read(
        test_mem,
        S("{\"delimiter\":\"spaces\",\"header\":true,\"columns\":[\"userId\",null,\"q\"],"
          "\"types\":{\"q\":\"integer\"},\"formats\":{\"t\":\"%Y\"},\"timezone\":\"Asia/Tokyo\","
          "\"set\":{\"event\":\"E \\u00e4\",\"n\":1.50,\"o\":{\"x\":[true]}}}"),
        &map));
    CHECK_INT(map.delimiter, CSV_SPACES);
    CHECK(map.has_header && map.zone);
    CHECK_INT(map.column_count, 3);
    CHECK_STR(map.columns[0], "userId");
    CHECK(!map.columns[1].data);
    CHECK_INT(map.rule_count, 2);
    CHECK_INT(map.rules[0].type, IMPORT_INTEGER);
    CHECK_STR(map.rules[1].format, "%Y");
    CHECK_INT(map.constant_count, 3);
    CHECK_STR(map.constants[0].text, "E \xC3\xA4");
    CHECK_STR(map.constants[1].json, "1.50");
    CHECK_STR(map.constants[1].text, "1.50");
    CHECK_STR(map.constants[2].json, "{\"x\":[true]}");
    CHECK(!map.constants[2].text.data);
    import_map_done(&map);
}

TEST(import_map_without_a_word_about_the_header_takes_it_for_names_only)
{
    static const struct {
        const char *text;
        bool has_header;
    } cases[] = {
        {"{}", true},
        {"{\"columns\":[\"userId\"]}", false},
        {"{\"header\":true,\"columns\":[\"userId\"]}", true},
        {"{\"columns\":[\"userId\"],\"header\":false}", false},
    };

    EACH_CASE(c, cases)
    {
        struct import_map map;

        CHECK_OK(import_map_read(test_mem, str_of(c->text), &map));
        CHECK_INT(map.has_header, c->has_header);
    }
}

TEST(import_map_refuses_with_a_sentence)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"", "JSON"},
        {"{", "JSON"},
        {"[]", "object"},
        {"{\"seperator\":\",\"}", "seperator"},
        {"{\"delimiter\":\"\"}", "delimiter"},
        {"{\"delimiter\":\"ab\"}", "delimiter"},
        {"{\"delimiter\":\"\\n\"}", "delimiter"},
        {"{\"delimiter\":\"\\\"\"}", "delimiter"},
        {"{\"delimiter\":7}", "delimiter"},
        {"{\"header\":1}", "header"},
        {"{\"header\":false}", "columns"},
        {"{\"columns\":[]}", "columns"},
        {"{\"columns\":\"userId\"}", "columns"},
        {"{\"columns\":[1]}", "columns"},
        {"{\"columns\":[\"\"]}", "columns"},
        {"{\"types\":[]}", "types"},
        {"{\"types\":{\"q\":\"int\"}}", "\"q\""},
        {"{\"formats\":7}", "formats"},
        {"{\"formats\":{\"t\":7}}", "\"t\""},
        {"{\"formats\":{\"t\":\"%Q\"}}", "%Q"},
        {"{\"timezone\":\"Mars/Olympus\"}", "Mars/Olympus"},
        {"{\"timezone\":1}", "timezone"},
        {"{\"set\":[]}", "set"},
        {"{\"set\":{\"\":1}}", "set"},
        {"{\"set\":{\"a\":1e999}}", "object"},
    };

    EACH_CASE(c, cases)
    {
        struct import_map map;

        CHECK_ERR(ERR_INVALID, import_map_read(test_mem, str_of(c->text), &map));
        CHECK(str_contains(str_of(err_text()), str_of(c->word)));
    }
}
