/* test_json_read.c - the reader: what it takes, what it refuses, what it lists as a defect.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "base/mem.h"
#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static struct json_reader *reader; /* lives until the end of the process */

/* Parses a document that a test holds as a literal. */
static enum err parse(str text, struct json *out)
{
    if (!reader)
        reader = json_reader_open();
    return json_parse_copy(reader, test_mem, text, out);
}

static struct json parsed(const char *text)
{
    struct json doc;

    CHECK_OK(parse(str_of(text), &doc));
    return doc;
}

TEST(json_reads_every_type)
{
    struct json doc = parsed(" {\"a\" : [1 , -2.5e3,\"x\"] ,\"b\":{} ,\"c\":[ ],\"d\":true,"
                             "\"e\":false,\"f\":null} \r\n\t");
    static const struct {
        enum json_type type;
        const char *raw;
        uint32_t next;
        int depth;
    } cases[] = {
        {JSON_OBJECT, NULL, 16, 0},    {JSON_STRING, "\"a\"", 2, 1},  {JSON_ARRAY, NULL, 6, 1},
        {JSON_NUMBER, "1", 4, 2},      {JSON_NUMBER, "-2.5e3", 5, 2}, {JSON_STRING, "\"x\"", 6, 2},
        {JSON_STRING, "\"b\"", 7, 1},  {JSON_OBJECT, "{}", 8, 1},     {JSON_STRING, "\"c\"", 9, 1},
        {JSON_ARRAY, "[ ]", 10, 1},    {JSON_STRING, "\"d\"", 11, 1}, {JSON_TRUE, "true", 12, 1},
        {JSON_STRING, "\"e\"", 13, 1}, {JSON_FALSE, "false", 14, 1},  {JSON_STRING, "\"f\"", 15, 1},
        {JSON_NULL, "null", 16, 1},
    };
    uint32_t at = 0;

    CHECK_INT(doc.count, 16);
    CHECK_INT(doc.defect_count, 0);
    EACH_CASE(c, cases)
    {
        CHECK_INT(json_type_of(&doc, at), c->type);
        CHECK_INT(doc.nodes[at].next, c->next);
        CHECK_INT(doc.nodes[at].depth, c->depth);
        if (c->raw)
            CHECK_STR(json_raw(&doc, at), c->raw);
        at++;
    }
    CHECK_STR(json_raw(&doc, 2), "[1 , -2.5e3,\"x\"]");
}

TEST(json_reads_a_root_that_is_no_container)
{
    static const struct {
        const char *text;
        enum json_type type;
        const char *raw;
    } cases[] = {
        {"1", JSON_NUMBER, "1"},
        {" -0.5E+2 ", JSON_NUMBER, "-0.5E+2"},
        {"\"\"", JSON_STRING, "\"\""},
        {"\n\"a b\" ", JSON_STRING, "\"a b\""},
        {"null", JSON_NULL, "null"},
        {"true ", JSON_TRUE, "true"},
        {"\xEF\xBB\xBF 7", JSON_NUMBER, "7"}, /* a byte order mark is skipped */
    };

    EACH_CASE(c, cases)
    {
        struct json doc = parsed(c->text);
        CHECK_INT(doc.count, 1);
        CHECK_INT(json_type_of(&doc, 0), c->type);
        CHECK_STR(json_raw(&doc, 0), c->raw);
    }
}

