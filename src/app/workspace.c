/* workspace.c - one data folder, opened: its parts wired together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/workspace.h"

#include "base/mem.h"
#include "collect/intake.h"
#include "collect/plan_book.h"
#include "measure/events.h"
#include "measure/history.h"
#include "people/identity.h"
#include "people/roster.h"
#include "store/access.h"
#include "store/catalog.h"
#include "store/datadir.h"
#include "store/users.h"
#include "store/deletions.h"
#include "store/verdicts.h"
#include "store/log_pick.h"
#include "store/seen.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/syncer.h"
#include "measure/source_page.h"

#define MIB ((uint64_t)1 << 20)

enum { PATHS = 64 << 10, FOLD_PROGRESS = 8192, FOLD_AT_ONCE = 32 };

/* `config` is NULL for those who only look after the folder: they verify no password. */
static fallible open_users(struct workspace *workspace, const struct config *config)
{
    struct users_config users = {.sys = workspace->sys, .catalog = workspace->catalog};

    password_cost_default(&users.cost);
    if (config)
        users.cost.memory_bytes = config->password_mb * MIB;
    return users_open(&users, &workspace->users);
}

/* The paths of a folder's parts live only as long as they are needed. */
static fallible open_catalog(struct workspace *workspace, const char *path,
                             const struct config *config, struct arena *mem)
{
    const char *catalog;

    TRY(datadir_open(workspace->sys, path, &workspace->datadir));
    catalog = datadir_path(workspace->datadir, DATADIR_CATALOG, mem);
    if (!catalog)
        return arena_exhausted();
    TRY(catalog_open(workspace->sys, catalog, &workspace->catalog));
    TRY(access_open(workspace->sys, workspace->catalog, &workspace->access));
    return open_users(workspace, config);
}

fallible workspace_open_catalog(struct sys *sys, const char *path, struct workspace *out_workspace)
{
    struct arena *mem = arena_open(PATHS);
    enum err err;

    *out_workspace = (struct workspace){.sys = sys};
    err = mem ? open_catalog(out_workspace, path, NULL, mem) : arena_exhausted();
    arena_close(mem);
    return err;
}

/* A record of the log that holds an event of the page. */
static enum err take_event(void *argument, size_t which, const struct log_record *record)
{
    const struct source_page *page = argument;
    uint64_t seq = page->seqs[which];
    struct record_events it;
    struct record_event event;

    if (record->kind != RECORD_EVENTS || record->seq > seq || record->is_erased)
        return fail(ERR_ABSENT, "event %llu is not there any more", (unsigned long long)seq);
    TRY(record_events_start(&it, record->clear, record->payload));
    page->texts[which] = (struct source_text){.from = page->text->len, .type = EVENT_TRACK};
    for (uint64_t at = record->seq; record_events_next(&it, &event); at++)
        if (at == seq) {
            page->texts[which] =
                (struct source_text){page->text->len, event.json.len, event.time, event.type};
            buf_add(page->text, event.json);
        }
    TRY(record_events_finish(&it));
    return buf_is_broken(page->text) ? mem_exhausted() : OK;
}

/* Events as they were sent, from the log. */
static enum err read_events(void *argument, const struct source_page *page)
{
    const struct workspace *workspace = argument;
    struct log_picks picks = {
        .seqs = page->seqs,
        .count = page->count,
        .may_wait = page->may_wait,
        .take = take_event,
        .argument = (void *)page,
    };

    return log_pick(workspace->picker, &picks, page->mem);
}

static hash128 hash_identifier(void *argument, enum node_kind kind, str text)
{
    const struct workspace *workspace = argument;

    return vault_hash(workspace->vault, (unsigned char)kind, text);
}

static fallible open_store(struct workspace *workspace, const struct config *config,
                           struct arena *mem)
{
    const char *keys = datadir_path(workspace->datadir, DATADIR_KEYS, mem);
    struct log_config log = {
        .sys = workspace->sys,
        .folder = datadir_path(workspace->datadir, DATADIR_LOG, mem),
        .segment_bytes = config->segment_mb * MIB,
        .recent_bytes = config->recent_mb * MIB,
    };
    struct seen_config seen = {
        .sys = workspace->sys,
        .folder = datadir_path(workspace->datadir, DATADIR_SEEN, mem),
        .window = (millis)config->window_hours * MILLIS_HOUR,
        .most_ids = config->most_ids,
        .syncer = workspace->syncer,
    };

