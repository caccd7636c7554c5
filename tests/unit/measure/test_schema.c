/* test_schema.c - what the schema says of a few events, in memory, in files and in both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/schema.h"

#include "base/mem.h"
#include "support/test.h"
#include "unit/measure/fold.h"

#define AT(day) "\"userId\":\"u\",\"timestamp\":\"2026-01-" day "T00:00:00Z\""

static const char *const messages[] = {
    "{\"event\":\"page\"," AT("03") ",\"properties\":{\"n\":1,\"list\":[{\"a\":1},{\"a\":1.5}]}}",
    "{\"event\":\"Bought\"," AT(
        "02") ",\"properties\":{\"n\":1,\"on\":true,\"deep\":{\"x\":\"1\"}}}",
    "{\"event\":\"Bought\"," AT(
        "05") ",\"properties\":{\"n\":\"1\",\"on\":true,\"list\":[{\"a\":1}]}}",
    "{\"type\":\"page\",\"name\":\"Home\"," AT("01") "}",
    "{\"event\":\"Bought\"," AT(
        "04") ",\"properties\":{\"n\":1.0,\"on\":false,\"list\":[{\"a\":1}]}}",
    "{\"type\":\"identify\"," AT("06") ",\"traits\":{\"town\":\"Graz\",\"age\":null}}",
    "{\"event\":\"Bought\"," AT("04") ",\"properties\":{\"n\":2,\"n\":null}}",
};

static const char wanted[] =
    "{\"events\":["
    "{\"name\":\"Bought\",\"type\":\"track\",\"count\":4,\"first\":\"2026-01-02T00:00:00.000Z\","
    "\"last\":\"2026-01-05T00:00:00.000Z\",\"properties\":["
    "{\"name\":\"deep.x\",\"count\":1,\"types\":{\"text\":1},\"values\":1,\"values_exact\":true},"
    "{\"name\":\"list\",\"count\":2,\"types\":{\"list\":2},\"values\":1,\"values_exact\":true},"
    "{\"name\":\"list.a\",\"count\":2,\"types\":{\"list\":2},\"values\":1,\"values_exact\":true},"
    "{\"name\":\"n\",\"count\":4,\"types\":{\"text\":1,\"number\":2,\"null\":1},\"values\":3,"
    "\"values_exact\":true},"
    "{\"name\":\"on\",\"count\":3,\"types\":{\"boolean\":3},\"values\":2,\"values_exact\":true}]},"
    "{\"name\":\"identify\",\"type\":\"identify\",\"count\":1,"
    "\"first\":\"2026-01-06T00:00:00.000Z\",\"last\":\"2026-01-06T00:00:00.000Z\",\"properties\":["
    "{\"name\":\"age\",\"count\":1,\"types\":{\"null\":1},\"values\":1,\"values_exact\":true},"
    "{\"name\":\"town\",\"count\":1,\"types\":{\"text\":1},\"values\":1,\"values_exact\":true},"
    "{\"name\":\"person.age\",\"count\":1,\"types\":{\"null\":1},\"values\":1,\"values_exact\":"
    "true},"
    "{\"name\":\"person.town\",\"count\":1,\"types\":{\"text\":1},\"values\":1,"
    "\"values_exact\":true}]},"
    "{\"name\":\"page\",\"type\":\"track\",\"count\":1,\"first\":\"2026-01-03T00:00:00.000Z\","
    "\"last\":\"2026-01-03T00:00:00.000Z\",\"properties\":["
    "{\"name\":\"list\",\"count\":1,\"types\":{\"list\":1},\"values\":1,\"values_exact\":true},"
    "{\"name\":\"list.a\",\"count\":1,\"types\":{\"list\":1},\"values\":1,\"values_exact\":true},"
    "{\"name\":\"n\",\"count\":1,\"types\":{\"number\":1},\"values\":1,\"values_exact\":true}]},"
    "{\"name\":\"page\",\"type\":\"page\",\"count\":1,\"first\":\"2026-01-01T00:00:00.000Z\","
    "\"last\":\"2026-01-01T00:00:00.000Z\",\"properties\":["
    "{\"name\":\"name\",\"count\":1,\"types\":{\"text\":1},\"values\":1,\"values_exact\":true}]}]}";

static str schema_of(struct fold *fold)
{
    struct buf out = {0};
    str text;

    CHECK_OK(schema_write(fold->events, NULL, test_mem, &out));
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return text;
}

TEST(the_schema_is_the_same_wherever_events_lie)
{
    enum { COUNT = sizeof messages / sizeof *messages };

    for (size_t settles = 0; settles <= COUNT; settles++) {
        struct fold fold;

        CHECK_OK(fold_open(&fold));
        for (size_t i = 0; i < COUNT; i++) {
            if (i == settles || i + 1 == settles)
                CHECK_OK(fold_settle(&fold));
            CHECK_OK(fold_take(&fold, str_of(messages[i])));
        }
        CHECK_STR(schema_of(&fold), wanted);
        CHECK_STR(schema_of(&fold), wanted); /* as it was kept */
        fold_done(&fold);
    }
}

