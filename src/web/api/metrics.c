/* metrics.c - GET /metrics: figures in Prometheus' text format (0.0.4).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich.h"
#include "collect/intake.h"
#include "collect/memo.h"
#include "collect/quarantine.h"
#include "collect/traffic.h"
#include "collect/traffic_watch.h"
#include "measure/events.h"
#include "store/log.h"
#include "sys/process.h"
#include "sys/sandbox.h"
#include "web/api/api.h"
#include "web/hooks.h"
#include "web/tails.h"
#include "web/web_int.h"

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_print(out, "# HELP myriad_%s %s\n# TYPE myriad_%s %s\n", name, help, name, type);
}

static void one(struct buf *out, const char *name, const char *type, const char *help, double value)
{
    family(out, name, type, help);
    buf_print(out, "myriad_%s %.17g\n", name, value);
}

static void add_events(struct buf *out, const struct web_config *config)
{
    struct intake_counts counts;

    intake_counts_read(config->intake, &counts);
    family(
        out, "events_total", "counter",
        "Events of requests that were read, since the start, by what became of them; received is "
        "the sum of the others.");
    buf_print(out, "myriad_events_total{outcome=\"received\"} %llu\n",
              (unsigned long long)counts.received);
    buf_print(out, "myriad_events_total{outcome=\"stored\"} %llu\n",
              (unsigned long long)counts.stored);
    buf_print(out, "myriad_events_total{outcome=\"duplicate\"} %llu\n",
              (unsigned long long)counts.duplicates);
    buf_print(out, "myriad_events_total{outcome=\"conflict\"} %llu\n",
              (unsigned long long)counts.conflicts);
    buf_print(out, "myriad_events_total{outcome=\"quarantined\"} %llu\n",
              (unsigned long long)counts.quarantined);
    buf_print(out, "myriad_events_total{outcome=\"refused\"} %llu\n",
              (unsigned long long)counts.refused);
    family(out, "quarantine_events_total", "counter",
           "Events that left quarantine since the start: mended and taken, or dismissed.");
    buf_print(out, "myriad_quarantine_events_total{outcome=\"replayed\"} %llu\n",
              (unsigned long long)counts.replayed);
    buf_print(out, "myriad_quarantine_events_total{outcome=\"dismissed\"} %llu\n",
              (unsigned long long)counts.dismissed);
}

static void add_enriched(struct buf *out, const struct enrich *enrich)
{
    static const char *const parts[ENRICH_VISITOR] = {
        [ENRICH_AGENT] = "agent",       [ENRICH_GEOGRAPHY] = "geography",
        [ENRICH_REFERRER] = "referrer", [ENRICH_CAMPAIGN] = "campaign",
        [ENRICH_LANGUAGE] = "language", [ENRICH_TRAFFIC] = "traffic"};
    static const char *const caches[ENRICH_CACHES] = {[ENRICH_AGENTS] = "agent",
                                                      [ENRICH_ADDRESSES] = "address",
                                                      [ENRICH_REFERRERS] = "referrer",
                                                      [ENRICH_SIGNS] = "signs"};

    family(out, "enriched_events_total", "counter", "Events that gained something, by part.");
    for (int i = 0; i < ENRICH_VISITOR; i++) /* whether she is new nobody counts */
        buf_print(out, "myriad_enriched_events_total{part=\"%s\"} %llu\n", parts[i],
                  (unsigned long long)enrich_count(enrich, (enum enrich_part)i));
    family(out, "enrich_cache_total", "counter", "Looks into what was found out before.");
    for (int i = 0; i < ENRICH_CACHES; i++) {
        struct memo_stats stats;

        enrich_cache_stats(enrich, (enum enrich_cache)i, &stats);
        buf_print(out, "myriad_enrich_cache_total{cache=\"%s\",outcome=\"hit\"} %llu\n", caches[i],
                  (unsigned long long)stats.hits);
        buf_print(out, "myriad_enrich_cache_total{cache=\"%s\",outcome=\"miss\"} %llu\n", caches[i],
                  (unsigned long long)stats.misses);
    }
}

static void add_verdicts(struct buf *out, const struct enrich *enrich)
{
    const char *code;

    family(out, "traffic_verdicts_total", "counter",
           "Events by what was found of them at intake; a machine's by the heaviest reason.");
    buf_print(out, "myriad_traffic_verdicts_total{verdict=\"human\",reason=\"\"} %llu\n",
              (unsigned long long)enrich_humans(enrich));
    for (size_t i = 0; (code = traffic_sign_code(i)); i++)
        buf_print(out, "myriad_traffic_verdicts_total{verdict=\"machine\",reason=\"%s\"} %llu\n",
                  code, (unsigned long long)enrich_machines(enrich, i));
}

