/* test_message.c - what is read of a Segment message, and what sends it to quarantine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/message.h"
#include "collect/visitor.h"
#include "support/test.h"

#include <string.h>

static const millis RECEIVED = INT64_C(1800000000000); /* 2027-01-15T08:00:00Z */

/* Reads one message; a batch's context is `context` when it is not NULL. */
static struct message read_with(str text, struct message_setting setting, const char *context)
{
    struct json_reader *reader = json_reader_open();
    struct buf whole = {0};
    struct message message;
    struct json doc;

    buf_add(&whole, S("{\"batch\":"));
    buf_add(&whole, text);
    if (context) {
        buf_add(&whole, S(",\"context\":"));
        buf_add(&whole, str_of(context));
    }
    buf_add_byte(&whole, '}');
    setting.received = RECEIVED;
    CHECK_OK(json_parse_copy(reader, test_mem, buf_str(&whole), &doc));
    setting.context = context ? json_find(&doc, 0, S("context")) : JSON_ABSENT;
    CHECK_OK(message_read(&doc, json_find(&doc, 0, S("batch")), &setting, test_mem, &message));
    message.json = arena_dup(test_mem, message.json);
    buf_done(&whole);
    json_reader_close(reader);
    return message;
}

static struct message read(const char *text)
{
    return read_with(str_of(text), (struct message_setting){0}, NULL);
}

static str repeat(const char *head, char filling, size_t count, const char *tail)
{
    struct buf text = {0};
    str copy;

    buf_add(&text, str_of(head));
    while (count--)
        buf_add_byte(&text, filling);
    buf_add(&text, str_of(tail));
    copy = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return copy;
}

static void expect_misfit(str text, const char *reason)
{
    struct message message = read_with(text, (struct message_setting){0}, NULL);

    CHECK(message.is_misfit);
    if (!str_contains(message.reason, str_of(reason)))
        CHECK_STR(message.reason, reason);
    CHECK(str_equals(message.json, text)); /* whole, to be mended */
}

TEST(message_reads_every_type)
{
    static const struct {
        const char *text;
        enum event_type type;
    } cases[] = {
        {"{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\"}", EVENT_TRACK},
        {"{\"type\":\"page\",\"userId\":\"u\"}", EVENT_PAGE},
        {"{\"type\":\"screen\",\"userId\":\"u\"}", EVENT_SCREEN},
        {"{\"type\":\"identify\",\"userId\":\"u\"}", EVENT_IDENTIFY},
        {"{\"type\":\"group\",\"groupId\":\"g\",\"userId\":\"u\"}", EVENT_GROUP},
        {"{\"type\":\"alias\",\"previousId\":\"p\",\"userId\":\"u\"}", EVENT_ALIAS},
        {"{\"event\":\"A\",\"userId\":\"u\"}", EVENT_TRACK},
        {"{\"action\":\"identify\",\"userId\":\"u\"}", EVENT_IDENTIFY},
        {"{\"action\":\"jump\",\"event\":\"A\",\"userId\":\"u\"}", EVENT_TRACK},
        {"{\"type\":\"pa\\u0067e\",\"userId\":\"u\"}", EVENT_PAGE},
        {"{\"type\":\"track\",\"type\":\"page\",\"userId\":\"u\"}", EVENT_PAGE}, /* the last wins */
    };

    EACH_CASE(c, cases)
    {
        struct message message = read(c->text);

        CHECK(!message.is_misfit);
        CHECK_INT(message.type, c->type);
        CHECK_STR(message.user, "u");
        CHECK_STR(message.json, c->text); /* as it was sent */
    }
}

TEST(message_reads_identifiers)
{
    struct message message = read("{\"type\":\"alias\",\"userId\":\"\\u00e9\",\"anonymousId\":42,"
                                  "\"previousId\":\"p\",\"messageId\":\"m\"}");

    CHECK_STR(message.user, "\xc3\xa9");
    CHECK_STR(message.anonymous, "42"); /* a number as it was written */
    CHECK_STR(message.previous, "p");
    CHECK_STR(message.message_id, "m");
    message =
        read("{\"type\":\"page\",\"user_id\":\"old\",\"anonymousId\":null,\"messageId\":\"\"}");
    CHECK(!message.is_misfit);
    CHECK_STR(message.user, "old");
    CHECK(message.anonymous.data == NULL && message.message_id.data == NULL);
}