static const struct {
    const char *text;
    const char *at; /* part of the sentence */
} refused[] = {
    {"", "byte 0: there is no value"},
    {" \n\t", "byte 0: there is no value"},
    {"[1,2", "byte 3: the document's last sign is not the ]"},
    {"{\"a\":1", "byte 5: the document's last sign is not the }"},
    {"[", "byte 0"},
    {"]", "byte 0: a value"},
    {"[}", "byte 1"},
    {"[[]", "byte 3: a bracket is not closed"},
    {"[{]", "byte 2: a key in quotes"},
    {"[1}]", "byte 2: a comma or ]"},
    {"[1,]", "byte 3: a value"},
    {"[,1]", "byte 1: a value"},
    {"[1 2]", "byte 3: a comma or ]"},
    {"[\"a\"b]", "byte 4: a comma or ]"},
    {"[\"a\"\"b\"]", "byte 4: a comma or ]"},
    {"{\"a\" 1}", "byte 5: a colon"},
    {"{\"a\"}", "byte 4: a colon"},
    {"{\"a\":}", "byte 5: a value"},
    {"{\"a\":1,}", "byte 7: a key"},
    {"{,}", "byte 1: a key"},
    {"{1:2}", "byte 1: a key"},
    {"{\"a\":1}}", "byte 7: something stands behind"},
    {"[] []", "byte 3: something stands behind"},
    {"1 2", "byte 2: something stands behind"},
    {"[tru]", "byte 1: a word"},
    {"[truely]", "byte 1: a word"},
    {"nul", "byte 0: a word"},
    {"[True]", "byte 1: a value"},
    {"[NaN]", "byte 1: a value"},
    {"['a']", "byte 1: a value"},
    {"[01]", "byte 1: a number"},
    {"[-]", "byte 1: a number"},
    {"[1.]", "byte 1: a number"},
    {"[.5]", "byte 1: a value"},
    {"[+1]", "byte 1: a value"},
    {"[1e]", "byte 1: a number"},
    {"[1e+]", "byte 1: a number"},
    {"[0x1]", "byte 1: a number"},
    {"[1\"a\"]", "byte 1: a number"},
    {"[\"a]", "byte 1: the string that starts here has no end"},
    {"[\"a\\\"]", "byte 1: the string that starts here has no end"},
    {"[\"a\nb\"]", "byte 3: a control character"},
    {"[\"\\x\"]", "byte 2: there is no such escape"},
    {"[\"ab\\u12g4\"]", "byte 4: \\u needs four"},
    {"[\"\\u12\"]", "byte 2: \\u needs four"},
    {"[\\n]", "byte 1: a value"},
    {"[1]\f", "byte 3"},
    {"\xEF\xBB\xBF[x]", "byte 4: a value"},
    {"[\xFF]", "byte 1: a value"},
};

TEST(json_refuses_what_is_not_json_and_says_where)
{
    struct json doc;

    EACH_CASE(c, refused)
    {
        CHECK_ERR(ERR_INVALID, parse(str_of(c->text), &doc));
        if (!str_contains(str_of(err_text()), str_of(c->at)))
            CHECK_STR(str_of(err_text()), c->at);
    }
    CHECK_ERR(ERR_INVALID, parse(str_from("[\"a\0\"]", 6), &doc));
    CHECK_ERR(ERR_INVALID, parse(str_from("[1\0]", 4), &doc));
}

TEST(json_ignores_the_bytes_behind_the_text)
{
    static const struct {
        const char *text; /* continues in a way that would be JSON */
        size_t len;
        enum err want;
    } cases[] = {
        {"123", 2, OK},
        {"[1]]", 3, OK},
        {"[1]", 2, ERR_INVALID},
        {"[[1]]", 4, ERR_INVALID},
        {"true", 3, ERR_INVALID},
        {"\"a\"", 2, ERR_INVALID},
        {"{\"a\":1}", 6, ERR_INVALID},
        {"[[[[[[", 3, ERR_INVALID},
    };
    struct json doc;

    reader = reader ? reader : json_reader_open();
    EACH_CASE(c, cases)
    {
        char padded[2 * JSON_PADDING];
        memset(padded, ']', sizeof padded);
        memcpy(padded, c->text, strlen(c->text));
        CHECK_ERR(c->want, json_parse(reader, test_mem, str_from(padded, c->len), &doc));
        if (c->want == OK)
            CHECK_INT(json_raw(&doc, 0).len, c->len);
    }
}