static void add_watch(struct buf *out, struct traffic_watch *watch)
{
    struct traffic_watch_stats stats;
    const struct {
        const char *name;
        const struct traffic_table *table;
    } tables[] = {{"visitors", &stats.visitors},
                  {"pages", &stats.pages},
                  {"networks", &stats.networks},
                  {"hits", &stats.notes}};

    if (!watch)
        return;
    traffic_watch_stats_read(watch, &stats);
    family(out, "traffic_watched", "gauge", "What the watch of traffic remembers, by table.");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        buf_print(out, "myriad_traffic_watched{table=\"%s\"} %llu\n", tables[i].name,
                  (unsigned long long)tables[i].table->held);
    family(out, "traffic_watched_most", "gauge", "What the table has room for.");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        buf_print(out, "myriad_traffic_watched_most{table=\"%s\"} %llu\n", tables[i].name,
                  (unsigned long long)tables[i].table->room);
    family(out, "traffic_forgotten_total", "counter", "What gave way to what is newer, by table.");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        buf_print(out, "myriad_traffic_forgotten_total{table=\"%s\"} %llu\n", tables[i].name,
                  (unsigned long long)tables[i].table->forgotten);
    one(out, "traffic_found_total", "counter",
        "Visitors found out to be machines after hits of theirs were stored as a person's.",
        (double)stats.found);
    one(out, "traffic_revised_total", "counter", "Hits of theirs that were revised.",
        (double)stats.revised);
}

static void add_sandbox(struct buf *out, unsigned parts)
{
    family(out, "sandbox", "gauge", "1 where the kernel holds the server to what it needs.");
    buf_print(out, "myriad_sandbox{part=\"files\"} %d\n", parts & SANDBOX_FILES ? 1 : 0);
    buf_print(out, "myriad_sandbox{part=\"calls\"} %d\n", parts & SANDBOX_CALLS ? 1 : 0);
}

static void add_fold(struct buf *out, const struct events_stats *events)
{
    one(out, "fold_events", "gauge", "Events that questions see.",
        (double)(events->events + events->settled));
    one(out, "fold_bytes", "gauge", "Memory of the events that are not settled in files.",
        (double)events->bytes);
    one(out, "properties_refused_total", "counter",
        "Property values kept in the log but not foldable: too many names.",
        (double)events->properties_refused);
    one(out, "columns_events", "gauge", "Events settled in column files.", (double)events->settled);
    one(out, "columns_files", "gauge", "Column files.", (double)events->files);
    one(out, "columns_bytes", "gauge", "Bytes of the column files.", (double)events->file_bytes);
    one(out, "columns_cache_bytes", "gauge", "Memory of unpacked columns.",
        (double)events->cache_bytes);
    one(out, "columns_combines_total", "counter", "Times that column files became one.",
        (double)events->combines);
    one(out, "columns_combine_seconds_total", "counter", "Time spent in combining column files.",
        (double)events->combine_ns / 1e9);
}

static void add_log(struct buf *out, const struct web_config *config)
{
    struct log_stats log;
    struct seen_stats seen;
    struct events_stats events;

    log_stats_read(config->log, &log);
    one(out, "log_bytes", "gauge", "Live bytes of the log.", (double)log.bytes_live);
    one(out, "log_groups_total", "counter", "Groups committed: one write and one sync each.",
        (double)log.groups);
    one(out, "log_records_total", "counter", "Records committed.", (double)log.records);
    one(out, "log_sync_seconds_total", "counter", "Time spent in syncs.",
        (double)log.sync_ns / 1e9);
    intake_seen_read(config->intake, &seen);
    one(out, "dedup_ids", "gauge", "Message ids held for deduplication.", (double)seen.ids);
    one(out, "dedup_window_seconds", "gauge", "How far back deduplication reaches.",
        (double)seen.window / 1000);
    events_stats_read(config->events, &events);
    add_fold(out, &events);
    one(out, "fold_lag_records", "gauge", "Durable records that questions do not see yet.",
        (double)(log_durable_seq(config->log) - (events.next_seq ? events.next_seq : 1)));
}

static void add_http(struct buf *out, struct web_stats *stats)
{
    uint64_t sum = 0;

    family(out, "http_answers_total", "counter", "Answers by the first digit of their status.");
    for (int i = 1; i < WEB_CLASSES; i++)
        buf_print(out, "myriad_http_answers_total{class=\"%dxx\"} %llu\n", i,
                  (unsigned long long)atomic_load(&stats->answers[i]));
    family(out, "collect_seconds", "histogram",
           "From a complete collection request to its durable acknowledgement.");
    for (int i = 0; i < WEB_BUCKETS - 1; i++) {
        sum += atomic_load(&stats->buckets[i]);
        buf_print(out, "myriad_collect_seconds_bucket{le=\"%g\"} %llu\n", 0.0001 * (double)(1 << i),
                  (unsigned long long)sum);
    }
    sum += atomic_load(&stats->buckets[WEB_BUCKETS - 1]);
    buf_print(out, "myriad_collect_seconds_bucket{le=\"+Inf\"} %llu\n", (unsigned long long)sum);
    buf_print(out, "myriad_collect_seconds_sum %.9g\n",
              (double)atomic_load(&stats->collect_ns) / 1e9);
    buf_print(out, "myriad_collect_seconds_count %llu\n", (unsigned long long)sum);
    one(out, "collect_refused_total", "counter", "Collection calls answered with 4xx or 5xx.",
        (double)atomic_load(&stats->refused));
}