TEST(message_goes_to_quarantine_with_a_reason)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"7", "an event must be a JSON object"},
        {"[{\"type\":\"page\"}]", "an event must be a JSON object"},
        {"{\"userId\":\"u\"}", "\"type\" must be one of"},
        {"{\"type\":\"jump\",\"userId\":\"u\"}", "\"type\" must be one of"},
        {"{\"type\":7,\"userId\":\"u\"}", "\"type\" must be one of"},
        {"{\"type\":\"page\"}", "needs a \"userId\" or an \"anonymousId\""},
        {"{\"type\":\"page\",\"userId\":\"\",\"anonymousId\":null}", "needs a \"userId\""},
        {"{\"type\":\"page\",\"userId\":{\"a\":1}}", "\"userId\" must be a string"},
        {"{\"type\":\"page\",\"userId\":true}", "\"userId\" must be a string"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"anonymousId\":[1]}", "\"anonymousId\" must be"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"messageId\":{}}", "\"messageId\" must be"},
        {"{\"type\":\"track\",\"userId\":\"u\"}", "\"event\" must be the event's name"},
        {"{\"type\":\"track\",\"event\":5,\"userId\":\"u\"}", "\"event\" must be the event's name"},
        {"{\"type\":\"track\",\"event\":\"\",\"userId\":\"u\"}", "\"event\" is empty"},
        {"{\"type\":\"alias\",\"userId\":\"u\"}", "an alias needs"},
        {"{\"type\":\"alias\",\"anonymousId\":\"a\",\"previousId\":\"p\"}", "an alias needs"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"timestamp\":\"soon\"}", "\"timestamp\" must be"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"timestamp\":1800000000}", "\"timestamp\" must be"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"timestamp\":\"2015-2-02T00:30:08Z\"}",
         "\"timestamp\" must be"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"properties\":{\"a\":1e999}}", "number"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"properties\":{\"a\":\"\\ud800\"}}", "surrogate"},
    };

    EACH_CASE(c, cases)
    expect_misfit(str_of(c->text), c->reason);
}

TEST(message_over_a_bound_goes_to_quarantine)
{
    static const struct {
        const char *head;
        char filling;
        size_t most;
        const char *tail;
        const char *reason;
    } cases[] = {
        {"{\"type\":\"page\",\"userId\":\"", 'u', 512, "\"}", "\"userId\" is longer than 512"},
        {"{\"type\":\"page\",\"anonymousId\":\"", 'a', 512, "\"}", "\"anonymousId\" is longer"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"messageId\":\"", 'm', 512, "\"}",
         "\"messageId\" is longer"},
        {"{\"type\":\"alias\",\"userId\":\"u\",\"previousId\":\"", 'p', 512, "\"}",
         "\"previousId\" is longer"},
        {"{\"type\":\"track\",\"userId\":\"u\",\"event\":\"", 'e', 1024, "\"}",
         "\"event\" is longer than 1,024"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"x\":\"", 'x', 32733, "\"}", "larger than 32 KB"},
    };

    EACH_CASE(c, cases)
    {
        str fits = repeat(c->head, c->filling, c->most, c->tail);

        CHECK(!read_with(fits, (struct message_setting){0}, NULL).is_misfit);
        expect_misfit(repeat(c->head, c->filling, c->most + 1, c->tail), c->reason);
    }
}

/* \u00e9 is six bytes where it is sent, two where it is meant. */
TEST(message_counts_the_bytes_of_a_name_as_they_are_meant)
{
    struct buf text = {0};

    for (size_t letters = 512; letters <= 513; letters++) {
        buf_clear(&text);
        buf_add(&text, S("{\"type\":\"track\",\"userId\":\"u\",\"event\":\""));
        for (size_t i = 0; i < letters; i++)
            buf_add(&text, S("\\u00e9"));
        buf_add(&text, S("\"}"));
        CHECK_INT(read_with(buf_str(&text), (struct message_setting){0}, NULL).is_misfit,
                  letters > 512);
    }
    buf_done(&text);
}

TEST(message_nested_too_deep_goes_to_quarantine)
{
    struct buf text = {0};

    for (unsigned depth = 31; depth <= 32; depth++) { /* and the event itself is one */
        buf_clear(&text);
        buf_add(&text, S("{\"type\":\"page\",\"userId\":\"u\",\"x\":"));
        for (unsigned i = 0; i < depth; i++)
            buf_add_byte(&text, '[');
        buf_add_byte(&text, '1');
        for (unsigned i = 0; i < depth; i++)
            buf_add_byte(&text, ']');
        buf_add_byte(&text, '}');
        CHECK_INT(read_with(buf_str(&text), (struct message_setting){0}, NULL).is_misfit,
                  depth > 31);
    }
    buf_done(&text);
}

TEST(message_with_bytes_that_are_not_utf8_goes_to_quarantine)
{
    struct message message = read("{\"type\":\"page\",\"userId\":\"u\",\"x\":\"\xff\"}");

    CHECK(message.is_misfit);
    CHECK(str_contains(message.reason, S("UTF-8")));
    CHECK(str_contains(message.json, S("\xef\xbf\xbd")));
}

