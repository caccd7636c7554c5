/* world.c - a workspace on a simulated disk, without threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/world.h"

#include "base/mem.h"
#include "measure/combine.h"
#include "measure/events.h"
#include "measure/history.h"
#include "people/identity.h"
#include "store/datadir.h"
#include "store/deletions.h"
#include "store/verdicts.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "measure/source_page.h"

#include <string.h>

#define WORLD_ANEW "anew"

enum { CACHE = 64 << 10, SEGMENT = 64 << 10, GROUP = 16 << 10, JOB_ARENA = 64 << 20, PART = 8 };

struct log_config world_log_config(const struct world *world)
{
    return (struct log_config){
        .sys = world->sys,
        .folder = WORLD_LOG,
        .vault = world->vault,
        .segment_bytes = world->segment_bytes ? world->segment_bytes : SEGMENT,
        .recent_bytes = world->recent_bytes,
    };
}

struct seen_config world_seen_config(const struct world *world)
{
    return (struct seen_config){
        .sys = world->sys,
        .folder = WORLD_SEEN,
        .window = 7 * MILLIS_DAY,
        .most_ids = 1000000,
        .table_ids = world->table_ids,
    };
}

fallible world_create(const struct world *world)
{
    struct vault *vault = NULL;
    enum err err = datadir_create(world->sys, WORLD_FOLDER);

    if (!err)
        err = vault_open(world->sys, WORLD_KEYS, true, &vault);
    vault_close(vault);
    return err;
}

fallible world_open_log(struct world *world)
{
    struct log_config config;
    enum err err = vault_open(world->sys, WORLD_KEYS, false, &world->vault);

    config = world_log_config(world);
    if (!err)
        err = log_open(&config, &world->log, &world->recovery);
    if (err)
        world_shut(world);
    return err;
}

static fallible open_intake(struct world *world)
{
    struct seen_config seen = world_seen_config(world);
    struct intake_config config = {
        .sys = world->sys,
        .log = world->log,
        .vault = world->vault,
        .group_bytes = world->group_bytes ? world->group_bytes : GROUP,
        .queue_bytes = world->queue_bytes,
    };

    TRY(seen_open(&seen, &world->seen));
    TRY(identity_open(&world->identity));
    TRY(deletions_open(PART, &world->deletions));
    TRY(verdicts_open(PART, &world->verdicts));
    config.deletions = world->deletions;
    config.verdicts = world->verdicts;
    config.seen = world->seen;
    config.identity = world->identity;
    config.roster = world->roster;
    config.out_settled = world->roster ? &world->settled : NULL;
    return intake_open(&config, NULL, NULL, &world->intake);
}

/* Not by the world, which tests move about. */
static hash128 hash_by_vault(void *argument, enum node_kind kind, str text)
{
    return vault_hash(argument, (unsigned char)kind, text);
}

static hash128 hash_identifier(void *argument, enum node_kind kind, str text)
{
    const struct world *world = argument;

    return vault_hash(world->vault, (unsigned char)kind, text);
}

static fallible open_history(struct world *world)
{
    struct roster_config config = {.sys = world->sys,
                                   .folder = WORLD_COLUMNS,
                                   .workspace = vault_workspace_id(world->vault),
                                   .log = world->log,
                                   .hash = hash_by_vault,
                                   .argument = world->vault};

    TRY(history_open(world->sys, WORLD_COLUMNS, config.workspace, CACHE, &world->history));
    return roster_obtain(&config, history_next_seq(world->history), NULL, NULL,
                         world->roster_reason, &world->roster);
}

/* Short, as timelines are read often: they tell which event it is, not what it says. */
static enum err read_events(void *argument, const struct source_page *page)
{
    (void)argument;
    for (size_t i = 0; i < page->count; i++) {
        page->texts[i].from = page->text->len;
        buf_print(page->text, "{\"seq\":%llu}", (unsigned long long)page->seqs[i]);
        page->texts[i].len = page->text->len - page->texts[i].from;
    }
    return OK;
}

static fallible open_events(struct world *world)
{
    struct events_config config = {.read_events = read_events,
                                   .hash = hash_identifier,
                                   .argument = world,
                                   .hash_seed = 1,
                                   .history = world->history,
                                   .roster = world->roster,
                                   .identity = world->settled};

    world->settled = NULL;
    TRY(events_open(&config, &world->events));
    world->fold_seq = events_first_seq(world->events);
    return OK;
}

static fallible open_parts(struct world *world)
{
    if (world->settle_events)
        TRY(open_history(world));
    TRY(open_intake(world));
    return world->settle_events ? open_events(world) : OK;
}

fallible world_open(struct world *world)
{
    enum err err = OK;

    if (!world->json)
        world->json = json_reader_open();
    if (!world->json)
        return mem_exhausted();
    TRY(world_open_log(world));
    err = open_parts(world);
    if (err)
        world_shut(world);
    return err;
}

void world_shut(struct world *world)
{
    log_reader_close(world->reader);
    events_close(world->events);
    identity_close(world->settled);
    intake_close(world->intake);
    roster_close(world->roster);
    history_close(world->history);
    verdicts_close(world->verdicts);
    deletions_close(world->deletions);
    identity_close(world->identity);
    seen_close(world->seen);
    log_close(world->log);
    vault_close(world->vault);
    world->reader = NULL;
    world->events = NULL;
    world->settled = NULL;
    world->roster = NULL;
    world->history = NULL;
    world->intake = NULL;
    world->deletions = NULL;
    world->verdicts = NULL;
    world->identity = NULL;
    world->seen = NULL;
    world->log = NULL;
    world->vault = NULL;
}

