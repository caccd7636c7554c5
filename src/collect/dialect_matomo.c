/* dialect_matomo.c - Matomo, "Tracking HTTP API": /matomo.php and /piwik.php, single and bulk.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: developer.matomo.org/api-reference/tracking-api, and what its JavaScript and PHP trackers
 * send. A call is a query, a form, or {"requests":[...]} of queries and objects. What a tracking
 * request tells is decided as Matomo does, by the parameters that it has: heartbeat, order or goal,
 * event, search, download, outlink, content, error, else a page view.
 */
#include "collect/dialect.h"
#include "collect/fields.h"

#include <inttypes.h>

enum {
    HEARTBEAT_MS = 15000, /* its script's, unless a site sets another; no request tells it */
};

/* What is read, ascending by name. */
#define PARAMETERS(P)                                                                              \
    P(VISIT_VARIABLES, "_cvar")                                                                    \
    P(VISITOR, "_id")                                                                              \
    P(VIEWED_CATEGORY, "_pkc")                                                                     \
    P(VIEWED_NAME, "_pkn")                                                                         \
    P(VIEWED_PRICE, "_pkp")                                                                        \
    P(VIEWED_SKU, "_pks")                                                                          \
    P(TITLE, "action_name")                                                                        \
    P(CONTENT_INTERACTION, "c_i")                                                                  \
    P(CONTENT_NAME, "c_n")                                                                         \
    P(CONTENT_PIECE, "c_p")                                                                        \
    P(CONTENT_TARGET, "c_t")                                                                       \
    P(IS_CUSTOM, "ca")                                                                             \
    P(SECONDS_AGO, "cdo")                                                                          \
    P(TIME, "cdt")                                                                                 \
    P(FORCED_VISITOR, "cid")                                                                       \
    P(ADDRESS, "cip")                                                                              \
    P(ERROR_MESSAGE, "cra")                                                                        \
    P(ERROR_CATEGORY, "cra_ct")                                                                    \
    P(ERROR_COLUMN, "cra_rc")                                                                      \
    P(ERROR_LINE, "cra_rl")                                                                        \
    P(ERROR_PLACE, "cra_ru")                                                                       \
    P(ERROR_STACK, "cra_st")                                                                       \
    P(ERROR_TYPE, "cra_tp")                                                                        \
    P(VARIABLES, "cvar")                                                                           \
    P(DOWNLOAD, "download")                                                                        \
    P(EVENT_ACTION, "e_a")                                                                         \
    P(EVENT_CATEGORY, "e_c")                                                                       \
    P(EVENT_NAME, "e_n")                                                                           \
    P(EVENT_VALUE, "e_v")                                                                          \
    P(ORDER_DISCOUNT, "ec_dt")                                                                     \
    P(ORDER, "ec_id")                                                                              \
    P(ORDER_ITEMS, "ec_items")                                                                     \
    P(ORDER_SHIPPING, "ec_sh")                                                                     \
    P(ORDER_SUBTOTAL, "ec_st")                                                                     \
    P(ORDER_TAX, "ec_tx")                                                                          \
    P(HOUR, "h")                                                                                   \
    P(GOAL, "idgoal")                                                                              \
    P(SITE, "idsite")                                                                              \
    P(LANGUAGE, "lang")                                                                            \
    P(LINK, "link")                                                                                \
    P(MINUTE, "m")                                                                                 \
    P(DOM_PROCESSING, "pf_dm1")                                                                    \
    P(DOM_COMPLETION, "pf_dm2")                                                                    \
    P(NETWORK, "pf_net")                                                                           \
    P(ON_LOAD, "pf_onl")                                                                           \
    P(SERVER, "pf_srv")                                                                            \
    P(TRANSFER, "pf_tfr")                                                                          \
    P(PING, "ping")                                                                                \
    P(PAGE_VIEW, "pv_id")                                                                          \
    P(RECORD, "rec")                                                                               \
    P(RESOLUTION, "res")                                                                           \
    P(REVENUE, "revenue")                                                                          \
    P(SECOND, "s")                                                                                 \
    P(SEARCH, "search")                                                                            \
    P(SEARCH_CATEGORY, "search_cat")                                                               \
    P(SEARCH_COUNT, "search_count")                                                                \
    P(SEND_IMAGE, "send_image")                                                                    \
    P(TOKEN, "token_auth")                                                                         \
    P(AGENT, "ua")                                                                                 \
    P(USER, "uid")                                                                                 \
    P(URL, "url")                                                                                  \
    P(REFERRER, "urlref")