TEST(message_keeps_foreign_words_as_they_are)
{
    static const char *const cases[] = {
        "{\"type\":\"page\",\"userId\":\"u\",\"x\":\"script::Runtime.exec('id')\"}",
        "{\"type\":\"page\",\"userId\":\"u\",\"x\":\"${@java.lang.Runtime@x}\"}",
        "{\"type\":\"page\",\"userId\":\"u\",\"x\":\"<script>alert(1)</script>\"}",
        "{\"type\":\"page\",\"userId\":\"<b>\",\"x\" : [ 1.50, 1e2 ]}",
    };

    EACH_CASE(c, cases)
    {
        CHECK(!read(*c).is_misfit);
        CHECK_STR(read(*c).json, *c);
    }
}

TEST(message_time_is_corrected_by_the_senders_clock)
{
    static const struct {
        const char *timestamp;
        const char *sent_at;
        millis want; /* from RECEIVED */
        unsigned flags;
        bool is_history;
    } cases[] = {
        {"2027-01-15T07:00:00Z", NULL, -3600000, 0, false},
        {"2027-01-15T07:00:00Z", "2027-01-15T08:00:05Z", -3600000, 0, false}, /* the network's */
        {"2027-01-15T09:00:00Z", "2027-01-15T10:00:00Z", -3600000, EVENT_TIME_CORRECTED, false},
        {"2027-01-15T05:00:00Z", "2027-01-15T06:00:00Z", -3600000, EVENT_TIME_CORRECTED, false},
        {"2027-01-15T07:00:00Z", "nonsense", -3600000, 0, false},
        {"2027-01-15T08:05:00Z", NULL, 300000, 0, false},
        {"2027-01-15T08:05:01Z", NULL, 0, EVENT_TIME_FUTURE, false},
        {"2027-01-15T12:00:00Z", "2027-01-15T10:00:00Z", 0, EVENT_TIME_FUTURE, false},
        {NULL, NULL, 0, EVENT_TIME_ABSENT, false},
        {NULL, "2027-01-15T10:00:00Z", 0, EVENT_TIME_ABSENT, false},
        {"2028-01-15T08:00:00Z", "2027-01-15T10:00:00Z", INT64_C(31536000000), 0, true},
    };

    EACH_CASE(c, cases)
    {
        for (int own = 0; own < 2; own++) { /* sentAt of the batch, or of the message itself */
            struct message_setting setting = {.is_history = c->is_history};
            struct buf text = {0};
            struct message message;

            buf_add(&text, S("{\"type\":\"page\",\"userId\":\"u\""));
            if (c->timestamp)
                buf_print(&text, ",\"timestamp\":\"%s\"", c->timestamp);
            if (own && c->sent_at)
                buf_print(&text, ",\"sentAt\":\"%s\"", c->sent_at);
            else
                setting.sent_at = str_of(c->sent_at);
            buf_add_byte(&text, '}');
            message = read_with(buf_str(&text), setting, NULL);
            CHECK(!message.is_misfit);
            CHECK_INT(message.time - RECEIVED, c->want);
            CHECK_INT(message.flags, c->flags);
            CHECK(!str_contains(message.json, S("sentAt")));
            buf_done(&text);
        }
    }
}

TEST(message_is_stored_without_key_and_with_the_batchs_context)
{
    static const struct {
        const char *text, *context, *want;
    } cases[] = {
        {"{\"type\":\"page\",\"writeKey\":\"k\",\"userId\":\"u\",\"sentAt\":\"x\"}", NULL,
         "{\"type\":\"page\",\"userId\":\"u\"}"},
        {"{\"type\":\"page\",\"userId\":\"u\"}", "{\"a\":1}",
         "{\"type\":\"page\",\"userId\":\"u\",\"context\":{\"a\":1}}"},
        {"{\"type\":\"page\",\"context\":{\"a\":2,\"b\":3},\"userId\":\"u\"}",
         "{\"a\":1,\"c\":{\"d\":[]}}",
         "{\"type\":\"page\",\"userId\":\"u\",\"context\":{\"a\":2,\"b\":3,\"c\":{\"d\":[]}}}"},
        {"{\"type\":\"page\",\"userId\":\"u\"}", "7", "{\"type\":\"page\",\"userId\":\"u\"}"},
    };

    EACH_CASE(c, cases)
    {
        struct message message =
            read_with(str_of(c->text), (struct message_setting){0}, c->context);

        CHECK(!message.is_misfit);
        CHECK_STR(message.json, c->want);
    }
}