TEST(json_lists_defects_with_their_place)
{
    static const struct {
        const char *text;
        enum json_defect_kind kind;
        uint32_t at;
    } cases[] = {
        {"[1e999]", JSON_BAD_NUMBER, 1},
        {"[0,-1.5E400]", JSON_BAD_NUMBER, 3},
        {"[\"ab\\ud800\"]", JSON_LONE_SURROGATE, 4},
        {"[\"\\uDC00\\uD800\"]", JSON_LONE_SURROGATE, 2},
        {"[\"\\ud83d\\n\"]", JSON_LONE_SURROGATE, 2},
        {"[\"\\ud83d\\u0041\"]", JSON_LONE_SURROGATE, 2},
        {"[\"a\xFF\"]", JSON_BAD_UTF8, 3},
        {"[\"\xC0\xAF\"]", JSON_BAD_UTF8, 2},
        {"[\"\xED\xA0\x80\"]", JSON_BAD_UTF8, 2}, /* a surrogate */
        {"{\"\xE2\x82\":1}", JSON_BAD_UTF8, 2},
    };

    EACH_CASE(c, cases)
    {
        struct json doc = parsed(c->text);
        CHECK(doc.defect_count >= 1);
        CHECK_INT(doc.defects[0].kind, c->kind);
        CHECK_INT(doc.defects[0].at, c->at);
        CHECK(json_defect_in(&doc, 0) == &doc.defects[0]);
    }
}

TEST(json_finds_no_defect_in_what_is_only_unusual)
{
    static const char *const cases[] = {
        "[1e-999]",
        "[0e999]",
        "[1e308]",
        "[\"\\ud83d\\ude00\"]",
        "[\"\\uFFFF\\u0000\"]",
        "[\"\xF4\x8F\xBF\xBF\xEF\xBF\xBD\"]",
        "[\"\x7F\"]",
        "{\"\":0,\"\":1}",
        "[100000000000000000000000000000000000000000000.00000000000000000000000000000000000001]",
    };

    EACH_CASE(c, cases)
    CHECK_INT(parsed(*c).defect_count, 0);
}

TEST(json_counts_the_digits_of_long_numbers)
{
    char digits[320] = "[";

    memset(digits + 1, '9', 308);
    strcpy(digits + 309, "]");
    CHECK_INT(parsed(digits).defect_count, 0);
    strcpy(digits + 309, "9]");
    CHECK_INT(parsed(digits).defect_count, 1);
}

TEST(json_repairs_bytes_that_are_not_utf8)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        /* the examples of the Unicode standard, table 3-8 to 3-11 */
        {"\"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41\"", "8A"},
        {"\"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41\"", "8A"},
        {"\"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42\"", "5A2B"},
        {"\"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41\"", "4A"},
        {"\"a\xE2\x82\"", "a1"},
        {"\"\xE2\x82\xAC\xE2\"", "\xE2\x82\xAC"
                                 "1"},
    };

    EACH_CASE(c, cases)
    {
        struct json doc = parsed(c->text);
        struct buf want = {0};
        for (const char *at = c->want; *at; at++)
            for (int n = *at >= '1' && *at <= '9' ? *at - '0' : -1; n; n += n < 0 ? 1 : -1)
                buf_add(&want, n < 0 ? str_from(at, 1) : S("\xEF\xBF\xBD"));
        CHECK(str_equals(json_string(&doc, 0, test_mem), buf_str(&want)));
        CHECK_INT(json_defect_in(&doc, 0)->kind, JSON_BAD_UTF8);
        buf_done(&want);
    }
}

TEST(json_keeps_all_kinds_of_defects_in_order)
{
    struct json doc = parsed("[1e999,\"\xFF\xFF\",\"\\ud800\",\"\xFF-\xFE\",1e999,\"ok\"]");
    static const struct {
        enum json_defect_kind kind;
        uint32_t node;
    } want[] = {
        {JSON_BAD_NUMBER, 1}, {JSON_BAD_UTF8, 2}, {JSON_LONE_SURROGATE, 3},
        {JSON_BAD_UTF8, 4},   {JSON_BAD_UTF8, 4}, {JSON_BAD_NUMBER, 5},
    };
    uint32_t i = 0;

    CHECK_INT(doc.defect_count, 6);
    EACH_CASE(w, want)
    {
        const struct json_node *node = &doc.nodes[w->node];
        CHECK_INT(doc.defects[i].kind, w->kind);
        CHECK(doc.defects[i].at >= node->start && doc.defects[i].at < node->end);
        i++;
    }
    CHECK(json_defect_in(&doc, 6) == NULL);
}

