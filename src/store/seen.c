/* seen.c - exact deduplication: a table in memory, runs on disk, and the care for both.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ids are added to the active table. When it is full or a day old it becomes the freezing one, is
 * written out as a run step by step, and a new active one takes over. Runs of like size are merged
 * in the same way, so that there are never many of them. How much of that is done in one call of
 * seen_tend follows from how many ids came since the last one; what is too much for one call is
 * owed to the next. Syncs are the syncer's: a job whose sync is under way is passed over, and what
 * it reads stays in use until its run is there for good.
 */
#include "store/seen_int.h"

#include "base/mem.h"
#include "store/seen_writer.h"
#include "sys/syncer.h"

#include <string.h>

enum {
    DEFAULT_TABLE_IDS = 1 << 20,
    RUNS_AT_ONCE = 32,           /* whose filters are asked together */
    MOST_RUNS_AT_REST = 4,       /* up to here nothing is merged */
    MOST_RUNS = 16,              /* beyond it also runs of unlike size are merged */
    STEPS_PER_ID = 8,            /* entries that all jobs take on for each id that came: each id is
                                    frozen once and merged some four times */
    LEAST_STEPS = 16,            /* of each job */
    MOST_STEPS = 10 << 10,       /* of all jobs in one call, some 2 ms */
    LATE_STEPS = 8 * MOST_STEPS, /* the same when they are late */
    MOST_MERGES = 6,             /* at once, lest a large one keep the small ones waiting */
    MOST_TABLES = 8,   /* full tables' worth of ids kept in memory while the disk refuses */
    LARGEST_SHARE = 6, /* no run is merged to more than this part of most_ids */
};
#define DEFAULT_MOST_IDS ((uint64_t)1000 * 1000 * 1000)

struct seen {
    struct seen_config config;
    char *folder;
    struct syncer *own_syncer; /* NULL when it was given one */
    struct seen_place place;
    struct syncer_ticket removal; /* of the latest run that was simply removed */
    struct seen_table *active;
    struct seen_table *freezing; /* NULL when none; newer than all runs, older than the active */
    struct seen_job *freeze;
    struct seen_job *merges[MOST_MERGES]; /* their inputs stand side by side in `runs` */
    struct seen_run **runs;               /* by sequence numbers */
    uint32_t run_count;
    uint32_t run_room;
    uint64_t covered;
    uint64_t freezing_to; /* the end of the span that the freezing table makes covered */
    uint64_t added;       /* ids since the last call of seen_tend */
    uint64_t owed;        /* steps that earlier calls of seen_tend left over */
    millis forgotten;     /* newest `received` given up for want of room, or INT64_MIN */
    enum err trouble;     /* of the last seen_tend */
};

struct seen_found {
    bool is_there;
    struct seen_entry entry;
};

/* What was received at or before it is not within the window any more. */
static millis expired_at(const struct seen *seen, millis now)
{
    millis at;

    return __builtin_sub_overflow(now, seen->config.window, &at) ? INT64_MIN : at;
}

/* Makes the folder's own entry last, too. */
static fallible make_folder(struct sys *sys, const char *folder)
{
    str path = str_of(folder);
    size_t len = path.len;
    char *parent;
    enum err err;

    if (file_exists(sys, folder))
        return OK;
    TRY(folder_make(sys, folder));
    while (len && path.data[len - 1] != '/')
        len--;
    parent = mem_text(len ? folder : ".");
    if (!parent)
        return mem_exhausted();
    if (len)
        parent[len > 1 ? len - 1 : 1] = 0;
    err = folder_sync(sys, parent);
    mem_free(parent);
    return err;
}

/* Room for a full table and what comes before the freeze begins, so that it never grows. */
static fallible reserve_table(struct seen_table *table, uint32_t ids)
{
    return seen_table_reserve(table, ids + ids / 4);
}

