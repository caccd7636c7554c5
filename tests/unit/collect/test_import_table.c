/* test_import_table.c - columns made messages: by their names, by a map, with types over the file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_table.h"

#include "import_rows.h"
#include "support/test.h"

#include <stdio.h>

static void scan(void *table)
{
    import_table_scan(table);
}

/* Both passes over the text; the rows as import_rows writes them. */
static str import(enum import_table_kind kind, const char *map_text, str text)
{
    struct import_rows rows = {.mem = test_mem, .reader = json_reader_open()};
    struct import_table *table;
    struct import_map map;
    str out;

    import_map_default(&map);
    if (map_text)
        CHECK_OK(import_map_read(test_mem, str_of(map_text), &map));
    CHECK_OK(import_table_open(kind, &map, text, true, &table));
    import_rows_cut(import_table_codec(table), text, scan, table);
    import_table_decide(table);
    import_rows_run(&rows, import_table_codec(table), text);
    out = arena_dup(test_mem, buf_str(&rows.out));
    buf_done(&rows.out);
    json_reader_close(rows.reader);
    import_table_close(table);
    import_map_done(&map);
    return out;
}

#define HEAD "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"messageId\":"
#define ID2 "\"import-file-2\""

TEST(import_table_reads_columns_by_their_names)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"event,userId\nE,u\n", "2 " HEAD ID2 "}\n"},
        {"event,userId,anonymousId,messageId,timestamp\r\nE,u,a,m1,2026-01-02\r\n",
         "2 {\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"anonymousId\":\"a\","
         "\"messageId\":\"m1\",\"timestamp\":\"2026-01-02T00:00:00.000Z\"}\n"},
        {"userId,event,context.page.path,context.locale,traits.b,traits.a.x,p,context.page.url\n"
         "u,E,/x,de,B,A,P,http://x\n",
         "2 " HEAD ID2 ",\"properties\":{\"p\":\"P\"},\"traits\":{\"a\":{\"x\":\"A\"},\"b\":\"B\"},"
         "\"context\":{\"locale\":\"de\",\"page\":{\"path\":\"/x\",\"url\":\"http://x\"}}}\n"},
        {"userId,event,context.page.path,p.q,,traits.a\nu,E,,,ignored,\n", "2 " HEAD ID2 "}\n"},
        {"userId,event,p.q\nu,E,1\n", "2 " HEAD ID2 ",\"properties\":{\"p.q\":1}}\n"},
        {"userId,type,event,n\nu,page,Home,1\nu,screen,,2\nu,identify,,3\nu,group,,4\n",
         "2 {\"type\":\"page\",\"name\":\"Home\",\"userId\":\"u\",\"messageId\":" ID2
         ",\"properties\":{\"n\":1}}\n"
         "3 {\"type\":\"screen\",\"userId\":\"u\",\"messageId\":\"import-file-3\""
         ",\"properties\":{\"n\":2}}\n"
         "4 {\"type\":\"identify\",\"userId\":\"u\",\"messageId\":\"import-file-4\""
         ",\"properties\":{\"n\":3}}\n"
         "5 {\"type\":\"group\",\"userId\":\"u\",\"messageId\":\"import-file-5\""
         ",\"properties\":{\"n\":4}}\n"},
        /* Our own export's */
        {"seq,event,userId,properties.seq,properties.type,properties.a.b,properties.properties.x,"
         "properties.\n7,E,u,s,t,1,2,3\n",
         "2 " HEAD ID2 ",\"properties\":{\"seq\":\"s\",\"type\":\"t\",\"a.b\":1,"
         "\"properties.x\":2,\"\":3}}\n"},
        {"type,event,userId,previousId,groupId,\"o\"\"k\"\nalias,,u,p,,\ngroup,,u,,g,1\n",
         "2 {\"type\":\"alias\",\"userId\":\"u\",\"previousId\":\"p\",\"messageId\":" ID2 "}\n"
         "3 {\"type\":\"group\",\"userId\":\"u\",\"groupId\":\"g\","
         "\"messageId\":\"import-file-3\",\"properties\":{\"o\\\"k\":1}}\n"},
        {"event,userId,t\nE,u,\"a \"\"b\"\"\nc\t\x01\\\"\n\n\"E\",\"u\",\"\xC3\xA4\"\n",
         "2 " HEAD ID2 ",\"properties\":{\"t\":\"a \\\"b\\\"\\nc\\t\\u0001\\\\\"}}\n"
         "5 " HEAD "\"import-file-5\",\"properties\":{\"t\":\"\xC3\xA4\"}}\n"},
    };

    EACH_CASE(c, cases)
    CHECK_STR(import(IMPORT_EVENTS, NULL, str_of(c->text)), c->want);
}

