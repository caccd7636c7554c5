/* fuzz_dialect.c - any bytes as a request in any dialect: a batch of ours, or a reason why not.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses the dialect: it is the sum of its name's bytes, so that seeds last when
 * dialects.def grows; any other byte is a place there. With FUZZ_DIALECT in the environment it is
 * the dialect of that name, whatever the byte says. Then come lines: the path, the query, the
 * media type, the headers written as a query; what follows is the body. The same request must be
 * told the same way twice. Events are enriched, and none has an address then.
 */
#include "collect/agent.h"
#include "collect/dialect.h"
#include "collect/enrich.h"
#include "collect/message.h"
#include "proto/form.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 << 20, MOST_BODY = 1 << 20 };

#define ADDRESS "203.0.113.77"

struct given {
    struct dialect_request request;
    str headers;
    struct arena *mem;
};

static const struct dialect *const DIALECTS[] = {
#define DIALECT(name) &dialect_##name,
#include "collect/dialects.def"
#undef DIALECT
};

/* The one that this run is about; NULL: all are. */
static const struct dialect *the_only_one(void)
{
    str name = str_of(getenv("FUZZ_DIALECT"));

    for (size_t i = 0; i < sizeof DIALECTS / sizeof *DIALECTS; i++)
        if (str_equals(str_of(DIALECTS[i]->name), name))
            return DIALECTS[i];
    assert(!name.len); /* dialects.def has no such row */
    return NULL;
}

static const struct dialect *choose(uint8_t byte)
{
    size_t count = sizeof DIALECTS / sizeof *DIALECTS;
    const struct dialect *only = the_only_one();

    if (only)
        return only;
    for (size_t i = 0; i < count; i++) {
        str name = str_of(DIALECTS[i]->name);
        uint8_t sum = 0;

        for (size_t at = 0; at < name.len; at++)
            sum = (uint8_t)(sum + (uint8_t)name.data[at]);
        if (sum == byte)
            return DIALECTS[i];
    }
    return DIALECTS[byte % count];
}

static str header_of(const void *owner, str name)
{
    const struct given *given = owner;

    return form_find(given->headers, name, given->mem);
}

static str line_or_absent(str *rest)
{
    str line = str_cut(rest, '\n');

    return line.len ? line : (str){NULL, 0};
}

static void split(str text, struct given *given)
{
    given->request = (struct dialect_request){
        .path = str_cut(&text, '\n'),
        .query = line_or_absent(&text),
        .media = line_or_absent(&text),
        .address = S(ADDRESS),
        .agent = S("Agent/1.0"),
        .language = S("en;q=0.8, de"),
        .referrer = S("https://page.example/at?x=1"),
        .received = 1795000000000,
        .header = header_of,
        .owner = given,
    };
    given->headers = line_or_absent(&text);
    given->request.body = text;
}

/* What is stored is one JSON object without the visitor's address, there and in its context. */
static void check_stored(struct json_reader *reader, struct arena *mem, str json)
{
    struct json doc;

    if (json_parse_copy(reader, mem, json, &doc)) {
        assert(arena_is_exhausted(mem));
        return;
    }
    assert(json_type_of(&doc, 0) == JSON_OBJECT && !doc.defect_count);
    assert(json_find(&doc, 0, S("visitor")) == JSON_ABSENT);
    EACH_MEMBER(&doc, 0, key, value)
    if (json_is_string(&doc, key, S("context")))
        assert(json_find(&doc, value, S("ip")) == JSON_ABSENT);
}

static struct enrich_call *begin_enriching(const struct given *given)
{
    static struct enrich *enrich;
    static struct enrich_config config = {.has = {true, false, true, true, true, true, true}};
    struct enrich_request *request = arena_take(given->mem, sizeof *request);
    struct enrich_call *call;

    if (!enrich)
        assert(agent_open(&config.agents) == OK && enrich_open(&config, &enrich) == OK);
    if (!request)
        return NULL;
    *request = (struct enrich_request){.header = header_of,
                                       .owner = given,
                                       .header_count = 5,
                                       .address = S(ADDRESS),
                                       .is_dialect = true};
    return enrich_begin(enrich, request, given->mem, &call) ? NULL : call;
}

/* Each event is a sound message or says why not, and none that is stored holds the address. */
static void check_batch(struct json_reader *reader, const struct given *given, str batch)
{
    static struct json_reader *other;
    struct arena *mem = given->mem;
    const hash_key key = {{1, 2}};
    struct message_setting setting = {
        .received = 1795000000000, .context = JSON_ABSENT, .visitors = &key};
    struct message message;
    struct json doc;
    uint32_t events;

    if (!other)
        other = json_reader_open();
    setting.enrich = begin_enriching(given);
    assert(json_parse(reader, mem, batch, &doc) == OK);
    events = json_find(&doc, 0, S("batch"));
    assert(events != JSON_ABSENT && json_type_of(&doc, events) == JSON_ARRAY);
    EACH_ELEMENT(&doc, events, event)
    {
        if (message_read(&doc, event, &setting, mem, &message)) {
            assert(arena_is_exhausted(mem));
            break;
        }
        assert(!message.is_misfit == !message.reason.data);
        if (message.is_misfit)
            continue;
        message_tell_new(&message);
        check_stored(other, mem, message.json);
    }
    enrich_end(setting.enrich);
}

static enum err tell(const struct dialect *dialect, const struct given *given,
                     struct json_reader *reader, str *out_batch)
{
    struct dialect_out out = {.request = &given->request, .reader = reader, .mem = given->mem};
    enum err err = dialect_read(dialect, &out, out_batch);

    assert(!err || err == ERR_INVALID || err == ERR_LIMIT);
    assert(out.status >= 200 && out.status < 600);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_reader *reader;
    static struct arena *mem;
    struct given given;
    const struct dialect *dialect;
    str batch, again;
    char *text;

    if (!mem) {
        mem = arena_open(ROOM);
        reader = json_reader_open();
        assert(mem && reader);
    }
    arena_reset(mem);
    if (!size || size > MOST_BODY)
        return 0;
    text = arena_take(mem, size + JSON_PADDING);
    memcpy(text, data + 1, size - 1);
    dialect = choose(data[0]);
    split(str_from(text, size - 1), &given);
    given.mem = mem;
    if (tell(dialect, &given, reader, &batch))
        return 0;
    check_batch(reader, &given, batch);
    if (!tell(dialect, &given, reader, &again))
        assert(str_equals(batch, again));
    return 0;
}