static fallible open_parts(struct seen *seen)
{
    const struct seen_config *config = &seen->config;

    if (!seen->folder || !seen->active)
        return mem_exhausted();
    TRY(reserve_table(seen->active, config->table_ids));
    if (!config->syncer)
        TRY(syncer_open(config->sys, SYNCER_AT_ONCE, &seen->own_syncer));
    seen->place = (struct seen_place){
        .sys = config->sys,
        .syncer = config->syncer ? config->syncer : seen->own_syncer,
        .folder = seen->folder,
    };
    TRY(make_folder(config->sys, seen->folder));
    return seen_folder_load(config->sys, seen->folder, &seen->runs, &seen->run_count,
                            &seen->covered);
}

fallible seen_open(const struct seen_config *config, struct seen **out_seen)
{
    struct seen *seen = mem_alloc(sizeof *seen);
    enum err err;

    if (!seen)
        return mem_exhausted();
    seen->config = *config;
    if (!config->table_ids)
        seen->config.table_ids = DEFAULT_TABLE_IDS;
    if (!config->window)
        seen->config.window = 7 * MILLIS_DAY;
    if (!config->most_ids)
        seen->config.most_ids = DEFAULT_MOST_IDS;
    seen->forgotten = INT64_MIN;
    seen->folder = mem_text(config->folder);
    seen->active = seen_table_open();
    err = open_parts(seen);
    if (err) {
        seen_close(seen);
        return err;
    }
    seen->run_room = seen->run_count;
    for (uint32_t i = 0; i < seen->run_count; i++)
        if (seen->runs[i]->head.forgotten > seen->forgotten)
            seen->forgotten = seen->runs[i]->head.forgotten;
    *out_seen = seen;
    return OK;
}

void seen_close(struct seen *seen)
{
    enum err err;

    if (!seen)
        return;
    err = syncer_wait(&seen->removal);
    (void)err; /* a removal that does not last is done again at the next start */
    seen_job_close(seen->freeze);
    for (uint32_t i = 0; i < MOST_MERGES; i++)
        seen_job_close(seen->merges[i]);
    seen_table_close(seen->active);
    seen_table_close(seen->freezing);
    for (uint32_t i = 0; i < seen->run_count; i++)
        seen_run_close(seen->runs[i]);
    syncer_close(seen->own_syncer);
    mem_free(seen->runs);
    mem_free(seen->folder);
    mem_free(seen);
}

/* Whose filters let the id through, a bit each. One is read after the other without a look at any,
 * so that all are waited for at once. */
static uint64_t may_hold(const struct seen *seen, hash128 id, uint32_t from, uint32_t count)
{
    struct seen_filter_bits bits = seen_filter_bits_of(id);
    uint64_t held = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct seen_run *run = seen->runs[from + i];

        if (run->head.count)
            held |= (uint64_t)seen_filter_may_hold(&run->filter, id, &bits) << i;
    }
    return held;
}

static fallible find_in_some(struct seen *seen, hash128 id, uint32_t from, uint32_t count,
                             millis expired, struct seen_found *found)
{
    uint64_t held = may_hold(seen, id, from, count);

    while (held && !found->is_there) {
        uint32_t i = 63 - (uint32_t)__builtin_clzll(held);
        struct seen_run *run = seen->runs[from + i];
        bool is_there;

        held &= ~(UINT64_C(1) << i);
        if (run->head.newest <= expired)
            continue;
        TRY(seen_run_find(run, id, &is_there, &found->entry));
        found->is_there = is_there && found->entry.received > expired;
    }
    return OK;
}

/* Looks through the runs, the newest first. An entry out of the window ends nothing: with a clock
 * that jumps an older run may hold one that is within. */
static fallible find_in_runs(struct seen *seen, hash128 id, millis expired,
                             struct seen_found *found)
{
    for (uint32_t end = seen->run_count; end && !found->is_there;) {
        uint32_t count = end < RUNS_AT_ONCE ? end : RUNS_AT_ONCE;

        end -= count;
        TRY(find_in_some(seen, id, end, count, expired, found));
    }
    return OK;
}

