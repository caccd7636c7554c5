/* dialect_gtag.c - what Google's gtag.js sends for Google Analytics 4: GET and POST /g/collect.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nobody published it; source: gtag.js itself. Parameters stand in the query; of several events at
 * once each has a line of the body, and what they share stays in the query. Parameters of an event
 * are "ep.NAME" (text) and "epn.NAME" (a number), of a person "up." and "upn.", an item is
 * "pr1=idb-17~nmDune~pr12.75~k0size~v0big", a tilde in a value written twice.
 */
#include "collect/dialect.h"
#include "proto/form.h"

enum {
    MOST_EVENTS = 100,
    MOST_PARAMETERS = 512,
    OWN_FIELDS = 36,
    SHORT_NAME = 2 /* of an item's field */
};

struct parameter {
    str name, value;
};

/* An event's parameters: its own go before those it shares. */
struct hit {
    struct parameter *list; /* MOST_PARAMETERS */
    size_t count;
    size_t seen; /* also those that were there already */
};

static const struct {
    str theirs, ours;
    bool is_number;
} FIELDS[] = {
    {{"id", 2}, {"product_id", 10}, false},     {{"nm", 2}, {"name", 4}, false},
    {{"br", 2}, {"brand", 5}, false},           {{"va", 2}, {"variant", 7}, false},
    {{"ca", 2}, {"category", 8}, false},        {{"c2", 2}, {"item_category2", 14}, false},
    {{"c3", 2}, {"item_category3", 14}, false}, {{"c4", 2}, {"item_category4", 14}, false},
    {{"c5", 2}, {"item_category5", 14}, false}, {{"pr", 2}, {"price", 5}, true},
    {{"qt", 2}, {"quantity", 8}, true},         {{"cp", 2}, {"coupon", 6}, false},
    {{"ds", 2}, {"discount", 8}, true},         {{"lp", 2}, {"position", 8}, true},
    {{"ln", 2}, {"item_list_name", 14}, false}, {{"li", 2}, {"item_list_id", 12}, false},
    {{"af", 2}, {"affiliation", 11}, false},    {{"lo", 2}, {"location_id", 11}, false},
    {{"pi", 2}, {"promotion_id", 12}, false},   {{"pn", 2}, {"promotion_name", 14}, false},
    {{"cn", 2}, {"creative_name", 13}, false},  {{"cs", 2}, {"creative_slot", 13}, false},
};

static const struct {
    str theirs, ours;
    bool is_number;
} PLAIN[] = {
    {{"_et", 3}, {"engaged_ms", 10}, true},
    {{"cu", 2}, {"currency", 8}, false},
    {{"sid", 3}, {"session_id", 10}, false},
};

static str find(const struct hit *hit, str name)
{
    for (size_t i = 0; i < hit->count; i++)
        if (str_equals(hit->list[i].name, name))
            return hit->list[i].value;
    return (str){NULL, 0};
}

static fallible take_parameters(const struct dialect_out *out, struct hit *hit, str text)
{
    str name, value;

    while (form_next(&text, &name, &value)) {
        name = form_decode(out->mem, name, true);
        if (++hit->seen > MOST_PARAMETERS)
            return fail(ERR_LIMIT, "an event has more than %d parameters", MOST_PARAMETERS);
        if (!name.len || find(hit, name).data)
            continue;
        value = form_decode(out->mem, value, true);
        if (value.len)
            hit->list[hit->count++] = (struct parameter){name, value};
    }
    return OK;
}

/* Items */

/* What stands before the next single tilde; a double one is a tilde of the value. */
static str next_field(const struct dialect_out *out, str *rest)
{
    str field = *rest;
    size_t end = 0, len = 0;
    char *text;

    while (end < field.len &&
           (field.data[end] != '~' || (end + 1 < field.len && field.data[end + 1] == '~')))
        end += field.data[end] == '~' ? 2 : 1;
    *rest = str_slice(*rest, end + 1, rest->len);
    field = str_slice(field, 0, end);
    if (str_find(field, '~') < 0)
        return field;
    text = arena_take(out->mem, field.len);
    for (size_t i = 0; text && i < field.len; i++) {
        text[len++] = field.data[i];
        if (field.data[i] == '~')
            i++;
    }
    return str_from(text, len);
}

static void write_field(struct json_writer *w, str name, str value, bool is_number)
{
    json_key(w, name);
    if (is_number)
        dialect_value(w, value);
    else
        json_text(w, value);
}

static void write_known_field(struct json_writer *w, str name, str value)
{
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++)
        if (str_equals(name, FIELDS[i].theirs))
            write_field(w, FIELDS[i].ours, value, FIELDS[i].is_number);
}

/* 0 to 9, A to Z; -1 otherwise: "k0" names a field of the sender's own, "v0" is its value. */
static int place_of_own(str field)
{
    char digit = field.data[1];

    if (field.data[0] != 'k' && field.data[0] != 'v')
        return -1;
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'A' && digit <= 'Z' ? digit - 'A' + 10 : -1;
}

