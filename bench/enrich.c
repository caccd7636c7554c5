/* enrich.c - what enrichment costs, by part.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   enrich [AGENTS.yaml [MMDB,...]]
 *
 * Reads one event again and again as collection does, parsed already, and prints one JSON object:
 * nanoseconds of CPU time an event, without enrichment and what each part adds, for three senders:
 * a server that tells nothing of visitors, a server's batch that tells agents and pages, and a
 * browser with one event a request. Then what an agent costs that is not remembered: those of the
 * file (uap-core's tests), or ours with other versions.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "collect/agent.h"
#include "collect/enrich.h"
#include "collect/geography.h"
#include "collect/traffic_watch.h"
#include "collect/message.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/stream.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ROUNDS = 2000,
    A_BATCH = 100,
    REPEATS = 5,
    AGENTS_MOST = 4000,
    FILE_MOST = 64 << 20,
    ROOM = 256 << 20,
    EVENT_ROOM = 16 << 20,
};

#define CHROME                                                                                     \
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "            \
    "Chrome/%d.0.0.0 Safari/537.36"
#define EVENT                                                                                      \
    "{\"type\":\"page\",\"anonymousId\":\"5a2d7c61-93f0-4b1e-8c44-000000000000\",\"messageId\":"   \
    "\"ajs-next-1763800000000-5f0c-000000000000\",\"timestamp\":\"2026-11-21T09:30:00.125Z\","     \
    "\"properties\":{\"list_id\":\"l-300\",\"category\":\"Outdoor/Jackets\",\"results\":17}"
#define PAGE                                                                                       \
    "\"page\":{\"path\":\"/p/1\",\"url\":\"https://shop.example/p/1?utm_source=letter&gclid=x\","  \
    "\"title\":\"A jacket\",\"referrer\":\"https://www.google.at/\"},\"ip\":\"81.2.69.142\""

struct sender {
    const char *name, *agent, *event;
    int a_call; /* events of one request */
};

static const char *const PARTS[ENRICH_PARTS] = {
    [ENRICH_AGENT] = "agent",       [ENRICH_GEOGRAPHY] = "geography",
    [ENRICH_REFERRER] = "referrer", [ENRICH_CAMPAIGN] = "campaign",
    [ENRICH_LANGUAGE] = "language", [ENRICH_TRAFFIC] = "traffic",
    [ENRICH_VISITOR] = "visitor"};

struct bench {
    struct agent_reader *agents;
    struct geography *geography;
    struct json_reader *reader;
    struct arena *mem;
    struct buf out;
};

static str header_of(const void *owner, str name)
{
    static const struct {
        str name, value;
    } headers[] = {
        {{"accept", 6}, {"*/*", 3}},
        {{"accept-language", 15}, {"de-AT,de;q=0.9", 14}},
        {{"accept-encoding", 15}, {"gzip, br", 8}},
        {{"sec-fetch-mode", 14}, {"cors", 4}},
        {{"sec-fetch-site", 14}, {"cross-site", 10}},
    };

    if (str_equals_nocase(name, S("user-agent")))
        return str_of(((const struct sender *)owner)->agent);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (str_equals_nocase(name, headers[i].name))
            return headers[i].value;
    return (str){NULL, 0};
}

/* Nanoseconds an event. `enrich` may be NULL. */
static fallible run(struct bench *bench, struct enrich *enrich, const struct sender *sender,
                    double *out_ns)
{
    struct enrich_request request = {
        .header = header_of, .owner = sender, .header_count = 8, .address = S("81.2.69.142")};
    struct message_setting setting = {.received = INT64_C(1800000000000), .context = JSON_ABSENT};
    struct arena *mem = arena_open(EVENT_ROOM);
    struct message message;
    struct json doc;
    int64_t before;

    if (!mem)
        return mem_exhausted();
    TRY(json_parse_copy(bench->reader, bench->mem, str_of(sender->event), &doc));
    before = process_cpu_ns();
    for (int i = 0; i < ROUNDS * A_BATCH / sender->a_call; i++) {
        arena_reset(mem);
        if (enrich)
            TRY(enrich_begin(enrich, &request, mem, &setting.enrich));
        for (int event = 0; event < sender->a_call; event++)
            TRY(message_read(&doc, 0, &setting, mem, &message));
        enrich_end(setting.enrich);
        setting.enrich = NULL;
    }
    *out_ns = (double)(process_cpu_ns() - before) / ROUNDS / A_BATCH;
    arena_close(mem);
    return OK;
}