enum parameter {
#define P(id, name) id,
    PARAMETERS(P)
#undef P
        PARAMETER_COUNT
};

static const str NAMES[] = {
#define P(id, name) {name, sizeof name - 1},
    PARAMETERS(P)
#undef P
};

/* The first row whose parameter is given decides; a page view is what is left. */
static const struct {
    enum parameter given;
    const char *event;
} ACTIONS[] = {
    {SEARCH, "Site Search"},
    {DOWNLOAD, "Download"},
    {LINK, "Outlink"},
    {CONTENT_INTERACTION, "Content Interaction"},
    {CONTENT_NAME, "Content Impression"},
    {ERROR_MESSAGE, "Error"},
    {IS_CUSTOM, "Custom Action"},
};

enum kind { TEXT, NUMBER /* where it is written like one */ };

struct named {
    enum parameter from;
    const char *property;
    enum kind kind;
};

/* Told by whatever has them. */
static const struct named PROPERTIES[] = {
    {EVENT_CATEGORY, "category", TEXT},
    {EVENT_NAME, "label", TEXT},
    {EVENT_VALUE, "value", NUMBER},
    {SEARCH, "query", TEXT},
    {SEARCH_CATEGORY, "search_category", TEXT},
    {SEARCH_COUNT, "results", NUMBER},
    {DOWNLOAD, "url", TEXT},
    {LINK, "url", TEXT},
    {CONTENT_NAME, "content_name", TEXT},
    {CONTENT_PIECE, "content_piece", TEXT},
    {CONTENT_TARGET, "content_target", TEXT},
    {CONTENT_INTERACTION, "content_interaction", TEXT},
    {ERROR_MESSAGE, "message", TEXT},
    {ERROR_TYPE, "error_type", TEXT},
    {ERROR_CATEGORY, "error_category", TEXT},
    {ERROR_STACK, "stack", TEXT},
    {ERROR_PLACE, "source", TEXT},
    {ERROR_LINE, "line", NUMBER},
    {ERROR_COLUMN, "column", NUMBER},
    {NETWORK, "network_ms", NUMBER},
    {SERVER, "server_ms", NUMBER},
    {TRANSFER, "transfer_ms", NUMBER},
    {DOM_PROCESSING, "dom_processing_ms", NUMBER},
    {DOM_COMPLETION, "dom_completion_ms", NUMBER},
    {ON_LOAD, "on_load_ms", NUMBER},
    {PAGE_VIEW, "page_view_id", TEXT},
};

static const struct named ORDER_PROPERTIES[] = {
    {ORDER, "order_id", TEXT},
    {ORDER_SUBTOTAL, "subtotal", NUMBER},
    {ORDER_TAX, "tax", NUMBER},
    {ORDER_SHIPPING, "shipping", NUMBER},
    {ORDER_DISCOUNT, "discount", NUMBER},
};

/* The product or category that a page shows. */
static const struct named VIEWED[] = {
    {VIEWED_SKU, "product_id", TEXT},    {VIEWED_SKU, "sku", TEXT},
    {VIEWED_NAME, "name", TEXT},         {VIEWED_PRICE, "price", NUMBER},
    {VIEWED_CATEGORY, "category", TEXT},
};

/* The members of an item in ec_items, by place. */
static const struct {
    const char *property;
    enum kind kind;
} ITEM[] = {
    {"sku", TEXT}, {"name", TEXT}, {"category", TEXT}, {"price", NUMBER}, {"quantity", NUMBER},
};

struct hit {
    struct dialect_out *out;
    str values[PARAMETER_COUNT];
    struct buf text; /* of the properties */
    struct json_writer properties;
    struct dialect_event event;
};

static str value_of(const struct hit *hit, enum parameter parameter)
{
    return hit->values[parameter];
}

static bool is_given(const struct hit *hit, enum parameter parameter)
{
    return hit->values[parameter].len > 0;
}

static bool is_on(const struct hit *hit, enum parameter parameter)
{
    return is_given(hit, parameter) && !str_equals(value_of(hit, parameter), S("0"));
}

static void add_number(struct json_writer *w, str name, str value)
{
    if (!value.len)
        return;
    json_key(w, name);
    dialect_value(w, value);
}

