/* import_sink.c - lots stored in a folder, sent to a server, or only looked up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/import_sink.h"

#include "app/import_fold.h"
#include "app/remote.h"
#include "app/workspace.h"
#include "base/mem.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <stdio.h>

enum {
    LOTS = 3,           /* one being filled, one being stored, one between */
    LOT_EVENTS = 12288, /* mostly one group of the log */
    LOT_TEXT = 4 << 20,
    BODY_EVENTS = 2000,
    BODY_BYTES = 400 << 10, /* below what the server takes in one body */
    ANSWER_MEMORY = 64 << 20,
    RETRIES = 30,
    RETRY_MS = 1000,
    REASON_BYTES = 256,
};

struct import_sink {
    const struct import_options *options;
    struct workspace *workspace;
    struct import_fold *fold; /* NULL: nothing is stored here */
    struct import_lot lots[LOTS];
    size_t away; /* lots that were put and have not come back */
    struct mailbox *full;
    struct mailbox *done;
    struct letter *empty; /* lots to be taken */
    struct letter end;    /* the last letter to the thread */
    struct thread *thread;
    atomic_bool is_stopping;
    enum err err; /* of the first lot that failed; the thread's own */
    char reason[REASON_BYTES];
    struct arena *mem; /* the thread's, of one lot */
    struct buf body;
};

/* On the thread */

static void keep_job(struct intake_job *job)
{
    (void)job; /* store reads the outcome */
}

static fallible store(struct import_sink *sink, struct import_lot *lot)
{
    struct intake *intake = sink->workspace->intake;
    struct intake_job *job = &lot->job;

    import_fold_pace(sink->fold);
    job->kind = INTAKE_EVENTS;
    job->done = keep_job;
    TRY(intake_post(intake, job));
    TRY(intake_step(intake, 0));
    if (job->err)
        return fail(job->err, "%s", job->reason);
    lot->imported = job->counts.stored;
    lot->duplicates = job->counts.duplicates + job->counts.conflicts;
    return OK;
}

static fallible send(struct import_sink *sink, struct import_lot *lot)
{
    struct remote remote = {sink->options->url, str_of(sink->options->key), REMOTE_BASIC};
    struct buf answer = {0};
    enum err err = OK;

    buf_clear(&sink->body);
    for (size_t i = 0; i < lot->job.count; i++) {
        buf_add(&sink->body, i ? S(",") : S("{\"batch\":["));
        buf_add(&sink->body, lot->job.events[i].message.json);
    }
    buf_add(&sink->body, S("]}"));
    if (buf_is_broken(&sink->body))
        return mem_exhausted();
    for (int tries = 0; tries < RETRIES; tries++) {
        arena_reset(sink->mem);
        err = remote_post(&remote, sink->mem, "/v1/import", buf_str(&sink->body), &answer);
        if ((err != ERR_BUSY && err != ERR_IO) || atomic_load(&sink->is_stopping))
            break;
        clock_sleep(sink->options->sys, RETRY_MS); /* each event has its id: twice is once */
    }
    buf_done(&answer);
    if (!err)
        lot->imported = lot->job.count;
    return err;
}

/* Which of the events the folder has already; those twice in the files are not found. */
static fallible look_up(struct import_sink *sink, struct import_lot *lot)
{
    for (size_t i = 0; i < lot->job.count; i++) {
        const struct intake_event *event = &lot->job.events[i];
        enum seen_answer answer;

        TRY(seen_find(sink->workspace->seen, event->message_id, event->body_hash, lot->job.received,
                      &answer));
        if (answer == SEEN_NEW)
            lot->imported++;
        else
            lot->duplicates++;
    }
    return OK;
}

static fallible work(struct import_sink *sink, struct import_lot *lot)
{
    if (sink->options->folder)
        return sink->options->dry_run ? look_up(sink, lot) : store(sink, lot);
    if (!sink->options->dry_run)
        return send(sink, lot);
    lot->imported = lot->job.count;
    return OK;
}

static void run(void *argument)
{
    struct import_sink *sink = argument;

    for (;;) {
        struct letter *letter = mailbox_wait(sink->full, -1), *next;

        for (; letter; letter = next) {
            struct import_lot *lot = (struct import_lot *)letter;

            next = letter->next;
            if (letter == &sink->end)
                return;
            if (!sink->err && atomic_load(&sink->is_stopping))
                sink->err = fail(ERR_EXPIRED, "stopped");
            if (!sink->err)
                sink->err = work(sink, lot);
            if (sink->err && !sink->reason[0])
                snprintf(sink->reason, sizeof sink->reason, "%s", err_text());
            lot->job.err = sink->err;
            mailbox_post(sink->done, letter);
        }
    }
}

/* On the reader's thread */

