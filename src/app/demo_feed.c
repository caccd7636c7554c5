/* demo_feed.c - batches and single calls; the truth beside them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/demo_feed.h"

#include "app/remote.h"
#include "base/json.h"
#include "base/mem.h"
#include "demo/devices.h"
#include "http/client.h"
#include "sys/clock.h"
#include "sys/file.h"

enum {
    MEMORY = 16 << 20,
    BATCH_BYTES = 460 * 1024, /* of at most 500 KB, with room for one message more */
    TRUTH_BYTES = 1 << 20,
    BUSY_MS = 200,
    ANSWER_MS = 30 * 1000,
    ANSWER_MOST = 1 << 20,
    LOOK_EVERY = 4096,
};

struct demo_feed {
    struct demo_feed_config config;
    struct remote remote;
    struct arena *mem;
    struct file *truth_file;
    uint64_t truth_end;
    uint64_t place;
    const struct bookshop_event *next;
    struct buf batch, truth, answer;
    uint64_t batched; /* events in the batch */
};

/* Truth */

fallible demo_feed_flush(struct demo_feed *feed)
{
    if (buf_is_broken(&feed->truth))
        return mem_exhausted();
    if (!feed->truth.len)
        return OK;
    TRY(file_write(feed->truth_file, feed->truth_end, feed->truth.data, feed->truth.len));
    feed->truth_end += feed->truth.len;
    buf_clear(&feed->truth);
    return OK;
}

static fallible step(struct demo_feed *feed)
{
    buf_add(&feed->truth, feed->next->truth);
    TRY(bookshop_next(feed->config.world, &feed->next));
    return feed->truth.len < TRUTH_BYTES ? OK : demo_feed_flush(feed);
}

/* The past */

static fallible send_batch(struct demo_feed *feed, demo_feed_goes_on *goes_on, void *argument)
{
    millis at = feed->next->at;
    enum err err;

    if (!feed->batched)
        return OK;
    buf_add(&feed->batch, S("]}"));
    if (buf_is_broken(&feed->batch))
        return mem_exhausted();
    do {
        arena_reset(feed->mem);
        buf_clear(&feed->answer);
        err = remote_post(&feed->remote, feed->mem, "/v1/batch", buf_str(&feed->batch),
                          &feed->answer);
        if (err == ERR_BUSY)
            clock_sleep(feed->config.sys, BUSY_MS);
        if (!goes_on(argument, at))
            return err && err != ERR_BUSY ? err : fail(ERR_EXPIRED, "stopped");
    } while (err == ERR_BUSY);
    TRY(err);
    feed->place += feed->batched;
    feed->batched = 0;
    buf_clear(&feed->batch);
    return demo_feed_flush(feed);
}

fallible demo_feed_past(struct demo_feed *feed, millis until, demo_feed_goes_on *goes_on,
                        void *argument)
{
    buf_clear(&feed->batch);
    feed->batched = 0;
    while (feed->next->at < until) {
        buf_add(&feed->batch, feed->batched ? S(",") : S("{\"batch\":["));
        bookshop_message(feed->next, true, &feed->batch);
        feed->batched++;
        TRY(step(feed));
        if (feed->batch.len >= BATCH_BYTES)
            TRY(send_batch(feed, goes_on, argument));
    }
    return send_batch(feed, goes_on, argument);
}

/* Now */

enum { HEADERS = 14, OF_A_MACHINE = 4 };

/* What a browser sends along, behind the shop's proxy. Machines send the first few only. */
static size_t write_headers(const struct bookshop_event *event, struct devices_hints *hints,
                            struct http_header *out)
{
    const struct http_header headers[HEADERS] = {
        {S("User-Agent"), event->agent},
        {S("Content-Type"), S("text/plain;charset=UTF-8")},
        {S("X-Forwarded-For"), event->address},
        {S("Accept"), S("*/*")},
        {S("Accept-Encoding"), S("gzip, deflate, br, zstd")},
        {S("Accept-Language"), event->language},
        {S("Origin"), S("https://lantern.example")},
        {S("Referer"), S("https://lantern.example/")},
        {S("Sec-Fetch-Site"), S("cross-site")},
        {S("Sec-Fetch-Mode"), S("cors")},
        {S("Sec-Fetch-Dest"), S("empty")},
    };
    enum { PLAIN = 11 };
    size_t count = event->language.len ? PLAIN : OF_A_MACHINE;

