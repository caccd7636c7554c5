/* test_import_json.c - JSON lines: taken as they are, with an id where they have none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_json.h"

#include "import_rows.h"
#include "support/test.h"

TEST(import_json_takes_messages_as_they_are)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"m\"}",
         "1 {\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"m\"}\n"},
        {"  {\"event\":\"E\",\"userId\":\"\\u00e4\" }\r\n",
         "1 {\"event\":\"E\",\"userId\":\"\\u00e4\" ,\"messageId\":\"import-file-1\"}\n"},
        {"{\"event\":\"E\",\"userId\":7,\"messageId\":null}",
         "1 {\"event\":\"E\",\"userId\":7,\"messageId\":null,\"messageId\":\"import-file-1\"}\n"},
        {"{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"m\",\"writeKey\":\"w\"}",
         "1 {\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"m\"}\n"},
        {"{\"event\":\"E\",\"userId\":\"u\",\"sentAt\":\"x\"}\n",
         "1 {\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"import-file-1\"}\n"},
        {"\n{\"event\":\"\",\"userId\":\"u\"}\n", "2 !\"event\" is empty: give the event a name\n"},
        {"{}", "1 !\"type\" must be one of track, page, screen, identify, group, alias\n"},
        {"[]", "1 !an event must be a JSON object\n"},
        {"x", "1 !not JSON at byte 0: a value should stand here\n"},
    };

    EACH_CASE(c, cases)
    {
        struct import_rows rows = {.mem = test_mem, .reader = json_reader_open()};
        struct import_json *json;

        CHECK_OK(import_json_open(&json));
        import_rows_run(&rows, import_json_codec(json), str_of(c->line));
        CHECK_STR(buf_str(&rows.out), c->want);
        import_json_close(json);
        buf_done(&rows.out);
        json_reader_close(rows.reader);
    }
}
