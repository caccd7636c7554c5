/* test_mend.c - maps and what becomes of an event by them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/mend.h"
#include "support/test.h"

static enum err mend(const char *map, const char *body, str *out_body)
{
    struct json_reader *reader = json_reader_open();
    struct mend *made;
    struct json doc;
    enum err err;

    CHECK_OK(json_parse_copy(reader, test_mem, str_of(map), &doc));
    err = mend_read(&doc, 0, test_mem, &made);
    if (!err)
        err = mend_apply(made, reader, test_mem, str_of(body), out_body);
    json_reader_close(reader);
    return err;
}

TEST(mend_changes_what_its_map_says)
{
    static const struct {
        const char *map, *body, *want;
    } cases[] = {
        {"{}", "{\"a\": [1, 2.50]}", "{\"a\": [1, 2.50]}"}, /* as it was, byte by byte */
        {"{\"remove\":[\"a\"]}", "{\"a\":1,\"b\":2}", "{\"b\":2}"},
        {"{\"remove\":[\"a.b\"]}", "{\"a\":{\"b\":1,\"c\":2},\"b\":3}",
         "{\"a\":{\"c\":2},\"b\":3}"},
        {"{\"remove\":[\"a.b\"]}", "{\"a\":[{\"b\":1},7,{\"c\":2}]}", "{\"a\":[{},7,{\"c\":2}]}"},
        {"{\"remove\":[\"a.b\",\"x\"]}", "{\"a\":7}", "{\"a\":7}"},
        {"{\"remove\":[\"ab\"]}", "{\"a\\u0062\":1}", "{}"},
        {"{\"rename\":{\"a\":\"b\"}}", "{\"a\":1,\"c\":2}", "{\"b\":1,\"c\":2}"},
        {"{\"rename\":{\"a\":\"b\"}}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}"}, /* taken */
        {"{\"rename\":{\"p.a\":\"p.b\"}}", "{\"p\":[{\"a\":1},{\"a\":2}]}",
         "{\"p\":[{\"b\":1},{\"b\":2}]}"},
        {"{\"rename\":{\"a\":\"p.b\"}}", "{\"a\":{\"x\":1},\"p\":{}}", "{\"p\":{\"b\":{\"x\":1}}}"},
        {"{\"rename\":{\"a\":\"p.q.b\"}}", "{\"a\":1}", "{\"p\":{\"q\":{\"b\":1}}}"},
        {"{\"rename\":{\"p.a\":\"b\"}}", "{\"p\":{\"a\":1}}", "{\"p\":{},\"b\":1}"},
        {"{\"rename\":{\"p.a\":\"b\"}}", "{\"p\":{}}", "{\"p\":{}}"},
        {"{\"rename\":{\"p.a\":\"b\"}}", "{\"p\":{\"a\":1},\"b\":2}", "{\"p\":{\"a\":1},\"b\":2}"},
        {"{\"set\":{\"a\":{\"x\":[1]}}}", "{}", "{\"a\":{\"x\":[1]}}"},
        {"{\"set\":{\"a.b\":1}}", "{\"a\":{\"b\":2,\"c\":3}}", "{\"a\":{\"b\":1,\"c\":3}}"},
        {"{\"set\":{\"a.b.c\":1}}", "{\"a\":{}}", "{\"a\":{\"b\":{\"c\":1}}}"},
        {"{\"set\":{\"a.b\":1}}", "{\"a\":7}", "{\"a\":7}"}, /* not through what is no object */
        {"{\"set\":{\"a.b\":null}}", "{\"a\":[{},{\"b\":1}]}",
         "{\"a\":[{\"b\":null},{\"b\":null}]}"},
        {"{\"convert\":{\"a\":\"number\"}}", "{\"a\":\" 12.50 \"}", "{\"a\":12.50}"},
        {"{\"convert\":{\"a\":\"number\"}}", "{\"a\":\"12,5\"}", "{\"a\":\"12,5\"}"},
        {"{\"convert\":{\"a\":\"number\"}}", "{\"a\":\"1e999\"}", "{\"a\":\"1e999\"}"},
        {"{\"convert\":{\"a\":\"number\"}}", "{\"a\":\"0x10\"}", "{\"a\":\"0x10\"}"},
        {"{\"convert\":{\"a\":\"number\"}}", "{\"a\":true}", "{\"a\":true}"},
        {"{\"convert\":{\"a\":\"number\"}}", "{\"a\":null}", "{\"a\":null}"},
        {"{\"convert\":{\"a\":\"integer\"}}", "{\"a\":\"12\"}", "{\"a\":12}"},
        {"{\"convert\":{\"a\":\"integer\"}}", "{\"a\":\"12.5\"}", "{\"a\":\"12.5\"}"},
        {"{\"convert\":{\"a\":\"string\"}}", "{\"a\":12.50}", "{\"a\":\"12.50\"}"},
        {"{\"convert\":{\"a\":\"string\"}}", "{\"a\":true}", "{\"a\":\"true\"}"},
        {"{\"convert\":{\"a\":\"string\"}}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{\"convert\":{\"a\":\"boolean\"}}", "{\"a\":\"True\"}", "{\"a\":true}"},
        {"{\"convert\":{\"a\":\"boolean\"}}", "{\"a\":0}", "{\"a\":false}"},
        {"{\"convert\":{\"a\":\"boolean\"}}", "{\"a\":\"yes\"}", "{\"a\":\"yes\"}"},
        {"{\"convert\":{\"a\":\"array\"}}", "{\"a\":{\"b\":1}}", "{\"a\":[{\"b\":1}]}"},
        {"{\"convert\":{\"a\":\"array\"}}", "{\"a\":[1]}", "{\"a\":[1]}"},
        /* whatever the order of the text: remove, rename, convert, set */
        {"{\"set\":{\"b\":\"2\"},\"convert\":{\"b\":\"number\"},\"rename\":{\"a\":\"b\"},"
         "\"remove\":[\"b\"]}",
         "{\"a\":\"1\",\"b\":0}", "{\"b\":\"2\"}"},
        {"{\"convert\":{\"b\":\"number\"},\"rename\":{\"a\":\"b\"},\"remove\":[\"b\"]}",
         "{\"a\":\"1\",\"b\":0}", "{\"b\":1}"},
    };

    EACH_CASE(c, cases)
    {
        str got;

        CHECK_OK(mend(c->map, c->body, &got));
        if (!str_equals(got, str_of(c->want)))
            fail_msg("%s on %s gave %.*s", c->map, c->body, STR_ARG(got));
    }
}

