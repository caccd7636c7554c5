/* replay.c - a page of entries at a time: read, mended, posted together, waited for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/replay.h"

#include "base/mem.h"
#include "collect/intake.h"
#include "collect/mend.h"
#include "collect/plan_book.h"
#include "collect/quarantine.h"
#include "collect/quarantine_look.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 64,
    LARGEST = 256 << 10, /* bytes of an entry that a map can still make fit */
    PAGE_MEMORY = 96 << 20,
    SCRATCH = 256 << 20,
    WISH = 1 << 20,
    SEQS = 10000,
    REASONS = 10,
    SAMPLES = 3,
    BUSY_MS = 20,
    SENTENCE = 256,
};

enum state { NONE, RUNNING, STOPPED, DONE, FAILED };

static const char *const STATES[] = {[NONE] = "none",
                                     [RUNNING] = "running",
                                     [STOPPED] = "stopped",
                                     [DONE] = "done",
                                     [FAILED] = "failed"};

/* What to choose and how to mend it; not changed while it runs. */
struct wish {
    struct arena *mem;
    uint64_t *seqs; /* ascending; NULL: any */
    size_t seq_count;
    str event;  /* absent: any */
    str reason; /* absent: any */
    struct mend *mend;
    bool is_dry;
    bool is_dismissal; /* nothing is mended: they leave without an event */
};

struct why {
    str text; /* in the wish's memory */
    uint64_t count;
};

struct progress {
    uint64_t total;  /* entries that waited when it began */
    uint64_t looked; /* at */
    uint64_t matched;
    uint64_t replayed; /* or dismissed; of a dry run, would be */
    uint64_t failed;   /* still misfits: they wait on */
    uint64_t gone;     /* left quarantine by another way meanwhile */
    uint64_t cursor;   /* the last that was looked at */
    uint64_t end;      /* later ones are none of its */
    struct why whys[REASONS];
    size_t why_count;
    str samples[SAMPLES]; /* mended bodies of a dry run, in the wish's memory */
    size_t sample_count;
};

struct item {
    struct intake_job job; /* first: a job is its item */
    struct intake_event event;
    uint64_t seq;
    millis received;
    str reason, body; /* body is absent when it is too large */
    bool is_posted;
};

struct replay {
    struct replay_stock stock;
    struct mutex *lock;
    struct condition *changed; /* a job came back, or the end */
    struct thread *thread;
    atomic_bool is_stopping;
    /* Under the lock: */
    enum state state;
    uint64_t id;
    millis began, ended;
    char sentence[SENTENCE]; /* why it failed */
    struct progress progress;
    size_t away; /* jobs that were posted and have not come back */
    struct wish wish;
    /* The thread's own: */
    struct arena *page;
    struct arena *scratch;
    struct json_reader *reader;
    struct item *items;
    size_t count;
    struct progress now;
};

/* Opening */

fallible replay_open(const struct replay_stock *stock, struct replay **out_replay)
{
    struct replay *replay = mem_alloc(sizeof *replay);

    if (!replay)
        return mem_exhausted();
    replay->stock = *stock;
    replay->lock = mutex_open();
    replay->changed = condition_open();
    if (!replay->lock || !replay->changed) {
        replay_close(replay);
        return mem_exhausted();
    }
    *out_replay = replay;
    return OK;
}

void replay_end(struct replay *replay)
{
    if (replay)
        atomic_store(&replay->is_stopping, true);
}

void replay_close(struct replay *replay)
{
    if (!replay)
        return;
    replay_end(replay);
    thread_join(replay->thread);
    arena_close(replay->wish.mem);
    condition_close(replay->changed);
    mutex_close(replay->lock);
    mem_free(replay);
}

/* Wishes */

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

