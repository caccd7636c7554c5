/* test_table.c - lines become rows: which columns there are, and what stands in them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/table.h"
#include "base/buf.h"
#include "support/test.h"

struct settled {
    struct table *table;
    const struct table_column *columns;
    size_t count;
};

/* Learns the lines, each ending in a newline, and settles. */
static struct settled settle(enum table_subject subject, const char *lines)
{
    struct settled settled = {0};
    str rest = str_of(lines);

    CHECK_OK(table_open(subject, &settled.table));
    while (rest.len)
        CHECK_OK(table_take(settled.table, str_cut(&rest, '\n')));
    CHECK_OK(table_settle(settled.table, &settled.columns, &settled.count));
    return settled;
}

/* "name" or, of several types or numbers, "name:bits"; then the next. */
static str names_of(const struct settled *settled)
{
    struct buf out = {0};
    str names;

    for (size_t i = 0; i < settled->count; i++) {
        const struct table_column *column = &settled->columns[i];

        buf_print(&out, "%s%.*s", i ? " " : "", STR_ARG(column->name));
        if (column->kinds != TABLE_TEXT)
            buf_print(&out, ":%u", column->kinds);
    }
    names = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return names;
}

/* The cells of a line: "name=text", those that are there. */
static str cells_of(const struct settled *settled, const char *line)
{
    struct buf out = {0};
    str cells;

    CHECK_OK(table_take(settled->table, str_of(line)));
    for (size_t i = 0; i < settled->count; i++) {
        const struct table_cell *cell = table_cell(settled->table, settled->columns[i].handle);

        if (cell)
            buf_print(&out, "%s%.*s=%.*s", out.len ? " " : "", STR_ARG(settled->columns[i].name),
                      STR_ARG(cell->text));
    }
    cells = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return cells;
}

#define FIXED "seq:2 timestamp type event userId anonymousId messageId"

TEST(table_has_the_columns_of_its_events_by_part_and_name)
{
    static const struct {
        const char *lines, *names;
    } cases[] = {
        {"", FIXED},
        {"{\"seq\":1,\"event\":\"e\"}\n", FIXED},
        {"{\"previousId\":\"p\"}\n{\"groupId\":\"g\"}\n", FIXED " previousId groupId"},
        {"{\"properties\":{\"b\":1,\"a\":\"x\"},\"traits\":{\"t\":true},\"context\":{\"z\":[]}}\n",
         FIXED " context.z:8 traits.t:4 a b:2"},
        {"{\"properties\":{\"a\":{\"b\":{\"c\":1}},\"o\":{},\"n\":null,\"e\":\"\"}}\n",
         FIXED " a.b.c:2"},
        {"{\"properties\":{\"p\":1}}\n{\"properties\":{\"p\":\"x\"}}\n{\"properties\":{\"p\":[1]}}"
         "\n",
         FIXED " p:11"},
        {"{\"properties\":{\"type\":\"x\",\"seq\":\"1\",\"context.a\":\"x\",\"contexts\":\"x\"},"
         "\"context\":{\"a\":\"y\"}}\n",
         FIXED " context.a properties.context.a contexts properties.seq properties.type"},
        {"{\"type\":\"page\",\"name\":\"Home\"}\n", FIXED " name"},
        {"{\"type\":\"track\",\"name\":\"Home\"}\n", FIXED},
        {"{\"type\":\"screen\",\"name\":false}\n{\"type\":\"page\",\"name\":0}\n", FIXED},
        {"{\"integrations\":{\"All\":true},\"channel\":\"x\"}\n", FIXED},
        {"{\"properties\":7,\"context\":\"x\",\"traits\":null}\n", FIXED},
    };

    EACH_CASE(c, cases)
    {
        struct settled settled = settle(TABLE_EVENTS, c->lines);

        CHECK_STR(names_of(&settled), c->names);
        table_close(settled.table);
    }
}