static void add_named(struct json_writer *w, const struct hit *hit, const struct named *named,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_given(hit, named[i].from))
            continue;
        json_key(w, str_of(named[i].property));
        if (named[i].kind == NUMBER)
            dialect_value(w, value_of(hit, named[i].from));
        else
            json_text(w, value_of(hit, named[i].from));
    }
}

/* "dimension1" and so on, in number as a site has them. */
static void take_dimension(void *owner, str name, str value)
{
    struct hit *hit = owner;
    uint64_t number;

    if (str_starts(name, S("dimension")) &&
        str_to_u64(str_slice(name, S("dimension").len, name.len), &number))
        add_number(&hit->properties, name, value);
}

static struct fields fields_of(struct hit *hit)
{
    return (struct fields){
        .names = NAMES,
        .count = PARAMETER_COUNT,
        .values = hit->values,
        .mem = hit->out->mem,
        .other = take_dimension,
        .owner = hit,
    };
}

static void begin(struct hit *hit, struct dialect_out *out)
{
    *hit = (struct hit){.out = out};
    hit->properties.out = &hit->text;
    json_open(&hit->properties, '{');
}

/* What is no JSON stays text. */
static fallible parse_value(struct hit *hit, enum parameter parameter, enum json_type type,
                            struct json *out_doc, bool *out_is_one)
{
    enum err err;

    *out_is_one = false;
    if (!is_given(hit, parameter))
        return OK;
    err = json_parse_copy(hit->out->reader, hit->out->mem, value_of(hit, parameter), out_doc);
    if (err == ERR_INVALID || (!err && json_type_of(out_doc, 0) != type)) {
        json_key(&hit->properties, NAMES[parameter]);
        json_text(&hit->properties, value_of(hit, parameter));
        return OK;
    }
    *out_is_one = !err;
    return err;
}

/* A number that came as a text is one where numbers are wanted; all else is as it is written. */
static void write_scalar(struct hit *hit, const struct json *doc, uint32_t at, enum kind kind)
{
    if (kind == NUMBER && json_type_of(doc, at) == JSON_STRING)
        dialect_value(&hit->properties, json_string(doc, at, hit->out->mem));
    else
        json_verbatim(&hit->properties, json_raw(doc, at));
}

/* {"1":["name","value"], ...} */
static fallible add_variables(struct hit *hit, enum parameter parameter)
{
    struct json doc;
    bool is_object;

    TRY(parse_value(hit, parameter, JSON_OBJECT, &doc, &is_object));
    if (!is_object)
        return OK;
    EACH_MEMBER(&doc, 0, key, pair)
    {
        uint32_t name = pair + 1, value;

        (void)key;
        if (json_type_of(&doc, pair) != JSON_ARRAY || name == doc.nodes[pair].next ||
            (value = doc.nodes[name].next) == doc.nodes[pair].next ||
            json_type_of(&doc, name) != JSON_STRING || json_is_string(&doc, name, S("")))
            continue;
        json_key(&hit->properties, json_string(&doc, name, hit->out->mem));
        write_scalar(hit, &doc, value, NUMBER);
    }
    return OK;
}

static void write_item(struct hit *hit, const struct json *doc, uint32_t item)
{
    struct json_writer *w = &hit->properties;
    size_t place = 0;

    json_open(w, '{');
    EACH_ELEMENT(doc, item, value)
    {
        if (place == sizeof ITEM / sizeof *ITEM)
            break;
        if (place == 0) {
            json_key(w, S("product_id"));
            write_scalar(hit, doc, value, TEXT);
        }
        json_key(w, str_of(ITEM[place].property));
        write_scalar(hit, doc, value, ITEM[place++].kind);
    }
    json_shut(w, '}');
}

/* [["sku","name","category" or [...],price,quantity], ...] */
static fallible add_items(struct hit *hit)
{
    struct json doc;
    bool is_array;

    TRY(parse_value(hit, ORDER_ITEMS, JSON_ARRAY, &doc, &is_array));
    if (!is_array)
        return OK;
    json_key(&hit->properties, S("products"));
    json_open(&hit->properties, '[');
    EACH_ELEMENT(&doc, 0, item)
    if (json_type_of(&doc, item) == JSON_ARRAY)
        write_item(hit, &doc, item);
    json_shut(&hit->properties, ']');
    return OK;
}

/* What happened */