TEST(message_of_a_visitor_says_who_it_is_without_the_address)
{
    static const hash_key key = {{9}};
    static const struct {
        const char *text, *head,
            *tail; /* of what is stored, around the anonymousId; NULL: misfit */
    } cases[] = {
        {"{\"type\":\"page\",\"visitor\":\"1.2.3.4 A\",\"messageId\":\"m\"}",
         "{\"type\":\"page\",\"anonymousId\":\"", "\",\"messageId\":\"m\"}"},
        {"{\"type\":\"page\",\"anonymousId\":null,\"visitor\":\"1.2.3.4 A\",\"sentAt\":\"x\"}",
         "{\"type\":\"page\",\"anonymousId\":\"", "\"}"},
        {"{\"type\":\"page\",\"visitor\":\"5.6.7.8 B\",\"visitor\":\"1.2.3.4 \\u0041\"}",
         "{\"type\":\"page\",\"anonymousId\":\"", "\"}"},
        {"{\"type\":\"page\",\"properties\":{\"visitor\":\"v\"},\"visitor\":\"1.2.3.4 A\"}",
         "{\"type\":\"page\",\"properties\":{\"visitor\":\"v\"},\"anonymousId\":\"", "\"}"},
        {"{\"type\":\"page\",\"visitor\":\"\"}", NULL, NULL},
        {"{\"type\":\"page\",\"visitor\":7}", NULL, NULL},
    };
    char id[VISITOR_BYTES];

    visitor_write(&key, S("1.2.3.4 A"), id);
    EACH_CASE(c, cases)
    {
        struct message message =
            read_with(str_of(c->text), (struct message_setting){.visitors = &key}, NULL);

        CHECK_INT(message.is_misfit, c->head == NULL);
        if (!c->head)
            continue;
        CHECK(str_equals(message.anonymous, str_from(id, sizeof id)));
        CHECK_STR(message.json,
                  arena_print(test_mem, "%s%.*s%s", c->head, VISITOR_BYTES, id, c->tail).data);
    }
}

TEST(message_that_is_a_misfit_tells_no_address_either)
{
    static const hash_key key = {{9}};
    static const struct {
        const char *text, *head, *tail; /* of what is kept, around the anonymousId */
    } cases[] = {
        {"{\"type\":\"x\",\"visitor\":\"1.2.3.4 A\"}", "{\"type\":\"x\",\"anonymousId\":\"", "\"}"},
        {"{\"event\":\"e\",\"timestamp\":\"noon\",\"visitor\":\"1.2.3.4 A\",\"sentAt\":\"x\"}",
         "{\"event\":\"e\",\"timestamp\":\"noon\",\"anonymousId\":\"", "\"}"},
        {"{\"visitor\":\"1.2.3.4 A\",\"properties\":{\"a\":1e999}}", "{\"anonymousId\":\"",
         "\",\"properties\":{\"a\":1e999}}"},
    };
    char id[VISITOR_BYTES];

    visitor_write(&key, S("1.2.3.4 A"), id);
    EACH_CASE(c, cases)
    {
        struct message message =
            read_with(str_of(c->text), (struct message_setting){.visitors = &key}, NULL);

        CHECK(message.is_misfit);
        CHECK_STR(message.json,
                  arena_print(test_mem, "%s%.*s%s", c->head, VISITOR_BYTES, id, c->tail).data);
    }
}

TEST(message_keeps_what_is_called_visitor_where_it_names_nobody)
{
    static const hash_key key = {{9}};
    static const char *const cases[] = {
        "{\"type\":\"page\",\"userId\":\"u\",\"visitor\":\"v w\"}",
        "{\"type\":\"page\",\"anonymousId\":\"a\",\"visitor\":\"v w\"}",
        "{\"type\":\"page\",\"userId\":\"u\",\"visitor\":7}",
    };

    EACH_CASE(c, cases)
    {
        CHECK_STR(read(*c).json, *c);
        CHECK_STR(read_with(str_of(*c), (struct message_setting){.visitors = &key}, NULL).json, *c);
    }
    CHECK(read("{\"type\":\"page\",\"visitor\":\"1.2.3.4 A\"}").is_misfit);
}

TEST(message_too_large_with_the_batchs_context_goes_to_quarantine)
{
    str context = repeat("{\"x\":\"", 'x', 20000, "\"}");
    str own = repeat("{\"type\":\"page\",\"userId\":\"u\",\"y\":\"", 'y', 20000, "\"}");
    struct message message = read_with(own, (struct message_setting){0}, context.data);

    CHECK(message.is_misfit);
    CHECK_STR(message.reason, "the event is larger than 32 KB with the batch's context");
}
