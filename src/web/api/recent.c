/* recent.c - GET /api/recent?limit: the newest stored events, newest first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/source.h"
#include "store/deletions.h"
#include "store/log.h"
#include "web/api/api.h"
#include "web/parameters.h"
#include "web/web.h"

enum { LOOK_BACK = 4 }; /* sequence numbers per event wanted */

struct recent {
    uint64_t seq;
    millis received;
    struct record_event event;
};

static fallible read_newest(const struct web_config *config, struct arena *mem, uint64_t limit,
                            struct recent *out_ring, uint64_t *out_count)
{
    struct log *log = config->log;
    uint64_t end = log_durable_seq(log), back = limit * LOOK_BACK;
    struct log_reader *reader;
    struct log_record record;
    enum err err;

    *out_count = 0;
    TRY(log_reader_open(log, end > back ? end - back : 1, LOG_PLAIN, &reader));
    while ((err = log_reader_next(reader, &record)) == OK) {
        struct record_events it;
        struct record_event event;
        uint64_t seq = record.seq;

        if (record.kind != RECORD_EVENTS || record.is_erased)
            continue;
        err = record_events_start(&it, record.clear, record.payload);
        for (; !err && record_events_next(&it, &event); seq++) {
            if (deletions_has(config->deletions, seq))
                continue;
            event.json = arena_dup(mem, event.json);
            if (!event.json.data)
                err = arena_exhausted();
            out_ring[(*out_count)++ % limit] = (struct recent){seq, it.received, event};
        }
        if (!err)
            err = record_events_finish(&it);
        if (err)
            break;
    }
    log_reader_close(reader);
    return err == ERR_ABSENT ? OK : err;
}

void recent_list(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct recent *ring;
    uint64_t limit, count = 0;
    enum err err = parameters_number(x, S("limit"), &limit);

    if (!err) {
        ring = arena_array(exchange_mem(x), limit, sizeof *ring);
        err = ring ? read_newest(config, exchange_mem(x), limit, ring, &count) : arena_exhausted();
    }
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("events"));
    json_open(&w, '[');
    for (uint64_t i = 0; i < limit && i < count; i++) {
        const struct recent *recent = &ring[(count - 1 - i) % limit];

        json_open(&w, '{');
        json_key(&w, S("seq"));
        json_u64(&w, recent->seq);
        json_key(&w, S("received"));
        json_time(&w, recent->received);
        json_key(&w, S("time"));
        json_time(&w, recent->event.time);
        json_key(&w, S("type")); /* a message to /v1/track need not tell it */
        json_text(&w, recent->event.type == EVENT_TRACK ? S("track")
                                                        : source_type_name(recent->event.type));
        json_key(&w, S("message"));
        json_verbatim(&w, recent->event.json);
        json_shut(&w, '}');
    }
    json_shut(&w, ']');
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}