TEST(json_finds_the_element_that_holds_the_defect)
{
    struct json doc =
        parsed("{\"batch\":[{\"a\":1},{\"a\":1e999},{\"a\":\"\\ud800\"},{\"a\":\"\xFF\"},"
               "{\"\xFF\":1},{\"a\":2}],\"sentAt\":\"x\"}");
    static const int want[] = {
        -1, JSON_BAD_NUMBER, JSON_LONE_SURROGATE, JSON_BAD_UTF8, JSON_BAD_UTF8, -1};
    uint32_t batch = json_find(&doc, 0, S("batch")), i = 0;

    EACH_ELEMENT(&doc, batch, event)
    {
        const struct json_defect *defect = json_defect_in(&doc, event);
        CHECK_INT(defect ? (int)defect->kind : -1, want[i]);
        i++;
    }
    CHECK_INT(i, 6);
    CHECK(json_defect_in(&doc, json_find(&doc, 0, S("sentAt"))) == NULL);
}

/* `before` then `depth` arrays one in the other around `core`, then `behind`. */
static str nested(const char *before, int depth, const char *core, const char *behind)
{
    struct buf text = {0};
    str copy;

    buf_add(&text, str_of(before));
    for (int i = 0; i < depth; i++)
        buf_add_byte(&text, '[');
    buf_add(&text, str_of(core));
    for (int i = 0; i < depth; i++)
        buf_add_byte(&text, ']');
    buf_add(&text, str_of(behind));
    copy = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return copy;
}

TEST(json_measures_depth_from_each_value)
{
    struct json doc;

    CHECK_OK(parse(nested("", 32, "1", ""), &doc));
    CHECK(json_defect_in(&doc, 0) == NULL);
    CHECK_OK(parse(nested("", 33, "1", ""), &doc));
    CHECK_INT(json_defect_in(&doc, 0)->kind, JSON_TOO_DEEP);
    CHECK(json_defect_in(&doc, 1) == NULL);

    /* The batch around the events does not count as their depth. */
    CHECK_OK(parse(nested("{\"batch\":[{\"p\":", 31, "\"x\"", "},{\"p\":1}]}"), &doc));
    CHECK_INT(json_defect_in(&doc, 0)->kind, JSON_TOO_DEEP);
    CHECK(json_defect_in(&doc, 3) == NULL);
    CHECK_OK(parse(nested("{\"batch\":[{\"p\":", 32, "{\"k\":1}", "},{\"p\":1}]}"), &doc));
    CHECK_INT(json_defect_in(&doc, 3)->kind, JSON_TOO_DEEP);
    CHECK(json_defect_in(&doc, doc.nodes[3].next) == NULL);
}

TEST(json_refuses_absurd_depth)
{
    struct json doc;

    CHECK_OK(parse(nested("", 10000, "", ""), &doc));
    CHECK_INT(doc.count, 10000);
    CHECK_INT(doc.nodes[9999].depth, 9999);
    CHECK_ERR(ERR_INVALID, parse(nested("", 10001, "", ""), &doc));
}

TEST(json_reads_big_documents_and_small_ones_after)
{
    struct buf text = {0};
    struct json doc;
    uint32_t count = 0;

    buf_add_byte(&text, '[');
    for (uint64_t i = 0; i < 200000; i++) {
        buf_add(&text, i ? S(" ,\n{\"n\":") : S("{\"n\":"));
        buf_add_u64(&text, i);
        buf_add(&text, S(",\"s\":\"\\u0041b\"}"));
    }
    buf_add_byte(&text, ']');
    CHECK_OK(parse(buf_str(&text), &doc));
    EACH_ELEMENT(&doc, 0, element)
    {
        int64_t number;
        CHECK(json_to_i64(&doc, json_find(&doc, element, S("n")), &number));
        CHECK_INT(number, count);
        CHECK(json_is_string(&doc, json_find(&doc, element, S("s")), S("Ab")));
        count++;
    }
    CHECK_INT(count, 200000);
    CHECK_OK(parse(S("[1]"), &doc));
    CHECK_INT(doc.count, 2);
    CHECK_ERR(ERR_INVALID, parse(S("[1"), &doc));
    CHECK_OK(parse(S("[1e999]"), &doc));
    CHECK_INT(doc.defect_count, 1);
    CHECK_OK(parse(S("[1]"), &doc));
    CHECK_INT(doc.defect_count, 0);
    buf_done(&text);
}