    if (!keys || !log.folder || !seen.folder)
        return arena_exhausted();
    TRY(vault_open(workspace->sys, keys, false, &workspace->vault));
    log.vault = workspace->vault;
    TRY(log_open(&log, &workspace->log, &workspace->recovery));
    TRY(log_picker_open(workspace->log, &workspace->picker));
    return seen_open(&seen, &workspace->seen);
}

static fallible open_roster(struct workspace *workspace, const char *folder,
                            workspace_progress *progress, void *argument)
{
    struct roster_config config = {.sys = workspace->sys,
                                   .folder = folder,
                                   .workspace = vault_workspace_id(workspace->vault),
                                   .log = workspace->log,
                                   .hash = hash_identifier,
                                   .argument = workspace};

    return roster_obtain(&config, history_next_seq(workspace->history), progress, argument,
                         workspace->roster_reason, &workspace->roster);
}

static fallible open_history(struct workspace *workspace, const struct config *config,
                             workspace_progress *progress, void *argument)
{
    struct arena *mem = arena_open(PATHS);
    const char *folder = mem ? datadir_path(workspace->datadir, DATADIR_COLUMNS, mem) : NULL;
    enum err err = folder
                       ? history_open(workspace->sys, folder, vault_workspace_id(workspace->vault),
                                      config->cache_mb * MIB, &workspace->history)
                       : arena_exhausted();

    if (!err)
        err = open_roster(workspace, folder, progress, argument);
    workspace->settle_at = workspace->settle_events = config->settle_events;
    arena_close(mem);
    return err;
}

/* Nobody but the writer is ahead of the fold, and it can wait. */
static fallible open_reader(struct workspace *workspace, uint64_t seq,
                            struct log_reader **out_reader)
{
    TRY(log_reader_open(workspace->log, seq, LOG_PLAIN, out_reader));
    log_reader_lead(*out_reader);
    return OK;
}

static fallible open_folds(struct workspace *workspace, const struct config *config,
                           workspace_progress *progress, void *argument)
{
    struct events_config events = {
        .read_events = read_events,
        .hash = hash_identifier,
        .argument = workspace,
        .memory_bytes = config->events_mb * MIB,
        .history = workspace->history,
        .roster = workspace->roster,
    };
    struct intake_config intake = {
        .sys = workspace->sys,
        .log = workspace->log,
        .vault = workspace->vault,
        .seen = workspace->seen,
        .roster = workspace->roster,
        .out_settled = &events.identity,
        .queue_bytes = config->queue_mb * MIB,
    };
    enum err err;

    entropy_fill(workspace->sys, &events.hash_seed, sizeof events.hash_seed);
    TRY(plan_book_open(workspace->sys, workspace->catalog, &workspace->plans));
    TRY(identity_open(&workspace->identity));
    TRY(deletions_open(0, &workspace->deletions));
    TRY(verdicts_open(0, &workspace->verdicts));
    intake.identity = workspace->identity;
    intake.deletions = workspace->deletions;
    intake.verdicts = workspace->verdicts;
    intake.plans = workspace->plans;
    err = intake_open(&intake, progress, argument, &workspace->intake);
    if (err) {
        identity_close(events.identity);
        return err;
    }
    TRY(events_open(&events, &workspace->events));
    return open_reader(workspace, events_first_seq(workspace->events), &workspace->reader);
}

static fallible open_parts(struct workspace *workspace, const char *path,
                           const struct config *config, workspace_progress *progress,
                           void *argument)
{
    struct arena *mem = arena_open(PATHS);
    enum err err = mem ? open_catalog(workspace, path, config, mem) : arena_exhausted();

    if (!err)
        err = open_store(workspace, config, mem);
    arena_close(mem);
    if (!err)
        err = open_history(workspace, config, progress, argument);
    if (!err)
        err = open_folds(workspace, config, progress, argument);
    return err;
}

fallible workspace_open(struct sys *sys, const char *path, const struct config *config,
                        workspace_progress *progress, void *argument,
                        struct workspace *out_workspace)
{
    *out_workspace = (struct workspace){.sys = sys};
    return open_parts(out_workspace, path, config, progress, argument);
}