    for (size_t i = 0; i < count; i++)
        out[i] = headers[i];
    if (!event->language.len || !devices_hint(event->agent, hints))
        return count;
    out[count++] = (struct http_header){S("Sec-CH-UA"), str_of(hints->brands)};
    out[count++] = (struct http_header){S("Sec-CH-UA-Mobile"), str_of(hints->mobile)};
    out[count++] = (struct http_header){S("Sec-CH-UA-Platform"), str_of(hints->platform)};
    return count;
}

/* As the browser script of a page does it. */
static fallible send_from_browser(struct demo_feed *feed, str message)
{
    struct http_header headers[HEADERS];
    struct devices_hints hints;
    struct client_request request = {.method = HTTP_POST,
                                     .headers = headers,
                                     .timeout_ms = ANSWER_MS,
                                     .answer_limit = ANSWER_MOST};
    int status;
    str body;

    request.header_count = write_headers(feed->next, &hints, headers);
    request.url = arena_print(feed->mem, "%s/v1/m", feed->config.url);
    request.body = arena_print(feed->mem, "{\"writeKey\":\"%.*s\",\"batch\":[%.*s]}",
                               STR_ARG(feed->config.write_key), STR_ARG(message));
    if (!request.url.data || !request.body.data)
        return arena_exhausted();
    TRY(client_request(&request, feed->mem, &status, &body));
    if (status == 429 || status == 503)
        return fail(ERR_BUSY, "the server is busy");
    if (status < 200 || status > 299)
        return fail(ERR_IO, "the server answered %d: %.*s", status, STR_ARG(body));
    return OK;
}

static fallible send_one(struct demo_feed *feed)
{
    bool is_browser = feed->next->door == BOOKSHOP_BROWSER;

    arena_reset(feed->mem);
    buf_clear(&feed->batch);
    if (!is_browser)
        buf_add(&feed->batch, S("{\"batch\":["));
    bookshop_message(feed->next, !is_browser, &feed->batch);
    if (!is_browser)
        buf_add(&feed->batch, S("]}"));
    if (buf_is_broken(&feed->batch))
        return mem_exhausted();
    if (is_browser)
        return send_from_browser(feed, buf_str(&feed->batch));
    buf_clear(&feed->answer);
    return remote_post(&feed->remote, feed->mem, "/v1/batch", buf_str(&feed->batch), &feed->answer);
}

millis demo_feed_next_at(const struct demo_feed *feed)
{
    return feed->next->at;
}

fallible demo_feed_one(struct demo_feed *feed)
{
    TRY(send_one(feed));
    feed->place++;
    return step(feed);
}

uint64_t demo_feed_place(const struct demo_feed *feed)
{
    return feed->place;
}

/* Life */

/* The world is made again as far as it was told; what is true of it as well. */
static fallible open_parts(struct demo_feed *feed)
{
    const struct demo_feed_config *config = &feed->config;

    feed->mem = arena_open(MEMORY);
    if (!feed->mem)
        return mem_exhausted();
    TRY(file_open(config->sys, config->truth_path, FILE_WRITE | FILE_CREATE, &feed->truth_file));
    TRY(file_truncate(feed->truth_file, 0));
    bookshop_preface(config->world, &feed->truth);
    TRY(bookshop_next(config->world, &feed->next));
    while (feed->place < config->place) {
        feed->place++;
        TRY(step(feed));
    }
    return demo_feed_flush(feed);
}

fallible demo_feed_open(const struct demo_feed_config *config, struct demo_feed **out_feed)
{
    struct demo_feed *feed = mem_alloc(sizeof *feed);
    enum err err;

    if (!feed)
        return mem_exhausted();
    feed->config = *config;
    feed->remote = (struct remote){config->url, config->write_key, REMOTE_BASIC};
    err = open_parts(feed);
    if (err) {
        demo_feed_close(feed);
        return err;
    }
    *out_feed = feed;
    return OK;
}

void demo_feed_close(struct demo_feed *feed)
{
    if (!feed)
        return;
    file_close(feed->truth_file);
    arena_close(feed->mem);
    buf_done(&feed->batch);
    buf_done(&feed->truth);
    buf_done(&feed->answer);
    mem_free(feed);
}
