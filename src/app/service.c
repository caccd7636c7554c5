/* service.c - a served data folder: its threads, from start to drain.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads: the event loops and the pool (http/), one log writer, one that folds the log for
 * questions, one that combines column files, one that tells followers, one that sends webhooks, one
 * that syncs what nobody waits for, and this one, which waits for signals and keeps the next log
 * segment ready.
 */
#include "app/service.h"

#include "app/confine.h"
#include "app/watchdog.h"
#include "app/reload.h"
#include "app/workspace.h"
#include "base/mem.h"
#include "collect/agent.h"
#include "collect/enrich.h"
#include "collect/geography.h"
#include "collect/inspect.h"
#include "collect/intake.h"
#include "collect/replay.h"
#include "collect/traffic_watch.h"
#include "measure/combine.h"
#include "measure/trail.h"
#include "store/access.h"
#include "store/backup_desk.h"
#include "store/repeats.h"
#include "store/sessions.h"
#include "store/vault.h"
#include "sys/clock.h"
#include "sys/net.h"
#include "sys/process.h"
#include "sys/signals.h"
#include "sys/stream.h"
#include "sys/thread.h"
#include "web/hooks.h"
#include "web/journal.h"
#include "web/tails.h"
#include "web/web.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP_MS = 100,
    TEND_MS = 250,
    BUSY_TEND_MS = 10, /* while events come: the next segment must be ready long before its turn */
    LEAVE_MS = 1000,
    SETTLE_MS = 1000, /* to fold what is still unfolded at the end */
    GATHER_MS = 3,
    FILL_MS = 1,
    COMBINE_MS = 1000,
    BUSY_SHARE = 64,              /* of what settles at once, from one look to the next */
    COMBINE_REST = 9,             /* times as long as it took: a tenth of a core at the most */
    COMBINE_AGAIN_MS = 60 * 1000, /* after a failure, such as a full disk */
    KEEP_FREE = 32,               /* of the free memory, for whatever comes */
    OTHER_FILES = 256, /* open besides connections: log, catalog, what backups and merges read */
    MIB = 1024 * 1024,
    NS_MS = 1000 * 1000,
    USES_MS = 10 * 60 * 1000,
};

struct service {
    const struct service_options *options;
    struct sys *sys;
    struct workspace workspace;
    struct backup_desk *backups;
    struct replay *replay;
    struct repeats *repeats;
    struct agent_reader *agents;
    struct geography *geography;
    struct enrich *enrich;
    struct traffic_watch *watch; /* NULL: no verdicts are wanted */
    struct inspect_means inspect;
    struct web *web;
    struct reload *reload;
    bool wants_reload; /* asked while it starts */
    struct server *server;
    struct signals *signals;
    struct thread *writer;
    struct thread *folder;
    struct thread *combiner;
    struct tails *tails;
    struct thread *teller;
    struct hooks *hooks;
    struct thread *sender;
    atomic_bool writer_ends;
    atomic_bool folder_ends;
    atomic_bool combiner_ends;
    uint64_t spare;       /* memory for the system to keep the log in */
    atomic_bool is_late;  /* events found no memory: no question is answered, collection goes on */
    int64_t settle_until; /* by the monotonic clock: at the end */
    atomic_bool is_stopped; /* the log can promise nothing any more */
    char reason[512];       /* why, written before is_stopped */
    struct watchdog watchdog;
};

static void notify(struct service *service, str message)
{
    const char *path = getenv("NOTIFY_SOCKET");

    if (path && net_notify(service->sys, path, message) != OK)
        journal_error(service->sys, "could not tell the service manager", err_text());
}

/* Threads */

static void stop(struct service *service)
{
    if (atomic_load(&service->is_stopped))
        return;
    snprintf(service->reason, sizeof service->reason, "%s", err_text());
    atomic_store(&service->is_stopped, true);
}

static void run_writer(void *argument)
{
    struct service *service = argument;

    thread_answer_soon(THREAD_FOR_ALL);
    while (!atomic_load(&service->writer_ends))
        if (intake_step(service->workspace.intake, STEP_MS) != OK) {
            stop(service);
            return;
        }
}

static bool folds_on(void *argument, uint64_t seq, uint64_t of)
{
    (void)seq;
    (void)of;
    return !atomic_load(&((struct service *)argument)->folder_ends);
}

