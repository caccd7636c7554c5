/* test_csv_write.c - cells are quoted where they have to be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/csv_write.h"
#include "support/test.h"

TEST(csv_write_quotes_what_a_reader_could_take_apart)
{
    static const struct {
        const char *text, *cell;
    } cases[] = {
        {"", ""},
        {"a", "a"},
        {"a b", "a b"},
        {"a,b", "\"a,b\""},
        {"\"", "\"\"\"\""},
        {"say \"no\"", "\"say \"\"no\"\"\""},
        {"a\nb", "\"a\nb\""},
        {"a\rb", "\"a\rb\""},
        {" a", "\" a\""},
        {"a\t", "\"a\t\""},
        {"\xc3\xbc;'", "\xc3\xbc;'"},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};
        struct csv_writer w = {.out = &out};

        csv_write_cell(&w, str_of(c->text));
        CHECK_STR(buf_str(&out), c->cell);
        buf_done(&out);
    }
}

TEST(csv_write_parts_cells_by_commas_and_rows_by_crlf)
{
    struct buf out = {0};
    struct csv_writer w = {.out = &out};

    csv_write_cell(&w, S("a"));
    csv_write_cell(&w, S(""));
    csv_write_cell(&w, S("c"));
    csv_write_end(&w);
    csv_write_cell(&w, S(""));
    csv_write_cell(&w, S("2"));
    csv_write_end(&w);
    CHECK_STR(buf_str(&out), "a,,c\r\n,2\r\n");
    buf_done(&out);
}
