/* dialect_snowplow_int.h - one event of Snowplow's protocol, shared by dialect_snowplow*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/dialect.h"

/* What is read, ascending by name. */
#define SNOWPLOW_PARAMETERS(P)                                                                     \
    P(SNOWPLOW_ENTITIES, "co")                                                                     \
    P(SNOWPLOW_ENTITIES_PACKED, "cx")                                                              \
    P(SNOWPLOW_DEVICE_TIME, "dtm")                                                                 \
    P(SNOWPLOW_DOMAIN_USER, "duid")                                                                \
    P(SNOWPLOW_EVENT, "e")                                                                         \
    P(SNOWPLOW_EVENT_ID, "eid")                                                                    \
    P(SNOWPLOW_ADDRESS, "ip")                                                                      \
    P(SNOWPLOW_LANGUAGE, "lang")                                                                   \
    P(SNOWPLOW_NETWORK_USER, "nuid")                                                               \
    P(SNOWPLOW_TITLE, "page")                                                                      \
    P(SNOWPLOW_PING_MOST_X, "pp_max")                                                              \
    P(SNOWPLOW_PING_MOST_Y, "pp_may")                                                              \
    P(SNOWPLOW_PING_LEAST_X, "pp_mix")                                                             \
    P(SNOWPLOW_PING_LEAST_Y, "pp_miy")                                                             \
    P(SNOWPLOW_REFERRER, "refr")                                                                   \
    P(SNOWPLOW_RESOLUTION, "res")                                                                  \
    P(SNOWPLOW_STRUCT_ACTION, "se_ac")                                                             \
    P(SNOWPLOW_STRUCT_CATEGORY, "se_ca")                                                           \
    P(SNOWPLOW_STRUCT_LABEL, "se_la")                                                              \
    P(SNOWPLOW_STRUCT_PROPERTY, "se_pr")                                                           \
    P(SNOWPLOW_STRUCT_VALUE, "se_va")                                                              \
    P(SNOWPLOW_SENT_TIME, "stm")                                                                   \
    P(SNOWPLOW_ITEM_CATEGORY, "ti_ca")                                                             \
    P(SNOWPLOW_ITEM_CURRENCY, "ti_cu")                                                             \
    P(SNOWPLOW_ITEM_ORDER, "ti_id")                                                                \
    P(SNOWPLOW_ITEM_NAME, "ti_nm")                                                                 \
    P(SNOWPLOW_ITEM_PRICE, "ti_pr")                                                                \
    P(SNOWPLOW_ITEM_QUANTITY, "ti_qu")                                                             \
    P(SNOWPLOW_ITEM_SKU, "ti_sk")                                                                  \
    P(SNOWPLOW_NETWORK_USER_GIVEN, "tnuid")                                                        \
    P(SNOWPLOW_ORDER_SHOP, "tr_af")                                                                \
    P(SNOWPLOW_ORDER_CITY, "tr_ci")                                                                \
    P(SNOWPLOW_ORDER_COUNTRY, "tr_co")                                                             \
    P(SNOWPLOW_ORDER_CURRENCY, "tr_cu")                                                            \
    P(SNOWPLOW_ORDER, "tr_id")                                                                     \
    P(SNOWPLOW_ORDER_SHIPPING, "tr_sh")                                                            \
    P(SNOWPLOW_ORDER_STATE, "tr_st")                                                               \
    P(SNOWPLOW_ORDER_TOTAL, "tr_tt")                                                               \
    P(SNOWPLOW_ORDER_TAX, "tr_tx")                                                                 \
    P(SNOWPLOW_TRUE_TIME, "ttm")                                                                   \
    P(SNOWPLOW_TIME_ZONE, "tz")                                                                    \
    P(SNOWPLOW_AGENT, "ua")                                                                        \
    P(SNOWPLOW_DESCRIBED, "ue_pr")                                                                 \
    P(SNOWPLOW_DESCRIBED_PACKED, "ue_px")                                                          \
    P(SNOWPLOW_USER, "uid")                                                                        \
    P(SNOWPLOW_URL, "url")

enum snowplow_parameter {
#define P(id, name) id,
    SNOWPLOW_PARAMETERS(P)
#undef P
        SNOWPLOW_PARAMETER_COUNT
};

struct snowplow_event {
    str values[SNOWPLOW_PARAMETER_COUNT]; /* absent: not given */
    struct dialect_event told;
    bool is_shop;                  /* its entities are an order's or a product's */
    struct snowplow_event **items; /* of a transaction */
    size_t item_count;
    bool is_joined; /* an item told with its transaction */
    struct snowplow_event *next;
};

struct snowplow_property {
    enum snowplow_parameter from;
    bool is_number; /* where it is written like one */
    const char *name;
};

/* Writes those that are given. */
void dialect_snowplow_write(struct json_writer *w, const struct snowplow_event *event,
                            const struct snowplow_property *properties, size_t count);

/* A self-describing event: its name and properties. What cannot be read becomes a misfit. */
fallible dialect_snowplow_described_tell(struct dialect_out *out, struct snowplow_event *event,
                                         struct json_writer *w);
/* The entities of any event, as properties. */
fallible dialect_snowplow_described_entities(struct dialect_out *out, struct snowplow_event *event,
                                             struct json_writer *w);

/* Gives each item to the first transaction of its number. ERR_LIMIT. */
fallible dialect_snowplow_order_join(struct arena *mem, struct snowplow_event *first);
/* A transaction with its items, or an item without one: name and properties. */
void dialect_snowplow_order_tell(struct snowplow_event *event, struct json_writer *w);
