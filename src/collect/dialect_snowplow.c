/* dialect_snowplow.c - Snowplow, tracker protocol v2: GET /i, POST .../tp2.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: docs.snowplow.io, "Snowplow tracker protocol", and what its JavaScript and Node trackers
 * send. An event is a flat list of parameters, a query or an object in "payload_data". Transactions
 * (tr) and their items (ti) are events of their own; those of one request are joined.
 */
#include "collect/dialect_snowplow_int.h"
#include "collect/fields.h"

enum { PING_MS = 10000 /* its script's, unless a site sets another; no event tells it */ };

static const str NAMES[] = {
#define P(id, name) {name, sizeof name - 1},
    SNOWPLOW_PARAMETERS(P)
#undef P
};

static const struct snowplow_property PROPERTIES[] = {
    {SNOWPLOW_STRUCT_CATEGORY, false, "category"}, {SNOWPLOW_STRUCT_LABEL, false, "label"},
    {SNOWPLOW_STRUCT_PROPERTY, false, "property"}, {SNOWPLOW_STRUCT_VALUE, true, "value"},
    {SNOWPLOW_PING_LEAST_X, true, "x_least"},      {SNOWPLOW_PING_MOST_X, true, "x_most"},
    {SNOWPLOW_PING_LEAST_Y, true, "y_least"},      {SNOWPLOW_PING_MOST_Y, true, "y_most"},
};

void dialect_snowplow_write(struct json_writer *w, const struct snowplow_event *event,
                            const struct snowplow_property *properties, size_t count)
{
    for (const struct snowplow_property *property = properties; property < properties + count;
         property++) {
        str value = event->values[property->from];

        if (!value.len)
            continue;
        json_key(w, str_of(property->name));
        if (property->is_number)
            dialect_value(w, value);
        else
            json_text(w, value);
    }
}

/* Milliseconds since 1970. What is no number is told as it stands, and the event is a misfit. */
static str time_of(const struct dialect_out *out, str text)
{
    millis at;
    str time;

    if (!str_to_i64(text, &at))
        return text;
    time = dialect_time(out, at);
    return time.data ? time : text;
}

/* A true time needs no correction by the tracker's clock. */
static void tell_when(struct dialect_out *out, struct snowplow_event *event)
{
    str exact = event->values[SNOWPLOW_TRUE_TIME];

    if (exact.len) {
        event->told.timestamp = time_of(out, exact);
        return;
    }
    event->told.timestamp = time_of(out, event->values[SNOWPLOW_DEVICE_TIME]);
    if (event->told.timestamp.len)
        event->told.sent_at = time_of(out, event->values[SNOWPLOW_SENT_TIME]);
}

static void tell_whose(struct dialect_out *out, struct snowplow_event *event)
{
    static const enum snowplow_parameter devices[] = {
        SNOWPLOW_DOMAIN_USER, SNOWPLOW_NETWORK_USER_GIVEN, SNOWPLOW_NETWORK_USER};
    struct dialect_event *told = &event->told;

    told->user = event->values[SNOWPLOW_USER];
    for (size_t i = 0; i < sizeof devices / sizeof *devices && !told->anonymous.len; i++)
        told->anonymous = event->values[devices[i]];
    told->message_id = event->values[SNOWPLOW_EVENT_ID];
    told->url = event->values[SNOWPLOW_URL];
    told->title = event->values[SNOWPLOW_TITLE];
    told->referrer = event->values[SNOWPLOW_REFERRER];
    told->address = event->values[SNOWPLOW_ADDRESS];
    told->agent = event->values[SNOWPLOW_AGENT];
    told->locale = event->values[SNOWPLOW_LANGUAGE];
    told->timezone = event->values[SNOWPLOW_TIME_ZONE];
    told->screen = event->values[SNOWPLOW_RESOLUTION];
    tell_when(out, event);
}

/* No type of ours is written like this: a misfit that holds what came. */
static void tell_unknown(const struct dialect_out *out, struct snowplow_event *event,
                         struct json_writer *w)
{
    event->told.type = arena_print(out->mem, "e=%.*s", STR_ARG(event->values[SNOWPLOW_EVENT]));
    for (size_t i = 0; i < SNOWPLOW_PARAMETER_COUNT; i++) {
        if (!event->values[i].len)
            continue;
        json_key(w, NAMES[i]);
        json_text(w, event->values[i]);
    }
}

static void tell_plain(const struct dialect_out *out, struct snowplow_event *event,
                       struct json_writer *w)
{
    str action = event->values[SNOWPLOW_STRUCT_ACTION];

    if (str_equals(event->values[SNOWPLOW_EVENT], S("pv"))) {
        event->told.type = S("page");
    } else if (str_equals(event->values[SNOWPLOW_EVENT], S("pp"))) {
        event->told.name = S("page_ping");
        json_key(w, S("engaged_ms"));
        json_u64(w, PING_MS);
    } else if (str_equals(event->values[SNOWPLOW_EVENT], S("se"))) {
        event->told.name = action.len ? action : event->values[SNOWPLOW_STRUCT_CATEGORY];
    } else {
        tell_unknown(out, event, w);
        return;
    }
    dialect_snowplow_write(w, event, PROPERTIES, sizeof PROPERTIES / sizeof *PROPERTIES);
}