static void tell_action(struct hit *hit)
{
    hit->event.type = S("track");
    if (is_given(hit, EVENT_CATEGORY) && is_given(hit, EVENT_ACTION)) {
        hit->event.name = value_of(hit, EVENT_ACTION);
        return;
    }
    for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++) {
        if (!is_given(hit, ACTIONS[i].given))
            continue;
        hit->event.name = str_of(ACTIONS[i].event);
        return;
    }
    hit->event.type = S("page");
}

/* A cart's worth is no revenue. */
static fallible tell_order(struct hit *hit)
{
    struct json_writer *w = &hit->properties;
    bool is_order = is_given(hit, ORDER);

    hit->event.type = S("track");
    hit->event.name = is_order ? S("Order Completed") : S("Cart Updated");
    add_number(w, is_order ? S("revenue") : S("value"), value_of(hit, REVENUE));
    add_named(w, hit, ORDER_PROPERTIES, sizeof ORDER_PROPERTIES / sizeof *ORDER_PROPERTIES);
    return add_items(hit);
}

static void tell_goal(struct hit *hit)
{
    hit->event.type = S("track");
    hit->event.name = S("Goal Conversion");
    add_number(&hit->properties, S("goal_id"), value_of(hit, GOAL));
    add_number(&hit->properties, S("revenue"), value_of(hit, REVENUE));
}

static fallible tell_what(struct hit *hit)
{
    if (is_on(hit, PING)) {
        hit->event.type = S("track");
        hit->event.name = S("ping");
        json_key(&hit->properties, S("engaged_ms"));
        json_u64(&hit->properties, HEARTBEAT_MS);
        return OK;
    }
    if (is_on(hit, GOAL)) {
        tell_goal(hit);
        return OK;
    }
    if (is_given(hit, GOAL) || is_given(hit, ORDER))
        return tell_order(hit);
    tell_action(hit);
    return OK;
}

/* Segment has an event of its own for a page that shows a product or a category. */
static fallible add_product_view(const struct hit *hit)
{
    bool is_product = is_given(hit, VIEWED_SKU) || is_given(hit, VIEWED_NAME);
    struct dialect_event event = hit->event;
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    if (!str_equals(event.type, S("page")) || (!is_product && !is_given(hit, VIEWED_CATEGORY)))
        return OK;
    event.type = S("track");
    event.name = is_product ? S("Product Viewed") : S("Product List Viewed");
    json_open(&w, '{');
    add_named(&w, hit, VIEWED, sizeof VIEWED / sizeof *VIEWED);
    json_shut(&w, '}');
    event.properties = dialect_keep(hit->out, &text);
    if (!event.properties.data)
        return arena_exhausted();
    dialect_add(hit->out, &event);
    return OK;
}

/* Seconds since 1970 or a date and time; with "cdo", so many seconds before. What is neither is
 * told as it stands, and the event is a misfit. */
static str time_of(const struct hit *hit)
{
    str text = value_of(hit, TIME);
    millis at = hit->out->request->received;
    int64_t seconds;
    uint64_t ago;

    if (text.len && str_to_i64(text, &seconds)) {
        if (__builtin_mul_overflow(seconds, MILLIS_SECOND, &at))
            return text;
    } else if (text.len && time_parse(text, &at)) {
        return text;
    }
    if (str_to_u64(value_of(hit, SECONDS_AGO), &ago) && ago <= UINT32_MAX)
        at -= (millis)ago * MILLIS_SECOND;
    else if (!text.len)
        return text;
    text = dialect_time(hit->out, at);
    return text.data ? text : value_of(hit, TIME);
}

static void add_local_time(struct hit *hit)
{
    uint64_t hour, minute, second;

    if (!str_to_u64(value_of(hit, HOUR), &hour) || !str_to_u64(value_of(hit, MINUTE), &minute) ||
        !str_to_u64(value_of(hit, SECOND), &second) || hour > 23 || minute > 59 || second > 59)
        return;
    json_key(&hit->properties, S("local_time"));
    json_text(&hit->properties, arena_print(hit->out->mem, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
                                            hour, minute, second));
}