/* One column's cells; what each becomes. */
TEST(import_table_decides_types_over_the_whole_file)
{
    static const struct {
        const char *cells[3];
        const char *want[3]; /* NULL: no property */
    } cases[] = {
        {{"1", "2.50", "-3"}, {"1", "2.50", "-3"}},
        {{"1", "", "1e3"}, {"1", NULL, "1e3"}},
        {{" 1 ", "  ", "0"}, {"1", NULL, "0"}},
        {{"01", "2", "3"}, {"\"01\"", "\"2\"", "\"3\""}},
        {{"1", "2", "x"}, {"\"1\"", "\"2\"", "\"x\""}},
        {{"0", "0.5", "-0.5"}, {"0", "0.5", "-0.5"}},
        {{"1", ".5", "2"}, {"\"1\"", "\".5\"", "\"2\""}},
        {{"1", "5.", "2"}, {"\"1\"", "\"5.\"", "\"2\""}},
        {{"1", "+5", "2"}, {"\"1\"", "\"+5\"", "\"2\""}},
        {{"1", "1,5", "2"}, {"\"1\"", "\"1,5\"", "\"2\""}},
        {{"123456789012345678", "1", "1"}, {"123456789012345678", "1", "1"}},
        {{"1234567890123456789", "1", "1"}, {"\"1234567890123456789\"", "\"1\"", "\"1\""}},
        {{"1e999", "1", "1"}, {"\"1e999\"", "\"1\"", "\"1\""}},
        {{"NaN", "1", "1"}, {"\"NaN\"", "\"1\"", "\"1\""}},
        {{"true", "false", ""}, {"true", "false", NULL}},
        {{"TRUE", "False", "true"}, {"true", "false", "true"}},
        {{"true", "1", "0"}, {"\"true\"", "\"1\"", "\"0\""}},
        {{"true", "yes", ""}, {"\"true\"", "\"yes\"", NULL}},
        {{"", "", ""}, {NULL, NULL, NULL}},
        {{"2026-01-01", "", ""}, {"\"2026-01-01\"", NULL, NULL}},
        {{"\"\"\"1\"\"\"", "1", "1"}, {"\"\\\"1\\\"\"", "\"1\"", "\"1\""}},
    };

    EACH_CASE(c, cases)
    {
        struct buf text = {0}, want = {0};

        buf_add(&text, S("event,userId,v,w\n"));
        for (int i = 0; i < 3; i++) {
            bool is_quoted = c->cells[i][0] == '"';

            buf_print(&text, is_quoted ? "E,u,%s,1\n" : "E,u,\"%s\",1\n", c->cells[i]);
            buf_print(&want, "%d " HEAD "\"import-file-%d\",\"properties\":{", i + 2, i + 2);
            if (c->want[i])
                buf_print(&want, "\"v\":%s,", c->want[i]);
            buf_add(&want, S("\"w\":1}}\n"));
        }
        buf_add_byte(&want, '\0');
        CHECK_STR(import(IMPORT_EVENTS, NULL, buf_str(&text)), want.data);
        buf_done(&text);
        buf_done(&want);
    }
}

TEST(import_table_rejects_rows_with_their_reason)
{
    static const struct {
        const char *row, *reason;
    } cases[] = {
        {"E,u,2026-01-01,", "4 cells"},
        {"E,u", "2 cells"},
        {",u,2026-01-01", "\"event\" is empty"},
        {"E,,2026-01-01", "needs a \"userId\""},
        {"E,u,yesterday", "\"timestamp\" must be a time"},
        {"E,u,2026-02-30", "\"timestamp\" must be a time"},
        {"E,u,2026-01-01T25:00:00Z", "\"timestamp\" must be a time"},
        {"E,\"u\"x,2026-01-01", "closing quote"},
        {"E,\xFF,2026-01-01", "UTF-8"},
        {"E,\"u,2026-01-01", "not closed"},
    };

    EACH_CASE(c, cases)
    {
        struct buf text = {0};
        str got;

        buf_print(&text, "event,userId,timestamp\n%s\nE,u,\n", c->row);
        got = import(IMPORT_EVENTS, NULL, buf_str(&text));
        CHECK(str_starts(got, S("2 !")));
        CHECK(str_contains(got, str_of(c->reason)));
        CHECK(str_contains(got, S("\n3 " HEAD "\"import-file-3\"}"))); /* the next is read */
        buf_done(&text);
    }
}

