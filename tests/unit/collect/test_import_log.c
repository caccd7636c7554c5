/* test_import_log.c - log lines made events, visitors made anonymous.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_log.h"

#include "import_rows.h"
#include "support/test.h"

#define LINE(address, agent)                                                                       \
    address                                                                                        \
        " - - [17/May/2015:10:05:03 +0000] \"GET /a?b HTTP/1.1\" 200 512 \"http://r/\" \"" agent   \
        "\"\n"

/* By way of a server, or straight into the folder that has the key. */
static str import_by(bool is_remote, unsigned char byte, const char *text)
{
    hash_key key = {{byte}};
    struct import_log log = {is_remote ? NULL : &key};
    struct import_rows rows = {
        .mem = test_mem, .reader = json_reader_open(), .visitors = is_remote ? &key : NULL};
    str out;

    import_rows_run(&rows, import_log_codec(&log), str_of(text));
    out = arena_dup(test_mem, buf_str(&rows.out));
    buf_done(&rows.out);
    json_reader_close(rows.reader);
    return out;
}

static str import(unsigned char key, const char *text)
{
    return import_by(false, key, text);
}

static str visitor(str row)
{
    str name = S("\"anonymousId\":\"");
    size_t at = 0;

    while (!str_starts(str_slice(row, at, row.len), name))
        at++;
    return str_slice(row, at + name.len, at + name.len + 32);
}

TEST(import_log_makes_a_line_a_request)
{
    str got = import(1, LINE("1.2.3.4", "A/1"));
    str who = visitor(got);
    str want = arena_print(test_mem,
                           "1 {\"type\":\"track\",\"event\":\"Request\",\"anonymousId\":\"%.*s\","
                           "\"messageId\":\"import-file-1\",\"timestamp\":"
                           "\"2015-05-17T10:05:03.000Z\",\"properties\":{\"method\":\"GET\","
                           "\"path\":\"/a\",\"status\":200,\"bytes\":512,\"referrer\":"
                           "\"http://r/\"},\"context\":{\"userAgent\":\"A/1\"}}\n",
                           STR_ARG(who));

    CHECK_STR(got, want.data);
    CHECK(!str_contains(got, S("1.2.3.4"))); /* the address is not kept */
    got = import(1, "h - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 304 - \"-\" \"-\"");
    CHECK(
        str_contains(got, S("\"properties\":{\"method\":\"GET\",\"path\":\"/\",\"status\":304}}")));
}

TEST(import_log_knows_a_visitor_by_address_and_agent_under_the_key)
{
    str first = visitor(import(1, LINE("1.2.3.4", "A/1")));

    CHECK(str_equals(first, visitor(import(1, LINE("1.2.3.4", "A/1")))));
    CHECK(!str_equals(first, visitor(import(1, LINE("1.2.3.5", "A/1")))));
    CHECK(!str_equals(first, visitor(import(1, LINE("1.2.3.4", "A/2")))));
    CHECK(!str_equals(first, visitor(import(2, LINE("1.2.3.4", "A/1")))));
}

TEST(import_log_stores_the_same_by_way_of_a_server)
{
    static const char *const cases[] = {
        LINE("1.2.3.4", "A/1"),
        LINE("::1", "say \\\"hi\\\" \\\\"),
        LINE("h.example", "\xC3\xA4\x01"),
        LINE("h", "-"),
        LINE("h", ""),
    };

    EACH_CASE(c, cases)
    {
        str got = import_by(true, 7, *c);

        CHECK(str_equals(got, import_by(false, 7, *c)));
        CHECK(str_contains(got, S("\"anonymousId\":\"")));
        CHECK(!str_contains(got, S("visitor")));
        CHECK(!str_contains(got, S("1.2.3.4")));
    }
}

TEST(import_log_rejects_what_it_cannot_read_and_goes_on)
{
    str got = import(1, "nonsense\n" LINE("1.2.3.4", "A\xFF") LINE("1.2.3.4", "A"));

    CHECK(str_starts(got, S("1 !it is not a line of the combined log format")));
    CHECK(str_contains(got, S("\n2 !it is not UTF-8\n3 {")));
}

TEST(import_log_is_recognised_among_the_first_lines)
{
    CHECK(import_log_recognise(S(LINE("::1", "x"))));
    CHECK(import_log_recognise(S("half a line\" 200\r\n" LINE("::1", "x"))));
    CHECK(!import_log_recognise(S("")));
    CHECK(!import_log_recognise(S("event,userId,timestamp\nE,u,2026-01-01\n")));
    CHECK(!import_log_recognise(S("{\"type\":\"track\"}\n")));
}
