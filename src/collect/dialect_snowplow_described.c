/* dialect_snowplow_described.c - self-describing events and the entities around any event.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"schema":"iglu:VENDOR/NAME/jsonschema/VERSION","data":...}: the schema's name is the event's.
 * Entities become properties under "contexts", by name. The actions of Snowplow's e-commerce
 * schema, which tell all that matters by entities, become Segment's e-commerce events.
 */
#include "collect/dialect_snowplow_int.h"

#include <stdlib.h>

struct schema {
    str vendor, name;
};

struct entity {
    str name;
    uint32_t data; /* place in the document */
};

struct entities {
    struct json doc;
    struct entity *list; /* by name, and those of a name in the order of the text */
    size_t count;
};

/* Actions of com.snowplowanalytics.snowplow.ecommerce in Segment's words. */
static const struct {
    const char *action, *event;
} ACTIONS[] = {
    {"transaction", "Order Completed"},      {"refund", "Order Refunded"},
    {"product_view", "Product Viewed"},      {"list_view", "Product List Viewed"},
    {"list_click", "Product Clicked"},       {"add_to_cart", "Product Added"},
    {"remove_from_cart", "Product Removed"}, {"checkout_step", "Checkout Step Viewed"},
    {"promo_view", "Promotion Viewed"},      {"promo_click", "Promotion Clicked"},
};

/* Of transactions, refunds and products; a member without a row keeps its name. */
static const struct {
    const char *member, *property;
} MEMBERS[] = {
    {"transaction_id", "order_id"}, {"refund_amount", "revenue"}, {"discount_amount", "discount"},
    {"discount_code", "coupon"},    {"id", "product_id"},
};

static bool read_schema(const struct dialect_out *out, const struct json *doc, uint32_t at,
                        struct schema *out_schema)
{
    str uri = dialect_text(out, doc, at, "schema");

    if (!str_starts(uri, S("iglu:")))
        return false;
    uri = str_slice(uri, S("iglu:").len, uri.len);
    out_schema->vendor = str_cut(&uri, '/');
    out_schema->name = str_cut(&uri, '/');
    return out_schema->vendor.len && out_schema->name.len;
}

/* As text or in base64url. False: it is not given, or no JSON object. */
static fallible parse(struct dialect_out *out, str plain, str packed, struct json *out_doc,
                      bool *out_is_one)
{
    str text = plain.len ? plain : dialect_base64(out, packed);
    enum err err;

    *out_is_one = false;
    if (!text.len)
        return OK;
    err = plain.len ? json_parse_copy(out->reader, out->mem, text, out_doc)
                    : json_parse(out->reader, out->mem, text, out_doc);
    if (err == ERR_INVALID)
        return OK;
    *out_is_one = !err && json_type_of(out_doc, 0) == JSON_OBJECT;
    return err;
}

static uint32_t data_of(const struct json *doc, uint32_t described)
{
    return json_type_of(doc, described) == JSON_OBJECT ? json_find(doc, described, S("data"))
                                                       : JSON_ABSENT;
}

static void copy_members(struct dialect_out *out, const struct json *doc, uint32_t object,
                         struct json_writer *w)
{
    EACH_MEMBER(doc, object, key, value)
    {
        json_key(w, json_string(doc, key, out->mem));
        json_verbatim(w, json_raw(doc, value));
    }
}

/* Snowplow's own schemas that mean more than an event of their name. */
static void name_event(const struct dialect_out *out, const struct json *doc, uint32_t data,
                       const struct schema *schema, struct snowplow_event *event)
{
    str action;

    event->told.name = schema->name;
    if (!str_starts(schema->vendor, S("com.snowplowanalytics.")))
        return;
    if (str_equals(schema->name, S("screen_view"))) {
        event->told.type = S("screen");
        event->told.name = dialect_text(out, doc, data, "name");
    } else if (str_equals(schema->name, S("snowplow_ecommerce_action"))) {
        action = dialect_text(out, doc, data, "type");
        for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++) {
            if (!str_equals(action, str_of(ACTIONS[i].action)))
                continue;
            event->told.name = str_of(ACTIONS[i].event);
            event->is_shop = true;
        }
    }
}

/* The protocol's word as the type makes it a misfit that holds what came. */
static void tell_unreadable(struct snowplow_event *event, struct json_writer *w)
{
    static const struct snowplow_property came[] = {{SNOWPLOW_DESCRIBED, false, "ue_pr"},
                                                    {SNOWPLOW_DESCRIBED_PACKED, false, "ue_px"}};

    event->told.type = event->values[SNOWPLOW_EVENT];
    dialect_snowplow_write(w, event, came, sizeof came / sizeof *came);
}

fallible dialect_snowplow_described_tell(struct dialect_out *out, struct snowplow_event *event,
                                         struct json_writer *w)
{
    struct schema schema;
    uint32_t described, data;
    struct json doc;
    bool is_one;

    TRY(parse(out, event->values[SNOWPLOW_DESCRIBED], event->values[SNOWPLOW_DESCRIBED_PACKED],
              &doc, &is_one));
    described = is_one ? data_of(&doc, 0) : JSON_ABSENT;
    if (described == JSON_ABSENT || !read_schema(out, &doc, described, &schema)) {
        tell_unreadable(event, w);
        return OK;
    }
    data = data_of(&doc, described);
    name_event(out, &doc, data == JSON_ABSENT ? described : data, &schema, event);
    if (data == JSON_ABSENT)
        return OK;
    if (json_type_of(&doc, data) == JSON_OBJECT) {
        copy_members(out, &doc, data, w);
        return OK;
    }
    json_key(w, S("data"));
    json_verbatim(w, json_raw(&doc, data));
    return OK;
}

