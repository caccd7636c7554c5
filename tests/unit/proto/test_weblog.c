/* test_weblog.c - lines of the combined log format, good and bad.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/weblog.h"

#include "support/test.h"

#define AT "1.2.3.4 - - [17/May/2015:10:05:03 +0000] "
#define END " \"http://r/\" \"Agent/1 (x; y)\""

static void check_absent_or(str got, const char *want)
{
    if (!want)
        CHECK(!got.data);
    else
        CHECK_STR(got, want);
}

TEST(weblog_lines_give_their_fields)
{
    static const struct {
        const char *text, *address, *method, *path;
        unsigned status;
        const char *bytes, *referrer, *agent;
    } cases[] = {
        {AT "\"GET /a/b?q=1 HTTP/1.1\" 200 512" END, "1.2.3.4", "GET", "/a/b", 200, "512",
         "http://r/", "Agent/1 (x; y)"},
        {AT "\"HEAD /%7Ex/ HTTP/2\" 304 - \"-\" \"-\"", "1.2.3.4", "HEAD", "/%7Ex/", 304, NULL,
         NULL, "-"},
        {AT "\"GET / HTTP/1.1\" 200 0 \"\" \"\"", "1.2.3.4", "GET", "/", 200, "0", NULL, ""},
        {AT "\"GET /\" 200 7" END, "1.2.3.4", "GET", "/", 200, "7", "http://r/", "Agent/1 (x; y)"},
        {AT "\"GET /with a space HTTP/1.0\" 200 7" END, "1.2.3.4", "GET", "/with a space", 200, "7",
         "http://r/", "Agent/1 (x; y)"},
        {AT "\"GET /?a?b HTTP/1.0\" 200 7" END " 0.003 \"extra\" -", "1.2.3.4", "GET", "/", 200,
         "7", "http://r/", "Agent/1 (x; y)"},
        {"::1 ident a user [17/May/2015:10:05:03 +0000] \"GET /\\\"x HTTP/1.1\" 404 1 "
         "\"\\\\\" \"a\\\"b\"",
         "::1", "GET", "/\\\"x", 404, "1", "\\\\", "a\\\"b"},
    };

    EACH_CASE(c, cases)
    {
        struct weblog_line line;
        const char *defect = weblog_read(str_of(c->text), &line);

        CHECK_STR(str_of(defect ? defect : ""), "");
        CHECK_STR(line.address, c->address);
        CHECK_STR(line.method, c->method);
        CHECK_STR(line.path, c->path);
        CHECK_INT(line.status, c->status);
        check_absent_or(line.bytes, c->bytes);
        check_absent_or(line.referrer, c->referrer);
        CHECK_STR(line.agent, c->agent);
    }
}

TEST(weblog_times_are_read_with_their_offset)
{
    static const struct {
        const char *time;
        millis want; /* by Python's datetime */
    } cases[] = {
        {"17/May/2015:10:05:03 +0000", INT64_C(1431857103000)},
        {"29/Feb/2016:23:59:59 -0730", INT64_C(1456817399000)},
        {"01/Jan/1970:02:00:00 +0200", 0},
    };

    EACH_CASE(c, cases)
    {
        struct weblog_line line;
        str text =
            arena_print(test_mem, "h - - [%s] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", c->time);

        CHECK(!weblog_read(text, &line));
        CHECK_INT(line.time, c->want);
    }
}

TEST(weblog_lines_that_cannot_be_read_say_why)
{
    static const char *const cases[] = {
        "",
        " ",
        "1.2.3.4",
        "1.2.3.4 - - 17/May/2015:10:05:03 \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"",
        "1.2.3.4 - - [17/Mai/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1" END,
        "1.2.3.4 - - [31/Apr/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1" END,
        "1.2.3.4 - - [17/May/2015:24:05:03 +0000] \"GET / HTTP/1.1\" 200 1" END,
        "1.2.3.4 - - [17/May/2015:10:05:03] \"GET / HTTP/1.1\" 200 1" END,
        "1.2.3.4 - - [17/May/2015:10:05:03 +0000]",
        AT "GET / HTTP/1.1 200 1" END,
        AT "\"-\" 408 -" END,
        AT "\"\\x16\\x03 x\" 400 1" END,
        AT "\"GET HTTP/1.1\" 20 1" END,
        AT "\"GET / HTTP/1.1\" two 1" END,
        AT "\"GET / HTTP/1.1\" 200 1.5" END,
        AT "\"GET / HTTP/1.1\" 200 007" END,
        AT "\"GET / HTTP/1.1\" 200 1",
        AT "\"GET / HTTP/1.1\" 200 1 \"-\"",
        AT "\"GET / HTTP/1.1\" 200 1 \"-\" \"never closed",
        AT "\"GET / HTTP/1.1\" 200 1 \"-\" \"guarded\\\"",
        "{\"type\":\"track\"}",
        "event,timestamp,userId",
    };

    EACH_CASE(c, cases)
    {
        struct weblog_line line;
        const char *defect = weblog_read(str_of(*c), &line);

        CHECK(defect && defect[0]);
    }
}