static void run_folder(void *argument)
{
    struct service *service = argument;

    thread_give_way(THREAD_BEHIND);
    while (!atomic_load(&service->folder_ends)) {
        enum err err = workspace_fold(&service->workspace, folds_on, service);

        if (err && err != ERR_LIMIT && err != ERR_EXPIRED) {
            stop(service);
            return;
        }
        if (err == ERR_LIMIT) {
            if (!atomic_exchange(&service->is_late, true))
                journal_error(service->sys, "questions cannot be answered", err_text());
            web_set_ready(service->web, false); /* a part of the events gives wrong numbers */
            clock_sleep(service->sys, STEP_MS);
            continue;
        }
        if (!err) {
            atomic_store(&service->is_late, false);
            web_set_ready(service->web, true);
        }
        /* Woken for every group it would spend more on waking than on folding. */
        clock_sleep(service->sys, GATHER_MS);
        log_reader_wait(service->workspace.reader, STEP_MS);
    }
}

static bool combines_on(void *argument)
{
    return !atomic_load(&((struct service *)argument)->combiner_ends);
}

static void rest(struct service *service, int64_t span_ms)
{
    for (int64_t left = span_ms; left > 0 && combines_on(service); left -= STEP_MS)
        clock_sleep(service->sys, left < STEP_MS ? left : STEP_MS);
}

/* The longer it waits, the more files become one at once, and the fewer times each is written. */
static void rest_after(struct service *service, int64_t began_ns)
{
    int64_t span_ms = (clock_mono_ns(service->sys) - began_ns) / NS_MS * COMBINE_REST;

    rest(service, span_ms < COMBINE_AGAIN_MS ? span_ms : COMBINE_AGAIN_MS);
}

/* Did many events arrive since the last look? */
static bool is_busy(struct service *service, uint64_t *seen_seq)
{
    uint64_t before = *seen_seq;

    *seen_seq = log_durable_seq(service->workspace.log);
    return *seen_seq - before > service->options->config.settle_events / BUSY_SHARE;
}

/* For the system to keep the log in: what is free and will not be needed here. */
static uint64_t memory_to_spare(const struct service *service)
{
    uint64_t left = process_memory_left();
    uint64_t needed = service->options->config.cache_mb * (uint64_t)MIB + left / KEEP_FREE;

    return left > needed ? left - needed : 0;
}

/* A step: places of a full segment, or some of it read. False: nothing is left to be done. */
static bool tend_log(struct service *service)
{
    char detail[64];
    uint32_t damaged;
    bool goes_on = log_tend(service->workspace.log, service->spare, &damaged);

    if (damaged) {
        snprintf(detail, sizeof detail, "%08u.places", damaged);
        journal_info(service->sys, "places of a log segment are damaged and made anew", detail);
    }
    return goes_on;
}

/* What the first question for a person would wait for. For a moment; false: nothing is left. */
static bool prepare_trails(struct service *service)
{
    int64_t end_ns = clock_mono_ns(service->sys) + STEP_MS * (int64_t)NS_MS;
    bool goes_on = true;

    while (goes_on && combines_on(service) && clock_mono_ns(service->sys) < end_ns)
        goes_on = trail_prepare(service->workspace.events) ||
                  vault_fetch(service->workspace.vault) || tend_log(service);
    return goes_on;
}

/* What goes wrong here costs questions time, not anybody's events: it is told and tried again. */
static void run_combiner(void *argument)
{
    struct service *service = argument;
    struct events *events = service->workspace.events;
    uint64_t seen_seq = log_durable_seq(service->workspace.log);
    bool was_told = false;

    thread_give_way(THREAD_LAST);
    mem_trim(); /* what the start took */
    service->spare = memory_to_spare(service);
    while (combines_on(service)) {
        int64_t began_ns = clock_mono_ns(service->sys);
        size_t at, count;
        bool are_many = is_busy(service, &seen_seq);
        bool is_due = combine_find(events, are_many, &at, &count);
        enum err err;

        web_set_combined(service->web, !is_due);
        if (!is_due) {
            if (are_many || !prepare_trails(service))
                rest(service, COMBINE_MS);
            continue;
        }
        err = combine_room(events, service->sys, at, count);
        if (!err)
            err = combine_run(events, service->sys, at, count, combines_on, service);
        mem_trim();
        if (err && err != ERR_EXPIRED && !was_told)
            journal_error(service->sys, "column files cannot be combined", err_text());
        was_told = err;
        if (err) {
            rest(service, COMBINE_AGAIN_MS);
        } else {
            web_set_combined(service->web,
                             !combine_find(events, is_busy(service, &seen_seq), &at, &count));
            rest_after(service, began_ns);
        }
    }
}