static fallible read_seqs(const struct json *doc, uint32_t at, struct wish *wish)
{
    int64_t seq;

    if (json_type_of(doc, at) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"seqs\" must be a list of numbers of entries");
    wish->seqs = arena_array(wish->mem, SEQS, sizeof *wish->seqs);
    if (!wish->seqs)
        return arena_exhausted();
    EACH_ELEMENT(doc, at, element)
    {
        if (!json_to_i64(doc, element, &seq) || seq <= 0)
            return fail(ERR_INVALID, "\"seqs\" must be a list of numbers of entries");
        if (wish->seq_count == SEQS)
            return fail(ERR_LIMIT, "\"seqs\" can be %d at the most: choose by event or reason",
                        SEQS);
        wish->seqs[wish->seq_count++] = (uint64_t)seq;
    }
    if (wish->seq_count)
        qsort(wish->seqs, wish->seq_count, sizeof *wish->seqs, by_number);
    return OK;
}

static fallible read_text(const struct json *doc, uint32_t at, const char *name,
                          const struct wish *wish, str *out)
{
    str text = json_string(doc, at, wish->mem);

    if (json_type_of(doc, at) != JSON_STRING)
        return fail(ERR_INVALID, "\"%s\" must be a text", name);
    *out = text.data ? arena_dup(wish->mem, text) : text;
    return out->data ? OK : arena_exhausted();
}

static fallible read_flag(const struct json *doc, uint32_t at, const char *name, bool *out)
{
    enum json_type type = json_type_of(doc, at);

    if (type != JSON_TRUE && type != JSON_FALSE)
        return fail(ERR_INVALID, "\"%s\" must be true or false", name);
    *out = type == JSON_TRUE;
    return OK;
}

static fallible read_wish(const struct json *doc, uint32_t at, struct wish *wish)
{
    static const char *const members[] = {
        "a replay has the members seqs, event, reason, all, map and dry_run",
        "a dismissal has the members seqs, event, reason, all and dry_run"};
    uint32_t map = JSON_ABSENT;
    bool is_all = false;

    EACH_MEMBER(doc, at, key, value)
    {
        if (json_is_string(doc, key, S("seqs")))
            TRY(read_seqs(doc, value, wish));
        else if (json_is_string(doc, key, S("event")))
            TRY(read_text(doc, value, "event", wish, &wish->event));
        else if (json_is_string(doc, key, S("reason")))
            TRY(read_text(doc, value, "reason", wish, &wish->reason));
        else if (json_is_string(doc, key, S("all")))
            TRY(read_flag(doc, value, "all", &is_all));
        else if (json_is_string(doc, key, S("dry_run")))
            TRY(read_flag(doc, value, "dry_run", &wish->is_dry));
        else if (json_is_string(doc, key, S("map")) && !wish->is_dismissal)
            map = value;
        else
            return fail(ERR_INVALID, "%s", members[wish->is_dismissal]);
    }
    if (!wish->seqs && !wish->event.data && !wish->reason.data && !is_all)
        return fail(ERR_INVALID, "say which events: by \"seqs\", \"event\", \"reason\", or "
                                 "\"all\":true");
    return mend_read(doc, map, wish->mem, &wish->mend);
}

/* On the thread: an entry */

static bool is_wished_seq(const struct wish *wish, uint64_t seq)
{
    return !wish->seqs || bsearch(&seq, wish->seqs, wish->seq_count, sizeof *wish->seqs, by_number);
}

static void note_why(struct replay *replay, str reason)
{
    struct progress *now = &replay->now;

    now->failed++;
    for (size_t i = 0; i < now->why_count; i++)
        if (str_equals(now->whys[i].text, reason)) {
            now->whys[i].count++;
            return;
        }
    if (now->why_count < REASONS) {
        struct why why = {arena_dup(replay->wish.mem, reason), 1};

        if (why.text.data)
            now->whys[now->why_count++] = why;
    }
}

static void note_sample(struct replay *replay, str body)
{
    struct progress *now = &replay->now;
    str copy;

    if (now->sample_count == SAMPLES)
        return;
    copy = arena_dup(replay->wish.mem, body);
    if (copy.data)
        now->samples[now->sample_count++] = copy;
}

static fallible matches(struct replay *replay, const struct item *item, bool *out_matches)
{
    const struct wish *wish = &replay->wish;
    str event;

    *out_matches = !wish->reason.data || str_equals(item->reason, wish->reason);
    if (!*out_matches || !wish->event.data)
        return OK;
    if (item->body.data)
        TRY(quarantine_look_event(replay->reader, replay->scratch, item->body, &event));
    *out_matches = item->body.data && str_equals(event, wish->event);
    return OK;
}

