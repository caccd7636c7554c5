/* quarantine.c - events that could not be taken: seen, mended and replayed, or dismissed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich.h"
#include "collect/quarantine.h"
#include "collect/plan_book.h"
#include "collect/quarantine_look.h"
#include "collect/replay.h"
#include "collect/segment.h"
#include "store/log.h"
#include "sys/clock.h"
#include "web/api/api.h"
#include "web/api/job.h"
#include "web/parameters.h"
#include "web/web.h"

enum { WAIT_MS = 2000 };

static fallible write_entry(const struct web_config *config, const struct quarantine_entry *entry,
                            struct json_writer *w)
{
    struct record_quarantine found;
    struct log_reader *reader;
    struct log_record record;
    enum err err;

    TRY(log_reader_open(config->log, entry->seq, LOG_PLAIN, &reader));
    err = log_reader_next(reader, &record);
    if (!err)
        err = record_read_quarantine(record.clear, record.payload, &found);
    if (!err) {
        json_open(w, '{');
        json_key(w, S("seq"));
        json_u64(w, entry->seq);
        json_key(w, S("received"));
        json_time(w, found.received);
        json_key(w, S("reason"));
        json_text(w, found.reason);
        json_key(w, S("body")); /* as text: it may be anything but JSON */
        json_text(w, found.body);
        json_shut(w, '}');
    }
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

/* `*out_next`: behind which entry the next page begins; 0: this is the last. */
static fallible find_page(struct exchange *x, struct quarantine_page *out_page, uint64_t *out_next)
{
    const struct web_config *config = web_config(web_of(x));
    struct quarantine *quarantine = intake_quarantine(config->intake);
    struct quarantine_wish wish = {.event = exchange_query_value(x, S("event")),
                                   .reason = exchange_query_value(x, S("reason"))};
    uint64_t limit;

    TRY(parameters_number(x, S("limit"), &limit));
    TRY(parameters_number(x, S("cursor"), &wish.after));
    wish.limit = limit;
    if (wish.event.data || wish.reason.data)
        return quarantine_look_find(quarantine, config->picker, &wish, exchange_mem(x), out_page,
                                    out_next);
    TRY(quarantine_list(quarantine, exchange_mem(x), wish.after, limit, out_page));
    *out_next = out_page->count == limit ? out_page->entries[limit - 1].seq : 0;
    return OK;
}

void quarantine_show(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct quarantine_page page = {0};
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    uint64_t next = 0;
    enum err err = find_page(x, &page, &next);

    json_open(&w, '{');
    json_key(&w, S("count"));
    json_u64(&w, page.total);
    json_key(&w, S("events"));
    json_open(&w, '[');
    for (size_t i = 0; !err && i < page.count; i++)
        err = write_entry(config, &page.entries[i], &w);
    json_shut(&w, ']');
    json_key(&w, S("cursor"));
    if (next)
        write_cursor(&w, next);
    else
        json_null(&w);
    json_shut(&w, '}');
    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, 200, &out);
    buf_done(&out);
}

static bool waits(const struct web_config *config, uint64_t seq)
{
    return quarantine_has(intake_quarantine(config->intake), seq);
}

void quarantine_one(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct quarantine_entry entry = {0};
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    enum err err;

    if (str_to_u64(exchange_path_value(x, S("seq")), &entry.seq) && waits(config, entry.seq))
        err = write_entry(config, &entry, &w);
    else
        err = fail(ERR_ABSENT, "no event with that number waits in quarantine");
    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, 200, &out);
    buf_done(&out);
}

/* Counts by event and reason */

static bool is_abandoned(void *argument)
{
    return exchange_is_abandoned(argument);
}

static void write_seen(struct json_writer *w, str name, uint64_t seq, millis at)
{
    json_key(w, name);
    json_open(w, '{');
    json_key(w, S("seq"));
    json_u64(w, seq);
    json_key(w, S("received"));
    json_time(w, at);
    json_shut(w, '}');
}

static void write_group(struct json_writer *w, const struct quarantine_group *group)
{
    json_open(w, '{');
    json_key(w, S("event"));
    if (group->event.data)
        json_text(w, group->event);
    else
        json_null(w);
    json_key(w, S("reason"));
    json_text(w, group->reason);
    json_key(w, S("count"));
    json_u64(w, group->count);
    write_seen(w, S("first"), group->first_seq, group->first);
    write_seen(w, S("last"), group->last_seq, group->last);
    json_shut(w, '}');
}

void quarantine_summary(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct quarantine_summary summary;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    enum err err = quarantine_look_sum(intake_quarantine(config->intake), config->picker,
                                       is_abandoned, x, exchange_mem(x), &summary);

    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    json_key(&w, S("count"));
    json_u64(&w, summary.total);
    json_key(&w, S("groups"));
    json_open(&w, '[');
    for (size_t i = 0; i < summary.count; i++)
        write_group(&w, &summary.groups[i]);
    json_shut(&w, ']');
    json_key(&w, S("others")); /* in groups that are not shown */
    json_u64(&w, summary.others);
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

/* Many at once */

static void answer_replay(struct exchange *x, int status)
{
    struct replay *replay = web_config(web_of(x))->replay;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    enum err err = replay_write(replay, &w);

    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, status, &out);
    buf_done(&out);
}

static fallible begin_dismissal(struct exchange *x, const struct json *doc)
{
    return replay_dismiss(web_config(web_of(x))->replay, doc, 0);
}

/* {"resume":true} goes on with the one before. */
static fallible begin_replay(struct exchange *x, const struct json *doc)
{
    struct replay *replay = web_config(web_of(x))->replay;
    uint32_t resume = json_find(doc, 0, S("resume"));

    if (resume == JSON_ABSENT)
        return replay_begin(replay, doc, 0);
    if (json_type_of(doc, resume) != JSON_TRUE || doc->nodes[resume].next != doc->nodes[0].next)
        return fail(ERR_INVALID, "\"resume\" stands alone and is true");
    return replay_resume(replay);
}

static void begin_many(struct exchange *x,
                       fallible (*begin)(struct exchange *x, const struct json *doc))
{
    struct json_reader *reader = web_take_reader(web_of(x));
    struct json doc;
    enum err err = reader ? web_read_object(x, reader, &doc) : arena_exhausted();

    if (!err)
        err = begin(x, &doc);
    if (reader)
        web_give_reader(web_of(x), reader);
    if (err)
        web_fail(x, err);
    else /* a short one is over when it is answered */
        answer_replay(x, replay_wait(web_config(web_of(x))->replay, WAIT_MS) ? 200 : 202);
}

void quarantine_replay_many(struct exchange *x)
{
    begin_many(x, begin_replay);
}

void quarantine_dismiss_many(struct exchange *x)
{
    begin_many(x, begin_dismissal);
}

void quarantine_replay_show(struct exchange *x)
{
    answer_replay(x, 200);
}

void quarantine_replay_stop(struct exchange *x)
{
    struct replay *replay = web_config(web_of(x))->replay;
    enum err err = replay_stop(replay);

    if (err)
        web_fail(x, err);
    else
        answer_replay(x, replay_wait(replay, WAIT_MS) ? 200 : 202);
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
    if (!err)
        err = plan_book_judge(intake_plans(config->intake), &doc, 0, exchange_mem(x),
                              &job->events->message);
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