/* The least of several runs: the others were disturbed. `part` may be ENRICH_PARTS: all of them. */
static fallible measure(struct bench *bench, const struct sender *sender, int part, double *out_ns)
{
    struct enrich_config config = {.agents = bench->agents, .geography = bench->geography};
    struct enrich *enrich = NULL;
    double least = 0, ns = 0;
    enum err err;

    for (int i = 0; i < ENRICH_PARTS; i++)
        config.has[i] = part == i || part == ENRICH_PARTS;
    TRY(traffic_watch_open(&(struct traffic_watch_config){0}, &config.watch));
    err = enrich_open(&config, &enrich);
    for (int i = 0; i < REPEATS && !err; i++) {
        err = run(bench, part < 0 ? NULL : enrich, sender, &ns);
        least = !i || ns < least ? ns : least;
    }
    enrich_close(enrich);
    traffic_watch_close(config.watch);
    *out_ns = least;
    return err;
}

static fallible tell_sender(struct bench *bench, const struct sender *sender)
{
    double none, ns;

    TRY(measure(bench, sender, -1, &none));
    buf_print(&bench->out, "\"%s\":{\"read_ns\":%.0f", sender->name, none);
    for (int part = 0; part < ENRICH_PARTS; part++) {
        TRY(measure(bench, sender, part, &ns));
        buf_print(&bench->out, ",\"%s_ns\":%.0f", PARTS[part], ns - none);
    }
    TRY(measure(bench, sender, ENRICH_PARTS, &ns));
    buf_print(&bench->out, ",\"all_ns\":%.0f},", ns - none);
    return OK;
}

/* Texts between apostrophes behind "user_agent_string:", a line each. */
static fallible load_agents(struct bench *bench, const char *path, str *agents, size_t *out_count)
{
    size_t count = 0;
    str text;

    if (!path) {
        for (count = 0; count < AGENTS_MOST / 4; count++)
            agents[count] = arena_print(bench->mem, CHROME, (int)count);
        *out_count = count;
        return OK;
    }
    TRY(file_load(sys_real(), path, FILE_MOST, bench->mem, &text));
    while (text.data && count < AGENTS_MOST) {
        str line = str_cut(&text, '\n'), name = str_cut(&line, '\'');

        if (str_contains(name, S("user_agent_string:")) && str_ends(line, S("'")))
            agents[count++] = str_slice(line, 0, line.len - 1);
    }
    *out_count = count;
    return OK;
}

/* Each agent once, so none is remembered; all rules were tried before. */
static fallible tell_agents(struct bench *bench, const char *path)
{
    str *agents = arena_array(bench->mem, AGENTS_MOST, sizeof *agents);
    struct agent_reader *reader;
    struct agent agent;
    int64_t before, worst = 0, sum = 0;
    size_t count;
    enum err err;

    if (!agents)
        return arena_exhausted();
    TRY(load_agents(bench, path, agents, &count));
    TRY(agent_open(&reader));
    err = agent_prepare(reader);
    for (size_t i = 0; i < count && !err; i++) {
        int64_t took;

        before = process_cpu_ns();
        err = agent_read(reader, agents[i], bench->mem, &agent);
        took = process_cpu_ns() - before;
        sum += took;
        worst = took > worst ? took : worst;
    }
    agent_close(reader);
    buf_print(&bench->out,
              "\"unknown_agents\":{\"count\":%zu,\"mean_ns\":%.0f,\"worst_ns\":%lld}}\n", count,
              count ? (double)sum / (double)count : 0, (long long)worst);
    return err;
}

static fallible tell_all(struct bench *bench, const char *agents, const char *databases)
{
    struct buf batch = {0}, told = {0};
    struct sender senders[] = {
        {"server", "analytics-node/2.1", EVENT ",\"context\":{\"library\":{\"name\":\"x\"}}}",
         A_BATCH},
        {"server_telling", "analytics-node/2.1", NULL, A_BATCH},
        {"browser", NULL, EVENT ",\"context\":{" PAGE "}}", 1},
    };
    enum err err = OK;

    buf_print(&told, CHROME, 126);
    buf_add_byte(&told, 0);
    buf_print(&batch, "%s,\"context\":{%s,\"userAgent\":\"%s\"}}", EVENT, PAGE, told.data);
    buf_add_byte(&batch, 0);
    senders[1].event = batch.data;
    senders[2].agent = told.data;
    TRY(geography_open(str_of(databases ? databases : ""), &bench->geography));
    TRY(agent_open(&bench->agents));
    buf_add_byte(&bench->out, '{');
    for (size_t i = 0; i < sizeof senders / sizeof *senders && !err; i++)
        err = tell_sender(bench, &senders[i]);
    if (!err)
        err = tell_agents(bench, agents);
    buf_done(&batch);
    buf_done(&told);
    return err;
}

int main(int argc, char **argv)
{
    struct bench bench = {.mem = arena_open(ROOM), .reader = json_reader_open()};
    enum err err;

    if (!bench.mem || !bench.reader)
        return EXIT_FAILURE;
    err = tell_all(&bench, argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL);
    if (!err)
        err = stream_write(STREAM_OUT, buf_str(&bench.out));
    if (err)
        fprintf(stderr, "enrich: %s\n", err_text());
    buf_done(&bench.out);
    agent_close(bench.agents);
    geography_close(bench.geography);
    json_reader_close(bench.reader);
    arena_close(bench.mem);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
