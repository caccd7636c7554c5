/* test_export.c - the line of one event, and that writing it again changes nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/export.h"
#include "base/json.h"
#include "store/record.h"
#include "support/test.h"

static str line_of(uint64_t seq, enum event_type type, millis time, str json)
{
    struct record_event event = {.type = type, .time = time, .json = json, .body_hash = 0xabc};
    struct json_reader *reader = json_reader_open();
    struct buf out = {0};
    str line;

    CHECK(reader);
    CHECK_OK(export_line(reader, test_mem, seq, &event, &out));
    line = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    json_reader_close(reader);
    return line;
}

#define HEAD                                                                                       \
    "{\"seq\":7,\"type\":\"page\",\"timestamp\":\"1970-01-01T00:00:00.001Z\",\"messageId\":"
#define MADE HEAD "\"export-0000000000000abc-7\""

TEST(export_line_is_the_message_with_what_the_log_knows_better)
{
    static const struct {
        const char *message, *line;
    } cases[] = {
        {"{}", MADE "}\n"},
        {"{\"messageId\":\"m\"}", HEAD "\"m\"}\n"},
        {"{\"messageId\":12}", HEAD "12}\n"},
        {"{\"messageId\":null}", MADE "}\n"},
        {"{\"messageId\":\"\"}", MADE "}\n"},
        {"{\"messageId\":\"a\",\"messageId\":\"b\"}", HEAD "\"b\"}\n"},
        {"{\"type\":\"track\",\"timestamp\":5,\"seq\":[1],\"sentAt\":\"x\",\"writeKey\":\"k\"}",
         MADE "}\n"},
        {"{\"t\\u0079pe\":\"track\",\"messageId\":\"m\",\"\\u0061\":1}",
         HEAD "\"m\",\"\\u0061\":1}\n"},
        {"{ \"messageId\" : \"m\" , \"a b\" : [ 1 ,\r\n\t{ \"c\" : \" \\\" : x\\\\\" } ] }",
         HEAD "\"m\",\"a b\":[1,{\"c\":\" \\\" : x\\\\\"}]}\n"},
        {"{\"messageId\":\"m\",\"n\":1.50e+2,\"z\":null,\"o\":{},\"l\":[]}",
         HEAD "\"m\",\"n\":1.50e+2,\"z\":null,\"o\":{},\"l\":[]}\n"},
    };

    EACH_CASE(c, cases)
    {
        str line = line_of(7, EVENT_PAGE, 1, str_of(c->message));

        CHECK_STR(line, c->line);
        CHECK_STR(line_of(7, EVENT_PAGE, 1, line), c->line);
    }
}

TEST(export_line_keeps_the_id_it_made_up_when_the_line_is_stored_again)
{
    str first = line_of(7, EVENT_PAGE, 1, S("{\"a\":1}"));
    str second = line_of(99, EVENT_PAGE, 1, first);

    str_cut(&first, ',');
    str_cut(&second, ',');
    CHECK(first.len > 0 && str_equals(first, second));
}

TEST(export_line_has_a_time_that_can_be_read_whatever_the_log_holds)
{
    static const struct {
        millis time;
        const char *text;
    } cases[] = {
        {INT64_MIN, "0001-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };

    EACH_CASE(c, cases)
    CHECK(str_contains(line_of(1, EVENT_TRACK, c->time, S("{}")), str_of(c->text)));
}

TEST(export_line_refuses_what_no_message_can_be)
{
    static const char *const damaged[] = {"", "[]", "{\"a\":", "7"};
    struct json_reader *reader = json_reader_open();
    struct buf out = {0};

    EACH_CASE(c, damaged)
    {
        struct record_event event = {.type = EVENT_TRACK, .json = str_of(*c)};

        CHECK_ERR(ERR_CORRUPT, export_line(reader, test_mem, 1, &event, &out));
    }
    buf_done(&out);
    json_reader_close(reader);
}