TEST(import_table_rejects_an_alias_that_joins_nobody)
{
    static const char *const cases[] = {"alias,u,,", "alias,,a,p", "alias,,a,"};

    EACH_CASE(c, cases)
    {
        str text = arena_print(test_mem, "type,userId,anonymousId,previousId\n%s\n", *c);

        CHECK(str_starts(import(IMPORT_EVENTS, NULL, text), S("2 !an alias needs a \"userId\"")));
    }
}

TEST(import_table_rejects_over_long_values)
{
    static const struct {
        const char *column;
        size_t len;
        bool is_taken;
    } cases[] = {
        {"userId", MESSAGE_MOST_IDENTIFIER, true},
        {"userId", MESSAGE_MOST_IDENTIFIER + 1, false},
        {"messageId", MESSAGE_MOST_IDENTIFIER, true},
        {"messageId", 600, false},
        {"event", MESSAGE_MOST_NAME, true},
        {"event", MESSAGE_MOST_NAME + 1, false},
        {"p", 32000, true},
        {"p", 33000, false},
    };

    EACH_CASE(c, cases)
    {
        struct buf text = {0};

        buf_print(&text, "%s,anonymousId%s\n", c->column,
                  str_equals(str_of(c->column), S("event")) ? "" : ",event");
        for (size_t i = 0; i < c->len; i++)
            buf_add_byte(&text, 'x');
        buf_add(&text, S(",a"));
        buf_add(&text, str_equals(str_of(c->column), S("event")) ? S("\n") : S(",E\n"));
        CHECK_INT(str_starts(import(IMPORT_EVENTS, NULL, buf_str(&text)), S("2 {")), c->is_taken);
        buf_done(&text);
    }
}

TEST(import_table_reads_what_a_map_describes)
{
    static const struct {
        const char *map, *text, *want;
    } cases[] = {
        {"{\"delimiter\":\"spaces\",\"header\":true,\"columns\":[\"userId\",\"timestamp\","
         "\"quantity\",\"revenue\"],\"types\":{\"quantity\":\"integer\"},"
         "\"formats\":{\"timestamp\":\"%Y%m%d\"},\"set\":{\"event\":\"E\"}}",
         " a b c d\n u 19970101  1  11.77\n",
         "2 " HEAD ID2 ",\"timestamp\":\"1997-01-01T00:00:00.000Z\","
         "\"properties\":{\"quantity\":1,\"revenue\":11.77}}\n"},
        {"{\"columns\":[\"userId\",null,\"v\"],\"delimiter\":\"\\t\",\"set\":{\"event\":\"E\","
         "\"currency\":\"EUR\",\"tags\":[1,2]},\"types\":{\"v\":\"text\"}}",
         "u\tx\t1\n",
         "1 " HEAD "\"import-file-1\",\"properties\":{\"v\":\"1\",\"currency\":\"EUR\","
         "\"tags\":[1,2]}}\n"},
        {"{\"timezone\":\"Europe/Berlin\"}", "event,userId,timestamp\nE,u,2026-07-01 12:00:00\n",
         "2 " HEAD ID2 ",\"timestamp\":\"2026-07-01T10:00:00.000Z\"}\n"},
        {"{\"timezone\":\"Europe/Berlin\"}", "event,userId,timestamp\nE,u,2026-07-01\n",
         "2 " HEAD ID2 ",\"timestamp\":\"2026-06-30T22:00:00.000Z\"}\n"},
        {"{\"timezone\":\"Europe/Berlin\"}",
         "event,userId,timestamp\nE,u,2026-07-01T12:00:00+01:00\n",
         "2 " HEAD ID2 ",\"timestamp\":\"2026-07-01T11:00:00.000Z\"}\n"},
        /* Two o'clock is skipped, and comes twice: as Python's zoneinfo with fold=0. */
        {"{\"timezone\":\"Europe/Berlin\"}", "event,userId,timestamp\nE,u,2026-03-29 02:30:00\n",
         "2 " HEAD ID2 ",\"timestamp\":\"2026-03-29T01:30:00.000Z\"}\n"},
        {"{\"timezone\":\"Europe/Berlin\"}", "event,userId,timestamp\nE,u,2026-10-25 02:30:00\n",
         "2 " HEAD ID2 ",\"timestamp\":\"2026-10-25T00:30:00.000Z\"}\n"},
        {"{\"set\":{\"event\":\"E\",\"userId\":\"u\"}}", "event,userId,p\nX,y,1\n",
         "2 " HEAD ID2 ",\"properties\":{\"p\":1}}\n"},
        {"{\"types\":{\"a\":\"decimal\",\"b\":\"boolean\",\"c\":\"time\",\"d\":\"integer\"},"
         "\"formats\":{\"c\":\"%d.%m.%Y\"}}",
         "event,userId,a,b,c,d\nE,u,+.5,yes,31.12.2025,007\nE,u,5.,0,1.1.2026,-0012\n",
         "2 " HEAD ID2 ",\"properties\":{\"a\":0.5,\"b\":true,\"c\":\"2025-12-31T00:00:00.000Z\","
         "\"d\":7}}\n"
         "3 " HEAD "\"import-file-3\",\"properties\":{\"a\":5,\"b\":false,"
         "\"c\":\"2026-01-01T00:00:00.000Z\",\"d\":-12}}\n"},
    };

    EACH_CASE(c, cases)
    CHECK_STR(import(IMPORT_EVENTS, c->map, str_of(c->text)), c->want);
}

