/* test_csv.c - rows of RFC 4180 and its relatives, whole and in pieces.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/csv.h"

#include "base/buf.h"
#include "base/mem.h"
#include "support/test.h"

#include <string.h>

enum { MOST = 64 };

/* Rows as text: cells in brackets, "!" and the reason for a defect, one row a line. */
static void write_rows(char delimiter, str text, struct buf *out)
{
    struct csv_cell cells[MOST];
    struct csv_row row = {.cells = cells, .room = MOST};

    while (text.len) {
        CHECK(csv_next(delimiter, text, true, &row));
        CHECK(row.len > 0 && row.len <= text.len && row.lines > 0);
        if (row.defect)
            buf_print(out, "!%s", row.defect);
        for (uint32_t i = 0; !row.defect && i < row.count; i++) {
            char plain[256];
            size_t len = cells[i].len;

            memcpy(plain, cells[i].data, len);
            if (cells[i].is_doubled)
                len = csv_unquote(&cells[i], plain);
            buf_print(out, "[%.*s]", (int)len, plain);
        }
        buf_print(out, "%u\n", row.lines);
        text = str_slice(text, row.len, text.len);
    }
}

TEST(csv_rows_are_cut_as_rfc_4180_says)
{
    static const struct {
        char delimiter;
        const char *text;
        const char *want;
    } cases[] = {
        {',', "a,b,c\r\n1,2,3\r\n", "[a][b][c]1\n[1][2][3]1\n"},
        {',', "a,b\n1,2", "[a][b]1\n[1][2]1\n"},
        {',', "a,,\n,,\n", "[a][][]1\n[][][]1\n"},
        {',', "\"a\",\"b,c\",\"d\"\"e\"\r\n", "[a][b,c][d\"e]1\n"},
        {',', "\"two\r\nlines\",x\nnext,y", "[two\r\nlines][x]2\n[next][y]1\n"},
        {',', "\"\",\"\"\"\",\"\"\"\"\"\"\n", "[][\"][\"\"]1\n"},
        {',', "\"a\"", "[a]1\n"},
        {',', "\"a\"\r", "[a]1\n"},
        {',', "\"a\",", "[a][]1\n"},
        {',', "a b\"c\",d\n", "[a b\"c\"][d]1\n"},
        {',', "a\rb,c\n", "[a\rb][c]1\n"},
        {',', "\n\nx\n", "[]1\n[]1\n[x]1\n"},
        {',', "long enough for words,and a second cell of some length\n",
         "[long enough for words][and a second cell of some length]1\n"},
        {',', "\"a\"b,c\nd,e\n", "!something stands behind a closing quote1\n[d][e]1\n"},
        {',', "\"open,c\nd,e\n", "!a quote that opens a cell is not closed1\n[d][e]1\n"},
        {';', "1,5;2\n", "[1,5][2]1\n"},
        {'\t', "a b\t\"c\td\"\n", "[a b][c\td]1\n"},
        {CSV_SPACES, "  a   b\t c  \r\n\n\"x y\"\n", "[a][b][c]1\n1\n[\"x][y\"]1\n"},
    };

    EACH_CASE(c, cases)
    {
        struct buf got = {0};

        write_rows(c->delimiter, str_of(c->text), &got);
        CHECK_STR(buf_str(&got), c->want);
        buf_done(&got);
    }
}

/* Whatever of the text has arrived, a row is given whole or not at all. */
TEST(csv_rows_do_not_depend_on_where_the_text_is_cut)
{
    str rest = S("a,\"b\"\"c\"\r\n\"x\ny\",z\r\n\"\",\"q\"\n,\n");
    struct csv_cell cells[MOST], again[MOST];
    struct csv_row row = {.cells = cells, .room = MOST}, part = {.cells = again, .room = MOST};

    while (rest.len) {
        CHECK(csv_next(',', rest, true, &row));
        for (size_t len = 1; len <= rest.len; len++) {
            /* A copy of its own, so that a read behind it is noticed. */
            char *copy = mem_alloc(len);
            bool is_read;

            memcpy(copy, rest.data, len);
            is_read = csv_next(',', str_from(copy, len), false, &part);
            CHECK(is_read || len <= row.len);
            for (uint32_t i = 0; is_read && i < row.count; i++)
                CHECK(str_equals(str_from(again[i].data, again[i].len),
                                 str_from(cells[i].data, cells[i].len)));
            mem_free(copy);
            if (!is_read)
                continue;
            CHECK_INT(part.len, row.len);
            CHECK_INT(part.count, row.count);
            CHECK_INT(part.lines, row.lines);
        }
        rest = str_slice(rest, row.len, rest.len);
    }
}

TEST(csv_rows_with_too_many_cells_are_a_defect_and_the_next_is_read)
{
    struct csv_cell cells[3];
    struct csv_row row = {.cells = cells, .room = 3};
    str text = S("1,2,3,4\nx\n");

    CHECK(csv_next(',', text, true, &row));
    CHECK(row.defect != NULL);
    CHECK(csv_next(',', str_slice(text, row.len, text.len), true, &row));
    CHECK(!row.defect);
    CHECK_INT(row.count, 1);
}
