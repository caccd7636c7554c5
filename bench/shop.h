/* shop.h - requests of an online shop's trackers, built once and made new before each sending.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"
#include "base/random.h"
#include "base/time.h"

/* Where a request differs from one sending to the next. */
struct shop_slot {
    uint32_t message_id;
    uint32_t user; /* 0: an anonymous visitor's event */
    uint32_t anonymous;
    uint32_t timestamp;
};

struct shop_request {
    struct buf bytes; /* head and body */
    size_t body_at;
    uint32_t sent_at;
    size_t count; /* of events */
    struct shop_slot slots[];
};

struct shop {
    random_state random;
    const char *write_key;
    uint32_t *visits; /* persons in the order of their coming, by a Zipf law */
    size_t visit_count;
    size_t next_visit;
    uint64_t next_id;
};

/* `persons` who come by a Zipf law of exponent 1; false without memory. Random numbers, persons
 * and message ids follow from `seed`; of two seeds no message id is shared. */
bool shop_open(struct shop *shop, const char *write_key, uint32_t persons, uint64_t seed);
void shop_close(struct shop *shop);

/* A request of `count` events to /v1/batch as a server's tracker sends it or, with 0, one event as
 * a browser's does. NULL without memory. */
struct shop_request *shop_build(struct shop *shop, size_t count);
void shop_free(struct shop_request *request);
/* Gives the events new ids, persons and times. */
void shop_renew(struct shop *shop, struct shop_request *request, millis now);
/* Packs the body; the request cannot be renewed any more. False without memory. */
bool shop_pack(struct shop_request *request);

/* What visits come from and by: 20 sources and 4 devices, for a number below that. */
enum { SHOP_SOURCES = 20, SHOP_DEVICES = 4 };
str shop_source(size_t number);
str shop_device(size_t number);