static bool is_of_order(const struct snowplow_event *event)
{
    return str_equals(event->values[SNOWPLOW_EVENT], S("tr")) ||
           str_equals(event->values[SNOWPLOW_EVENT], S("ti"));
}

static fallible tell_what(struct dialect_out *out, struct snowplow_event *event,
                          struct json_writer *w)
{
    event->told.type = S("track");
    if (str_equals(event->values[SNOWPLOW_EVENT], S("ue")))
        TRY(dialect_snowplow_described_tell(out, event, w));
    else if (is_of_order(event))
        dialect_snowplow_order_tell(event, w);
    else
        tell_plain(out, event, w);
    return dialect_snowplow_described_entities(out, event, w);
}

static fallible tell(struct dialect_out *out, struct snowplow_event *event)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};
    enum err err;

    tell_whose(out, event);
    json_open(&w, '{');
    err = tell_what(out, event, &w);
    json_shut(&w, '}');
    if (err) {
        buf_done(&text);
        return err;
    }
    event->told.properties = dialect_keep(out, &text);
    if (!event->told.properties.data)
        return arena_exhausted();
    dialect_add(out, &event->told);
    return OK;
}

/* Requests */

static struct fields fields_of(struct dialect_out *out, struct snowplow_event *event)
{
    return (struct fields){.names = NAMES,
                           .count = SNOWPLOW_PARAMETER_COUNT,
                           .values = event->values,
                           .mem = out->mem};
}

static fallible read_query(struct dialect_out *out)
{
    struct snowplow_event event = {0};
    struct fields fields = fields_of(out, &event);

    TRY(fields_read_form(&fields, out->request->query));
    if (!event.values[SNOWPLOW_EVENT].len)
        return fail(ERR_INVALID, "\"e\" must say what kind of event it is");
    dialect_answer_image(out);
    return tell(out, &event);
}

/* Items may come before and behind their transaction, so both wait in *list, the last first. */
static fallible read_element(struct dialect_out *out, str json, struct snowplow_event **list)
{
    struct snowplow_event event = {0}, *kept;
    struct fields fields = fields_of(out, &event);
    struct json doc;

    TRY(json_parse(out->reader, out->mem, json, &doc));
    if (json_type_of(&doc, 0) != JSON_OBJECT) {
        dialect_add_json(out, json);
        return OK;
    }
    TRY(fields_read_object(&fields, &doc, 0));
    if (!is_of_order(&event))
        return tell(out, &event);
    kept = arena_take(out->mem, sizeof *kept);
    if (!kept)
        return arena_exhausted();
    *kept = event;
    kept->next = *list;
    *list = kept;
    return OK;
}

static struct snowplow_event *turn_round(struct snowplow_event *list)
{
    struct snowplow_event *turned = NULL;

    while (list) {
        struct snowplow_event *next = list->next;

        list->next = turned;
        turned = list;
        list = next;
    }
    return turned;
}

/* The text of each element; the reader takes one document at a time. */
static fallible find_elements(struct dialect_out *out, str **out_elements, uint32_t *out_count)
{
    struct json doc;
    uint32_t array, count = 0;
    str *elements;

    TRY(dialect_parse(out, out->request->body, &doc));
    array = json_find(&doc, 0, S("data"));
    if (array == JSON_ABSENT || json_type_of(&doc, array) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"data\" must be an array of events");
    EACH_ELEMENT(&doc, array, element)
    {
        (void)element;
        count++;
    }
    if (count > DIALECT_MOST_EVENTS)
        return fail(ERR_LIMIT, "more than %d events in one request", DIALECT_MOST_EVENTS);
    elements = arena_array(out->mem, count, sizeof *elements);
    if (count && !elements)
        return arena_exhausted();
    count = 0;
    EACH_ELEMENT(&doc, array, element)
    elements[count++] = json_raw(&doc, element);
    *out_elements = elements;
    *out_count = count;
    return OK;
}

static fallible read_payload(struct dialect_out *out)
{
    struct snowplow_event *waiting = NULL;
    uint32_t count;
    str *elements;

    TRY(find_elements(out, &elements, &count));
    for (uint32_t i = 0; i < count; i++)
        TRY(read_element(out, elements[i], &waiting));
    waiting = turn_round(waiting);
    TRY(dialect_snowplow_order_join(out->mem, waiting));
    for (; waiting; waiting = waiting->next)
        if (!waiting->is_joined)
            TRY(tell(out, waiting));
    out->media = S("text/plain");
    out->body = S("ok");
    return OK;
}

static fallible read_call(struct dialect_out *out)
{
    return str_equals(out->request->path, S("/i")) ? read_query(out) : read_payload(out);
}

const struct dialect dialect_snowplow = {.name = "snowplow", .read = read_call};