static fallible start(struct import_sink *sink)
{
    sink->full = mailbox_open(NULL, NULL);
    sink->done = mailbox_open(NULL, NULL);
    sink->mem = arena_open(ANSWER_MEMORY);
    if (!sink->full || !sink->done || !sink->mem)
        return mem_exhausted();
    for (size_t i = 0; i < LOTS; i++) {
        struct import_lot *lot = &sink->lots[i];

        lot->job.events = mem_alloc(LOT_EVENTS * sizeof *lot->job.events);
        lot->text = mem_alloc(LOT_TEXT);
        if (!lot->job.events || !lot->text)
            return mem_exhausted();
        lot->room = LOT_TEXT;
        lot->job.letter.next = sink->empty;
        sink->empty = &lot->job.letter;
    }
    if (sink->options->folder && !sink->options->dry_run) {
        TRY(import_fold_open(sink->workspace, &sink->fold));
        intake_hurry(sink->workspace->intake); /* nothing is answered before the end of a file */
    }
    return thread_start("import", run, sink, &sink->thread);
}

fallible import_sink_open(const struct import_options *options, struct workspace *workspace,
                          struct import_sink **out_sink)
{
    struct import_sink *sink = mem_alloc(sizeof *sink);
    enum err err;

    if (!sink)
        return mem_exhausted();
    sink->options = options;
    sink->workspace = workspace;
    err = start(sink);
    if (err) {
        import_sink_close(sink);
        return err;
    }
    *out_sink = sink;
    return OK;
}

/* What still lies in it are lots, which the sink frees. */
static void close_box(struct mailbox *box)
{
    struct letter *left = box ? mailbox_take(box) : NULL;

    (void)left;
    mailbox_close(box);
}

void import_sink_close(struct import_sink *sink)
{
    if (!sink)
        return;
    if (sink->thread) {
        mailbox_post(sink->full, &sink->end);
        thread_join(sink->thread);
    }
    import_fold_close(sink->fold);
    close_box(sink->full);
    close_box(sink->done);
    for (size_t i = 0; i < LOTS; i++) {
        mem_free(sink->lots[i].job.events);
        mem_free(sink->lots[i].text);
    }
    arena_close(sink->mem);
    buf_done(&sink->body);
    mem_free(sink);
}

fallible import_sink_wait(struct import_sink *sink, int64_t timeout_ms,
                          struct import_totals *totals)
{
    struct letter *letter = mailbox_wait(sink->done, timeout_ms), *next;
    enum err err = OK;

    for (; letter; letter = next) {
        struct import_lot *lot = (struct import_lot *)letter;

        next = letter->next;
        letter->next = sink->empty;
        sink->empty = letter;
        sink->away--;
        totals->imported += lot->imported;
        totals->duplicates += lot->duplicates;
        err = lot->job.err;
    }
    return err ? fail(err, "%s", sink->reason) : OK;
}

fallible import_sink_take(struct import_sink *sink, int64_t timeout_ms,
                          struct import_totals *totals, struct import_lot **out_lot)
{
    struct import_lot *lot = NULL;

    if (!sink->empty)
        TRY(import_sink_wait(sink, timeout_ms, totals));
    if (sink->empty) {
        lot = (struct import_lot *)sink->empty;
        sink->empty = sink->empty->next;
        lot->imported = lot->duplicates = 0;
        lot->job.count = 0;
        lot->len = lot->json_bytes = 0;
        lot->is_full = false;
    }
    *out_lot = lot;
    return OK;
}

void import_sink_put(struct import_sink *sink, struct import_lot *lot)
{
    sink->away++;
    mailbox_post(sink->full, &lot->job.letter);
}

void import_sink_measure(const struct import_sink *sink, struct import_lot *lot)
{
    lot->is_full =
        lot->job.count == LOT_EVENTS ||
        (sink->options->url && (lot->job.count == BODY_EVENTS || lot->json_bytes >= BODY_BYTES));
}

bool import_sink_is_busy(const struct import_sink *sink)
{
    return sink->away > 0;
}

fallible import_sink_last(struct import_sink *sink)
{
    return sink->fold ? log_wait(sink->workspace->log) : OK;
}

void import_sink_stop(struct import_sink *sink)
{
    atomic_store(&sink->is_stopping, true);
    import_fold_stop(sink->fold);
}

fallible import_sink_finish(struct import_sink *sink, bool (*progress)(void *, uint64_t, uint64_t),
                            void *argument)
{
    if (!sink->fold)
        return OK;
    TRY(import_sink_last(sink)); /* ids must not be known to the disk before their events are */
    import_fold_last(sink->fold);
    TRY(workspace_settle_ids(sink->workspace)); /* its thread has nothing to do any more */
    return import_fold_finish(sink->fold, progress, argument);
}
