/* test_sheet.c - which columns a table has in CSV and in Parquet, and what they hold.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/sheet.h"

#include "base/buf.h"
#include "support/test.h"

static enum err collect(void *argument, str bytes)
{
    buf_add(argument, bytes);
    return OK;
}

/* The file of these lines, each ending in a newline. */
static str file_of(enum sheet_format format, const char *lines)
{
    struct buf out = {0};
    struct sheet_config config = {.format = format, .write = collect, .argument = &out};
    struct sheet *sheet = NULL;
    str bytes;

    CHECK_OK(table_open(TABLE_PEOPLE, &config.table));
    for (str rest = str_of(lines); rest.len;)
        CHECK_OK(table_take(config.table, str_cut(&rest, '\n')));
    CHECK_OK(table_settle(config.table, &config.columns, &config.count));
    CHECK_OK(sheet_open(&config, &sheet));
    for (str rest = str_of(lines); rest.len;) {
        CHECK_OK(table_take(config.table, str_cut(&rest, '\n')));
        CHECK_OK(sheet_row(sheet));
    }
    CHECK_OK(sheet_finish(sheet));
    CHECK_INT(table_left_out(config.table), 0);
    sheet_close(sheet);
    table_close(config.table);
    bytes = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return bytes;
}

TEST(sheet_writes_csv_with_numbers_in_plain_notation)
{
    CHECK_STR(file_of(SHEET_CSV, "{\"id\":\"a,b\",\"traits\":{\"n\":1.50,\"l\":[\"x\",1]}}\n"
                                 "{\"id\":\"c\",\"traits\":{\"n\":1e3,\"t\":\"y\"}}\n"
                                 "{\"id\":null,\"traits\":{\"n\":1e300,\"b\":false}}\n"),
              "id,traits.b,traits.l,traits.n,traits.t\r\n"
              "\"a,b\",,\"[\"\"x\"\",1]\",1.5,\r\n"
              "c,,,1000,y\r\n"
              ",false,,1e300,\r\n");
}

/* A column in the footer: name, then the tail of its schema element. */
static bool has_column(str file, const char *name, const char *tail)
{
    str wanted = arena_print(test_mem, "\x18%c%s%s", (int)str_of(name).len, name, tail);

    return str_contains(file, wanted);
}

TEST(sheet_has_one_parquet_column_for_each_type_of_a_property)
{
    str file = file_of(SHEET_PARQUET, "{\"traits\":{\"p\":1,\"q\":1,\"p.number\":\"x\"}}\n"
                                      "{\"traits\":{\"p\":\"x\",\"q\":true}}\n"
                                      "{\"traits\":{\"p\":[2],\"q\":[]}}\n");

    CHECK(str_contains(file, S("\x18\x08traits.p\x25"))); /* text, a converted type follows */
    CHECK(str_contains(file, S("\x18\x0ftraits.p.number\x25"))); /* the property of that name */
    CHECK(has_column(file, "traits.p.number_", ""));
    CHECK(has_column(file, "traits.p.list", "\x25\x26")); /* JSON */
    CHECK(has_column(file, "traits.q", ""));              /* the number */
    CHECK(!str_contains(file, S("\x18\x08traits.q\x25")));
    CHECK(has_column(file, "traits.q.boolean", ""));
    CHECK(has_column(file, "traits.q.list", "\x25\x26"));
    CHECK(!str_contains(file, S("traits.q.number")));
}

TEST(sheet_takes_the_narrowest_type_that_holds_all_numbers_exactly)
{
    /* Thrift: field 1, the physical type, before the name; of a decimal its scale and precision
     * behind it (fields 6, 7 and 8), zigzag. */
    static const struct {
        const char *numbers[2];
        const char *head, *tail;
    } cases[] = {
        {{"1", "-999999999999999999"}, "\x15\x04\x25\x02", ""},
        {{"1", "0.5"}, "\x15\x04\x25\x02", "\x25\x0a\x15\x02\x15\x24"},
        {{"0.001", "123456789012345"}, "\x15\x04\x25\x02", "\x25\x0a\x15\x06\x15\x24"},
        {{"0.001", "1234567890123456"}, "\x15\x0e\x15\x20\x15\x02", "\x25\x0a\x15\x06\x15\x4c"},
        {{"1e18", "1"}, "\x15\x0e\x15\x20\x15\x02", "\x25\x0a\x15"},
        {{"1", "1e300"}, "\x15\x0a\x25\x02", ""},
        {{"1e-18", "1e30"}, "\x15\x0a\x25\x02", ""},
    };

    EACH_CASE(c, cases)
    {
        str file =
            file_of(SHEET_PARQUET,
                    arena_print(test_mem, "{\"traits\":{\"n\":%s}}\n{\"traits\":{\"n\":%s}}\n",
                                c->numbers[0], c->numbers[1])
                        .data);

        CHECK(str_contains(file, arena_print(test_mem, "%s\x18\x08traits.n%s", c->head, c->tail)));
    }
}