TEST(an_empty_schema_has_no_events)
{
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    CHECK_STR(schema_of(&fold), "{\"events\":[]}");
    fold_done(&fold);
}

TEST(many_values_are_said_to_be_that_many_or_more)
{
    struct fold fold;
    struct buf text = {0};

    CHECK_OK(fold_open(&fold));
    for (int i = 0; i < 1500; i++) {
        buf_clear(&text);
        buf_print(&text, "{\"event\":\"E\"," AT("01") ",\"properties\":{\"id\":\"%d\",\"m\":%d}}",
                  i, i % 1000);
        CHECK_OK(fold_take(&fold, buf_str(&text)));
    }
    CHECK(str_contains(schema_of(&fold), S("\"values\":1001,\"values_exact\":false")));
    CHECK(str_contains(schema_of(&fold), S("\"values\":1000,\"values_exact\":true")));
    CHECK_OK(fold_settle(&fold));
    CHECK(str_contains(schema_of(&fold), S("\"values\":1500,\"values_exact\":false")));
    CHECK(str_contains(schema_of(&fold), S("\"values\":1000,\"values_exact\":true")));
    fold_done(&fold);
    buf_done(&text);
}

/* Those that do not fit a cell lie elsewhere. */
TEST(large_numbers_are_told_apart)
{
    struct fold fold;
    struct buf text = {0};

    CHECK_OK(fold_open(&fold));
    for (int i = 0; i < 1000; i++) {
        buf_clear(&text);
        buf_print(&text,
                  "{\"event\":\"E\"," AT("01") ",\"properties\":{\"at\":%lld,\"l\":[%lld.25]}}",
                  1790000000000LL + i % 500, 90000000000LL - i % 250);
        CHECK_OK(fold_take(&fold, buf_str(&text)));
    }
    for (int round = 0; round < 2; round++) {
        CHECK(str_contains(schema_of(&fold), S("\"values\":500,\"values_exact\":true")));
        CHECK(str_contains(schema_of(&fold), S("\"values\":250,\"values_exact\":true")));
        CHECK_OK(fold_settle(&fold));
    }
    fold_done(&fold);
    buf_done(&text);
}

TEST(a_schema_without_memory_says_so)
{
    long failures = 0;

    for (long k = 1; k < 400; k++) {
        struct buf out = {0};
        struct fold fold;
        enum err err;

        CHECK_OK(fold_open(&fold));
        for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
            if (i == 4)
                CHECK_OK(fold_settle(&fold));
            CHECK_OK(fold_take(&fold, str_of(messages[i])));
        }
        mem_fail_after(k);
        err = schema_write(fold.events, NULL, test_mem, &out);
        mem_fail_after(0);
        CHECK(err == OK || err == ERR_LIMIT);
        failures += err == ERR_LIMIT;
        if (err) {
            CHECK_STR(schema_of(&fold), wanted);
        }
        buf_done(&out);
        fold_done(&fold);
        if (!err)
            break;
    }
    CHECK(failures > 10);
}
