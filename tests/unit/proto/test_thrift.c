/* test_thrift.c - structs in the compact protocol, byte by byte as its specification has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/thrift.h"
#include "support/test.h"

#include <string.h>

static void check_bytes(const struct buf *out, const void *bytes, size_t len)
{
    CHECK_INT(out->len, len);
    CHECK(memcmp(out->data, bytes, len) == 0);
}

TEST(thrift_numbers_are_zigzags_in_as_few_bytes_as_they_need)
{
    static const struct {
        int64_t number;
        const char *bytes;
        size_t len;
    } cases[] = {
        {0, "\x16\x00", 2},
        {-1, "\x16\x01", 2},
        {1, "\x16\x02", 2},
        {-64, "\x16\x7f", 2},
        {64, "\x16\x80\x01", 3},
        {INT64_MAX, "\x16\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
        {INT64_MIN, "\x16\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};
        struct thrift_writer w = {.out = &out};

        thrift_open(&w);
        thrift_i64(&w, 1, c->number);
        check_bytes(&out, c->bytes, c->len);
        buf_done(&out);
    }
}

TEST(thrift_fields_carry_the_step_from_the_one_before)
{
    struct buf out = {0};
    struct thrift_writer w = {.out = &out};

    thrift_open(&w);
    thrift_i32(&w, 1, 5);
    thrift_struct(&w, 4);
    thrift_bool(&w, 2, true);
    thrift_bool(&w, 3, false);
    thrift_shut(&w);
    thrift_text(&w, 5, S("ab"));
    thrift_shut(&w);
    check_bytes(&out,
                "\x15\x0a\x3c\x21\x12\x00\x18\x02"
                "ab\x00",
                11);
    buf_done(&out);
}

TEST(thrift_lists_of_fifteen_and_more_have_their_length_behind_the_type)
{
    struct buf out = {0};
    struct thrift_writer w = {.out = &out};

    thrift_open(&w);
    thrift_list(&w, 1, THRIFT_I32, 14);
    thrift_list(&w, 2, THRIFT_TEXT, 15);
    thrift_list(&w, 3, THRIFT_STRUCT, 300);
    thrift_element_i32(&w, -2);
    thrift_element_text(&w, S(""));
    check_bytes(&out, "\x19\xe5\x19\xf8\x0f\x19\xfc\xac\x02\x03\x00", 11);
    buf_done(&out);
}