/* An image without a script tells by Referer what page shows it. */
static void tell_whose(struct hit *hit)
{
    struct dialect_event *event = &hit->event;
    bool has_page = is_given(hit, URL) || is_given(hit, REFERRER);

    event->user = value_of(hit, USER);
    event->anonymous = value_of(hit, is_given(hit, FORCED_VISITOR) ? FORCED_VISITOR : VISITOR);
    event->timestamp = time_of(hit);
    event->url = has_page ? value_of(hit, URL) : hit->out->request->referrer;
    event->title = value_of(hit, TITLE);
    event->referrer = value_of(hit, REFERRER);
    event->agent = value_of(hit, AGENT);
    event->locale = value_of(hit, LANGUAGE);
    event->screen = value_of(hit, RESOLUTION);
    if (hit->out->key.data) /* as Matomo: an address is believed to who has a key */
        event->address = value_of(hit, ADDRESS);
}

static fallible tell(struct hit *hit)
{
    TRY(tell_what(hit));
    tell_whose(hit);
    add_named(&hit->properties, hit, PROPERTIES, sizeof PROPERTIES / sizeof *PROPERTIES);
    add_local_time(hit);
    TRY(add_variables(hit, VISIT_VARIABLES));
    TRY(add_variables(hit, VARIABLES));
    json_shut(&hit->properties, '}');
    hit->event.properties = dialect_keep(hit->out, &hit->text);
    if (!hit->event.properties.data)
        return arena_exhausted();
    dialect_add(hit->out, &hit->event);
    return add_product_view(hit);
}

/* Requests */

static bool is_valid(const struct hit *hit)
{
    uint64_t site;

    return str_to_u64(value_of(hit, SITE), &site) && site > 0 &&
           str_equals(value_of(hit, RECORD), S("1"));
}

/* All requests of a call are under one key. */
static fallible take_key(struct dialect_out *out, str key)
{
    if (!key.len || str_equals(key, S("anonymous")))
        return OK;
    if (out->key.data && !str_equals_secret(out->key, key))
        return fail(ERR_INVALID, "one call can have one \"token_auth\" only");
    out->key = key;
    return OK;
}

static fallible read_single(struct dialect_out *out)
{
    struct fields fields;
    struct hit hit;
    enum err err;

    begin(&hit, out);
    fields = fields_of(&hit);
    err = fields_read_form(&fields, out->request->body);
    if (!err)
        err = fields_read_form(&fields, out->request->query);
    if (!err)
        err = take_key(out, value_of(&hit, TOKEN));
    if (!err && !is_valid(&hit))
        err = fail(ERR_INVALID, "\"idsite\" must be a site's number and \"rec\" must be 1");
    if (!err)
        err = tell(&hit);
    if (!err && str_equals(value_of(&hit, SEND_IMAGE), S("0")))
        out->status = 204;
    else
        dialect_answer_image(out);
    buf_done(&hit.text);
    return err;
}

struct bulk {
    struct dialect_out *out;
    struct bulk_request {
        str text; /* an object, or what stands behind '?' in a text; else whatever it is */
        enum json_type type;
    } * requests;
    uint32_t count;
    uint32_t tracked;
    uint32_t invalid_count;
    struct buf invalid; /* their indexes, an array */
    struct json_writer indexes;
};

static str query_in(str text)
{
    str rest = text;

    str_cut(&rest, '?');
    return rest.data ? rest : S("");
}

/* All of the body's document that is needed: the reader takes one document at a time. */
static fallible find_requests(struct bulk *bulk, const struct json *doc)
{
    uint32_t array = json_find(doc, 0, S("requests")), count = 0;
    struct arena *mem = bulk->out->mem;

    if (array == JSON_ABSENT || json_type_of(doc, array) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"requests\" must be an array of tracking requests");
    EACH_ELEMENT(doc, array, request)
    {
        (void)request;
        count++;
    }
    if (count > DIALECT_MOST_EVENTS)
        return fail(ERR_LIMIT, "more than %d events in one request", DIALECT_MOST_EVENTS);
    bulk->requests = arena_array(mem, count, sizeof *bulk->requests);
    if (count && !bulk->requests)
        return arena_exhausted();
    EACH_ELEMENT(doc, array, request)
    {
        struct bulk_request *to = &bulk->requests[bulk->count++];

        to->type = json_type_of(doc, request);
        to->text =
            to->type == JSON_STRING ? json_string(doc, request, mem) : json_raw(doc, request);
        if (!to->text.data)
            return arena_exhausted();
        if (to->type == JSON_STRING)
            to->text = query_in(to->text);
    }
    return OK;
}

