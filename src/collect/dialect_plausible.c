/* dialect_plausible.c - Plausible Analytics, "Events API": POST /api/event.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: plausible.io/docs/events-api, and what its script sends: short names n u d r p $ i v h.
 * A visitor has no id here; she is found by address, agent and day.
 */
#include "collect/dialect.h"

static str either(const struct dialect_out *out, const struct json *doc, const char *name,
                  const char *brief)
{
    str text = dialect_text(out, doc, 0, name);

    return text.data ? text : dialect_text(out, doc, 0, brief);
}

static uint32_t object_at(const struct json *doc, const char *name, const char *brief)
{
    uint32_t at = json_find(doc, 0, str_of(name));

    if (at == JSON_ABSENT)
        at = json_find(doc, 0, str_of(brief));
    return at != JSON_ABSENT && json_type_of(doc, at) == JSON_OBJECT ? at : JSON_ABSENT;
}

/* Own properties as they are, the revenue's amount and currency, and of an engagement the
 * milliseconds that the page was looked at. */
static str read_properties(struct dialect_out *out, const struct json *doc)
{
    uint32_t props = object_at(doc, "props", "p"), revenue = object_at(doc, "revenue", "$");
    str engaged = dialect_text(out, doc, 0, "e");
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    if (props != JSON_ABSENT)
        EACH_MEMBER(doc, props, key, value)
        {
            json_key(&w, json_string(doc, key, out->mem));
            json_verbatim(&w, json_raw(doc, value));
        }
    if (engaged.data) {
        json_key(&w, S("engaged_ms"));
        dialect_value(&w, engaged);
    }
    if (revenue != JSON_ABSENT) {
        json_key(&w, S("revenue"));
        dialect_value(&w, dialect_text(out, doc, revenue, "amount"));
        json_key(&w, S("currency"));
        json_text(&w, dialect_text(out, doc, revenue, "currency"));
    }
    json_shut(&w, '}');
    return dialect_keep(out, &text);
}

static fallible read_event(struct dialect_out *out)
{
    struct dialect_event event = {0};
    struct json doc;

    TRY(dialect_parse(out, out->request->body, &doc));
    event.name = either(out, &doc, "name", "n");
    event.url = either(out, &doc, "url", "u");
    event.referrer = either(out, &doc, "referrer", "r");
    if (!event.name.data || !event.url.data || !either(out, &doc, "domain", "d").data)
        return fail(ERR_INVALID, "\"name\", \"url\" and \"domain\" must be given");
    event.type = str_equals(event.name, S("pageview")) ? S("page") : S("track");
    if (event.type.len == 4)
        event.name = (str){NULL, 0};
    event.properties = read_properties(out, &doc);
    if (!event.properties.data)
        return arena_exhausted();
    dialect_add(out, &event);
    out->status = 202;
    out->media = S("text/plain");
    out->body = S("ok");
    return OK;
}

const struct dialect dialect_plausible = {.name = "plausible", .read = read_event};