TEST(mend_refuses_maps_and_bodies_that_are_none)
{
    static const char *const maps[] = {
        "[]",
        "{\"x\":1}",
        "{\"remove\":{}}",
        "{\"remove\":[1]}",
        "{\"remove\":[\"\"]}",
        "{\"remove\":[\"a..b\"]}",
        "{\"remove\":[\"a.\"]}",
        "{\"rename\":[]}",
        "{\"rename\":{\"a\":1}}",
        "{\"rename\":{\"a\":\"\"}}",
        "{\"convert\":{\"a\":\"float\"}}",
        "{\"set\":7}",
        "{\"remove\":[\"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a\"]}",
    };
    struct buf many = {0};
    str got;

    EACH_CASE(map, maps)
    CHECK_ERR(ERR_INVALID, mend(*map, "{}", &got));
    CHECK_ERR(ERR_INVALID, mend("{}", "[]", &got));
    CHECK_ERR(ERR_INVALID, mend("{}", "{", &got));
    buf_add(&many, S("{\"remove\":["));
    for (int i = 0; i <= MEND_STEPS; i++)
        buf_print(&many, "%s\"a\"", i ? "," : "");
    buf_add(&many, S("]}"));
    CHECK_ERR(ERR_LIMIT, mend(arena_dup(test_mem, buf_str(&many)).data, "{}", &got));
    buf_done(&many);
}