/* Goes to quarantine, so that it can be mended. */
static fallible tell_invalid(struct bulk *bulk, uint32_t index)
{
    struct dialect_event event = {0};
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    json_key(&w, S("request"));
    json_text(&w, bulk->requests[index].text);
    json_shut(&w, '}');
    event.properties = dialect_keep(bulk->out, &text);
    if (!event.properties.data)
        return arena_exhausted();
    dialect_add(bulk->out, &event);
    bulk->invalid_count++;
    json_u64(&bulk->indexes, index);
    return OK;
}

static fallible read_fields(struct hit *hit, const struct bulk_request *request)
{
    struct fields fields = fields_of(hit);
    struct json doc;

    if (request->type == JSON_STRING)
        return fields_read_form(&fields, request->text);
    if (request->type != JSON_OBJECT)
        return OK;
    TRY(json_parse(hit->out->reader, hit->out->mem, request->text, &doc));
    return fields_read_object(&fields, &doc, 0);
}

static fallible read_request(struct bulk *bulk, uint32_t index)
{
    struct hit hit;
    enum err err;

    begin(&hit, bulk->out);
    err = read_fields(&hit, &bulk->requests[index]);
    if (!err)
        err = take_key(bulk->out, value_of(&hit, TOKEN));
    if (!err && is_valid(&hit)) {
        err = tell(&hit);
        bulk->tracked++;
    } else if (!err) {
        err = tell_invalid(bulk, index);
    }
    buf_done(&hit.text);
    return err;
}

/* Only who has a key is told which ones were not tracked. */
static fallible answer_bulk(struct bulk *bulk)
{
    struct dialect_out *out = bulk->out;
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    json_key(&w, S("status"));
    json_text(&w, S("success"));
    json_key(&w, S("tracked"));
    json_u64(&w, bulk->tracked);
    json_key(&w, S("invalid"));
    json_u64(&w, bulk->invalid_count);
    if (out->key.data) {
        json_key(&w, S("invalid_indices"));
        json_verbatim(&w, buf_str(&bulk->invalid));
    }
    json_shut(&w, '}');
    out->media = S("application/json");
    out->body = dialect_keep(out, &text);
    return out->body.data && !buf_is_broken(&bulk->invalid) ? OK : arena_exhausted();
}

/* "send_image" as PHP takes it for true or not. */
static bool wants_answer(const struct dialect_out *out, const struct json *doc)
{
    uint32_t at = json_find(doc, 0, S("send_image"));

    return at == JSON_ABSENT || (json_type_of(doc, at) != JSON_FALSE &&
                                 !str_equals(dialect_text(out, doc, 0, "send_image"), S("0")));
}

static fallible read_bulk(struct dialect_out *out)
{
    struct bulk bulk = {.out = out};
    bool has_answer;
    struct json doc;
    enum err err;

    TRY(dialect_parse(out, out->request->body, &doc));
    TRY(take_key(out, dialect_text(out, &doc, 0, "token_auth")));
    TRY(find_requests(&bulk, &doc));
    has_answer = wants_answer(out, &doc);
    bulk.indexes.out = &bulk.invalid;
    json_open(&bulk.indexes, '[');
    for (uint32_t i = 0; i < bulk.count; i++) {
        err = read_request(&bulk, i);
        if (err)
            goto done;
    }
    json_shut(&bulk.indexes, ']');
    err = answer_bulk(&bulk);
    if (!err && !has_answer) {
        out->status = 204;
        out->body = (str){NULL, 0};
    }

done:
    buf_done(&bulk.invalid);
    return err;
}

static bool is_bulk(str body)
{
    size_t at = 0;

    while (at < body.len &&
           (body.data[at] == ' ' || (body.data[at] >= '\t' && body.data[at] <= '\r')))
        at++;
    return at < body.len && body.data[at] == '{';
}

/* Newer trackers may send the token by a header. */
static str bearer(const struct dialect_request *request)
{
    str header = request->header ? request->header(request->owner, S("authorization")) : S("");
    str word = str_cut(&header, ' ');

    return str_equals_nocase(word, S("Bearer")) ? str_trim(header) : (str){NULL, 0};
}

static fallible read_call(struct dialect_out *out)
{
    TRY(take_key(out, bearer(out->request)));
    TRY(take_key(out, dialect_query(out, "token_auth")));
    return is_bulk(out->request->body) ? read_bulk(out) : read_single(out);
}

const struct dialect dialect_matomo = {.name = "matomo", .read = read_call};
