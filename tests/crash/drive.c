/* drive.c - carries out a plan.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/drive.h"

#include "crash/answers.h"

#include "base/mem.h"
#include "measure/deletion.h"
#include "measure/events.h"
#include "measure/revision.h"
#include "store/deleted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_AT_ONCE = 8, SETTLE_EVENTS = 100 };

bool drive_fails(struct drive *drive, const char *what)
{
    if (drive->trouble.len == 0)
        buf_print(&drive->trouble, "%s: %s", what, err_text());
    return false;
}

/* Nodes that nobody sent, so that the plan's own come to need another chunk of keys. */
static fallible add_strangers(struct world *world)
{
    struct buf clear = {0};
    enum err err = OK;

    for (node_id id = 1; !err && id <= PLAN_STRANGERS; id++) {
        struct record_node node = {NODE_USER, {id, id}};
        struct log_entry entry = {RECORD_NODE, id, 1, {NULL, 0}, S("stranger")};

        buf_clear(&clear);
        record_write_node(&clear, &node);
        entry.clear = buf_str(&clear);
        if (id % 100 == 1)
            err = log_begin(world->log, 100 * 64, 100, PLAN_STRANGERS + 1);
        if (!err)
            log_add(world->log, &entry);
        if (!err && (id % 100 == 0 || id == PLAN_STRANGERS))
            err = log_commit(world->log);
    }
    buf_done(&clear);
    return err;
}

static bool make_strangers(struct drive *drive)
{
    if (add_strangers(&drive->world) != OK)
        return drive_fails(drive, "no nodes could be made");
    world_shut(&drive->world);
    if (world_open(&drive->world) != OK)
        return drive_fails(drive, "it does not open with many nodes");
    return true;
}

bool drive_open(struct drive *drive, const struct plan *plan, uint64_t luck)
{
    *drive = (struct drive){.plan = plan, .oracle = oracle_open(plan)};
    drive->world = (struct world){
        .sys = sim_open(luck),
        .segment_bytes = (64 << 10) << plan->seed % 3,
        .recent_bytes = plan->seed % 2 ? 1 : 0,
        .table_ids = 64,
        .settle_events = SETTLE_EVENTS,
    };
    if (!drive->world.sys)
        abort();
    if (world_create(&drive->world) != OK)
        return drive_fails(drive, "the folder could not be made");
    if (world_open(&drive->world) != OK)
        return drive_fails(drive, "the new folder could not be opened");
    return !plan->has_strangers || make_strangers(drive);
}

void drive_close(struct drive *drive)
{
    world_done(&drive->world);
    oracle_close(drive->oracle);
    buf_done(&drive->trouble);
}

/* As a server does it: of what is durable, by a question. Who had no answer asks for other events
 * the next time, which must not be taken together with those of an attempt that was cut off. Half
 * of all events are revised at a time, so that many are again. */
static fallible find(struct drive *drive, const struct plan_ask *ask, struct deleted *found)
{
    struct answer_options options = {.sys = drive->world.sys};
    unsigned part = (ask->part + oracle_attempts(drive->oracle, ask)) % PLAN_PARTS;
    enum verdict verdict;
    struct source source;
    char request[128];
    enum err err;

    if (ask->kind == PLAN_DELETE)
        snprintf(request, sizeof request,
                 "{\"where\":{\"prop\":\"part\",\"op\":\"is\",\"value\":%u}}", part);
    else
        snprintf(request, sizeof request,
                 "{\"where\":{\"prop\":\"part\",\"op\":\"gte\",\"value\":%u},\"verdict\":\"%s\"}",
                 part, ask->is_machine ? "machine" : "human");
    TRY(world_fold(&drive->world));
    events_begin(drive->world.events, &source);
    err = ask->kind == PLAN_DELETE
              ? deletion_find(&source, &options, str_of(request), found)
              : revision_find(&source, &options, str_of(request), found, &verdict);
    events_end(drive->world.events);
    return err;
}

/* Without a set in the job there is nothing to be said. */
static fallible fill_naming(struct drive *drive, const struct plan_ask *ask, struct world_job *job)
{
    struct deleted *found;
    enum err err;

    TRY(deleted_open(&found));
    err = find(drive, ask, found);
    if (!err && deleted_count(found, 0, UINT64_MAX)) {
        job->job.kind = ask->kind == PLAN_DELETE ? INTAKE_DELETE : INTAKE_REVISE;
        job->job.verdict = ask->is_machine ? VERDICT_MACHINE : VERDICT_HUMAN;
        job->job.found = found;
        oracle_names(drive->oracle, ask, found);
        return OK;
    }
    deleted_close(found);
    return err;
}

static bool is_naming(const struct plan_ask *ask)
{
    return ask->kind == PLAN_DELETE || ask->kind == PLAN_REVISE;
}

static fallible fill_job(struct drive *drive, const struct plan_ask *ask, struct world_job *job)
{
    struct intake *intake = drive->world.intake;
    struct buf body = {0};
    char room[16];
    enum err err;

    TRY(world_job_open(job));
    if (is_naming(ask))
        return fill_naming(drive, ask, job);
    if (ask->kind == PLAN_MERGE) {
        job->job.kind = INTAKE_MERGE;
        job->job.a = intake_name(intake, plan_name(ask->a, room));
        job->job.b = intake_name(intake, plan_name(ask->b, room));
        return OK;
    }
    if (ask->kind == PLAN_UNDO) {
        job->job.kind = INTAKE_UNDO;
        job->job.undone = oracle_merge_seq(drive->oracle, ask->undone);
        return job->job.undone ? OK : fail(ERR_ABSENT, "that merge was never made");
    }
    buf_add(&body, S("{\"batch\":["));
    for (size_t i = 0; i < ask->count; i++) {
        if (i)
            buf_add_byte(&body, ',');
        buf_add(&body, ask->events[i]->text);
    }
    buf_add(&body, S("]}"));
    err = buf_is_broken(&body) ? mem_exhausted()
                               : world_read(&drive->world, (str){NULL, 0}, buf_str(&body), job);
    buf_done(&body);
    return err;
}