static void write_item(const struct dialect_out *out, struct json_writer *w, str item)
{
    str own[OWN_FIELDS] = {0};

    json_open(w, '{');
    while (item.len) {
        str field = next_field(out, &item);
        str value = str_slice(field, SHORT_NAME, field.len);
        int place = field.len > SHORT_NAME ? place_of_own(field) : -1;

        if (field.len <= SHORT_NAME)
            continue;
        if (place < 0)
            write_known_field(w, str_slice(field, 0, SHORT_NAME), value);
        else if (field.data[0] == 'k')
            own[place] = value;
        else if (own[place].data)
            write_field(w, own[place], value, false);
    }
    json_shut(w, '}');
}

static bool is_item(str name)
{
    uint64_t number;

    return str_starts(name, S("pr")) && str_to_u64(str_slice(name, 2, name.len), &number);
}

static void write_products(const struct dialect_out *out, struct json_writer *w,
                           const struct hit *hit)
{
    bool is_open = false;

    for (size_t i = 0; i < hit->count; i++) {
        if (!is_item(hit->list[i].name))
            continue;
        if (!is_open) {
            json_key(w, S("products"));
            json_open(w, '[');
            is_open = true;
        }
        write_item(out, w, hit->list[i].value);
    }
    if (is_open)
        json_shut(w, ']');
}

/* Events */

/* What the parameter is called behind `prefix`, absent where it is not one of these. */
static str behind(str name, str prefix)
{
    return str_starts(name, prefix) && name.len > prefix.len ? str_slice(name, prefix.len, name.len)
                                                             : (str){NULL, 0};
}

static void write_property(struct json_writer *w, const struct parameter *p, bool is_order)
{
    str text = behind(p->name, S("ep.")), number = behind(p->name, S("epn."));

    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++)
        if (str_equals(p->name, PLAIN[i].theirs))
            write_field(w, PLAIN[i].ours, p->value, PLAIN[i].is_number);
    if (is_order && str_equals(text, S("transaction_id")))
        text = S("order_id");
    if (is_order && (str_equals(number, S("value")) || str_equals(text, S("value")))) {
        text = (str){NULL, 0};
        number = S("revenue");
    }
    if (text.data)
        write_field(w, text, p->value, false);
    else if (number.data)
        write_field(w, number, p->value, true);
}

static str read_properties(const struct dialect_out *out, const struct hit *hit, bool is_order)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    for (size_t i = 0; i < hit->count; i++)
        write_property(&w, &hit->list[i], is_order);
    write_products(out, &w, hit);
    json_shut(&w, '}');
    return dialect_keep(out, &text);
}

/* Absent: it tells none. */
static str read_traits(const struct dialect_out *out, const struct hit *hit)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    for (size_t i = 0; i < hit->count; i++) {
        str plain = behind(hit->list[i].name, S("up."));
        str number = behind(hit->list[i].name, S("upn."));

        if (plain.data || number.data)
            write_field(&w, plain.data ? plain : number, hit->list[i].value, number.data);
    }
    json_shut(&w, '}');
    if (w.out->len == 2) {
        buf_done(&text);
        return (str){NULL, 0};
    }
    return dialect_keep(out, &text);
}

static void tell_hit(struct dialect_out *out, const struct hit *hit)
{
    str name = find(hit, S("en"));
    bool is_page = str_equals(name, S("page_view")), is_order = str_equals(name, S("purchase"));
    struct dialect_event event = {
        .type = S("identify"),
        .user = find(hit, S("uid")),
        .anonymous = find(hit, S("cid")),
        .url = find(hit, S("dl")),
        .title = find(hit, S("dt")),
        .referrer = find(hit, S("dr")),
        .locale = find(hit, S("ul")),
        .screen = find(hit, S("sr")),
        .traits = read_traits(out, hit),
    };

    if (event.traits.data)
        dialect_add(out, &event);
    event.traits = (str){NULL, 0};
    event.type = is_page ? S("page") : S("track");
    event.name = is_order ? S("Order Completed") : name;
    if (is_page)
        event.name = (str){NULL, 0};
    event.properties = read_properties(out, hit, is_order);
    dialect_add(out, &event);
}

static fallible read_hit(struct dialect_out *out, struct hit *hit, str line)
{
    str version;

    hit->count = hit->seen = 0;
    TRY(take_parameters(out, hit, line));
    TRY(take_parameters(out, hit, out->request->query));
    version = find(hit, S("v"));
    if (!find(hit, S("tid")).data || (version.data && !str_equals(version, S("2"))))
        return fail(ERR_INVALID, "\"tid\" must be given and \"v\" be 2");
    tell_hit(out, hit);
    return OK;
}

static fallible read_request(struct dialect_out *out)
{
    struct hit hit = {.list = arena_array(out->mem, MOST_PARAMETERS, sizeof *hit.list)};
    str rest = out->request->body;
    size_t events = 0;

    if (!hit.list)
        return arena_exhausted();
    out->status = 204;
    while (rest.len) {
        str line = str_cut(&rest, '\n');

        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        if (!line.len)
            continue;
        if (++events > MOST_EVENTS)
            return fail(ERR_LIMIT, "more than %d events at once", MOST_EVENTS);
        TRY(read_hit(out, &hit, line));
    }
    return events ? OK : read_hit(out, &hit, (str){NULL, 0});
}

const struct dialect dialect_gtag = {.name = "gtag", .read = read_request};