void seen_warm(const struct seen *seen, hash128 id)
{
    seen_table_warm(seen->active, id);
    if (seen->freezing)
        seen_table_warm(seen->freezing, id);
    for (uint32_t i = 0; i < seen->run_count; i++)
        if (seen->runs[i]->head.count)
            seen_filter_prefetch(&seen->runs[i]->filter, id);
}

fallible seen_find(struct seen *seen, hash128 id, uint64_t body_hash, millis now,
                   enum seen_answer *out_answer)
{
    millis expired = expired_at(seen, now);
    struct seen_found found;

    found.is_there =
        seen_table_find(seen->active, id, &found.entry) && found.entry.received > expired;
    if (!found.is_there && seen->freezing)
        found.is_there =
            seen_table_find(seen->freezing, id, &found.entry) && found.entry.received > expired;
    if (!found.is_there)
        TRY(find_in_runs(seen, id, expired, &found));
    if (!found.is_there)
        *out_answer = SEEN_NEW;
    else
        *out_answer = found.entry.body_hash == body_hash ? SEEN_SAME : SEEN_OTHER;
    return OK;
}

fallible seen_reserve(struct seen *seen, uint32_t count)
{
    uint64_t held = (uint64_t)seen_table_count(seen->active) +
                    (seen->freezing ? seen_table_count(seen->freezing) : 0);

    if (seen->trouble && held + count > (uint64_t)MOST_TABLES * seen->config.table_ids)
        return fail(seen->trouble, "%llu message ids wait to be written to %s",
                    (unsigned long long)held, seen->folder);
    return seen_table_reserve(seen->active, count);
}

void seen_add(struct seen *seen, hash128 id, uint64_t body_hash, uint64_t seq, millis received)
{
    struct seen_entry entry = {.id = id, .body_hash = body_hash, .received = received};

    if (seq < (seen->freezing ? seen->freezing_to : seen->covered))
        return; /* of a replay that began too early */
    seen_table_add(seen->active, &entry, seq);
    seen->added++;
}

void seen_forget_from(struct seen *seen, uint64_t from_seq)
{
    seen_table_forget_from(seen->active, from_seq);
}

uint64_t seen_covered_seq(const struct seen *seen)
{
    return seen->covered;
}

static uint64_t count_ids(const struct seen *seen)
{
    uint64_t ids = seen_table_count(seen->active);

    if (seen->freezing)
        ids += seen_table_count(seen->freezing);
    for (uint32_t i = 0; i < seen->run_count; i++)
        ids += seen->runs[i]->head.count;
    return ids;
}

void seen_stats_read(const struct seen *seen, millis now, struct seen_stats *out_stats)
{
    millis window = seen->config.window;

    if (seen->forgotten > expired_at(seen, now))
        window = seen->forgotten < now ? now - seen->forgotten : 0;
    *out_stats =
        (struct seen_stats){.ids = count_ids(seen), .files = seen->run_count, .window = window};
}

static fallible reserve_runs(struct seen *seen)
{
    uint32_t room = seen->run_count + 16;
    void *grown;

    if (seen->run_count < seen->run_room)
        return OK;
    grown = mem_grow(seen->runs, room * sizeof(struct seen_run *));
    if (!grown)
        return mem_exhausted();
    seen->runs = grown;
    seen->run_room = room;
    return OK;
}

static void close_run(void *run)
{
    seen_run_close(run);
}

static void close_table(void *table)
{
    seen_table_close(table);
}

/* Puts `run` in the place of `count` runs from `at` on. */
static void replace_runs(struct seen *seen, uint32_t at, uint32_t count, struct seen_run *run)
{
    for (uint32_t i = at; i < at + count; i++)
        syncer_dispose(seen->place.syncer, close_run, seen->runs[i]);
    seen->runs[at] = run;
    memmove(seen->runs + at + 1, seen->runs + at + count,
            (seen->run_count - at - count) * sizeof(struct seen_run *));
    seen->run_count -= count - 1;
}

/* Whether the latest removal lasts. A failure is told once. */
static fallible settle_removal(struct seen *seen, bool *out_is_done)
{
    enum err err = syncer_poll(&seen->removal, out_is_done);

    if (err)
        seen->removal = (struct syncer_ticket){0};
    return err;
}