/* Entities */

static int by_name(const void *left, const void *right)
{
    const struct entity *a = left, *b = right;
    int order = str_compare(a->name, b->name);

    return order ? order : (a->data > b->data) - (a->data < b->data);
}

static fallible find_entities(struct dialect_out *out, struct entities *entities)
{
    const struct json *doc = &entities->doc;
    uint32_t array = json_find(doc, 0, S("data"));
    size_t count = 0;

    if (array == JSON_ABSENT || json_type_of(doc, array) != JSON_ARRAY)
        return OK;
    EACH_ELEMENT(doc, array, element)
    {
        (void)element;
        count++;
    }
    entities->list = arena_array(out->mem, count, sizeof *entities->list);
    if (count && !entities->list)
        return arena_exhausted();
    EACH_ELEMENT(doc, array, element)
    {
        struct entity *entity = &entities->list[entities->count];
        struct schema schema;

        entity->data = data_of(doc, element);
        if (entity->data == JSON_ABSENT || !read_schema(out, doc, element, &schema))
            continue;
        entity->name = schema.name;
        entities->count++;
    }
    if (entities->count)
        qsort(entities->list, entities->count, sizeof *entities->list, by_name);
    return OK;
}

/* How many have the name of the one at `from`. */
static size_t count_named(const struct entities *entities, size_t from)
{
    size_t to = from + 1;

    while (to < entities->count && str_equals(entities->list[to].name, entities->list[from].name))
        to++;
    return to - from;
}

static bool is_of_shop(str name)
{
    return str_equals(name, S("product")) || str_equals(name, S("transaction")) ||
           str_equals(name, S("refund"));
}

static void write_contexts(const struct entities *entities, bool has_shop, struct json_writer *w)
{
    json_key(w, S("contexts"));
    json_open(w, '{');
    for (size_t from = 0, count; from < entities->count; from += count) {
        count = count_named(entities, from);
        if (has_shop && is_of_shop(entities->list[from].name))
            continue;
        json_key(w, entities->list[from].name);
        if (count > 1)
            json_open(w, '[');
        for (size_t i = from; i < from + count; i++)
            json_verbatim(w, json_raw(&entities->doc, entities->list[i].data));
        if (count > 1)
            json_shut(w, ']');
    }
    json_shut(w, '}');
}

static void write_members(struct dialect_out *out, const struct json *doc, uint32_t object,
                          struct json_writer *w)
{
    if (json_type_of(doc, object) != JSON_OBJECT)
        return;
    EACH_MEMBER(doc, object, key, value)
    {
        str name = json_string(doc, key, out->mem);

        for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
            if (!str_equals(name, str_of(MEMBERS[i].member)))
                continue;
            name = str_of(MEMBERS[i].property);
            break;
        }
        json_key(w, name);
        json_verbatim(w, json_raw(doc, value));
    }
}

/* The one product of an event that has no order is the event's; else they are a list. */
static void write_shop(struct dialect_out *out, const struct entities *entities,
                       struct json_writer *w)
{
    size_t products = 0, first = 0;
    bool has_order = false;

    for (size_t i = 0; i < entities->count; i++) {
        if (str_equals(entities->list[i].name, S("product"))) {
            first = products++ ? first : i;
        } else if (is_of_shop(entities->list[i].name)) {
            has_order = true;
            write_members(out, &entities->doc, entities->list[i].data, w);
        }
    }
    if (products == 1 && !has_order) {
        write_members(out, &entities->doc, entities->list[first].data, w);
        return;
    }
    if (!products)
        return;
    json_key(w, S("products"));
    json_open(w, '[');
    for (size_t i = first; i < first + products; i++) {
        json_open(w, '{');
        write_members(out, &entities->doc, entities->list[i].data, w);
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

/* A mobile tracker has no domain user; it tells the device by the session's entity. */
static void find_device(const struct dialect_out *out, const struct entities *entities,
                        struct snowplow_event *event)
{
    for (size_t i = 0; i < entities->count && !event->told.anonymous.len; i++)
        if (str_equals(entities->list[i].name, S("client_session")))
            event->told.anonymous =
                dialect_text(out, &entities->doc, entities->list[i].data, "userId");
}

fallible dialect_snowplow_described_entities(struct dialect_out *out, struct snowplow_event *event,
                                             struct json_writer *w)
{
    str plain = event->values[SNOWPLOW_ENTITIES], packed = event->values[SNOWPLOW_ENTITIES_PACKED];
    struct entities entities = {0};
    bool is_one;

    if (!plain.len && !packed.len)
        return OK;
    TRY(parse(out, plain, packed, &entities.doc, &is_one));
    if (!is_one) {
        json_key(w, S("contexts"));
        json_text(w, plain.len ? plain : packed);
        return OK;
    }
    TRY(find_entities(out, &entities));
    find_device(out, &entities, event);
    if (event->is_shop)
        write_shop(out, &entities, w);
    if (entities.count)
        write_contexts(&entities, event->is_shop, w);
    return OK;
}