fallible workspace_open_served(struct sys *sys, const char *path, const struct config *config,
                               workspace_progress *progress, void *argument,
                               struct workspace *out_workspace)
{
    *out_workspace = (struct workspace){.sys = sys};
    TRY(syncer_open(sys, SYNCER_THREADED, &out_workspace->syncer));
    return open_parts(out_workspace, path, config, progress, argument);
}

void workspace_close(struct workspace *workspace)
{
    log_reader_close(workspace->reader);
    events_close(workspace->events);
    intake_close(workspace->intake);
    roster_close(workspace->roster);
    history_close(workspace->history);
    verdicts_close(workspace->verdicts);
    deletions_close(workspace->deletions);
    identity_close(workspace->identity);
    seen_close(workspace->seen);
    syncer_close(workspace->syncer);
    log_picker_close(workspace->picker);
    log_close(workspace->log);
    vault_close(workspace->vault);
    plan_book_close(workspace->plans);
    users_close(workspace->users);
    access_close(workspace->access);
    catalog_close(workspace->catalog);
    datadir_close(workspace->datadir);
    *workspace = (struct workspace){.sys = workspace->sys};
}

/* Making */

static str hex(struct arena *mem, const unsigned char *bytes, size_t len)
{
    char *text = arena_take(mem, 2 * len + 1);

    for (size_t i = 0; text && i < len; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return text ? (str){text, 2 * len} : (str){NULL, 0};
}

static fallible make_parts(struct workspace *workspace, const char *path, struct arena *mem,
                           str *out_id, str *out_write_key, str *out_api_key)
{
    struct access_wish write = {.scopes = ACCESS_WRITE, .name = S("first write key")};
    struct access_wish admin = {.scopes = ACCESS_ADMIN, .name = S("first admin key")};
    millis now = clock_now(workspace->sys);
    const char *keys;

    TRY(open_catalog(workspace, path, NULL, mem));
    keys = datadir_path(workspace->datadir, DATADIR_KEYS, mem);
    if (!keys)
        return arena_exhausted();
    TRY(vault_open(workspace->sys, keys, true, &workspace->vault));
    *out_id = hex(mem, vault_workspace_id(workspace->vault), VAULT_ID_SIZE);
    if (!out_id->data)
        return arena_exhausted();
    TRY(access_add(workspace->access, &write, now, mem, NULL, out_write_key));
    return access_add(workspace->access, &admin, now, mem, NULL, out_api_key);
}

fallible workspace_create(struct sys *sys, const char *path, struct arena *mem, str *out_id,
                          str *out_write_key, str *out_api_key)
{
    struct workspace workspace = {.sys = sys};
    enum err err;

    TRY(datadir_create(sys, path));
    err = make_parts(&workspace, path, mem, out_id, out_write_key, out_api_key);
    workspace_close(&workspace);
    return err;
}

/* Folding */

static fallible read_again(struct workspace *workspace)
{
    struct log_reader *reader;

    if (!workspace->refold_seq)
        return OK;
    TRY(open_reader(workspace, workspace->refold_seq, &reader));
    log_reader_close(workspace->reader);
    workspace->reader = reader;
    workspace->refold_seq = 0;
    return OK;
}

fallible workspace_settle(struct workspace *workspace)
{
    enum err err = events_settle(workspace->events, workspace->sys);

    return err == ERR_FULL ? OK : err;
}

fallible workspace_settle_ids(struct workspace *workspace)
{
    enum err err = seen_settle(workspace->seen, clock_now(workspace->sys));

    return err == ERR_FULL ? OK : err;
}

/* Enough events in memory settle in a file. What found no room is tried again with more. */
static fallible settle(struct workspace *workspace)
{
    if (events_in_memory(workspace->events) < workspace->settle_at)
        return OK;
    TRY(workspace_settle(workspace));
    workspace->settle_at = workspace->settle_events + events_in_memory(workspace->events);
    return OK;
}

/* A few records in one hold of the fold; `*out_seq` is the last one that was read. */
static fallible fold_some(struct workspace *workspace, uint64_t *out_seq)
{
    struct log_record record;
    enum err err = OK;

    events_begin_apply(workspace->events);
    for (unsigned i = 0; !err && i < FOLD_AT_ONCE; i++) {
        err = log_reader_next(workspace->reader, &record);
        if (err)
            break;
        *out_seq = record.seq;
        err = events_apply_next(workspace->events, &record);
        if (err)
            workspace->refold_seq = record.seq;
    }
    events_end_apply(workspace->events);
    return err;
}

fallible workspace_fold(struct workspace *workspace, workspace_progress *progress, void *argument)
{
    uint64_t end = log_durable_seq(workspace->log), said = 0, seq = 0;
    enum err err, settled;

    TRY(read_again(workspace));
    do {
        err = fold_some(workspace, &seq);
        if (err && err != ERR_ABSENT)
            return err;
        settled = settle(workspace);
        if (settled) {
            workspace->refold_seq = seq;
            return settled;
        }
        if (progress && seq >= said + FOLD_PROGRESS) {
            said = seq;
            if (!progress(argument, said, end))
                return fail(ERR_EXPIRED, "stopped while reading the log");
        }
    } while (!err);
    return OK;
}

/* Checking */

struct reporting {
    void (*report)(void *, const char *);
    void *argument;
    uint64_t damages;
    uint64_t damages_before; /* when the check of the part under way began */
};

static void count_damage(void *argument, const char *sentence)
{
    struct reporting *reporting = argument;

    reporting->damages++;
    reporting->report(reporting->argument, sentence);
}

/* A part that cannot even be opened is one damage; what else went wrong ends the check. */
static fallible damage_or(struct reporting *reporting, enum err err)
{
    if (err && err != ERR_CORRUPT && err != ERR_ABSENT)
        return err;
    if (err && reporting->damages == reporting->damages_before)
        count_damage(reporting, err_text());
    reporting->damages_before = reporting->damages;
    return OK;
}

static fallible check_parts(struct workspace *workspace, bool salvage, struct arena *mem,
                            struct reporting *reporting, struct log_check *out_log)
{
    const char *keys = datadir_path(workspace->datadir, DATADIR_KEYS, mem);
    const char *seen = datadir_path(workspace->datadir, DATADIR_SEEN, mem);
    const char *catalog = datadir_path(workspace->datadir, DATADIR_CATALOG, mem);
    const char *columns = datadir_path(workspace->datadir, DATADIR_COLUMNS, mem);
    struct log_config log = {
        .sys = workspace->sys,
        .folder = datadir_path(workspace->datadir, DATADIR_LOG, mem),
    };

    if (!keys || !seen || !catalog || !columns || !log.folder)
        return arena_exhausted();
    TRY(damage_or(reporting, catalog_check(workspace->sys, catalog, count_damage, reporting)));
    TRY(damage_or(reporting, seen_check(workspace->sys, seen, count_damage, reporting)));
    TRY(damage_or(reporting, vault_open(workspace->sys, keys, false, &workspace->vault)));
    if (!workspace->vault)
        return OK; /* without keys the log says nothing */
    log.vault = workspace->vault;
    TRY(damage_or(reporting,
                  history_check(workspace->sys, columns, vault_workspace_id(workspace->vault),
                                count_damage, reporting)));
    TRY(damage_or(reporting, log_check(&log, salvage, count_damage, reporting, out_log)));
    return damage_or(reporting,
                     vault_check(workspace->vault, out_log->nodes, count_damage, reporting));
}

fallible workspace_check(struct sys *sys, const char *path, bool salvage,
                         void (*report)(void *, const char *), void *argument,
                         struct workspace_check *out_check)
{
    struct workspace workspace = {.sys = sys};
    struct reporting reporting = {.report = report, .argument = argument};
    struct arena *mem = arena_open(PATHS);
    struct log_check log = {0};
    enum err err;

    if (!mem)
        return arena_exhausted();
    err = datadir_open(sys, path, &workspace.datadir);
    if (err == ERR_CORRUPT)
        err = damage_or(&reporting, err);
    else if (!err)
        err = check_parts(&workspace, salvage, mem, &reporting, &log);
    workspace_close(&workspace);
    arena_close(mem);
    if (!err)
        *out_check = (struct workspace_check){log, reporting.damages};
    return err;
}
