/* test_credentials.c - addresses and passwords as people type them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/credentials.h"

#include "support/test.h"

TEST(credentials_bring_addresses_into_one_form)
{
    static const struct {
        const char *typed, *want; /* NULL: it is none */
    } cases[] = {
        {"ann@shop.example", "ann@shop.example"},
        {"  Ann@SHOP.Example \r\n", "Ann@shop.example"},
        {"ann@B\xc3\x9c"
         "CHER.example",
         "ann@xn--bcher-kva.example"},
        {"ann@xn--BCHER-kva.example", "ann@xn--bcher-kva.example"},
        {"a.b+c_d-e!#$%&'*/=?^`{|}~@x.example", "a.b+c_d-e!#$%&'*/=?^`{|}~@x.example"},
        {"\xe6\x98\x8e@x.example", "\xe6\x98\x8e@x.example"},
        {"owner@localhost", "owner@localhost"},
        {"", NULL},
        {"ann", NULL},
        {"@shop.example", NULL},
        {"ann@", NULL},
        {"ann@.", NULL},
        {"ann@shop..example", NULL},
        {"ann@shop.example.", NULL},
        {"ann@-shop.example", NULL},
        {".ann@shop.example", NULL},
        {"ann.@shop.example", NULL},
        {"a..nn@shop.example", NULL},
        {"a nn@shop.example", NULL},
        {"a@b@shop.example", NULL},
        {"a,b@shop.example", NULL},
        {"\"ann\"@shop.example", NULL},
        {"<ann@shop.example>", NULL},
        {"ann@shop.example\r\nBcc: x@y.example", NULL},
        {"a\xff@shop.example", NULL},
        {"a\x01@shop.example", NULL},
        {"ann@shop_name.example", NULL},
        {"12345678901234567890123456789012345678901234567890123456789012345@x.example", NULL},
    };

    EACH_CASE(c, cases)
    {
        str email = {NULL, 0};
        enum err err = credentials_email(str_of(c->typed), test_mem, &email);

        CHECK_INT(err, c->want ? OK : ERR_INVALID);
        if (c->want)
            CHECK_STR(email, c->want);
    }
}

TEST(credentials_read_a_password_alike_from_any_keyboard)
{
    static const struct {
        const char *typed, *want;
    } cases[] = {
        {"plain", "plain"},
        {" spaces stay ", " spaces stay "},
        {"e\xcc\x81t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
        {"\xef\xbc\xa1\xef\xbc\x91", "A1"}, /* full width */
        {"\xef\xac\x81", "fi"},
        {"", ""},
        {"bad \xff", "bad \xff"},
    };

    EACH_CASE(c, cases)
    {
        str password;

        CHECK_OK(credentials_password(str_of(c->typed), test_mem, &password));
        CHECK_STR(password, c->want);
    }
}