/* Takes the first run away: its ids are out of the window or over the bound. */
static fallible drop_first(struct seen *seen)
{
    bool is_done;

    TRY(file_remove(seen->config.sys, seen->runs[0]->path));
    syncer_dispose(seen->place.syncer, close_run, seen->runs[0]);
    memmove(seen->runs, seen->runs + 1, (seen->run_count - 1) * sizeof(struct seen_run *));
    seen->run_count--;
    syncer_folder(seen->place.syncer, seen->folder, &seen->removal);
    return settle_removal(seen, &is_done);
}

/* The number of a merge that is not in use; MOST_MERGES when all are. */
static uint32_t find_merge(const struct seen *seen)
{
    uint32_t slot = 0;

    while (slot < MOST_MERGES && seen->merges[slot])
        slot++;
    return slot;
}

/* A run without entries is to be written over one, so that its span stays covered: as a merge of
 * one run, of which nothing is taken. */
static fallible empty_run(struct seen *seen, uint32_t at)
{
    struct seen_head head = {.from = seen->runs[at]->head.from,
                             .to = seen->runs[at]->head.to,
                             .forgotten = seen->forgotten};
    uint32_t slot = find_merge(seen);

    if (slot == MOST_MERGES)
        return OK;
    TRY(seen_job_empty(&seen->place, &head, &seen->merges[slot]));
    seen->runs[at]->merge = slot + 1;
    return OK;
}

/* Forgets one run: the first vanishes, unless it is the last one, too; others become empty. */
static fallible forget_run(struct seen *seen, uint32_t at)
{
    if (at == 0 && seen->run_count > 1)
        return drop_first(seen);
    return seen->runs[at]->head.count ? empty_run(seen, at) : OK;
}

/* Forgets at most one run that is out of the window, else one that is over the bound. */
static fallible forget_old(struct seen *seen, millis now)
{
    millis expired = expired_at(seen, now);
    bool is_settled;

    TRY(settle_removal(seen, &is_settled)); /* they last in their order */
    if (!is_settled)
        return OK;
    for (uint32_t i = 0; i < seen->run_count; i++) {
        const struct seen_run *run = seen->runs[i];

        if (run->merge || (run->head.count && run->head.newest > expired))
            continue;
        if (run->head.count || (i == 0 && seen->run_count > 1))
            return forget_run(seen, i);
    }
    if (count_ids(seen) <= seen->config.most_ids || !seen->run_count || seen->runs[0]->merge)
        return OK;
    if (seen->runs[0]->head.count && seen->runs[0]->head.newest > seen->forgotten)
        seen->forgotten = seen->runs[0]->head.newest;
    return forget_run(seen, 0);
}

/* The active table becomes the freezing one. */
static fallible freeze_active(struct seen *seen)
{
    struct seen_table *fresh = seen_table_open();
    enum err err;

    if (!fresh)
        return mem_exhausted();
    err = reserve_table(fresh, seen_table_count(seen->active));
    if (err) {
        seen_table_close(fresh);
        return err;
    }
    seen->freezing = seen->active;
    seen->freezing_to = seen_table_last_seq(seen->active) + 1;
    seen->active = fresh;
    return OK;
}

bool seen_is_due(const struct seen *seen, millis now)
{
    uint32_t count = seen_table_count(seen->active);

    return !seen->freezing && count &&
           (count >= seen->config.table_ids ||
            seen_table_first_received(seen->active) <= now - MILLIS_DAY);
}

/* Far behind: the next table is more than full, too, though not yet so much that it has to grow. */
static bool is_freeze_late(const struct seen *seen)
{
    uint64_t most = seen->config.table_ids;

    return seen->freezing && seen_table_count(seen->active) >= most + most / 4;
}

static bool are_merges_late(const struct seen *seen)
{
    return seen->run_count >= 2 * MOST_RUNS;
}