/* Start */

/* Connections must never use up the descriptors that the log needs for its next segment. */
static size_t allow_connections(size_t wanted)
{
    uint64_t files = process_allow_files(wanted + OTHER_FILES);
    uint64_t allowed = files > 2 * OTHER_FILES ? files - OTHER_FILES : files / 2;

    return allowed < wanted ? allowed : wanted;
}

static void tell_connections(struct sys *sys, size_t allowed, size_t wanted)
{
    char detail[128];

    if (allowed == wanted)
        return;
    snprintf(detail, sizeof detail, "%zu instead of %zu: raise the limit of open files (nofile)",
             allowed, wanted);
    journal_info(sys, "fewer connections than configured", detail);
}

static void server_limits(const struct config *config, struct server_limits *out)
{
    server_limits_default(out);
    out->connections = allow_connections(config->connections);
    out->body_memory = config->body_mb * MIB;
    out->loops = (int)config->loops;
    out->workers = (int)config->workers;
}

static struct limits_rate rate(uint64_t count, int64_t span_ms, uint64_t burst)
{
    return (struct limits_rate){count, span_ms, count ? burst : 0};
}

static void gate_rules(const struct config *config, struct gate_rules *out)
{
    out->key = rate(config->key_rate, MILLIS_SECOND, config->key_burst);
    out->address = rate(config->address_rate, MILLIS_SECOND, config->address_burst);
    out->wrong_keys = rate(config->wrong_keys_rate, MILLIS_MINUTE, config->wrong_keys_burst);
    out->sign_ins = rate(config->sign_ins_rate, MILLIS_MINUTE, config->sign_ins_burst);
    out->collect = rate(config->collect_rate, MILLIS_SECOND, config->collect_burst);
}

static bool opens_on(void *argument, uint64_t seq, uint64_t of)
{
    struct service *service = argument;

    unsigned asked = signals_take(service->signals);

    (void)seq;
    (void)of;
    if (asked & SIGNALS_RELOAD)
        service->wants_reload = true;
    return !(asked & SIGNALS_STOP);
}

static fallible open_backups(struct service *service)
{
    const struct workspace *workspace = &service->workspace;
    struct backup_stock stock = {
        .sys = service->sys,
        .datadir = workspace->datadir,
        .catalog = workspace->catalog,
        .vault = workspace->vault,
        .log = workspace->log,
    };

    return backup_desk_open(&stock, &service->backups);
}

/* With a certificate and no address of its own, TLS is spoken where else plain HTTP were. */
static fallible open_doors(struct service *service)
{
    const struct config *config = &service->options->config;
    struct web_doors doors = {.listen = str_of(service->options->listen),
                              .terms = reload_terms(service->reload)};
    struct server_limits limits;

    doors.is_behind = config->proxy_protocol;
    if (config->tls_listen[0]) {
        doors.tls_listen = str_of(config->tls_listen);
        doors.is_tls_behind = config->tls_proxy_protocol;
    } else if (config->tls_certificate[0]) {
        doors.tls_listen = doors.listen;
        doors.is_tls_behind = doors.is_behind;
        doors.listen = (str){NULL, 0};
    }
    server_limits(config, &limits);
    TRY(web_serve(service->web, &doors, &limits, &service->server));
    tell_connections(service->sys, limits.connections, config->connections);
    return OK;
}

static fallible open_replay(struct service *service)
{
    struct replay_stock stock = {
        .sys = service->sys,
        .picker = service->workspace.picker,
        .intake = service->workspace.intake,
    };

    return replay_open(&stock, &service->replay);
}

static fallible open_tails(struct service *service)
{
    struct tails_config config = {
        .sys = service->sys,
        .access = service->workspace.access,
        .deletions = service->workspace.deletions,
        .log = service->workspace.log,
        .sessions = users_sessions(service->workspace.users),
        .most = service->options->config.tails,
    };

    return tails_open(&config, &service->tails);
}