void world_done(struct world *world)
{
    world_shut(world);
    json_reader_close(world->json);
    sim_close(world->sys);
    *world = (struct world){0};
}

/* Folding */

static fallible fold_record(struct world *world, const struct log_record *record)
{
    enum err err;

    TRY(events_apply(world->events, record));
    if (events_in_memory(world->events) < world->settle_events)
        return OK;
    err = events_settle(world->events, world->sys);
    return err == ERR_FULL || err == ERR_LIMIT ? OK : err;
}

fallible world_fold(struct world *world)
{
    struct log_record record;
    enum err err;

    if (!world->events)
        return OK;
    if (!world->reader)
        TRY(log_reader_open(world->log, world->fold_seq, LOG_PLAIN, &world->reader));
    while ((err = log_reader_next(world->reader, &record)) == OK) {
        world->fold_seq = record.seq;
        err = fold_record(world, &record);
        if (err) {
            log_reader_close(world->reader);
            world->reader = NULL;
            break;
        }
    }
    return err == ERR_ABSENT || err == ERR_LIMIT ? OK : err;
}

void world_combine(struct world *world)
{
    size_t at, count;

    if (world->events && combine_find(world->events, false, &at, &count))
        (void)!combine_run(world->events, world->sys, at, count, NULL, NULL);
}

fallible world_fold_anew(struct world *world, struct world_fold *out_fold)
{
    struct roster_config roster = {.sys = world->sys,
                                   .folder = WORLD_ANEW,
                                   .workspace = vault_workspace_id(world->vault),
                                   .hash = hash_by_vault,
                                   .argument = world->vault};
    struct events_config config = {
        .read_events = read_events, .hash = hash_identifier, .argument = world, .hash_seed = 2};
    struct log_reader *reader;
    struct log_record record;
    enum err err;

    *out_fold = (struct world_fold){0};
    TRY(folder_make(world->sys, WORLD_ANEW));
    TRY(roster_open(&roster, 1, &out_fold->roster));
    config.roster = out_fold->roster;
    TRY(events_open(&config, &out_fold->events));
    TRY(log_reader_open(world->log, 1, LOG_PLAIN, &reader));
    while ((err = log_reader_next(reader, &record)) == OK) {
        err = events_apply(out_fold->events, &record);
        if (err)
            break;
    }
    log_reader_close(reader);
    return err == ERR_ABSENT ? OK : err;
}

void world_fold_done(struct world_fold *fold)
{
    events_close(fold->events);
    roster_close(fold->roster);
}

/* Jobs */

static void note_done(struct intake_job *job)
{
    ((struct world_job *)job)->is_done = true;
}

fallible world_job_open(struct world_job *job)
{
    *job = (struct world_job){.mem = arena_open(JOB_ARENA)};
    job->job.mem = job->mem;
    job->job.done = note_done;
    return job->mem ? OK : mem_exhausted();
}

void world_job_close(struct world_job *job)
{
    arena_close(job->mem);
    job->mem = NULL;
}

fallible world_read(struct world *world, str type, str body, struct world_job *job)
{
    struct segment_call call = {.type = type, .received = clock_now(world->sys)};
    char *padded = arena_take(job->mem, body.len + JSON_PADDING);
    str write_key;

    if (!padded)
        return arena_exhausted();
    memcpy(padded, body.data, body.len);
    return segment_read(world->intake, world->json, str_from(padded, body.len), &call, &job->job,
                        &write_key);
}

fallible world_do(struct world *world, struct world_job *job)
{
    job->is_done = false;
    if (!job->job.received)
        job->job.received = clock_now(world->sys);
    TRY(intake_post(world->intake, &job->job));
    return intake_step(world->intake, 0);
}

/* Checking */

struct counting {
    void (*report)(void *, const char *);
    void *argument;
    uint64_t damages;
};

static void count(void *argument, const char *sentence)
{
    struct counting *counting = argument;

    counting->damages++;
    if (counting->report)
        counting->report(counting->argument, sentence);
}

static fallible counted(struct counting *counting, enum err err)
{
    if (err != ERR_CORRUPT && err != ERR_ABSENT)
        return err;
    count(counting, err_text());
    return OK;
}

static fallible check_log_and_keys(struct world *world, struct counting *counting)
{
    struct log_check totals = {0};
    struct log_config config;

    TRY(counted(counting, vault_open(world->sys, WORLD_KEYS, false, &world->vault)));
    if (!world->vault)
        return OK;
    config = world_log_config(world);
    TRY(counted(counting, log_check(&config, false, count, counting, &totals)));
    TRY(counted(counting, history_check(world->sys, WORLD_COLUMNS, vault_workspace_id(world->vault),
                                        count, counting)));
    return counted(counting, vault_check(world->vault, totals.nodes, count, counting));
}

fallible world_check(struct world *world, void (*report)(void *, const char *), void *argument,
                     uint64_t *out_damages)
{
    struct counting counting = {report, argument, 0};
    enum err err = check_log_and_keys(world, &counting);

    vault_close(world->vault);
    world->vault = NULL;
    if (!err)
        err = counted(&counting, seen_check(world->sys, WORLD_SEEN, count, &counting));
    if (!err)
        *out_damages = counting.damages;
    return err;
}
