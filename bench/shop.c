/* shop.c - events of an online shop, as trackers for servers and browsers write them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shop.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

enum {
    VISITS = 1 << 20,
    PRODUCTS = 50000,
    CAMPAIGNS = 200,
    TIME_LEN = 24, /* 2026-11-21T09:30:00.125Z */
    UUID_HEX = 12, /* hexadecimal digits of a UUID that we count up */
    USER_DIGITS = 8,
    EVENT_ROOM = 2048,
};

/* By how often they happen, in percent. */
static const struct {
    const char *name;
    unsigned percent;
    unsigned products; /* how many the event tells about */
} EVENTS[] = {
    {"Product Viewed", 36, 1},    {"Product List Viewed", 18, 0}, {"Products Searched", 10, 0},
    {"Product Added", 9, 1},      {"Cart Viewed", 6, 0},          {"Checkout Started", 4, 2},
    {"Order Completed", 2, 3},    {"Product Removed", 2, 1},      {"Coupon Applied", 2, 0},
    {"Email Link Clicked", 3, 0}, {"Product Shared", 1, 1},       {NULL, 7, 0}, /* a page call */
};

static const char *const SOURCES[SHOP_SOURCES] = {
    "google",    "bing",    "newsletter", "facebook",  "instagram", "tiktok",   "youtube",
    "affiliate", "wechat",  "referral",   "pinterest", "x",         "linkedin", "reddit",
    "criteo",    "taboola", "outbrain",   "podcast",   "qr",        "direct"};
static const char *const DEVICES[SHOP_DEVICES] = {"mobile", "desktop", "tablet", "tv"};
static const char *const COUNTRIES[] = {"DE", "AT", "CH", "FR", "IT", "ES", "NL", "BE", "PL", "CZ"};
static const char *const COLOURS[] = {"black", "white", "navy", "olive", "crimson", "sand"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ANY(shop, array) ((array)[random_below(&(shop)->random, COUNT(array))])

bool shop_open(struct shop *shop, const char *write_key, uint32_t persons, uint64_t seed)
{
    *shop = (struct shop){.random = {seed}, .write_key = write_key, .visit_count = VISITS};
    shop->next_id = (seed & 0xffff) << 32;
    shop->visits = mem_alloc(VISITS * sizeof *shop->visits);
    for (size_t i = 0; shop->visits && i < VISITS; i++) {
        double share = (double)(random_next(&shop->random) >> 11) / (double)(1ULL << 53);

        /* Of a Zipf law of exponent 1 the logarithm of the rank is spread evenly. */
        shop->visits[i] = (uint32_t)exp(share * log((double)persons + 1));
    }
    return shop->visits;
}

void shop_close(struct shop *shop)
{
    mem_free(shop->visits);
}

str shop_source(size_t number)
{
    return str_of(SOURCES[number]);
}

str shop_device(size_t number)
{
    return str_of(DEVICES[number]);
}

/* Writing */

static size_t pick_event(struct shop *shop)
{
    unsigned at = (unsigned)random_below(&shop->random, 100);
    size_t i = 0;

    while (at >= EVENTS[i].percent)
        at -= EVENTS[i++].percent;
    return i;
}

static void add_products(struct shop *shop, struct buf *out, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned id = (unsigned)random_below(&shop->random, PRODUCTS);

        buf_print(out,
                  "%s{\"product_id\":\"p-%05u\",\"sku\":\"G-%05u-%02u\",\"name\":\"Monsoon jacket "
                  "%u\",\"category\":\"Outdoor/Jackets\",\"variant\":\"%s\",\"price\":%u.%02u,"
                  "\"quantity\":%u,\"position\":%u}",
                  i ? "," : "", id, id, id % 40, id, ANY(shop, COLOURS), 9 + id % 240, id % 100,
                  1 + id % 3, i + 1);
    }
}

static void add_properties(struct shop *shop, struct buf *out, size_t event)
{
    unsigned cents = 900 + (unsigned)random_below(&shop->random, 30000);

    buf_add(out, S("\"properties\":{"));
    if (EVENTS[event].products == 1) {
        size_t at = out->len;

        add_products(shop, out, 1); /* an object whose members we take without its braces */
        memmove(out->data + at, out->data + at + 1, out->len - at - 1);
        out->len -= 2;
        buf_print(out, ",\"currency\":\"EUR\",\"in_stock\":true");
    } else if (EVENTS[event].products) {
        buf_print(out,
                  "\"order_id\":\"o-%07u\",\"revenue\":%u.%02u,\"shipping\":4.90,\"tax\":%u.%02u,"
                  "\"currency\":\"EUR\",\"products\":[",
                  (unsigned)random_below(&shop->random, 10000000), cents / 100, cents % 100,
                  cents / 600, cents % 97);
        add_products(shop, out, EVENTS[event].products);
        buf_add_byte(out, ']');
    } else {
        buf_print(out,
                  "\"list_id\":\"l-%03u\",\"category\":\"Outdoor/Jackets\",\"query\":\"rain jacket "
                  "%u\",\"results\":%u,\"sort\":\"price\",\"is_member\":%s",
                  cents % 300, cents % 500, cents % 97, cents % 3 ? "true" : "false");
    }
    buf_add_byte(out, '}');
}