static fallible open_hooks(struct service *service)
{
    const struct config *config = &service->options->config;
    struct hooks_config hooks = {
        .sys = service->sys,
        .catalog = service->workspace.catalog,
        .deletions = service->workspace.deletions,
        .log = service->workspace.log,
        .vault = service->workspace.vault,
        .allowed = str_of(config->webhook_networks),
        .retry_ms = (int64_t)config->webhook_retry_ms,
        .answer_ms = (int64_t)config->webhook_seconds * 1000,
        .most = config->webhooks,
    };

    return hooks_open(&hooks, &service->hooks);
}

static fallible open_watch(struct service *service)
{
    enum { DOMAIN = 0x74 }; /* keeps the key of the watch apart from other hashes */
    const struct config *config = &service->options->config;
    struct traffic_watch_config watch = {.honeypots = str_of(config->honeypot)};
    hash128 hash = vault_hash(service->workspace.vault, DOMAIN, S("visitors that are watched"));

    if (!config->enrich_traffic)
        return OK;
    memcpy(watch.key.bytes, &hash, sizeof watch.key.bytes);
    TRY(traffic_watch_open(&watch, &service->watch));
    return intake_watch(service->workspace.intake, service->watch);
}

static fallible open_enrich(struct service *service)
{
    const struct config *config = &service->options->config;
    struct enrich_config enrich = {
        .has = {[ENRICH_AGENT] = config->enrich_agent,
                [ENRICH_GEOGRAPHY] = config->enrich_geography,
                [ENRICH_REFERRER] = config->enrich_referrer,
                [ENRICH_CAMPAIGN] = config->enrich_campaign,
                [ENRICH_LANGUAGE] = config->enrich_language,
                [ENRICH_TRAFFIC] = config->enrich_traffic,
                [ENRICH_VISITOR] = config->enrich_visitor},
        .keeps_addresses = config->keep_addresses,
    };

    TRY(geography_open(str_of(config->mmdb), &service->geography));
    TRY(agent_open(&service->agents));
    service->inspect = (struct inspect_means){service->agents, service->geography};
    enrich.agents = service->agents;
    enrich.geography = service->geography;
    enrich.watch = service->watch;
    return enrich_open(&enrich, &service->enrich);
}

static fallible open_all(struct service *service)
{
    const struct service_options *options = service->options;
    struct web_config web = {.sys = service->sys};

    TRY(signals_open(&service->signals));
    TRY(reload_open(service->sys, options->config_path, &options->config, &service->reload));
    TRY(workspace_open_served(service->sys, options->folder, &options->config, opens_on, service,
                              &service->workspace));
    if (service->workspace.recovery.torn_bytes) {
        char detail[64];

        snprintf(detail, sizeof detail, "%llu bytes",
                 (unsigned long long)service->workspace.recovery.torn_bytes);
        journal_info(service->sys, "trimmed a torn tail of the log: never acknowledged", detail);
    }
    if (service->workspace.roster_reason[0])
        journal_info(service->sys, "made the list of persons anew from the log",
                     service->workspace.roster_reason);
    TRY(open_backups(service));
    TRY(open_watch(service));
    TRY(open_enrich(service));
    web.enrich = service->enrich;
    web.watch = service->watch;
    web.inspect = &service->inspect;
    web.access = service->workspace.access;
    web.users = service->workspace.users;
    web.vault = service->workspace.vault;
    web.catalog = service->workspace.catalog;
    web.keeps_addresses = options->config.keep_addresses;
    web.backups = service->backups;
    web.deletions = service->workspace.deletions;
    web.verdicts = service->workspace.verdicts;
    web.events = service->workspace.events;
    web.intake = service->workspace.intake;
    web.log = service->workspace.log;
    web.picker = service->workspace.picker;
    TRY(open_replay(service));
    web.replay = service->replay;
    TRY(open_tails(service));
    TRY(open_hooks(service));
    web.tails = service->tails;
    web.hooks = service->hooks;
    TRY(repeats_open(service->sys, service->workspace.catalog, &service->repeats));
    web.repeats = service->repeats;
    gate_rules(&options->config, &web.gate);
    web.query_memory = options->config.query_mb * MIB;
    TRY(web_open(&web, &service->web));
    TRY(thread_start("log-writer", run_writer, service, &service->writer));
    TRY(thread_start("fold", run_folder, service, &service->folder));
    TRY(thread_start("combine", run_combiner, service, &service->combiner));
    TRY(thread_start("tails", tails_run, service->tails, &service->teller));
    TRY(thread_start("webhooks", hooks_run, service->hooks, &service->sender));
    return open_doors(service);
}