/* The mended event, in the page's memory. What cannot be mended is a misfit with its reason. */
static fallible mend(struct replay *replay, struct item *item)
{
    struct message_setting setting = {
        .received = item->received, .context = JSON_ABSENT, .is_history = true};
    struct message *message = &item->event.message;
    struct json doc;
    str body, padded;
    enum err err = ERR_INVALID;

    if (item->body.data)
        err = mend_apply(replay->wish.mend, replay->reader, replay->scratch, item->body, &body);
    else
        (void)!fail(ERR_INVALID, "the event is larger than 32 KB");
    if (err == ERR_INVALID) {
        message->is_misfit = true;
        message->reason = arena_print(replay->page, "%s", err_text());
        return message->reason.data ? OK : arena_exhausted();
    }
    if (err)
        return err;
    padded.len = body.len;
    padded.data = arena_take(replay->page, body.len + JSON_PADDING);
    if (!padded.data)
        return arena_exhausted();
    memcpy((char *)padded.data, body.data, body.len);
    TRY(json_parse(replay->reader, replay->page, padded, &doc));
    TRY(message_read(&doc, 0, &setting, replay->page, message));
    return plan_book_judge(intake_plans(replay->stock.intake), &doc, 0, replay->page, message);
}

/* On the writer thread. */
static void take_back(struct intake_job *job)
{
    struct replay *replay = job->owner;

    mutex_lock(replay->lock);
    replay->away--;
    condition_broadcast(replay->changed);
    mutex_unlock(replay->lock);
}

static fallible post(struct replay *replay, struct item *item)
{
    enum err err;

    item->job = (struct intake_job){.kind = INTAKE_DISMISS,
                                    .mem = replay->page,
                                    .received = clock_now(replay->stock.sys),
                                    .released = item->seq,
                                    .done = take_back,
                                    .owner = replay};
    if (!replay->wish.is_dismissal) {
        intake_hash(replay->stock.intake, &item->event);
        item->job.kind = INTAKE_EVENTS;
        item->job.events = &item->event;
        item->job.count = 1;
    }
    mutex_lock(replay->lock);
    replay->away++;
    mutex_unlock(replay->lock);
    while ((err = intake_post(replay->stock.intake, &item->job)) == ERR_BUSY &&
           !atomic_load(&replay->is_stopping))
        clock_sleep(replay->stock.sys, BUSY_MS);
    item->is_posted = !err;
    if (err)
        take_back(&item->job);
    return err == ERR_BUSY ? fail(ERR_EXPIRED, "stopped") : err;
}

static fallible do_item(struct replay *replay, struct item *item)
{
    bool is_match;

    arena_reset(replay->scratch);
    TRY(matches(replay, item, &is_match));
    if (!is_match)
        return OK;
    replay->now.matched++;
    if (!replay->wish.is_dismissal)
        TRY(mend(replay, item));
    if (item->event.message.is_misfit) {
        note_why(replay, item->event.message.reason);
        return OK;
    }
    if (!replay->wish.is_dry)
        return post(replay, item);
    replay->now.replayed++;
    if (!replay->wish.is_dismissal)
        note_sample(replay, item->event.message.json);
    return OK;
}

/* On the thread: a page */

static enum err take_entry(void *argument, size_t which, const struct record_quarantine *entry)
{
    struct replay *replay = argument;
    struct item *item = &replay->items[which];

    item->received = entry->received;
    item->reason = arena_dup(replay->page, entry->reason);
    if (entry->body.len <= LARGEST) {
        item->body = arena_dup(replay->page, entry->body);
        if (!item->body.data)
            return arena_exhausted();
    }
    return item->reason.data ? OK : arena_exhausted();
}