static void add_context(struct shop *shop, struct buf *out)
{
    unsigned page = (unsigned)random_below(&shop->random, PRODUCTS);

    buf_print(out,
              "\"context\":{\"library\":{\"name\":\"analytics.js\",\"version\":\"next-1.70.0\"},"
              "\"page\":{\"path\":\"/p/%05u\",\"url\":\"https://shop.example/p/%05u\",\"title\":"
              "\"Monsoon jacket %u - Shop\",\"referrer\":\"https://www.%s.example/\"},"
              "\"campaign\":{\"source\":\"%s\",\"medium\":\"cpc\",\"name\":\"c-%03u\"},"
              "\"device\":{\"type\":\"%s\"},\"location\":{\"country\":\"%s\"},"
              "\"userAgent\":\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
              "Gecko) Chrome/142.0.0.0 Safari/537.36\",\"locale\":\"de-DE\"}",
              page, page, page, ANY(shop, SOURCES), ANY(shop, SOURCES),
              (unsigned)random_below(&shop->random, CAMPAIGNS), ANY(shop, DEVICES),
              ANY(shop, COUNTRIES));
}

/* Writes a place of `len` bytes to be filled in later, in quotes; returns where. */
static uint32_t add_slot(struct buf *out, const char *name, str filler)
{
    uint32_t at;

    buf_print(out, ",\"%s\":\"", name);
    at = (uint32_t)out->len;
    buf_add(out, filler);
    buf_add_byte(out, '"');
    return at;
}

static void add_event(struct shop *shop, struct buf *out, bool has_type, size_t event,
                      struct shop_slot *slot)
{
    bool is_page = !EVENTS[event].name;

    buf_add_byte(out, '{');
    if (has_type)
        buf_print(out, "\"type\":\"%s\",", is_page ? "page" : "track");
    buf_print(out, "\"%s\":\"%s\",", is_page ? "name" : "event",
              is_page ? "Home" : EVENTS[event].name);
    add_properties(shop, out, event);
    buf_add_byte(out, ',');
    add_context(shop, out);
    if (random_below(&shop->random, 100) < 35)
        slot->user = add_slot(out, "userId", S("u-00000000"));
    slot->anonymous = add_slot(out, "anonymousId", S("5a2d7c61-93f0-4b1e-8c44-000000000000"));
    slot->message_id = add_slot(out, "messageId", S("ajs-next-1763800000000-5f0c-000000000000"));
    slot->timestamp = add_slot(out, "timestamp", S("2026-11-21T09:30:00.125Z"));
}