static bool settles_on(void *argument, uint64_t seq, uint64_t of)
{
    const struct service *service = argument;

    (void)seq;
    (void)of;
    return clock_mono_ns(service->sys) < service->settle_until;
}

/* What is in memory settles, so that the next start need not read it again; of a log that is far
 * ahead only a part. */
static void settle_last(struct service *service)
{
    struct workspace *workspace = &service->workspace;
    enum err err;

    if (!service->folder)
        return;
    service->settle_until = clock_mono_ns(service->sys) + SETTLE_MS * INT64_C(1000000);
    err = workspace_fold(workspace, settles_on, service);
    if (!err || err == ERR_EXPIRED || err == ERR_LIMIT)
        err = workspace_settle(workspace);
    if (!err)
        err = workspace_settle_ids(workspace);
    if (err)
        journal_error(service->sys, "not all could be settled for the next start", err_text());
}

/* Followers are sent home before the server drains: by themselves they would not go. Nor would
 * those who wait for a webhook's answer. */
static void stop_telling(struct service *service)
{
    if (service->sender)
        hooks_stop(service->hooks);
    thread_join(service->sender);
    if (service->teller)
        tails_stop(service->tails);
    thread_join(service->teller);
}

/* When keys were used: a hint for people, so a failure is told and no more. */
static void save_uses(struct service *service, int64_t *next_ns)
{
    int64_t now_ns = clock_mono_ns(service->sys);

    if (now_ns < *next_ns)
        return;
    *next_ns = now_ns + USES_MS * (int64_t)NS_MS;
    if (service->workspace.access && access_save_uses(service->workspace.access) != OK)
        journal_error(service->sys, "the catalog does not know when keys were used", err_text());
    if (service->workspace.users && sessions_save(users_sessions(service->workspace.users)) != OK)
        journal_error(service->sys, "the catalog does not know when sessions were used",
                      err_text());
}

/* End: requests first, then the writer that answers them, then the readers of the log. */
static void close_all(struct service *service)
{
    int64_t at_once = 0;

    stop_telling(service);
    if (service->server)
        server_stop(service->server, (int64_t)service->options->config.drain_seconds * 1000);
    replay_close(service->replay);
    atomic_store(&service->writer_ends, true);
    thread_join(service->writer);
    atomic_store(&service->folder_ends, true);
    atomic_store(&service->combiner_ends, true);
    thread_join(service->folder);
    thread_join(service->combiner);
    settle_last(service);
    tails_close(service->tails);
    hooks_close(service->hooks);
    save_uses(service, &at_once);
    backup_desk_close(service->backups);
    repeats_close(service->repeats);
    workspace_close(&service->workspace);
    web_close(service->web);
    enrich_close(service->enrich);
    traffic_watch_close(service->watch);
    agent_close(service->agents);
    geography_close(service->geography);
    reload_close(service->reload);
    signals_close(service->signals);
}

/* Those who wait are answered with 503. Nothing may be written any more, so nothing is closed in
 * order either. */
static void leave_all(struct service *service)
{
    replay_end(service->replay);
    atomic_store(&service->writer_ends, true);
    atomic_store(&service->folder_ends, true);
    atomic_store(&service->combiner_ends, true);
    thread_join(service->writer);
    thread_join(service->folder);
    thread_join(service->combiner);
    intake_refuse(service->workspace.intake);
    stop_telling(service);
    server_stop(service->server, LEAVE_MS);
    intake_refuse(service->workspace.intake);
}

static void add_place(struct buf *out, const char *scheme, const struct server *server,
                      void (*add_address)(const struct server *server, struct buf *out))
{
    struct buf address = {0};

    add_address(server, &address);
    if (address.len)
        buf_print(out, "Myriad is at %s://%.*s\n", scheme, STR_ARG(buf_str(&address)));
    buf_done(&address);
}

