/* test_buf.c - bytes that grow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "base/mem.h"
#include "support/test.h"

TEST(buf_grows_by_all_kinds_of_pieces)
{
    struct buf b = {0};
    size_t len;
    char *bytes;

    buf_add(&b, S("a"));
    buf_add(&b, (str){NULL, 0});
    buf_add_byte(&b, '-');
    buf_add_bytes(&b, "bc", 2);
    buf_add_u64(&b, 0);
    buf_add_u64(&b, UINT64_MAX);
    buf_add_i64(&b, INT64_MIN);
    buf_print(&b, "<%s|%03d>", "x", 7);
    CHECK_STR(buf_str(&b), "a-bc018446744073709551615-9223372036854775808<x|007>");
    CHECK(!buf_is_broken(&b));
    for (int i = 0; i < 10000; i++)
        buf_add(&b, S("0123456789"));
    CHECK_INT(b.len, 52 + 100000);
    bytes = buf_take(&b, &len);
    CHECK_INT(len, 100052);
    CHECK(b.data == NULL && b.len == 0);
    mem_free(bytes);
}

TEST(buf_remembers_that_it_is_broken)
{
    struct buf b = {0};

    buf_add(&b, S("kept"));
    mem_fail_after(1);
    buf_print(&b, "%100d", 1);
    mem_fail_after(0);
    buf_add(&b, S("!"));
    CHECK(buf_is_broken(&b));
    CHECK_STR(buf_str(&b), "kept!");
    CHECK(!buf_reserve(&b, SIZE_MAX));
    buf_clear(&b);
    CHECK(!buf_is_broken(&b));
    CHECK_INT(b.len, 0);
    buf_done(&b);
}