static void settle(struct drive *drive, const struct plan_ask *ask, enum err err, uint64_t seq)
{
    if (err == OK) {
        oracle_acked(drive->oracle, ask, seq);
    } else if (ask->kind != PLAN_EVENTS && (err == ERR_CONFLICT || err == ERR_ABSENT)) {
        oracle_refused(drive->oracle, ask);
    } else {
        drive->waiting++;
        drive->refusal = err;
    }
}

/* Posts them together, lets the intake take one step, notes the answers. */
static enum err send(struct drive *drive, const struct plan_ask *const *asks, size_t count)
{
    struct world_job jobs[MOST_AT_ONCE] = {0};
    bool is_posted[MOST_AT_ONCE] = {false};
    enum err err;

    for (size_t i = 0; i < count; i++) {
        enum err unable = fill_job(drive, asks[i], &jobs[i]);
        bool is_idle = is_naming(asks[i]) && !jobs[i].job.found;

        oracle_sent(drive->oracle, asks[i]);
        if (!unable && !is_idle)
            unable = intake_post(drive->world.intake, &jobs[i].job);
        is_posted[i] = !unable && !is_idle;
        if (!is_posted[i])
            settle(drive, asks[i], unable, 0);
    }
    err = intake_step(drive->world.intake, 0);
    for (size_t i = 0; i < count; i++) {
        if (is_posted[i] && !jobs[i].is_done)
            drive_fails(drive, "a job was never answered");
        if (is_posted[i])
            settle(drive, asks[i], jobs[i].job.err, jobs[i].job.seq);
        deleted_close(jobs[i].job.found);
        world_job_close(&jobs[i]);
    }
    return err;
}

static enum err do_send(struct drive *drive, const struct plan_step *step)
{
    const struct plan_ask *asks[MOST_AT_ONCE];
    size_t count = 0;

    for (size_t i = 0; i < step->count; i++)
        if (!oracle_is_settled(drive->oracle, &step->asks[i]))
            asks[count++] = &step->asks[i];
    return send(drive, asks, count);
}

static void tend_log(struct log *log)
{
    uint32_t damaged;

    while (log_tend(log, UINT64_MAX, &damaged))
        ;
}

enum err drive_step(struct drive *drive)
{
    const struct plan_step *step = &drive->plan->steps[drive->next];
    enum err err = OK;

    switch (step->move) {
    case PLAN_SEND:
        err = do_send(drive, step);
        break;
    case PLAN_PREPARE:
        err = log_prepare(drive->world.log);
        if (err == ERR_FULL || err == ERR_LIMIT)
            err = OK;
        tend_log(drive->world.log);
        break;
    case PLAN_REOPEN:
        world_shut(&drive->world);
        err = world_open(&drive->world);
        break;
    case PLAN_SLEEP:
        sim_advance(drive->world.sys, step->span);
        world_combine(&drive->world);
        err = intake_step(drive->world.intake, 0);
        break;
    }
    if (!err)
        err = world_fold(&drive->world);
    if (!err)
        drive->next++;
    return err;
}

enum err drive_resend(struct drive *drive)
{
    const struct plan_ask *asks[MOST_AT_ONCE];
    size_t count = 0;

    drive->waiting = 0;
    for (size_t i = 0; i <= drive->next && i < drive->plan->step_count; i++) {
        const struct plan_step *step = &drive->plan->steps[i];

        for (size_t k = 0; k < step->count; k++) {
            if (step->asks[k].kind == PLAN_EVENTS ||
                !oracle_is_settled(drive->oracle, &step->asks[k]))
                asks[count++] = &step->asks[k];
            if (count == MOST_AT_ONCE) {
                TRY(send(drive, asks, count));
                count = 0;
            }
        }
    }
    return count ? send(drive, asks, count) : OK;
}

bool drive_agrees(struct drive *drive)
{
    if (drive->world.roster_reason[0]) {
        buf_print(&drive->trouble, "persons had to be read from the whole log: %s",
                  drive->world.roster_reason);
        return false;
    }
    return oracle_agrees(drive->oracle, &drive->world, &drive->trouble) &&
           answers_count(&drive->world, oracle_left(drive->oracle), oracle_humans(drive->oracle),
                         &drive->trouble) &&
           answers_agree(&drive->world, &drive->trouble);
}

static void note_damage(void *argument, const char *sentence)
{
    struct drive *drive = argument;

    if (drive->trouble.len == 0)
        buf_print(&drive->trouble, "the checks report: %s", sentence);
}

bool drive_is_sound(struct drive *drive)
{
    uint64_t damages;

    world_shut(&drive->world);
    if (world_check(&drive->world, note_damage, drive, &damages) != OK)
        return drive_fails(drive, "the checks could not run");
    if (damages)
        return false;
    if (world_open(&drive->world) != OK)
        return drive_fails(drive, "it does not open after a clean stop");
    if (drive->world.recovery.torn_bytes)
        return drive_fails(drive, "a clean stop left a torn tail");
    return drive_agrees(drive);
}