static fallible announce(struct service *service)
{
    struct buf line = {0};
    enum err err;

    add_place(&line, "http", service->server, server_address);
    add_place(&line, "https", service->server, server_tls_address);
    err = stream_write(STREAM_OUT, buf_str(&line));
    buf_done(&line);
    notify(service, S("READY=1"));
    journal_info(service->sys, "ready", NULL);
    return err;
}

/* `*out_is_done`: the next log segment is as ready as it can be. */
static void prepare_log(struct service *service, bool *has_room, bool *out_is_done)
{
    enum err err = log_prepare(service->workspace.log);

    *out_is_done = true;
    if (!err)
        err = log_fill(service->workspace.log, out_is_done);

    if (err == ERR_FULL && *has_room)
        journal_error(service->sys, "no room for the next log segment", NULL);
    else if (err && err != ERR_FULL && err != ERR_LIMIT)
        stop(service);
    *has_room = err != ERR_FULL;
}

/* Without room or memory the writer will hear of it when it needs them. */
static void prepare_keys(struct service *service)
{
    enum err err = vault_prepare(service->workspace.vault);

    if (err && err != ERR_FULL && err != ERR_LIMIT)
        stop(service);
}

/* Until the next look at what is to be made ahead; `*seen_seq` is the log's end at the last one. */
static int64_t patience(const struct service *service, bool is_prepared, uint64_t *seen_seq)
{
    uint64_t before = *seen_seq;

    *seen_seq = log_durable_seq(service->workspace.log);
    if (!is_prepared)
        return FILL_MS;
    return *seen_seq > before ? BUSY_TEND_MS : TEND_MS;
}

static void reload(struct service *service)
{
    char message[64];

    snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)(clock_mono_ns(service->sys) / 1000));
    service->wants_reload = false;
    notify(service, str_of(message));
    reload_run(service->reload, service->web, service->server);
    notify(service, S("READY=1"));
}

/* Until told to end, or the log stops. */
static void watch(struct service *service)
{
    bool is_announced = false, has_room = true, is_prepared = true;
    uint64_t seen_seq = log_durable_seq(service->workspace.log);
    int64_t save_ns = 0;

    thread_give_way(THREAD_BEHIND);
    while (!atomic_load(&service->is_stopped)) {
        int64_t wait_ms = patience(service, is_prepared, &seen_seq);
        unsigned asked;

        if (!is_announced && wait_ms > BUSY_TEND_MS)
            wait_ms = BUSY_TEND_MS;
        asked = signals_wait(service->signals, wait_ms);
        if (asked & SIGNALS_STOP)
            return;
        if (asked & SIGNALS_RELOAD)
            service->wants_reload = true;
        if (service->wants_reload && is_announced)
            reload(service);
        reload_tend(service->reload, service->server);
        if (!is_announced && (web_is_ready(service->web) || atomic_load(&service->is_late))) {
            is_announced = true;
            if (announce(service) != OK)
                journal_error(service->sys, "nobody reads standard output", NULL);
        }
        if (watchdog_is_due(&service->watchdog, clock_mono_ns(service->sys)))
            notify(service, S("WATCHDOG=1"));
        prepare_log(service, &has_room, &is_prepared);
        prepare_keys(service);
        backup_desk_tend(service->backups);
        save_uses(service, &save_ns);
    }
}

enum service_end service_run(const struct service_options *options)
{
    struct service service = {.options = options, .sys = options->sys};
    unsigned sandbox = confine_files(options); /* threads inherit it */
    enum err err = open_all(&service);

    if (err) /* closing has failures of its own */
        snprintf(service.reason, sizeof service.reason, "%s", err_text());
    service.workspace.sys = options->sys;
    watchdog_init(&service.watchdog);
    if (!err) {
        web_set_sandbox(service.web, sandbox | confine_calls(options));
        watch(&service);
    }
    notify(&service, S("STOPPING=1"));
    if (atomic_load(&service.is_stopped)) {
        journal_error(service.sys, "stopped to protect data", service.reason);
        leave_all(&service);
        err = fail(ERR_IO, "stopped to protect data: %s", service.reason);
        return SERVICE_PROTECTED;
    }
    close_all(&service);
    if (err)
        err = fail(err, "%s", service.reason);
    return err ? SERVICE_FAILED : SERVICE_ENDED;
}
