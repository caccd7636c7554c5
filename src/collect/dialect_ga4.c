/* dialect_ga4.c - Google Analytics 4, Measurement Protocol: POST /mp/collect, /debug/mp/collect.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference. What
 * browsers send is another protocol: dialect_gtag.c.
 */
#include "collect/dialect.h"

enum { MICROS = 1000 /* in a millisecond */ };

struct name {
    str theirs, ours;
    bool is_number; /* also where it was sent as text */
};

static const struct name ALWAYS[] = {
    {{"engagement_time_msec", 20}, {"engaged_ms", 10}, true},
};

static const struct name PURCHASE[] = {
    {{"engagement_time_msec", 20}, {"engaged_ms", 10}, true},
    {{"transaction_id", 14}, {"order_id", 8}, false},
    {{"value", 5}, {"revenue", 7}, true},
    {{"tax", 3}, {"tax", 3}, true},
    {{"shipping", 8}, {"shipping", 8}, true},
};

static const struct name ITEM[] = {
    {{"item_id", 7}, {"product_id", 10}, false},
    {{"item_name", 9}, {"name", 4}, false},
    {{"item_brand", 10}, {"brand", 5}, false},
    {{"item_variant", 12}, {"variant", 7}, false},
    {{"item_category", 13}, {"category", 8}, false},
    {{"index", 5}, {"position", 8}, true},
    {{"price", 5}, {"price", 5}, true},
    {{"quantity", 8}, {"quantity", 8}, true},
    {{"discount", 8}, {"discount", 8}, true},
};

struct names {
    const struct name *list;
    size_t count;
};

#define NAMES(list) ((struct names){(list), sizeof(list) / sizeof *(list)})

static void write_member(const struct dialect_out *out, struct json_writer *w,
                         const struct json *doc, uint32_t key, struct names names)
{
    const struct name *name = NULL;
    uint32_t value = key + 1;

    for (size_t i = 0; i < names.count && !name; i++)
        if (json_is_string(doc, key, names.list[i].theirs))
            name = &names.list[i];
    json_key(w, name ? name->ours : json_string(doc, key, out->mem));
    if (name && name->is_number && json_type_of(doc, value) == JSON_STRING)
        dialect_value(w, json_string(doc, value, out->mem));
    else
        json_verbatim(w, json_raw(doc, value));
}