static fallible step_freeze(struct seen *seen, uint64_t steps, millis expired)
{
    struct seen_head head = {
        .from = seen->covered, .to = seen->freezing_to, .forgotten = seen->forgotten};
    struct seen_run *run = NULL;
    enum err err = OK;

    if (!seen->freezing)
        return OK;
    TRY(reserve_runs(seen));
    if (!seen->freeze)
        TRY(seen_job_freeze(&seen->place, &head, seen->freezing, &seen->freeze));
    if (is_freeze_late(seen))
        seen_job_wait(seen->freeze);
    err = seen_job_step(seen->freeze, steps, expired, &run);
    if (!err && !run)
        return OK;
    seen_job_close(seen->freeze);
    seen->freeze = NULL;
    if (err)
        return err;
    seen->runs[seen->run_count++] = run;
    seen->covered = run->head.to;
    syncer_dispose(seen->place.syncer, close_table, seen->freezing);
    seen->freezing = NULL;
    return OK;
}

/* How large a run is, in powers of four of a full table. */
static unsigned size_class(const struct seen *seen, const struct seen_run *run)
{
    unsigned size = 0;

    for (uint64_t ids = run->head.count / seen->config.table_ids; ids >= 4; ids /= 4)
        size++;
    return size;
}

/* Of all `width` neighbours that may be merged finds those whose largest is the smallest. */
static bool find_neighbours(const struct seen *seen, uint32_t width, uint32_t *out_at)
{
    unsigned best = UINT32_MAX;

    for (uint32_t at = 0; at + width <= seen->run_count; at++) {
        unsigned worst = 0;
        uint64_t ids = 0;
        bool is_fit = true;

        for (uint32_t i = at; i < at + width; i++) {
            unsigned size = size_class(seen, seen->runs[i]);

            worst = size > worst ? size : worst;
            ids += seen->runs[i]->head.count;
            is_fit = is_fit && !seen->runs[i]->is_damaged && !seen->runs[i]->merge;
        }
        if (is_fit && worst < best &&
            ids <= seen->config.most_ids / LARGEST_SHARE + seen->config.table_ids) {
            best = worst;
            *out_at = at;
        }
    }
    return best != UINT32_MAX;
}

/* Starts at most one merge. */
static fallible start_merging(struct seen *seen)
{
    uint32_t width = SEEN_MOST_INPUTS, slot = find_merge(seen), at;

    if (slot == MOST_MERGES || seen->run_count <= MOST_RUNS_AT_REST)
        return OK;
    if (!find_neighbours(seen, width, &at)) {
        width = 2;
        if (seen->run_count <= MOST_RUNS || !find_neighbours(seen, width, &at))
            return OK;
    }
    TRY(seen_job_merge(&seen->place, seen->runs + at, width, &seen->merges[slot]));
    for (uint32_t i = at; i < at + width; i++)
        seen->runs[i]->merge = slot + 1;
    return OK;
}

/* The merged run is there for good: its parts go, but for one in whose place it is. One that stays
 * is left over at the next start. */
static fallible finish_merging(struct seen *seen, uint32_t merge, struct seen_run *run)
{
    uint32_t at = 0, count = 0;
    enum err err = OK;

    while (seen->runs[at]->merge != merge)
        at++;
    for (; at + count < seen->run_count && seen->runs[at + count]->merge == merge; count++) {
        const struct seen_run *part = seen->runs[at + count];
        bool is_replaced = part->head.from == run->head.from && part->head.to == run->head.to;
        enum err removed = is_replaced ? OK : file_remove(seen->config.sys, part->path);

        err = removed ? removed : err;
    }
    replace_runs(seen, at, count, run);
    return err;
}

static fallible step_merge(struct seen *seen, uint32_t slot, uint64_t steps, millis expired)
{
    struct seen_run *run = NULL;
    enum err err;

    if (are_merges_late(seen))
        seen_job_wait(seen->merges[slot]);
    err = seen_job_step(seen->merges[slot], steps, expired, &run);
    if (!err && !run)
        return OK;
    seen_job_close(seen->merges[slot]);
    seen->merges[slot] = NULL;
    if (!err)
        return finish_merging(seen, slot + 1, run);
    for (uint32_t i = 0; i < seen->run_count; i++)
        if (seen->runs[i]->merge == slot + 1)
            seen->runs[i]->merge = 0;
    return err;
}

