/* test_key_origins.c - lists of origins: what is read, and who is in them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/key_origins.h"

#include "support/test.h"

#include <string.h>

TEST(key_origins_are_read_as_browsers_write_them)
{
    static const struct {
        const char *text;
        const char *list; /* NULL: it is refused */
    } cases[] = {
        {"https://shop.example", "https://shop.example"},
        {" HTTPS://Shop.Example ,http://localhost:8080",
         "https://shop.example http://localhost:8080"},
        {"https://shop.example:443 http://shop.example:80",
         "https://shop.example http://shop.example"},
        {"https://*.shop.example", "https://*.shop.example"},
        {"https://*.shop.example:8443", "https://*.shop.example:8443"},
        {"http://127.0.0.1:3000 http://[::1]:3000", "http://127.0.0.1:3000 http://[::1]:3000"},
        {"http://[::1]", "http://[::1]"},
        {"capacitor://localhost", "capacitor://localhost"},
        {"shop.example", NULL},
        {"https://", NULL},
        {"https://*.", NULL},
        {"https://*", NULL},
        {"https://shop.example/", NULL},
        {"https://shop.example/path", NULL},
        {"https://user@shop.example", NULL},
        {"https://a.*.example", NULL},
        {"https://shop.example:", NULL},
        {"https://shop.example:0", NULL},
        {"https://shop.example:65536", NULL},
        {"://shop.example", NULL},
        {"*", NULL},
        {"null", NULL},
        {"https://.shop.example", NULL},
    };

    EACH_CASE(c, cases)
    {
        str list = {NULL, 0};

        CHECK_INT(key_origins_read(str_of(c->text), test_mem, &list), c->list ? OK : ERR_INVALID);
        if (c->list)
            CHECK_STR(list, c->list);
    }
}

TEST(key_origins_of_nothing_are_absent)
{
    str list = S("x");

    CHECK_OK(key_origins_read(S(" , "), test_mem, &list));
    CHECK(!list.data);
}

TEST(key_origins_have_exactly_those_of_the_list)
{
    static const char *const list =
        "https://shop.example http://localhost:8080 https://*.wide.example";
    static const struct {
        const char *origin;
        bool has;
    } cases[] = {
        {"https://shop.example", true},
        {"https://SHOP.example", true},
        {"http://shop.example", false},
        {"https://shop.example:8443", false},
        {"https://shop.example.evil.example", false},
        {"https://evilshop.example", false},
        {"https://a.shop.example", false},
        {"http://localhost:8080", true},
        {"http://localhost", false},
        {"https://a.wide.example", true},
        {"https://b.a.wide.example", true},
        {"https://wide.example", false},
        {"https://.wide.example", false},
        {"https://evilwide.example", false},
        {"https://evil.example/.wide.example", false},
        {"https://evil.example#.wide.example", false},
        {"https://user@a.wide.example", false},
        {"http://a.wide.example", false},
        {"https://a.wide.example:8443", false},
        {"null", false},
        {"", false},
        {NULL, false},
    };

    EACH_CASE(c, cases)
    CHECK_INT(key_origins_have(str_of(list), str_of(c->origin)), c->has);
}

TEST(key_origins_are_bounded)
{
    char text[(KEY_ORIGINS_MOST + 1) * 12], name[KEY_ORIGIN_LENGTH + 2] = "https://";
    str list;

    for (size_t i = 0; i <= KEY_ORIGINS_MOST; i++)
        memcpy(text + 12 * i, "https://abc ", 12);
    CHECK_OK(key_origins_read(str_from(text, 12 * KEY_ORIGINS_MOST), test_mem, &list));
    CHECK_ERR(ERR_INVALID, key_origins_read(str_from(text, sizeof text), test_mem, &list));
    memset(name + 8, 'a', sizeof name - 8);
    CHECK_OK(key_origins_read(str_from(name, KEY_ORIGIN_LENGTH), test_mem, &list));
    CHECK_ERR(ERR_INVALID,
              key_origins_read(str_from(name, KEY_ORIGIN_LENGTH + 1), test_mem, &list));
}

TEST(key_origins_know_the_origin_of_a_page)
{
    static const struct {
        const char *url, *origin;
    } cases[] = {
        {"https://shop.example/a/b?c=d", "https://shop.example"},
        {"https://shop.example", "https://shop.example"},
        {"http://localhost:8080/", "http://localhost:8080"},
        {"https://shop.example?x", "https://shop.example"},
        {"about:blank", NULL},
        {"/relative", NULL},
        {"https:///x", NULL},
        {NULL, NULL},
    };

    EACH_CASE(c, cases)
    {
        str origin = key_origins_of_page(str_of(c->url));

        CHECK_INT(origin.data != NULL, c->origin != NULL);
        if (c->origin)
            CHECK_STR(origin, c->origin);
    }
}
