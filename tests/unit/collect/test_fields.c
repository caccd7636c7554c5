/* test_fields.c - flat lists of named values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/fields.h"

#include "support/test.h"

enum { COUNT = 3 };

static const str NAMES[COUNT] = {{"_a", 2}, {"b", 1}, {"ba", 2}};

struct seen {
    str values[COUNT];
    struct buf others;
};

static void note(void *owner, str name, str value)
{
    struct seen *seen = owner;

    buf_print(&seen->others, "%.*s=%.*s;", STR_ARG(name), STR_ARG(value));
}

static struct fields fields_of(struct seen *seen)
{
    return (struct fields){NAMES, COUNT, seen->values, test_mem, note, seen};
}

static void check_seen(struct seen *seen, const char *want)
{
    str got = arena_print(test_mem, "%.*s|%.*s|%.*s|%.*s", STR_ARG(seen->values[0]),
                          STR_ARG(seen->values[1]), STR_ARG(seen->values[2]),
                          STR_ARG(buf_str(&seen->others)));

    buf_done(&seen->others);
    CHECK_STR(got, want);
}

TEST(fields_are_found_in_forms)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "|||"},
        {"_a=1&b=2&ba=3", "1|2|3|"},
        {"ba=x+y%21&%62=2", "|2|x y!|"},
        {"b=1&b=2", "|2||"}, /* the last counts */
        {"b=1&b=", "|||"},
        {"a=1&bb=2&c&=3&bab=4", "|||a=1;bb=2;=3;bab=4;"},
        {"&&=&b", "|||"},
    };

    EACH_CASE(c, cases)
    {
        struct seen seen = {0};
        struct fields fields = fields_of(&seen);

        CHECK_OK(fields_read_form(&fields, str_of(c->text)));
        check_seen(&seen, c->want);
    }
}

TEST(fields_are_found_in_objects)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{}", "|||"},
        {"{\"_a\":\"\\u0031\",\"b\":2.50,\"ba\":[1, 2]}", "1|2.50|[1, 2]|"},
        {"{\"_a\":true,\"b\":false,\"ba\":null}", "1|0||"},
        {"{\"b\":1,\"b\":\"\",\"x\":{\"b\":3}}", "|||x={\"b\":3};"},
        {"{\"\\u0062\":7}", "|7||"},
    };
    struct json_reader *reader = json_reader_open();

    EACH_CASE(c, cases)
    {
        struct seen seen = {0};
        struct fields fields = fields_of(&seen);
        struct json doc;

        CHECK_OK(json_parse_copy(reader, test_mem, str_of(c->text), &doc));
        CHECK_OK(fields_read_object(&fields, &doc, 0));
        check_seen(&seen, c->want);
    }
    json_reader_close(reader);
}