static fallible read_page(struct replay *replay, bool *out_is_last)
{
    struct quarantine_page page;
    size_t count = 0;

    arena_reset(replay->page);
    TRY(quarantine_list(intake_quarantine(replay->stock.intake), replay->page, replay->now.cursor,
                        PAGE, &page));
    *out_is_last = page.count < PAGE;
    replay->items = arena_array(replay->page, PAGE, sizeof *replay->items);
    if (!replay->items)
        return arena_exhausted();
    for (size_t i = 0; i < page.count; i++) {
        if (page.entries[i].seq > replay->now.end) {
            *out_is_last = true;
            break;
        }
        replay->now.looked++;
        replay->now.cursor = page.entries[i].seq;
        if (!is_wished_seq(&replay->wish, page.entries[i].seq))
            continue;
        replay->items[count].seq = page.entries[i].seq;
        page.entries[count++] = page.entries[i];
    }
    replay->count = count;
    return quarantine_look_read(replay->stock.picker, replay->page, page.entries, count, take_entry,
                                replay);
}

/* Waits for what was posted, and counts it. */
static fallible gather_page(struct replay *replay, enum err err)
{
    mutex_lock(replay->lock);
    while (replay->away)
        condition_wait(replay->changed, replay->lock);
    mutex_unlock(replay->lock);
    for (size_t i = 0; i < replay->count; i++) {
        const struct intake_job *job = &replay->items[i].job;

        if (!replay->items[i].is_posted)
            continue;
        if (!job->err)
            replay->now.replayed++;
        else if (job->err == ERR_ABSENT)
            replay->now.gone++;
        else if (!err)
            err = fail(job->err, "%s", job->reason);
    }
    return err;
}

static void publish(struct replay *replay)
{
    mutex_lock(replay->lock);
    replay->progress = replay->now;
    mutex_unlock(replay->lock);
}

static fallible do_pages(struct replay *replay)
{
    bool is_last = false;

    while (!is_last) {
        struct progress before = replay->now;
        enum err err = read_page(replay, &is_last);

        if (atomic_load(&replay->is_stopping)) {
            replay->now = before;
            return fail(ERR_EXPIRED, "stopped");
        }
        for (size_t i = 0; !err && i < replay->count; i++)
            err = do_item(replay, &replay->items[i]);
        err = gather_page(replay, err);
        if (err) { /* the page is looked at once more: what left quarantine is not found again */
            before.replayed = replay->now.replayed;
            before.gone = replay->now.gone;
            replay->now = before;
            return err;
        }
        publish(replay);
    }
    return OK;
}

static void finish(struct replay *replay, enum err err)
{
    mutex_lock(replay->lock);
    replay->progress = replay->now;
    replay->state = !err ? DONE : err == ERR_EXPIRED ? STOPPED : FAILED;
    replay->ended = clock_now(replay->stock.sys);
    replay->sentence[0] = 0;
    if (replay->state == FAILED)
        snprintf(replay->sentence, sizeof replay->sentence, "%s",
                 err == ERR_IO || err == ERR_CORRUPT ? "the server could not do this" : err_text());
    condition_broadcast(replay->changed);
    mutex_unlock(replay->lock);
}

static void run(void *argument)
{
    struct replay *replay = argument;
    enum err err;

    thread_give_way(THREAD_BEHIND);
    replay->page = arena_open(PAGE_MEMORY);
    replay->scratch = arena_open(SCRATCH);
    replay->reader = json_reader_open();
    err = replay->page && replay->scratch && replay->reader ? do_pages(replay) : mem_exhausted();
    json_reader_close(replay->reader);
    arena_close(replay->scratch);
    arena_close(replay->page);
    finish(replay, err);
}

/* Beginning; under the lock */

static fallible start(struct replay *replay)
{
    enum err err;

    thread_join(replay->thread); /* it has said that it is over */
    replay->thread = NULL;
    atomic_store(&replay->is_stopping, false);
    replay->now = replay->progress;
    replay->state = RUNNING;
    replay->ended = 0;
    err = thread_start("replay", run, replay, &replay->thread);
    if (err)
        replay->state = FAILED;
    return err;
}

