/* test_time_format.c - times by their format.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/time_format.h"

#include "support/test.h"

enum { LOCAL, OFFSET, REFUSED };

TEST(time_format_reads_what_strptime_reads)
{
    static const struct {
        const char *format, *text;
        int kind;
        millis want; /* in UTC where the text says its offset, by Python's datetime */
    } cases[] = {
        {"%Y%m%d", "19970101", LOCAL, INT64_C(852076800000)},
        {"%Y%m%d", "1997011", LOCAL, INT64_C(852076800000)}, /* as strptime */
        {"%Y%m%d", "19970101 ", REFUSED, 0},
        {"%Y%m%d", "19970230", REFUSED, 0},
        {"%Y%m%d", "19971301", REFUSED, 0},
        {"%d.%m.%Y %H:%M", "21.11.2026 09:30", LOCAL, INT64_C(1795253400000)},
        {"%d.%m.%Y %H:%M", "21.11.2026   9:30", LOCAL, INT64_C(1795253400000)},
        {"%d.%m.%Y %H:%M", "21.11.2026 24:00", REFUSED, 0},
        {"%m/%d/%y %I:%M:%S %p", "11/21/26 09:30:15 PM", LOCAL, INT64_C(1795296615000)},
        {"%m/%d/%y %I:%M %p", "11/21/26 12:30 am", LOCAL, INT64_C(1795221000000)},
        {"%d/%b/%Y:%T %z", "17/May/2015:10:05:03 +0200", OFFSET, INT64_C(1431849903000)},
        {"%a, %d %B %Y", "Sat, 21 November 2026", LOCAL, INT64_C(1795219200000)},
        {"%A %e %h %Y", "saturday  1 aug 2026", LOCAL, INT64_C(1785542400000)},
        {"%s", "1795253400", OFFSET, INT64_C(1795253400000)},
        {"%s", "17952534001795253400", REFUSED, 0},
        {"%FT%T.%f%z", "2026-11-21T09:30:00.1259999-08:00", OFFSET, INT64_C(1795282200125)},
        {"%Y-%j", "2024-366", LOCAL, INT64_C(1735603200000)},
        {"%Y-%j", "2023-366", REFUSED, 0},
        {"%D %R%%", "11/21/26 09:30%", LOCAL, INT64_C(1795253400000)},
        {"%Y", "", REFUSED, 0},
        {"%Y", "0000", REFUSED, 0},
    };

    EACH_CASE(c, cases)
    {
        struct time_format_parts parts;
        bool is_read;

        CHECK_OK(time_format_check(str_of(c->format)));
        is_read = time_format_read(str_of(c->format), str_of(c->text), &parts);
        CHECK_INT(is_read, c->kind != REFUSED);
        if (!is_read)
            continue;
        CHECK_INT(parts.has_offset, c->kind == OFFSET);
        CHECK_INT(parts.local - parts.offset, c->want);
    }
}

TEST(time_format_refuses_formats_it_does_not_know)
{
    static const char *const cases[] = {"", "%", "%Y%", "%Q", "%Y-%Ez", "%c"};

    EACH_CASE(c, cases)
    CHECK_ERR(ERR_INVALID, time_format_check(str_of(*c)));
}
