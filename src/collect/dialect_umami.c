/* dialect_umami.c - Umami: POST /api/send.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: umami.is/docs/api/sending-stats, its tracker script and its send route. A visitor is
 * found by address, agent and day, unless the script stitches visits by an id of its own, "vid".
 * What it calls "cache" spares its server a look into its database; here there is nothing to spare,
 * and any is taken.
 */
#include "collect/dialect.h"

#include "base/hash.h"

enum { ID_BYTES = 36 /* of a UUID as text */ };

/* Told by the message itself. Everything else beside `data` is a property. */
static const str KNOWN[] = {
    {"website", 7}, {"link", 4}, {"pixel", 5},    {"hostname", 8},  {"language", 8},  {"screen", 6},
    {"title", 5},   {"url", 3},  {"referrer", 8}, {"name", 4},      {"timestamp", 9}, {"ip", 2},
    {"id", 2},      {"vid", 3},  {"data", 4},     {"userAgent", 9},
};

/* What is used of a request. */
struct sending {
    struct dialect_out *out;
    struct json doc;
    uint32_t payload;
    str type;
    str site;
};

static str payload_text(const struct sending *s, const char *name)
{
    return dialect_text(s->out, &s->doc, s->payload, name);
}

static bool is_known(const struct sending *s, uint32_t key)
{
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++)
        if (json_is_string(&s->doc, key, KNOWN[i]))
            return true;
    return false;
}

/* The address in full: a path is one of the host, which is always reached by https. */
static str full_url(const struct sending *s, str url, str host)
{
    if (!url.len || !host.len || str_contains(url, S("://")))
        return url;
    return arena_print(s->out->mem, "https://%.*s%s%.*s", STR_ARG(host),
                       url.data[0] == '/' ? "" : "/", STR_ARG(url));
}

static void write_member(const struct sending *s, struct json_writer *w, uint32_t key,
                         uint32_t value)
{
    json_key(w, json_string(&s->doc, key, s->out->mem));
    json_verbatim(w, json_raw(&s->doc, value));
}

/* The members of `data`; before them, so that those count, what the payload says besides. */
static str write_properties(const struct sending *s)
{
    uint32_t data = json_find(&s->doc, s->payload, S("data"));
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    EACH_MEMBER(&s->doc, s->payload, key, value)
    if (!is_known(s, key))
        write_member(s, &w, key, value);
    if (data != JSON_ABSENT && json_type_of(&s->doc, data) == JSON_OBJECT) {
        EACH_MEMBER(&s->doc, data, key, value)
        write_member(s, &w, key, value);
    } else if (data != JSON_ABSENT && json_type_of(&s->doc, data) != JSON_NULL) {
        json_key(&w, S("data"));
        json_verbatim(&w, json_raw(&s->doc, data));
    }
    json_shut(&w, '}');
    return dialect_keep(s->out, &text);
}

/* A version 8 UUID (RFC 9562) of what was hashed. */
static str write_id(const struct sending *s, str of)
{
    static const hash_key open = {{0}}; /* it goes to nobody but the visitor herself */
    hash128 hash = hash_keyed(&open, of);

    return arena_print(s->out->mem, "%08x-%04x-8%03x-%04x-%012llx", (unsigned)(hash.low >> 32),
                       (unsigned)(hash.low >> 16 & 0xffff), (unsigned)(hash.low & 0xfff),
                       (unsigned)(0x8000 | (hash.high >> 48 & 0x3fff)),
                       (unsigned long long)(hash.high & 0xffffffffffff));
}