static fallible begin(struct replay *replay, const struct json *doc, uint32_t at, bool is_dismissal)
{
    struct wish wish = {.mem = arena_open(WISH), .is_dismissal = is_dismissal};
    struct quarantine *quarantine = intake_quarantine(replay->stock.intake);
    enum err err = wish.mem ? read_wish(doc, at, &wish) : mem_exhausted();

    mutex_lock(replay->lock);
    if (!err && replay->state == RUNNING)
        err = fail(ERR_CONFLICT, "a replay is under way: wait for its end, or stop it");
    if (err) {
        mutex_unlock(replay->lock);
        arena_close(wish.mem);
        return err;
    }
    arena_close(replay->wish.mem);
    replay->wish = wish;
    replay->id++;
    replay->began = clock_now(replay->stock.sys);
    replay->progress = (struct progress){.total = quarantine_count(quarantine),
                                         .end = quarantine_last(quarantine)};
    err = start(replay);
    mutex_unlock(replay->lock);
    return err;
}

fallible replay_begin(struct replay *replay, const struct json *doc, uint32_t at)
{
    return begin(replay, doc, at, false);
}

fallible replay_dismiss(struct replay *replay, const struct json *doc, uint32_t at)
{
    return begin(replay, doc, at, true);
}

fallible replay_resume(struct replay *replay)
{
    enum err err = OK;

    mutex_lock(replay->lock);
    if (replay->state != STOPPED && replay->state != FAILED)
        err = fail(ERR_CONFLICT, "no replay was stopped that could go on");
    if (!err)
        err = start(replay);
    mutex_unlock(replay->lock);
    return err;
}

fallible replay_stop(struct replay *replay)
{
    enum err err = OK;

    mutex_lock(replay->lock);
    if (replay->state == RUNNING)
        atomic_store(&replay->is_stopping, true);
    else
        err = fail(ERR_ABSENT, "no replay is under way");
    mutex_unlock(replay->lock);
    return err;
}

bool replay_wait(struct replay *replay, int64_t timeout_ms)
{
    int64_t end = clock_mono_ns(replay->stock.sys) / 1000000 + timeout_ms, left;
    bool is_over;

    mutex_lock(replay->lock);
    while (replay->state == RUNNING &&
           (left = end - clock_mono_ns(replay->stock.sys) / 1000000) > 0)
        (void)condition_wait_for(replay->changed, replay->lock, left);
    is_over = replay->state != RUNNING;
    mutex_unlock(replay->lock);
    return is_over;
}

/* Telling; under the lock */

static void write_number(struct json_writer *w, str name, uint64_t number)
{
    json_key(w, name);
    json_u64(w, number);
}

static void write_progress(struct json_writer *w, const struct progress *progress,
                           bool is_dismissal)
{
    write_number(w, S("total"), progress->total);
    write_number(w, S("looked"), progress->looked);
    write_number(w, S("matched"), progress->matched);
    write_number(w, is_dismissal ? S("dismissed") : S("replayed"), progress->replayed);
    write_number(w, S("failed"), progress->failed);
    write_number(w, S("gone"), progress->gone);
    json_key(w, S("reasons"));
    json_open(w, '[');
    for (size_t i = 0; i < progress->why_count; i++) {
        json_open(w, '{');
        json_key(w, S("reason"));
        json_text(w, progress->whys[i].text);
        write_number(w, S("count"), progress->whys[i].count);
        json_shut(w, '}');
    }
    json_shut(w, ']');
    json_key(w, S("samples"));
    json_open(w, '[');
    for (size_t i = 0; i < progress->sample_count; i++)
        json_verbatim(w, progress->samples[i]);
    json_shut(w, ']');
}

fallible replay_write(struct replay *replay, struct json_writer *w)
{
    mutex_lock(replay->lock);
    if (replay->state == NONE) {
        mutex_unlock(replay->lock);
        return fail(ERR_ABSENT, "nothing was replayed since the start");
    }
    json_open(w, '{');
    write_number(w, S("id"), replay->id);
    json_key(w, S("state"));
    json_text(w, str_of(STATES[replay->state]));
    json_key(w, S("dry_run"));
    json_bool(w, replay->wish.is_dry);
    write_progress(w, &replay->progress, replay->wish.is_dismissal);
    json_key_time(w, S("began"), replay->began);
    json_key_time(w, S("ended"), replay->ended);
    json_key(w, S("detail"));
    if (replay->sentence[0])
        json_text(w, str_of(replay->sentence));
    else
        json_null(w);
    json_shut(w, '}');
    mutex_unlock(replay->lock);
    return OK;
}