TEST(json_reads_at_every_length_and_offset)
{
    char text[400];
    struct json doc;

    for (size_t len = 1; len < 300; len++) {
        memset(text, ' ', sizeof text);
        text[0] = '[';
        text[1] = '"';
        memset(text + 2, 'x', len);
        memcpy(text + 2 + len, "\\\\\"", 3);
        memcpy(text + 5 + len + len % 7, ",1]", 3);
        CHECK_OK(parse(str_from(text, 8 + len + len % 7), &doc));
        CHECK_INT(doc.count, 3);
        CHECK_INT(json_string(&doc, 1, test_mem).len, len + 1);
        CHECK_STR(json_raw(&doc, 2), "1");
    }
}

TEST(json_survives_every_failed_allocation)
{
    str text = S("[1e999,\"\xFF\",\"\\ud800\",[[[1]]]]");
    long needed;
    struct json doc;

    for (long k = 1;; k++) {
        struct json_reader *fresh;
        struct arena *mem = arena_open(1 << 20);
        enum err err = ERR_LIMIT;

        needed = mem_calls();
        mem_fail_after(k);
        fresh = json_reader_open();
        if (fresh)
            err = json_parse_copy(fresh, mem, text, &doc);
        needed = mem_calls() - needed;
        mem_fail_after(0);
        json_reader_close(fresh);
        arena_close(mem);
        CHECK(err == OK || err == ERR_LIMIT);
        if (err == OK) {
            CHECK(k > 4 && k > needed);
            break;
        }
    }
}

TEST(json_repair_stops_at_the_limit_of_its_arena)
{
    char text[3000];
    struct arena *mem = arena_open(4096);
    struct json doc;

    memset(text, '\xFF', sizeof text);
    text[0] = text[2000] = '"';
    reader = reader ? reader : json_reader_open();
    CHECK_ERR(ERR_LIMIT, json_parse(reader, mem, str_from(text, 2001), &doc));
    arena_close(mem);
}

/* The content of a file; valid until the next call. */
static str read_file(const char *folder, const char *name)
{
    static char bytes[1 << 20];
    str path = arena_print(test_mem, "%s/%s", folder, name);
    FILE *file = fopen(path.data, "rb");
    size_t len;

    CHECK(file != NULL);
    len = fread(bytes, 1, sizeof bytes, file);
    CHECK(len < sizeof bytes);
    fclose(file);
    return str_from(bytes, len);
}

TEST(json_judges_the_json_test_suite_as_its_file_names_say)
{
    str folder = arena_print(test_mem, "%s/json_test_suite/test_parsing", test_data());
    DIR *listing = opendir(folder.data);
    int must = 0, must_not = 0, may = 0;

    CHECK(listing != NULL);
    for (struct dirent *entry; (entry = readdir(listing));) {
        struct json doc;
        enum err err;

        if (!str_ends(str_of(entry->d_name), S(".json")))
            continue;
        err = parse(read_file(folder.data, entry->d_name), &doc);
        CHECK(err == OK || err == ERR_INVALID);
        if (entry->d_name[0] == 'y') {
            test_check_err(OK, err, entry->d_name, __FILE__, __LINE__);
            CHECK_INT(doc.defect_count, 0);
            must++;
        } else if (entry->d_name[0] == 'n') {
            /* What is only not UTF-8 may be read, with the defect told. */
            if (err == OK && (doc.defect_count == 0 || doc.defects[0].kind != JSON_BAD_UTF8))
                test_check_err(ERR_INVALID, err, entry->d_name, __FILE__, __LINE__);
            must_not++;
        } else {
            may++;
        }
    }
    closedir(listing);
    CHECK_INT(must, 46);
    CHECK_INT(must_not, 94);
    CHECK_INT(may, 18);
}