static void add_head(struct buf *out, const struct shop *shop, const char *path, size_t body_len)
{
    buf_print(out,
              "POST %s HTTP/1.1\r\nHost: myriad.example\r\nUser-Agent: analytics-node/2.1\r\n"
              "Accept: */*\r\nContent-Type: application/json\r\n",
              path);
    if (shop->write_key) {
        struct buf key = {0};
        static const char digits[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

        buf_print(&key, "%s:", shop->write_key);
        buf_add(out, S("Authorization: Basic "));
        for (size_t i = 0; i < key.len; i += 3) {
            unsigned bits = (unsigned)(unsigned char)key.data[i] << 16;

            bits |= i + 1 < key.len ? (unsigned)(unsigned char)key.data[i + 1] << 8 : 0;
            bits |= i + 2 < key.len ? (unsigned char)key.data[i + 2] : 0;
            buf_add_byte(out, digits[bits >> 18]);
            buf_add_byte(out, digits[bits >> 12 & 63]);
            buf_add_byte(out, i + 1 < key.len ? digits[bits >> 6 & 63] : '=');
            buf_add_byte(out, i + 2 < key.len ? digits[bits & 63] : '=');
        }
        buf_add(out, S("\r\n"));
        buf_done(&key);
    }
    buf_print(out, "Content-Length: %zu\r\n\r\n", body_len);
}

static void add_batch(struct shop *shop, struct buf *body, struct shop_request *request)
{
    buf_add(body, S("{\"batch\":["));
    for (size_t i = 0; i < request->count; i++) {
        if (i)
            buf_add_byte(body, ',');
        add_event(shop, body, true, pick_event(shop), &request->slots[i]);
        buf_add_byte(body, '}');
    }
    buf_add_byte(body, ']');
    request->sent_at = add_slot(body, "sentAt", S("2026-11-21T09:30:00.125Z"));
    buf_add_byte(body, '}');
}

static const char *add_single(struct shop *shop, struct buf *body, struct shop_request *request)
{
    size_t event = pick_event(shop);

    add_event(shop, body, false, event, &request->slots[0]);
    request->sent_at = add_slot(body, "sentAt", S("2026-11-21T09:30:00.125Z"));
    buf_add_byte(body, '}');
    return EVENTS[event].name ? "/v1/track" : "/v1/page";
}

struct shop_request *shop_build(struct shop *shop, size_t count)
{
    size_t slots = count ? count : 1;
    struct shop_request *request = mem_alloc(sizeof *request + slots * sizeof *request->slots);
    struct buf body = {0};
    const char *path = "/v1/batch";

    if (!request || !buf_reserve(&body, slots * EVENT_ROOM)) {
        mem_free(request);
        return NULL;
    }
    request->count = slots;
    if (count)
        add_batch(shop, &body, request);
    else
        path = add_single(shop, &body, request);
    add_head(&request->bytes, shop, path, body.len);
    request->body_at = request->bytes.len;
    buf_add(&request->bytes, buf_str(&body));
    buf_done(&body);
    if (buf_is_broken(&request->bytes)) {
        shop_free(request);
        return NULL;
    }
    return request;
}

void shop_free(struct shop_request *request)
{
    if (request)
        buf_done(&request->bytes);
    mem_free(request);
}

/* Renewing */

static void put_hex(char *out, uint64_t number)
{
    for (int i = UUID_HEX - 1; i >= 0; i--, number >>= 4)
        out[i] = "0123456789abcdef"[number & 15];
}

static void put_decimal(char *out, uint32_t number)
{
    for (int i = USER_DIGITS - 1; i >= 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
}

void shop_renew(struct shop *shop, struct shop_request *request, millis now)
{
    char *body = request->bytes.data + request->body_at;
    struct buf time = {0};

    time_write_utc(&time, now);
    if (request->sent_at)
        memcpy(body + request->sent_at, time.data, TIME_LEN);
    buf_clear(&time);
    time_write_utc(&time, now - MILLIS_SECOND);
    for (size_t i = 0; i < request->count; i++) {
        const struct shop_slot *slot = &request->slots[i];
        uint32_t person = shop->visits[shop->next_visit++ % shop->visit_count];
        uint32_t third = (uint32_t)(shop->next_id % 1000);

        put_hex(body + slot->message_id + sizeof "ajs-next-1763800000000-5f0c-" - 1,
                shop->next_id++);
        put_hex(body + slot->anonymous + sizeof "5a2d7c61-93f0-4b1e-8c44-" - 1, person);
        if (slot->user)
            put_decimal(body + slot->user + 2, person);
        memcpy(body + slot->timestamp, time.data, TIME_LEN);
        for (int digit = TIME_LEN - 2; digit > TIME_LEN - 5; digit--, third /= 10)
            body[slot->timestamp + (uint32_t)digit] = (char)('0' + third % 10);
    }
    buf_done(&time);
}

bool shop_pack(struct shop_request *request)
{
    uLong body_len = request->bytes.len - request->body_at;
    size_t room = compressBound(body_len) + 64;
    str head = str_slice(buf_str(&request->bytes), 0, request->body_at);
    struct buf packed = {0};
    char *body = mem_alloc(room);
    z_stream stream = {0};
    size_t line_end = head.len - 4;
    bool is_done;

    is_done = body && deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    stream.next_in = (unsigned char *)request->bytes.data + request->body_at;
    stream.avail_in = (unsigned)body_len;
    stream.next_out = (unsigned char *)body;
    stream.avail_out = (unsigned)room;
    is_done = is_done && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    while (line_end && head.data[line_end - 1] != '\n') /* Content-Length stands last */
        line_end--;
    buf_add(&packed, str_slice(head, 0, line_end));
    buf_print(&packed, "Content-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n", stream.total_out);
    request->body_at = packed.len;
    if (is_done)
        buf_add_bytes(&packed, body, stream.total_out);
    deflateEnd(&stream);
    mem_free(body);
    buf_done(&request->bytes);
    request->bytes = packed;
    return is_done && !buf_is_broken(&packed);
}
