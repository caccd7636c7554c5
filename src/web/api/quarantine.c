/* quarantine.c - events that could not be taken: seen, mended and replayed, or dismissed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich.h"
#include "collect/quarantine.h"
#include "collect/segment.h"
#include "store/log.h"
#include "sys/clock.h"
#include "web/api/api.h"
#include "web/api/job.h"
#include "web/web.h"

enum { MOST = 500 };

static fallible write_entry(const struct web_config *config, const struct quarantine_entry *entry,
                            struct json_writer *w)
{
    struct record_quarantine found;
    struct log_reader *reader;
    struct log_record record;
    struct buf time = {0};
    enum err err;

    TRY(log_reader_open(config->log, entry->seq, LOG_PLAIN, &reader));
    err = log_reader_next(reader, &record);
    if (!err)
        err = record_read_quarantine(record.clear, record.payload, &found);
    if (!err) {
        time_write_utc(&time, found.received);
        json_open(w, '{');
        json_key(w, S("seq"));
        json_u64(w, entry->seq);
        json_key(w, S("received"));
        json_text(w, buf_str(&time));
        json_key(w, S("reason"));
        json_text(w, found.reason);
        json_key(w, S("body")); /* as text: it may be anything but JSON */
        json_text(w, found.body);
        json_shut(w, '}');
    }
    buf_done(&time);
    log_reader_close(reader);
    return err;
}

static void write_cursor(struct json_writer *w, uint64_t seq)
{
    struct buf text = {0};

    buf_add_u64(&text, seq);
    json_text(w, buf_str(&text));
    buf_done(&text);
}

void quarantine_show(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct quarantine_page page = {0};
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    uint64_t limit, after;
    enum err err = web_query_number(x, S("limit"), 1, MOST, 50, &limit);

    if (!err)
        err = web_query_number(x, S("cursor"), 0, UINT64_MAX - 1, 0, &after);
    if (!err)
        err = quarantine_list(intake_quarantine(config->intake), exchange_mem(x), after, limit,
                              &page);
    json_open(&w, '{');
    json_key(&w, S("count"));
    json_u64(&w, page.total);
    json_key(&w, S("events"));
    json_open(&w, '[');
    for (size_t i = 0; !err && i < page.count; i++)
        err = write_entry(config, &page.entries[i], &w);
    json_shut(&w, ']');
    json_key(&w, S("cursor"));
    if (!err && page.count == limit)
        write_cursor(&w, page.entries[page.count - 1].seq);
    else
        json_null(&w);
    json_shut(&w, '}');
    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, 200, &out);
    buf_done(&out);
}

static void answer_seq(struct exchange *x, const struct intake_job *job)
{
    struct buf out = {0};

    buf_print(&out, "{\"seq\":%llu}", (unsigned long long)job->seq);
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

static fallible read_mended(struct exchange *x, struct intake_job *job)
{
    const struct web_config *config = web_config(web_of(x));
    struct message_setting setting = {
        .received = clock_now(config->sys), .context = JSON_ABSENT, .is_history = true};
    struct json_reader *reader = web_take_reader(web_of(x));
    struct json doc;
    enum err err;

    job->events = arena_take(exchange_mem(x), sizeof *job->events);
    if (!reader || !job->events)
        err = arena_exhausted();
    else
        err = web_read_object(x, reader, &doc);
    if (!err) /* what came with the request that brought it is gone: it tells for itself */
        err = enrich_begin(config->enrich, NULL, exchange_mem(x), &setting.enrich);
    if (!err)
        err = message_read(&doc, 0, &setting, exchange_mem(x), &job->events->message);
    if (!err && job->events->message.is_misfit)
        err = fail(ERR_INVALID, "%.*s", STR_ARG(job->events->message.reason));
    if (!err) {
        job->count = 1;
        intake_hash(config->intake, job->events);
    }
    enrich_end(setting.enrich);
    if (reader)
        web_give_reader(web_of(x), reader);
    return err;
}

void quarantine_replay(struct exchange *x)
{
    struct intake_job *job = job_new(x, INTAKE_EVENTS);
    enum err err = OK;

    if (!job)
        return;
    if (!str_to_u64(exchange_path_value(x, S("seq")), &job->released) || !job->released)
        err = fail(ERR_ABSENT, "no event with that number waits in quarantine");
    if (!err)
        err = read_mended(x, job);
    if (err)
        web_fail(x, err);
    else
        job_post(x, job, answer_seq);
}

static void answer_dismissed(struct exchange *x, const struct intake_job *job)
{
    (void)job;
    exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}

void quarantine_dismiss(struct exchange *x)
{
    struct intake_job *job = job_new(x, INTAKE_DISMISS);

    if (!job)
        return;
    if (!str_to_u64(exchange_path_value(x, S("seq")), &job->released))
        web_fail(x, fail(ERR_ABSENT, "no event with that number waits in quarantine"));
    else
        job_post(x, job, answer_dismissed);
}
