/* test_view_text.c - what a saved view may hold, and what nobody gets another to open.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/view_text.h"

#include "support/test.h"

#include <string.h>

TEST(view_address_is_a_query_string)
{
    static const char *const cases[] = {
        "",
        "a",
        "from=2026-01-01&to=2026-02-01&by=country",
        "event=Order%20Completed&where=%5B%7B%22prop%22%3A%22plan%22%7D%5D",
        "q=caf%C3%A9+au+lait",
        "path=/shop/a:b?c=d@e&zone=Europe/Vienna",
        "next=javascript:alert(1)", /* a value stays one */
        "a=1&&b=&=c&d=%F0%9F%98%80!~*()",
    };

    EACH_CASE(c, cases)
    CHECK_OK(view_text_check_address(str_of(*c), test_mem));
}

TEST(view_address_leads_nowhere_else_and_holds_no_markup)
{
    static const char *const cases[] = {
        "/evil.example",
        "//evil.example",
        "\\\\evil.example",
        "\\a",
        "?a=1",
        "#a",
        "a=1#b",
        "javascript:alert(1)",
        "JavaScript:alert(1)//=",
        "data:text/html,x",
        "https://evil.example/?a=1",
        "a&javascript:x=1",
        "a=1&//evil.example",
        "@evil.example",
        "a=\"onload=x",
        "a='x'",
        "a=<script>",
        "a=`x`",
        "a=\\x",
        "a={}",
        "a=[1]",
        "a=b c",
        " a=b",
        "a=b\n",
        "a=\x7f",
        "a=caf\xc3\xa9",
        "a=%00",
        "a=%0d%0aSet-Cookie:x",
        "a=%1F",
        "a=%7f",
        "%0a=b",
        "a=%",
        "a=%2",
        "a=%zz",
        "a=%C3",          /* half a character */
        "a=%C0%AE",       /* a longer way to write it */
        "a=%ED%A0%80",    /* half a pair */
        "a=%E2%80&b=%AE", /* apart */
    };

    EACH_CASE(c, cases)
    CHECK_ERR(ERR_INVALID, view_text_check_address(str_of(*c), test_mem));
    CHECK_ERR(ERR_INVALID, view_text_check_address((str){"a=\0b", 4}, test_mem));
}

TEST(view_text_has_its_length)
{
    char text[VIEW_TEXT_ADDRESS + 2];

    memset(text, 'a', sizeof text);
    CHECK_OK(view_text_check_address((str){text, VIEW_TEXT_ADDRESS}, test_mem));
    CHECK_ERR(ERR_INVALID, view_text_check_address((str){text, VIEW_TEXT_ADDRESS + 1}, test_mem));
    CHECK_OK(view_text_check_page((str){text, VIEW_TEXT_PAGE}));
    CHECK_ERR(ERR_INVALID, view_text_check_page((str){text, VIEW_TEXT_PAGE + 1}));
    CHECK_OK(view_text_check_name((str){text, VIEW_TEXT_NAME}));
    CHECK_ERR(ERR_INVALID, view_text_check_name((str){text, VIEW_TEXT_NAME + 1}));
    for (size_t i = 0; i < VIEW_TEXT_NAME; i++)
        memcpy(text + 2 * i, "\xc3\xa9", 2);
    CHECK_OK(view_text_check_name((str){text, 2 * VIEW_TEXT_NAME})); /* characters count */
}

TEST(view_page_is_a_key_of_the_console)
{
    static const char *const good[] = {"trend", "tracking-plan", "a", "7"};
    static const char *const bad[] = {"", "Trend", "a/b", "..", "a b", "a?b", "a_b", "\xc3\xa4"};

    EACH_CASE(c, good)
    CHECK_OK(view_text_check_page(str_of(*c)));
    EACH_CASE(c, bad)
    CHECK_ERR(ERR_INVALID, view_text_check_page(str_of(*c)));
}

TEST(view_name_is_one_line_of_text)
{
    static const char *const bad[] = {"", " ", "\t", "a\nb", "a\x1b", "a\x7f", "\xff", "a\xc3"};

    CHECK_OK(view_text_check_name(S("<b>Umsätze & \"mehr\"</b>"))); /* text, which is escaped */
    EACH_CASE(c, bad)
    CHECK_ERR(ERR_INVALID, view_text_check_name(str_of(*c)));
    CHECK_ERR(ERR_INVALID, view_text_check_name((str){"a\0b", 3}));
}