static void write_products(const struct dialect_out *out, struct json_writer *w,
                           const struct json *doc, uint32_t items)
{
    json_key(w, S("products"));
    json_open(w, '[');
    EACH_ELEMENT(doc, items, item)
    {
        if (json_type_of(doc, item) != JSON_OBJECT) {
            json_verbatim(w, json_raw(doc, item));
            continue;
        }
        json_open(w, '{');
        EACH_MEMBER(doc, item, key, value)
        {
            (void)value;
            write_member(out, w, doc, key, NAMES(ITEM));
        }
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

/* Where the page was is told by the context. */
static bool is_of_page(const struct json *doc, uint32_t key)
{
    return json_is_string(doc, key, S("page_location")) ||
           json_is_string(doc, key, S("page_title")) ||
           json_is_string(doc, key, S("page_referrer"));
}

static str read_properties(const struct dialect_out *out, const struct json *doc, uint32_t params,
                           struct names names)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    EACH_MEMBER(doc, params, key, value)
    {
        if (json_is_string(doc, key, S("items")) && json_type_of(doc, value) == JSON_ARRAY)
            write_products(out, &w, doc, value);
        else if (!is_of_page(doc, key) || json_type_of(doc, value) != JSON_STRING)
            write_member(out, &w, doc, key, names);
    }
    json_shut(&w, '}');
    return dialect_keep(out, &text);
}

/* Microseconds since 1970; what is none stays as it is, and the event goes to quarantine. */
static str read_time(const struct dialect_out *out, const struct json *doc, uint32_t object)
{
    str text = dialect_text(out, doc, object, "timestamp_micros"), time;
    uint32_t at = text.data ? json_find(doc, object, S("timestamp_micros")) : JSON_ABSENT;
    int64_t micros;

    if (!text.data || !(json_to_i64(doc, at, &micros) || str_to_i64(text, &micros)))
        return text;
    time = dialect_time(out, micros / MICROS);
    return time.data ? time : text;
}

/* Who sends, from where, when: the same for every event of a request. */
static struct dialect_event read_sender(const struct dialect_out *out, const struct json *doc)
{
    uint32_t device = json_find(doc, 0, S("device"));
    struct dialect_event sender = {
        .user = dialect_text(out, doc, 0, "user_id"),
        .anonymous = dialect_text(out, doc, 0, "client_id"),
        .timestamp = read_time(out, doc, 0),
        .agent = dialect_text(out, doc, 0, "user_agent"),
    };

    if (!sender.anonymous.data)
        sender.anonymous = dialect_text(out, doc, 0, "app_instance_id");
    if (device != JSON_ABSENT) {
        sender.locale = dialect_text(out, doc, device, "language");
        sender.screen = dialect_text(out, doc, device, "screen_resolution");
    }
    return sender;
}

/* {"plan":{"value":"gold"}} */
static void tell_traits(struct dialect_out *out, const struct json *doc,
                        const struct dialect_event *sender)
{
    uint32_t properties = json_find(doc, 0, S("user_properties"));
    struct dialect_event event = *sender;
    struct buf text = {0};
    struct json_writer w = {.out = &text};
    bool has_some = false;

    if (properties == JSON_ABSENT || json_type_of(doc, properties) != JSON_OBJECT)
        return;
    json_open(&w, '{');
    EACH_MEMBER(doc, properties, key, value)
    {
        uint32_t at = json_find(doc, value, S("value"));

        if (at == JSON_ABSENT)
            continue;
        json_key(&w, json_string(doc, key, out->mem));
        json_verbatim(&w, json_raw(doc, at));
        has_some = true;
    }
    json_shut(&w, '}');
    event.type = S("identify");
    event.traits = dialect_keep(out, &text);
    if (has_some)
        dialect_add(out, &event);
}

static void tell_event(struct dialect_out *out, const struct json *doc, uint32_t at,
                       const struct dialect_event *sender)
{
    uint32_t params = json_find(doc, at, S("params"));
    struct dialect_event event = *sender;
    str name = dialect_text(out, doc, at, "name"), time = read_time(out, doc, at), language;
    bool is_page = str_equals(name, S("page_view")), is_order = str_equals(name, S("purchase"));

    if (json_type_of(doc, at) != JSON_OBJECT) {
        dialect_add_json(out, json_raw(doc, at));
        return;
    }
    event.type = is_page ? S("page") : S("track");
    event.name = is_order ? S("Order Completed") : name;
    if (is_page)
        event.name = (str){NULL, 0};
    if (time.data)
        event.timestamp = time;
    if (params != JSON_ABSENT && json_type_of(doc, params) == JSON_OBJECT) {
        event.url = dialect_text(out, doc, params, "page_location");
        event.title = dialect_text(out, doc, params, "page_title");
        event.referrer = dialect_text(out, doc, params, "page_referrer");
        language = dialect_text(out, doc, params, "language");
        if (language.data)
            event.locale = language;
        event.properties =
            read_properties(out, doc, params, is_order ? NAMES(PURCHASE) : NAMES(ALWAYS));
    }
    dialect_add(out, &event);
}

static fallible read_events(struct dialect_out *out, bool is_check)
{
    struct dialect_event sender;
    struct json doc;
    uint32_t events;

    TRY(dialect_parse(out, out->request->body, &doc));
    events = json_find(&doc, 0, S("events"));
    if (events == JSON_ABSENT || json_type_of(&doc, events) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"events\" must be an array of events");
    if (!out->key.data && !dialect_query(out, "measurement_id").data &&
        !dialect_query(out, "firebase_app_id").data)
        return fail(ERR_INVALID, "measurement_id, firebase_app_id or api_secret must be given");
    if (is_check)
        return OK;
    sender = read_sender(out, &doc);
    tell_traits(out, &doc, &sender);
    EACH_ELEMENT(&doc, events, event)
    tell_event(out, &doc, event, &sender);
    return OK;
}

/* Says what is wrong, and stores nothing. */
static fallible check_events(struct dialect_out *out)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};
    enum err err = read_events(out, true);

    if (err && err != ERR_INVALID)
        return err;
    json_open(&w, '{');
    json_key(&w, S("validationMessages"));
    json_open(&w, '[');
    if (err) {
        json_open(&w, '{');
        json_key(&w, S("description"));
        json_text(&w, str_of(err_text()));
        json_key(&w, S("validationCode"));
        json_text(&w, S("VALUE_INVALID"));
        json_shut(&w, '}');
    }
    json_shut(&w, ']');
    json_shut(&w, '}');
    out->media = S("application/json");
    out->body = dialect_keep(out, &text);
    return OK;
}

static fallible read_request(struct dialect_out *out)
{
    out->key = dialect_query(out, "api_secret");
    if (str_equals(out->request->path, S("/debug/mp/collect")))
        return check_events(out);
    out->status = 204;
    return read_events(out, false);
}

const struct dialect dialect_ga4 = {.name = "ga4", .read = read_request};
