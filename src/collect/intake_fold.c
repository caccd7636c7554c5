/* intake_fold.c - what storing must know of earlier records: persons, message ids, quarantine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake_fold.h"

#include "collect/quarantine.h"
#include "people/identity.h"
#include "people/roster.h"
#include "store/deletions.h"
#include "store/verdicts.h"
#include "sys/clock.h"

enum { PROGRESS_EVERY = 65536 };

struct intake_fold {
    struct intake_config config;
    struct quarantine *quarantine;
};

/* The ids of one record of events. */
static fallible see_events(struct intake_fold *fold, const struct log_record *record)
{
    struct record_events it;
    struct record_event event;
    uint64_t seq = record->seq;

    if (record->seq + record->count <= seen_covered_seq(fold->config.seen))
        return OK;
    TRY(record_events_start(&it, record->clear, (str){NULL, 0}));
    TRY(seen_reserve(fold->config.seen, record->count));
    for (; record_events_next(&it, &event); seq++)
        if (seq >= seen_covered_seq(fold->config.seen) &&
            !hash_equals(event.message_id, (hash128){0}))
            seen_add(fold->config.seen, event.message_id, event.body_hash, seq, it.received);
    return record_events_finish(&it);
}

static fallible see_quarantined(struct intake_fold *fold, const struct log_record *record)
{
    struct record_quarantine entry;

    if (record->seq < seen_covered_seq(fold->config.seen))
        return OK;
    TRY(record_read_quarantine(record->clear, record->payload, &entry));
    TRY(seen_reserve(fold->config.seen, 1));
    seen_add(fold->config.seen, entry.body_hash, 0, record->seq, entry.received);
    return OK;
}

/* What a record says besides the ids that it brings. */
static fallible fold_state(struct intake_fold *fold, const struct log_record *record)
{
    struct record_quarantine entry;
    struct record_release release;

    TRY(identity_apply(fold->config.identity, record));
    switch (record->kind) {
    case RECORD_NODE:
    case RECORD_JOIN:
    case RECORD_UNDO:
    case RECORD_EVENTS:
        return OK;
    case RECORD_QUARANTINE:
        TRY(record_read_quarantine(record->clear, record->payload, &entry));
        TRY(quarantine_reserve(fold->quarantine, 1));
        quarantine_add(fold->quarantine, record->seq, entry.received);
        return OK;
    case RECORD_RELEASE:
        TRY(record_read_release(record->clear, &release));
        quarantine_remove(fold->quarantine, release.quarantine_seq);
        return OK;
    case RECORD_DELETION:
        return fold->config.deletions ? deletions_apply(fold->config.deletions, record) : OK;
    case RECORD_VERDICTS:
        return fold->config.verdicts ? verdicts_apply(fold->config.verdicts, record) : OK;
    }
    return fail(ERR_CONFLICT,
                "record %llu has a kind (%d) that this Myriad does not know: it was "
                "written by a newer one",
                (unsigned long long)record->seq, (int)record->kind);
}

/* `since`: below it the roster told the rest. */
static fallible fold_record(struct intake_fold *fold, const struct log_record *record,
                            uint64_t since)
{
    if (record->seq >= since)
        TRY(fold_state(fold, record));
    if (record->kind == RECORD_EVENTS)
        return see_events(fold, record);
    return record->kind == RECORD_QUARANTINE ? see_quarantined(fold, record) : OK;
}

static enum err take_from_roster(void *argument, const struct roster_entry *entries, size_t count)
{
    struct intake_fold *fold = argument;

    for (size_t i = 0; i < count; i++)
        identity_warm(fold->config.identity, &entries[i].record);
    for (size_t i = 0; i < count; i++)
        TRY(fold_state(fold, &entries[i].record));
    return OK;
}

static fallible fold_roster(struct intake_fold *fold)
{
    struct roster *roster = fold->config.roster;
    struct identity *identity = fold->config.identity;
    struct roster_nodes *nodes;

    TRY(roster_load(roster, &nodes));
    TRY(identity_load(identity, &nodes->hashes, nodes->kinds, nodes->count));
    TRY(identity_reserve(identity, 0, roster_joins(roster)));
    TRY(roster_read_others(roster, take_from_roster, fold));
    return fold->config.out_settled ? identity_copy(identity, fold->config.out_settled) : OK;
}

/* Without room or memory it is tried again later: the table goes on growing meanwhile. */
fallible intake_fold_tend(const struct intake_config *config, millis now)
{
    enum err err = seen_tend(config->seen, now);

    return err == ERR_FULL || err == ERR_LIMIT ? OK : err;
}

static fallible fold_log(struct intake_fold *fold, uint64_t since,
                         bool (*progress)(void *argument, uint64_t seq, uint64_t of),
                         void *argument)
{
    uint64_t covered = seen_covered_seq(fold->config.seen), said = 0;
    uint64_t end = log_durable_seq(fold->config.log);
    struct log_reader *reader;
    struct log_record record;
    enum err err;

    TRY(log_reader_open(fold->config.log, covered < since ? covered : since, LOG_CLEAR, &reader));
    while ((err = log_reader_next(reader, &record)) == OK) {
        err = fold_record(fold, &record, since);
        if (!err && progress && record.seq >= said + PROGRESS_EVERY) {
            said = record.seq;
            if (!progress(argument, said, end))
                err = fail(ERR_EXPIRED, "stopped while reading the log");
        }
        if (!err)
            err = intake_fold_tend(&fold->config, clock_now(fold->config.sys));
        if (err)
            break;
    }
    log_reader_close(reader);
    return err == ERR_ABSENT ? OK : err;
}

fallible intake_fold(const struct intake_config *config, struct quarantine *quarantine,
                     bool (*progress)(void *argument, uint64_t seq, uint64_t of), void *argument)
{
    struct intake_fold folding = {*config, quarantine}, *fold = &folding;
    uint64_t since = fold->config.roster ? roster_next_seq(fold->config.roster) : 1;
    uint64_t end = log_durable_seq(fold->config.log);

    if (seen_covered_seq(fold->config.seen) > end)
        return fail(ERR_CORRUPT,
                    "message ids are known up to record %llu but the log ends at %llu: its end is "
                    "missing, restore it",
                    (unsigned long long)seen_covered_seq(fold->config.seen) - 1,
                    (unsigned long long)end - 1);
    if (fold->config.roster)
        TRY(fold_roster(fold));
    return fold_log(fold, since, progress, argument);
}