TEST(table_gives_each_line_its_own_cells)
{
    static const char lines[] =
        "{\"seq\":1,\"userId\":\"u\",\"properties\":{\"a\":1.50,\"b\":{\"c\":true}}}\n"
        "{\"seq\":2,\"properties\":{\"a\":\"x\",\"l\":[1,{\"y\":2}]}}\n";
    static const struct {
        const char *line, *cells;
    } cases[] = {
        {"{\"seq\":1,\"userId\":\"u\",\"properties\":{\"a\":1.50,\"b\":{\"c\":true}}}",
         "seq=1 userId=u a=1.50 b.c=true"},
        {"{\"seq\":2,\"properties\":{\"a\":\"\\u00fc\",\"l\":[1,{\"y\":2}]}}",
         "seq=2 a=\xc3\xbc l=[1,{\"y\":2}]"},
        {"{\"seq\":3,\"properties\":{\"a\":null}}", "seq=3"},
        {"{\"seq\":4,\"properties\":{\"a\":1,\"a\":\"last\"}}", "seq=4 a=last"},
        {"{\"seq\":5,\"userId\":17,\"anonymousId\":null}", "seq=5 userId=17"},
        {"{\"seq\":6,\"user_id\":\"old\"}", "seq=6 userId=old"},
        {"{\"seq\":7,\"user_id\":\"old\",\"userId\":\"new\"}", "seq=7 userId=new"},
        {"{}", ""},
    };
    struct settled settled = settle(TABLE_EVENTS, lines);

    EACH_CASE(c, cases)
    CHECK_STR(cells_of(&settled, c->line), c->cells);
    CHECK_INT(table_left_out(settled.table), 0);
    CHECK_STR(cells_of(&settled, "{\"properties\":{\"new\":1,\"a\":true,\"l\":[]}}"), "l=[]");
    CHECK_INT(table_left_out(settled.table), 2); /* no such column; no such type in it */
    table_close(settled.table);
}

TEST(table_of_people_has_their_ids_and_traits)
{
    struct settled settled =
        settle(TABLE_PEOPLE,
               "{\"id\":\"p\",\"traits\":{\"id\":1,\"a.b\":\"x\"}}\n{\"id\":null,\"traits\":{}}\n");

    CHECK_STR(names_of(&settled), "id traits.a.b traits.id:2");
    CHECK_STR(cells_of(&settled, "{\"id\":\"q\",\"traits\":{\"a.b\":\"y\"}}"), "id=q traits.a.b=y");
    table_close(settled.table);
}

TEST(table_knows_how_many_digits_its_numbers_have)
{
    static const struct {
        const char *numbers;
        int32_t whole, scale;
        bool has_inexact;
    } cases[] = {
        {"0", 0, 0, false},
        {"7", 1, 0, false},
        {"-123.450", 3, 2, false},
        {"0.001,20", 2, 3, false},
        {"1e30", 31, 0, false},
        {"0.5,1e300", 0, 1, true},
        {"1234567890123456789", 0, 0, true},
    };

    EACH_CASE(c, cases)
    {
        str numbers = str_of(c->numbers);
        struct settled settled = {0};

        CHECK_OK(table_open(TABLE_EVENTS, &settled.table));
        while (numbers.len) {
            str number = str_cut(&numbers, ',');

            CHECK_OK(
                table_take(settled.table, arena_print(test_mem, "{\"properties\":{\"n\":%.*s}}",
                                                      STR_ARG(number))));
        }
        CHECK_OK(table_settle(settled.table, &settled.columns, &settled.count));
        CHECK_INT(settled.columns[settled.count - 1].whole_digits, c->whole);
        CHECK_INT(settled.columns[settled.count - 1].scale, c->scale);
        CHECK_INT(settled.columns[settled.count - 1].has_inexact, c->has_inexact);
        table_close(settled.table);
    }
}

TEST(table_counts_what_is_beyond_its_bound_of_columns)
{
    struct settled settled = {0};

    CHECK_OK(table_open(TABLE_EVENTS, &settled.table));
    for (int i = 0; i < TABLE_MOST_COLUMNS + 5; i++)
        CHECK_OK(
            table_take(settled.table, arena_print(test_mem, "{\"properties\":{\"p%d\":1}}", i)));
    CHECK_OK(table_settle(settled.table, &settled.columns, &settled.count));
    CHECK_INT(settled.count, TABLE_MOST_COLUMNS + 7);
    CHECK_STR(cells_of(&settled, "{\"properties\":{\"p0\":1}}"), "p0=1");
    CHECK_INT(table_left_out(settled.table), 0);
    for (int i = 0; i < TABLE_MOST_COLUMNS + 5; i++)
        CHECK_OK(
            table_take(settled.table, arena_print(test_mem, "{\"properties\":{\"p%d\":1}}", i)));
    CHECK_INT(table_left_out(settled.table), 5);
    table_close(settled.table);
}

TEST(table_refuses_lines_that_are_no_objects)
{
    static const char *const lines[] = {"", "7", "[]", "{", "{} {}"};
    struct table *table;

    CHECK_OK(table_open(TABLE_EVENTS, &table));
    EACH_CASE(c, lines)
    CHECK_ERR(ERR_INVALID, table_take(table, str_of(*c)));
    table_close(table);
}