/* The script sends the cache along next time; its library reads the ids. */
static fallible answer(const struct sending *s, const struct dialect_event *event)
{
    const struct dialect_request *request = s->out->request;
    str address = event->address.data ? event->address : request->address;
    str agent = event->agent.data ? event->agent : request->agent;
    str who = event->user.data ? event->user
              : event->anonymous.data
                  ? event->anonymous
                  : arena_print(s->out->mem, "%.*s %lld %.*s", STR_ARG(address),
                                (long long)(request->received / MILLIS_DAY), STR_ARG(agent));
    str session =
        write_id(s, arena_print(s->out->mem, "%.*s %.*s", STR_ARG(s->site), STR_ARG(who)));
    str visit = write_id(s, arena_print(s->out->mem, "%.*s %lld", STR_ARG(session),
                                        (long long)(request->received / MILLIS_HOUR)));

    s->out->media = S("application/json");
    s->out->body =
        arena_print(s->out->mem, "{\"cache\":\"%.*s\",\"sessionId\":\"%.*s\",\"visitId\":\"%.*s\"}",
                    STR_ARG(session), STR_ARG(session), STR_ARG(visit));
    return session.len == ID_BYTES && visit.len == ID_BYTES && s->out->body.data
               ? OK
               : arena_exhausted();
}

static void read_context(const struct sending *s, struct dialect_event *event)
{
    str host = payload_text(s, "hostname");
    str referrer = payload_text(s, "referrer");

    event->user = payload_text(s, "id");
    event->anonymous = payload_text(s, "vid");
    event->url = full_url(s, payload_text(s, "url"), host);
    event->title = payload_text(s, "title");
    event->referrer = str_starts(referrer, S("/")) ? full_url(s, referrer, host) : referrer;
    event->locale = payload_text(s, "language");
    event->screen = payload_text(s, "screen");
    event->agent = payload_text(s, "userAgent");
    event->address = payload_text(s, "ip");
}

/* Seconds since 1970, as a number or as text. */
static str read_time(const struct sending *s)
{
    uint32_t at = json_find(&s->doc, s->payload, S("timestamp"));
    str text = payload_text(s, "timestamp");
    int64_t seconds;

    if (at == JSON_ABSENT)
        return text;
    if (!json_to_i64(&s->doc, at, &seconds) && !str_to_i64(text, &seconds))
        return text;
    return seconds > INT64_MIN / MILLIS_SECOND && seconds < INT64_MAX / MILLIS_SECOND
               ? dialect_time(s->out, seconds * MILLIS_SECOND)
               : text;
}

static fallible read_event(struct sending *s)
{
    struct dialect_event event = {0};
    str name = payload_text(s, "name"), properties;
    bool is_event = str_equals(s->type, S("event"));

    read_context(s, &event);
    event.timestamp = read_time(s);
    properties = write_properties(s);
    if (!properties.data)
        return arena_exhausted();
    if (str_equals(s->type, S("identify"))) {
        event.type = S("identify");
        event.traits = properties;
    } else {
        event.type = is_event && !name.data ? S("page") : S("track");
        event.name = is_event ? name : s->type; /* "performance", "error" */
        event.properties = properties;
    }
    dialect_add(s->out, &event);
    return answer(s, &event);
}

static fallible read_request(struct dialect_out *out)
{
    static const char *const types[] = {"event", "identify", "performance", "error"};
    struct sending sending = {.out = out};
    bool is_type = false;

    TRY(dialect_parse(out, out->request->body, &sending.doc));
    sending.type = dialect_text(out, &sending.doc, 0, "type");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        is_type |= str_equals(sending.type, str_of(types[i]));
    if (!is_type)
        return fail(ERR_INVALID, "\"type\" must be event, identify, performance or error");
    sending.payload = json_find(&sending.doc, 0, S("payload"));
    if (sending.payload == JSON_ABSENT ||
        json_type_of(&sending.doc, sending.payload) != JSON_OBJECT)
        return fail(ERR_INVALID, "\"payload\" must be an object");
    sending.site = payload_text(&sending, "website");
    if (!sending.site.data)
        sending.site = payload_text(&sending, "link");
    if (!sending.site.data)
        sending.site = payload_text(&sending, "pixel");
    if (!sending.site.data)
        return fail(ERR_INVALID, "\"payload\" must name its \"website\"");
    return read_event(&sending);
}

const struct dialect dialect_umami = {.name = "umami", .read = read_request};
