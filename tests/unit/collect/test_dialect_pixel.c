/* test_dialect_pixel.c - messages by an image.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#include <sodium.h>

static struct dialect_told show(const char *message)
{
    str text = str_of(message);
    size_t room = sodium_base64_ENCODED_LEN(text.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *packed = arena_take(test_mem, room);
    struct dialect_case request = {.path = "/v1/pixel.gif"};

    sodium_bin2base64(packed, room, (const unsigned char *)text.data, text.len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    request.query = arena_print(test_mem, "d=%s", packed).data;
    return dialect_case_tell(&dialect_pixel, &request);
}

TEST(pixel_tells_the_message_that_it_holds)
{
    static const struct {
        const char *message, *want;
    } cases[] = {
        {"{\"event\":\"a\",\"userId\":\"u\",\"writeKey\":\"k\",\"properties\":{\"x\":1e2}}",
         "{'event':'a','userId':'u','properties':{'x':1e2},'context':{}}"},
        {"{\"anonymousId\":7,\"context\":{\"locale\":\"fr\",\"ip\":null}}",
         "{'anonymousId':7,'context':{'locale':'fr','ip':null}}"},
        {"{\"type\":\"page\",\"visitor\":\"of another\",\"userId\":\"\",\"context\":null}",
         "{'type':'page','userId':'','context':{},'visitor':'192.0.2.1 2026-11-18 "
         "'}"},
        {"{\"user_id\":\"u\",\"context\":[]}", "{'user_id':'u','context':[]}"},
        {"{\"userId\":{},\"context\":{}}", "{'userId':{},'context':{}}"},
        {"{}", "{'context':{},'visitor':'192.0.2.1 2026-11-18 '}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_told told = show(c->message);

        CHECK_OK(told.err);
        CHECK_STR(told.text, c->want);
        CHECK_STR(told.out.media, "image/gif");
        CHECK_INT(told.out.status, 200);
        CHECK(told.out.needs_key);
        CHECK(str_equals(told.out.key, S("k")) == (c == cases));
    }
}

TEST(pixel_is_an_image_also_when_it_tells_nothing)
{
    static const char *const cases[] = {"", "{", "[]", "\"a\"", "\xff"};

    EACH_CASE(c, cases)
    {
        struct dialect_told told = show(*c);

        CHECK_ERR(ERR_INVALID, told.err);
        CHECK_STR(told.out.media, "image/gif");
        CHECK(str_starts(told.out.body, S("GIF89a")));
    }
}
