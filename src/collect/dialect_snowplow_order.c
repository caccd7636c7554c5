/* dialect_snowplow_order.c - transactions and their items, which travel as events of their own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/dialect_snowplow_int.h"

#include <stdlib.h>

static const struct snowplow_property ORDER[] = {
    {SNOWPLOW_ORDER, false, "order_id"},         {SNOWPLOW_ORDER_SHOP, false, "affiliation"},
    {SNOWPLOW_ORDER_TOTAL, true, "revenue"},     {SNOWPLOW_ORDER_TAX, true, "tax"},
    {SNOWPLOW_ORDER_SHIPPING, true, "shipping"}, {SNOWPLOW_ORDER_CURRENCY, false, "currency"},
    {SNOWPLOW_ORDER_CITY, false, "city"},        {SNOWPLOW_ORDER_STATE, false, "state"},
    {SNOWPLOW_ORDER_COUNTRY, false, "country"},
};

static const struct snowplow_property ITEM[] = {
    {SNOWPLOW_ITEM_SKU, false, "product_id"},    {SNOWPLOW_ITEM_SKU, false, "sku"},
    {SNOWPLOW_ITEM_NAME, false, "name"},         {SNOWPLOW_ITEM_CATEGORY, false, "category"},
    {SNOWPLOW_ITEM_PRICE, true, "price"},        {SNOWPLOW_ITEM_QUANTITY, true, "quantity"},
    {SNOWPLOW_ITEM_CURRENCY, false, "currency"},
};

static const struct snowplow_property LONE_ITEM_ORDER = {SNOWPLOW_ITEM_ORDER, false, "order_id"};

enum { ITEM_COUNT = sizeof ITEM / sizeof *ITEM };

static bool is_order(const struct snowplow_event *event)
{
    return str_equals(event->values[SNOWPLOW_EVENT], S("tr"));
}

/* qsort keeps no order of its own, so the place in the request is the second thing it looks at. */
struct place {
    struct snowplow_event *event;
    size_t at;
};

static int by_order(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order =
        str_compare(a->event->values[SNOWPLOW_ITEM_ORDER], b->event->values[SNOWPLOW_ITEM_ORDER]);

    return order ? order : (a->at > b->at) - (a->at < b->at);
}

static size_t find_first(struct snowplow_event *const *items, size_t count, str order)
{
    size_t from = 0, to = count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (str_compare(items[middle]->values[SNOWPLOW_ITEM_ORDER], order) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* The items that are joined already went to an earlier transaction of that number. */
static void take_items(struct snowplow_event *event, struct snowplow_event **items, size_t count)
{
    str order = event->values[SNOWPLOW_ORDER];
    size_t at = order.len ? find_first(items, count, order) : count;

    event->items = items + at;
    for (; at < count && !items[at]->is_joined &&
           str_equals(items[at]->values[SNOWPLOW_ITEM_ORDER], order);
         at++) {
        items[at]->is_joined = true;
        event->item_count++;
    }
}

fallible dialect_snowplow_order_join(struct arena *mem, struct snowplow_event *first)
{
    struct snowplow_event **items;
    struct place *places;
    size_t count = 0, at = 0;

    for (const struct snowplow_event *event = first; event; event = event->next)
        count += !is_order(event);
    if (count == 0)
        return OK;
    places = arena_array(mem, count, sizeof *places);
    items = arena_array(mem, count, sizeof(*items));
    if (!places || !items)
        return arena_exhausted();
    for (struct snowplow_event *event = first; event; event = event->next) {
        if (is_order(event))
            continue;
        places[at] = (struct place){event, at};
        at++;
    }
    qsort(places, count, sizeof *places, by_order);
    for (size_t i = 0; i < count; i++)
        items[i] = places[i].event;
    for (struct snowplow_event *event = first; event; event = event->next)
        if (is_order(event))
            take_items(event, items, count);
    return OK;
}

void dialect_snowplow_order_tell(struct snowplow_event *event, struct json_writer *w)
{
    if (!is_order(event)) {
        event->told.name = S("transaction_item");
        dialect_snowplow_write(w, event, &LONE_ITEM_ORDER, 1);
        dialect_snowplow_write(w, event, ITEM, ITEM_COUNT);
        return;
    }
    event->told.name = S("Order Completed");
    dialect_snowplow_write(w, event, ORDER, sizeof ORDER / sizeof *ORDER);
    if (!event->item_count)
        return;
    json_key(w, S("products"));
    json_open(w, '[');
    for (size_t i = 0; i < event->item_count; i++) {
        json_open(w, '{');
        dialect_snowplow_write(w, event->items[i], ITEM, ITEM_COUNT);
        json_shut(w, '}');
    }
    json_shut(w, ']');
}
