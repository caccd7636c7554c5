/* test_dialect_gtag.c - requests of gtag.js, told as messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#define CONTEXT "\"context\":{\"library\":{\"name\":\"gtag\"}}"
#define OF_C "\"anonymousId\":\"c\"," CONTEXT

TEST(gtag_events_become_messages)
{
    static const struct {
        const char *query, *body, *want;
    } cases[] = {
        {"v=2&tid=G-1&cid=c&uid=u&en=a&_p=1&gtm=x&ep.x=1&epn.y=1.50&epn.z=one&ep.=e&_et=12&sid=9",
         NULL,
         "{\"type\":\"track\",\"event\":\"a\",\"userId\":\"u\"," OF_C
         ",\"properties\":{\"x\":\"1\","
         "\"y\":1.50,\"z\":\"one\",\"engaged_ms\":12,\"session_id\":\"9\"}}"},
        {"tid=G-1&cid=c&en=page_view&dl=https%3A%2F%2Fa%2Fb%3Fq%3D1&dt=T+1&dr=https://r/&ul=en-gb&"
         "sr=1920x1080",
         "",
         "{\"type\":\"page\",\"anonymousId\":\"c\",\"context\":{\"page\":{\"url\":\"https://a/"
         "b?q=1\","
         "\"path\":\"/b\",\"search\":\"?q=1\",\"title\":\"T 1\",\"referrer\":\"https://r/\"},"
         "\"locale\":\"en-gb\",\"screen\":{\"width\":1920,\"height\":1080},\"library\":{\"name\":"
         "\"gtag\"}},\"properties\":{}}"},
        {"tid=G-1&cid=c&en=purchase&ep.transaction_id=7&epn.value=25.5&cu=EUR&epn.tax=1&"
         "pr1=id1~nmA~~B~pr3~qt2~calarge~k0size~v0L&pr2=~&prx=idx",
         NULL,
         "{\"type\":\"track\",\"event\":\"Order Completed\"," OF_C ",\"properties\":{\"order_id\":"
         "\"7\",\"revenue\":25.5,\"currency\":\"EUR\",\"tax\":1,\"products\":[{\"product_id\":"
         "\"1\","
         "\"name\":\"A~B\",\"price\":3,\"quantity\":2,\"category\":\"large\",\"size\":\"L\"},{}]}"
         "}"},
        {"tid=G-1&cid=c&ep.s=1", "en=a&ep.x=2\r\nen=b&ep.s=3\n\r\nen=c",
         "{\"type\":\"track\",\"event\":\"a\"," OF_C ",\"properties\":{\"x\":\"2\",\"s\":\"1\"}},"
         "{\"type\":\"track\",\"event\":\"b\"," OF_C ",\"properties\":{\"s\":\"3\"}},"
         "{\"type\":\"track\",\"event\":\"c\"," OF_C ",\"properties\":{\"s\":\"1\"}}"},
        {"tid=G-1&cid=c&en=a&up.plan=gold&upn.age=7&up.=x", NULL,
         "{\"type\":\"identify\"," OF_C ",\"traits\":{\"plan\":\"gold\",\"age\":7}},"
         "{\"type\":\"track\",\"event\":\"a\"," OF_C ",\"properties\":{}}"},
        {"tid=G-1&en=a", NULL,
         "{\"type\":\"track\",\"event\":\"a\",\"visitor\":\"192.0.2.1 2026-11-18 \"," CONTEXT
         ",\"properties\":{}}"},
        {"tid=G-1&cid=c", NULL, "{\"type\":\"track\"," OF_C ",\"properties\":{}}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {
            .path = "/g/collect", .query = c->query, .body = c->body, .want = c->want};

        CHECK_INT(dialect_case_check(&dialect_gtag, &request).out.status, 204);
    }
}

TEST(gtag_items_are_read_whatever_they_are)
{
    static const struct {
        const char *item, *want;
    } cases[] = {
        {"id1", "{\"product_id\":\"1\"}"},
        {"~", "{}"},
        {"~~", "{}"}, /* too short for a field: a tilde without a name */
        {"~~~", "{}"},
        {"nm~~", "{\"name\":\"~\"}"},
        {"nm~~~id1", "{\"name\":\"~\",\"product_id\":\"1\"}"},
        {"nma~b~", "{\"name\":\"a\"}"}, /* "b" names nothing */
        {"pr1e3~qtmany", "{\"price\":\"1e3\",\"quantity\":\"many\"}"},
        {"v0lost~k1a~v1b~k2c", "{\"a\":\"b\"}"},
        {"kZlast~vZ1~vablue", "{\"last\":\"1\",\"variant\":\"blue\"}"},
        {"zzunknown", "{}"},
        {"id%ff", "{\"product_id\":\"\xef\xbf\xbd\"}"},
    };

    EACH_CASE(c, cases)
    {
        str query = arena_print(test_mem, "tid=G-1&cid=c&en=a&pr1=%s", c->item);
        str want = arena_print(
            test_mem, "{'type':'track','event':'a'," OF_C ",'properties':{'products':[%s]}}",
            c->want);
        struct dialect_case request = {
            .path = "/g/collect", .query = query.data, .want = want.data};

        dialect_case_check(&dialect_gtag, &request);
    }
}

TEST(gtag_refuses_what_is_for_nobody)
{
    static const char *const cases[] = {NULL, "", "v=2&en=a", "tid=&en=a", "v=1&tid=UA-1-1&en=a"};

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {.path = "/g/collect", .query = *c};

        CHECK_ERR(ERR_INVALID, dialect_case_tell(&dialect_gtag, &request).err);
    }
}

TEST(gtag_refuses_too_much)
{
    static const struct {
        const char *unit;
        int fits, fits_not;
    } cases[] = {
        {"en=a\n", 100, 101}, {"&a=", 510, 511}, /* with the two of the query */
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {.path = "/g/collect", .query = "tid=G-1&cid=c"};
        struct buf body = {0};

        for (int i = 0; i < c->fits; i++)
            buf_add(&body, str_of(c->unit));
        request.body = arena_dup(test_mem, buf_str(&body)).data;
        CHECK_OK(dialect_case_tell(&dialect_gtag, &request).err);
        for (int i = c->fits; i < c->fits_not; i++)
            buf_add(&body, str_of(c->unit));
        request.body = arena_dup(test_mem, buf_str(&body)).data;
        buf_done(&body);
        CHECK_ERR(ERR_LIMIT, dialect_case_tell(&dialect_gtag, &request).err);
    }
}