TEST(import_table_rejects_cells_that_are_not_of_their_declared_type)
{
    static const struct {
        const char *type, *cell;
    } cases[] = {
        {"integer", "1.5"}, {"integer", "x"},  {"integer", "-"},      {"integer", "1e3"},
        {"decimal", "1,5"}, {"decimal", "."},  {"decimal", "0x10"},   {"decimal", "1e999"},
        {"boolean", "2"},   {"boolean", "ja"}, {"time", "yesterday"}, {"time", "2026-13-01"},
    };

    EACH_CASE(c, cases)
    {
        str map = arena_print(test_mem, "{\"types\":{\"v\":\"%s\"}}", c->type);
        str text = arena_print(test_mem, "event,userId,v\nE,u,\"%s\"\n", c->cell);
        str got = import(IMPORT_EVENTS, map.data, text);

        CHECK(str_starts(got, S("2 !\"v\" is \"")));
        CHECK(str_contains(got, str_of(c->cell)));
    }
}

TEST(import_table_makes_people_identify_calls)
{
    CHECK_STR(import(IMPORT_PEOPLE, NULL, S("userId,email,type,traits.age\nu,e@x,gold,7\n")),
              "2 {\"type\":\"identify\",\"userId\":\"u\",\"messageId\":" ID2
              ",\"traits\":{\"age\":7,\"email\":\"e@x\",\"type\":\"gold\"}}\n");
}

TEST(import_table_refuses_columns_that_make_no_messages)
{
    static const struct {
        const char *map, *text, *word;
    } cases[] = {
        {NULL, "event,user\nE,u\n", "userId"},
        {NULL, "userId,what\nu,x\n", "event"},
        {NULL, "event,userId,a,a\n", "two columns"},
        {NULL, "event,userId,properties.a,a\n", "two columns"},
        {NULL, "event,userId,context.a,context.a.b\n", "two columns"},
        {NULL, "event,userId,context.a,traits.a..b\n", "empty name"},
        {NULL, "event,\"userId\n", "first line"},
        {NULL, "event,\xFFuserId\n", "UTF-8"},
        {"{\"types\":{\"nope\":\"text\"}}", "event,userId\n", "no such column"},
        {"{\"types\":{\"v\":\"text\"},\"formats\":{\"v\":\"%Y\"}}", "event,userId,v\n", "time"},
        {"{\"set\":{\"userId\":[1]}}", "event,v\n", "userId"},
        {"{\"set\":{\"messageId\":\"m\"}}", "event,userId\n", "messageId"},
    };

    EACH_CASE(c, cases)
    {
        struct import_table *table;
        struct import_map map;

        import_map_default(&map);
        if (c->map)
            CHECK_OK(import_map_read(test_mem, str_of(c->map), &map));
        CHECK_ERR(ERR_INVALID,
                  import_table_open(IMPORT_EVENTS, &map, str_of(c->text), true, &table));
        CHECK(str_contains(str_of(err_text()), str_of(c->word)));
        import_map_done(&map);
    }
}

TEST(import_table_does_not_trust_a_file_that_changed_between_the_passes)
{
    struct import_rows rows = {.mem = test_mem, .reader = json_reader_open()};
    str first = S("event,userId,v\nE,u,1\n"), second = S("event,userId,v\nE,u,x\n");
    struct import_table *table;
    struct import_map map;

    import_map_default(&map);
    CHECK_OK(import_table_open(IMPORT_EVENTS, &map, first, true, &table));
    import_rows_cut(import_table_codec(table), first, scan, table);
    import_table_decide(table);
    import_rows_run(&rows, import_table_codec(table), second);
    CHECK_INT(rows.rejected, 1);
    buf_done(&rows.out);
    json_reader_close(rows.reader);
    import_table_close(table);
}
