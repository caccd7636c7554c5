/* test_form.c - pairs of query strings, whole and broken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/form.h"

#include "support/test.h"

TEST(form_decodes_what_is_escaped_and_leaves_the_rest)
{
    static const struct {
        str text;
        bool plus_is_space;
        str want;
    } cases[] = {
        {S("abc"), true, S("abc")},
        {S("a%20b+c"), true, S("a b c")},
        {S("a+b"), false, S("a+b")},
        {S("%"), true, S("%")},
        {S("%4"), true, S("%4")},
        {S("%zz%41"), true, S("%zzA")},
        {S("%00x"), true, S("\0x")},
        {S(""), true, S("")},
        {S("%C3%bc"), false, S("\xc3\xbc")},
    };

    EACH_CASE(c, cases)
    CHECK(str_equals(form_decode(test_mem, c->text, c->plus_is_space), c->want));
}

TEST(form_walks_pairs)
{
    str rest = S("&&a=1&b&=c&d=e=f&a=2&"), name, value;
    static const char *const want[][2] = {
        {"a", "1"}, {"b", ""}, {"", "c"}, {"d", "e=f"}, {"a", "2"}};
    size_t count = 0;

    while (form_next(&rest, &name, &value)) {
        CHECK_STR(name, want[count][0]);
        CHECK_STR(value, want[count][1]);
        count++;
    }
    CHECK_INT(count, 5);
}

TEST(form_finds_the_first_of_a_name)
{
    str text = S("x=%31&u%74m=a+b&utm=z&flag");

    CHECK_STR(form_find(text, S("utm"), test_mem), "a b");
    CHECK_STR(form_find(text, S("x"), test_mem), "1");
    CHECK(form_find(text, S("flag"), test_mem).data && !form_find(text, S("flag"), test_mem).len);
    CHECK(!form_find(text, S("none"), test_mem).data);
    CHECK(!form_find((str){NULL, 0}, S("x"), test_mem).data);
}
