/* fuzz_query.c - any bytes as a question over a small world, and as a request to delete: answered
 * or refused, never worse.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../unit/measure/fold.c"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const messages[] = {
    "{\"type\":\"identify\",\"userId\":\"u1\",\"anonymousId\":\"a1\",\"timestamp\":"
    "\"2026-01-01T10:00:00Z\",\"traits\":{\"country\":\"AT\",\"age\":31,\"tags\":[\"x\",null]}}",
    "{\"type\":\"page\",\"anonymousId\":\"a1\",\"name\":\"Home\",\"timestamp\":"
    "\"2026-01-01T10:00:00Z\",\"context\":{\"campaign\":{\"source\":\"mail\"}}}",
    "{\"type\":\"track\",\"event\":\"Order\",\"userId\":\"u1\",\"timestamp\":"
    "\"2026-01-02T11:30:00.5Z\",\"properties\":{\"revenue\":12.5,\"currency\":\"EUR\","
    "\"products\":[{\"sku\":\"s1\",\"price\":1e2},{\"sku\":\"s2\",\"price\":0.1}]}}",
    "{\"type\":\"track\",\"event\":\"Order\",\"userId\":\"u2\",\"timestamp\":"
    "\"2026-03-29T01:30:00Z\",\"properties\":{\"revenue\":\"7\",\"currency\":\"USD\","
    "\"products\":[1,[2],{\"sku\":null}]}}",
    "{\"type\":\"alias\",\"userId\":\"u2\",\"previousId\":\"a9\",\"timestamp\":"
    "\"2026-03-29T02:30:00Z\"}",
    "{\"type\":\"screen\",\"anonymousId\":\"a9\",\"timestamp\":\"2026-10-25T01:30:00Z\","
    "\"properties\":{\"revenue\":123456789012345678,\"flag\":true}}",
};

static struct fold *world(void)
{
    static struct fold fold;

    if (fold.events)
        return &fold;
    assert(!fold_open(&fold));
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        assert(!fold_take(&fold, str_of(messages[i])));
    return &fold;
}

static void check_is_json(str answer)
{
    struct json_reader *reader = json_reader_open();
    struct arena *mem = arena_open(64 << 20);
    struct json doc;

    assert(reader && mem);
    assert(!json_parse_copy(reader, mem, answer, &doc));
    assert(doc.defect_count == 0);
    assert(json_find(&doc, 0, S("meta")) != JSON_ABSENT);
    arena_close(mem);
    json_reader_close(reader);
}

/* Finds what a request to delete means, and leaves it there. */
static void find(const struct answer_options *options, str request)
{
    struct deleted *found;
    struct source source;
    enum err err = deleted_open(&found);

    assert(!err);
    events_begin(world()->events, &source);
    err = deletion_find(&source, options, request, found);
    events_end(world()->events);
    assert(err ? err_text()[0]
               : deleted_count(found, 0, UINT64_MAX) <= sizeof messages / sizeof *messages);
    deleted_close(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct answer_options options = {.sys = sys_real(), .memory_bytes = 32 << 20};
    struct buf out = {0};

    if (fold_ask(world(), &options, str_from(data, size), &out))
        assert(out.len == 0 && err_text()[0]);
    else
        check_is_json(buf_str(&out));
    buf_done(&out);
    find(&options, str_from(data, size));
    return 0;
}