static void add_tls(struct buf *out, const struct server_stats *stats)
{
    family(out, "tls_handshakes_total", "counter", "TLS handshakes, by how they ended.");
    buf_print(out, "myriad_tls_handshakes_total{outcome=\"full\"} %llu\n",
              (unsigned long long)stats->tls_full);
    buf_print(out, "myriad_tls_handshakes_total{outcome=\"resumed\"} %llu\n",
              (unsigned long long)stats->tls_resumed);
    buf_print(out, "myriad_tls_handshakes_total{outcome=\"failed\"} %llu\n",
              (unsigned long long)stats->tls_failed);
    if (stats->tls_until)
        one(out, "tls_certificate_expires_seconds", "gauge",
            "When the certificate of TLS expires, seconds since 1970.",
            (double)stats->tls_until / 1000);
}

static void add_server(struct buf *out, struct web *web)
{
    struct web_stats *stats = web_stats(web);
    struct server_stats server = {0};

    if (web_server(web))
        server_stats_read(web_server(web), &server);
    one(out, "http_connections", "gauge", "Open connections.", (double)server.connections_open);
    one(out, "http_connections_total", "counter", "Connections accepted.",
        (double)server.connections_total);
    one(out, "proxy_refused_total", "counter",
        "Connections closed for a PROXY protocol header that was missing, wrong, or not trusted.",
        (double)server.proxy_refused);
    one(out, "http_refused_total", "counter", "Requests turned away for lack of room: 429 and 503.",
        (double)server.refused);
    one(out, "http_malformed_total", "counter", "Requests that are no HTTP: 400.",
        (double)server.malformed);
    add_tls(out, &server);
    family(out, "reloads_total", "counter", "Times the settings were read again, by outcome.");
    buf_print(out, "myriad_reloads_total{outcome=\"done\"} %llu\n",
              (unsigned long long)atomic_load(&stats->reloads));
    buf_print(out, "myriad_reloads_total{outcome=\"failed\"} %llu\n",
              (unsigned long long)atomic_load(&stats->failed_reloads));
}

static void add_tails(struct buf *out, const struct tails *tails)
{
    struct tails_stats stats;

    tails_stats_read(tails, &stats);
    one(out, "tails", "gauge", "Clients that follow the log.", (double)stats.open);
    one(out, "tail_events_total", "counter", "Events told to them.", (double)stats.events);
}

static void add_hooks(struct buf *out, struct hooks *hooks)
{
    struct hooks_stats stats;

    hooks_stats_read(hooks, &stats);
    one(out, "webhooks", "gauge", "Destinations of webhooks.", (double)stats.destinations);
    one(out, "webhook_messages_total", "counter", "Webhook messages delivered.",
        (double)stats.delivered);
    one(out, "webhook_failures_total", "counter", "Attempts to deliver that failed.",
        (double)stats.failed);
}

static void add_limits(struct buf *out, struct web *web)
{
    static const char *const names[GATE_LIMITS] = {
        [GATE_KEY] = "key",         [GATE_ADDRESS] = "address",   [GATE_WRONG_KEYS] = "wrong_keys",
        [GATE_COLLECT] = "collect", [GATE_SIGN_INS] = "sign_ins",
    };

    family(out, "limited_total", "counter", "Requests refused for coming too often, by the limit.");
    for (int i = 0; i < GATE_LIMITS; i++)
        buf_print(out, "myriad_limited_total{limit=\"%s\"} %llu\n", names[i],
                  (unsigned long long)gate_refused(web_gate(web), (enum gate_limit)i));
}

void metrics_page(struct exchange *x)
{
    struct web *web = web_of(x);
    const struct web_config *config = web_config(web);
    struct buf out = {0};

    add_events(&out, config);
    add_enriched(&out, config->enrich);
    add_verdicts(&out, config->enrich);
    add_watch(&out, config->watch);
    one(&out, "quarantine_open", "gauge", "Events that wait in quarantine.",
        (double)quarantine_count(intake_quarantine(config->intake)));
    add_log(&out, config);
    one(&out, "columns_due", "gauge", "1 while column files wait to be combined.",
        web_is_combined(web) ? 0 : 1);
    add_http(&out, web_stats(web));
    add_server(&out, web);
    add_tails(&out, config->tails);
    add_hooks(&out, config->hooks);
    add_limits(&out, web);
    one(&out, "disk_full", "gauge", "1 while events are refused for lack of room.",
        intake_is_full(config->intake) ? 1 : 0);
    add_sandbox(&out, web_sandbox(web));
    one(&out, "process_resident_bytes", "gauge", "Resident memory.", (double)process_memory());
    one(&out, "process_cpu_seconds_total", "counter", "CPU time of all threads.",
        (double)process_cpu_ns() / 1e9);
    if (buf_is_broken(&out))
        web_fail(x, arena_exhausted());
    else
        exchange_answer(x, 200, S("text/plain; version=0.0.4; charset=utf-8"), buf_str(&out));
    buf_done(&out);
}