/* The one that is done first: each that is done makes files fewer. */
static uint32_t least_merge(const struct seen *seen)
{
    uint64_t entries[MOST_MERGES] = {0};
    uint32_t least = MOST_MERGES;

    for (uint32_t i = 0; i < seen->run_count; i++)
        if (seen->runs[i]->merge)
            entries[seen->runs[i]->merge - 1] += seen->runs[i]->head.count;
    for (uint32_t slot = 0; slot < MOST_MERGES; slot++)
        if (seen->merges[slot] && (least == MOST_MERGES || entries[slot] < entries[least]))
            least = slot;
    return least;
}

/* One merge that fails does not keep the others waiting. */
static fallible step_merges(struct seen *seen, uint64_t steps, millis expired)
{
    enum err err = OK;
    uint32_t least = least_merge(seen);

    for (uint32_t slot = 0; slot < MOST_MERGES; slot++)
        if (seen->merges[slot]) {
            enum err failed = step_merge(seen, slot, slot == least ? steps : LEAST_STEPS, expired);

            err = failed ? failed : err;
        }
    return err;
}

static uint32_t count_merges(const struct seen *seen)
{
    uint32_t count = 0;

    for (uint32_t slot = 0; slot < MOST_MERGES; slot++)
        count += seen->merges[slot] != NULL;
    return count;
}

/* How many entries all jobs together take on in this call. */
static uint64_t take_steps(struct seen *seen, uint32_t jobs)
{
    uint64_t most = seen->config.table_ids, bound = MOST_STEPS, steps;

    if (is_freeze_late(seen) || are_merges_late(seen))
        bound = LATE_STEPS + STEPS_PER_ID * seen->added;
    seen->owed += LEAST_STEPS * jobs + most / 256 + STEPS_PER_ID * seen->added;
    seen->added = 0;
    if (!jobs)
        seen->owed = 0;
    if (seen->owed > STEPS_PER_ID * most)
        seen->owed = STEPS_PER_ID * most;
    steps = seen->owed < bound ? seen->owed : bound;
    seen->owed -= steps;
    return steps;
}

/* The freeze gets half, since the table must not grow; a merge that cannot start keeps nothing else
 * from going on. */
static fallible write_runs(struct seen *seen, millis now)
{
    enum err started = seen_is_due(seen, now) ? freeze_active(seen) : OK;
    enum err begun = start_merging(seen), frozen, merged;
    uint32_t merges = count_merges(seen);
    uint64_t steps = take_steps(seen, merges + (seen->freezing != NULL));
    uint64_t of_freeze = merges ? steps / 2 : steps;
    uint64_t of_merges = seen->freezing ? steps - of_freeze : steps;

    frozen = step_freeze(seen, of_freeze, expired_at(seen, now));
    merged = merges ? step_merges(seen, of_merges, expired_at(seen, now)) : OK;
    if (started || frozen)
        return started ? started : frozen;
    return begun ? begun : merged;
}

fallible seen_tend(struct seen *seen, millis now)
{
    /* What cannot be removed must not keep the table from being written; but it goes first, since
     * it may give the room. */
    enum err forgotten = forget_old(seen, now), written = write_runs(seen, now);

    seen->trouble = written;
    return written ? written : forgotten;
}

fallible seen_settle(struct seen *seen, millis now)
{
    for (;;) {
        if (!seen->freezing && !seen_table_count(seen->active))
            return OK;
        if (!seen->freezing)
            TRY(freeze_active(seen));
        TRY(step_freeze(seen, UINT32_MAX, expired_at(seen, now)));
        if (seen->freezing)
            seen_job_wait(seen->freeze);
    }
}

fallible seen_check(struct sys *sys, const char *folder, void (*report)(void *, const char *),
                    void *argument)
{
    return seen_folder_check(sys, folder, report, argument);
}
