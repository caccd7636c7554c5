/* test_posthog_body.c - what bodies of PostHog's libraries are wrapped in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#include <string.h>
#include <zlib.h>

static str pack(const char *text)
{
    z_stream stream = {0};
    size_t room = strlen(text) + 256;
    char *out = arena_take(test_mem, room);

    CHECK_INT(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)text;
    stream.avail_in = (uInt)strlen(text);
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    CHECK_INT(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return str_from(out, stream.total_out);
}

static enum err tell(str body)
{
    struct dialect_case request = {.path = "/e/", .bytes = body};

    return dialect_case_tell(&dialect_posthog, &request).err;
}

TEST(posthog_bodies_are_unwrapped)
{
    static const char wanted[] = "{'type':'track','event':'A b','userId':'a','context':{"
                                 "'library':{'name':'posthog'}},'properties':{}}";
    static const char plain[] = "{\"token\":\"k\",\"event\":\"A b\",\"distinct_id\":\"a\"}";
    static const char base64[] = "eyJ0b2tlbiI6ImsiLCJldmVudCI6IkEgYiIsImRpc3RpbmN0X2lkIjoiYSJ9";
    static const char escaped[] =
        "%7B%22token%22:%22k%22,%22event%22:%22A+b%22,%22distinct_id%22:%22a%22%7D";
    str packed = pack(plain);
    const str bodies[] = {
        str_of(plain),
        arena_print(test_mem, " \r\n%s\n", plain),
        str_of(base64),
        packed,
        arena_print(test_mem, "data=%s", base64),
        arena_print(test_mem, "ip=1&data=%s&compression=base64", base64),
        arena_print(test_mem, "data=%s", escaped),
        pack(base64),
        pack(arena_print(test_mem, "data=%s", base64).data),
    };

    EACH_CASE(body, bodies)
    {
        struct dialect_case request = {.path = "/e/", .bytes = *body, .want = wanted};

        CHECK_STR(dialect_case_check(&dialect_posthog, &request).out.key, "k");
    }
}

TEST(posthog_refuses_what_holds_no_event)
{
    str packed = pack("{\"token\":\"k\",\"event\":\"A\"}");
    const str bodies[] = {
        S(""),
        S(" "),
        S("7"),
        S("null"),
        S("{"),
        S("\"text\""),
        S("data="),
        S("data=%7B"),
        S("data=!"),
        S("eyJ"),
        S("{\"batch\":7}"),
        S("{\"batch\":{}}"),
        S("\x1f\x8b\x08"),
        str_slice(packed, 0, packed.len - 1),
        arena_print(test_mem, "%.*s", 0, ""),
        pack(""),
        pack("7"),
    };

    EACH_CASE(body, bodies)
    CHECK_ERR(ERR_INVALID, tell(*body));
}

TEST(posthog_bodies_end_somewhere)
{
    size_t size = (4 << 20) + 1;
    char *spaces = arena_take(test_mem, size + 1);
    struct buf crowd = {0};
    str packed;

    memset(spaces, ' ', size);
    packed = pack(spaces);
    CHECK_ERR(ERR_LIMIT, tell(packed));
    for (int i = 0; i < 10; i++) /* bottomless */
        packed = pack("H4sIAAAAAAAAAwMAAAAAAAAAAAA=");
    CHECK_ERR(ERR_INVALID, tell(packed));
    buf_add(&crowd, S("{\"batch\":[{}"));
    for (int i = 0; i < 10000; i++)
        buf_add(&crowd, S(",{}"));
    buf_add(&crowd, S("]}"));
    CHECK_ERR(ERR_LIMIT, tell(buf_str(&crowd)));
    buf_done(&crowd);
}
