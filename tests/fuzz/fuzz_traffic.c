/* fuzz_traffic.c - any bytes as the hits of a few visitors: each is judged, and numbers are sound.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Hits stand apart by an empty line. The first line of a hit is made of: a digit for the act,
 * seconds since the hit before, the visitor, the address, the page, apart by tabs; then come
 * headers, one a line. What is revised must have been noted, once, and be in order.
 */
#include "base/hash.h"
#include "collect/agent.h"
#include "collect/memo.h"
#include "collect/traffic.h"
#include "collect/traffic_watch.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { ROOM = 16 << 20, MOST_BYTES = 1 << 16, MOST_HITS = 400, HEADERS_MOST = 64 };

struct headers {
    str names[HEADERS_MOST], values[HEADERS_MOST];
    size_t count;
};

static str header_of(const void *owner, str name)
{
    const struct headers *headers = owner;

    for (size_t i = 0; i < headers->count; i++)
        if (str_equals_nocase(headers->names[i], name))
            return headers->values[i];
    return (str){NULL, 0};
}

static str name_at(const void *owner, size_t i)
{
    const struct headers *headers = owner;

    assert(i < headers->count);
    return headers->names[i];
}

static void read_headers(str *rest, struct headers *out)
{
    *out = (struct headers){0};
    while (rest->len) {
        str line = str_cut(rest, '\n');

        if (!line.len)
            return;
        if (out->count == HEADERS_MOST)
            continue;
        out->names[out->count] = str_cut(&line, ':');
        out->values[out->count++] = str_trim(line);
    }
}

static void check(const struct traffic_verdict *verdict)
{
    assert(verdict->probability >= 0 && verdict->probability <= 1);
    assert(verdict->is_machine == (verdict->probability >= 0.5));
    assert(verdict->reason_count <= TRAFFIC_REASONS_MOST);
    assert(verdict->visitor);
    for (size_t i = 0; i < verdict->reason_count; i++)
        assert(verdict->reasons[i]);
}

static void check_revisions(struct traffic_watch *watch, struct arena *mem, uint64_t noted,
                            bool *is_revised)
{
    bool found = true;

    while (found) {
        struct traffic_revision revision;

        assert(traffic_watch_revised(watch, mem, &revision, &found) == OK);
        for (size_t i = 0; found && i < revision.count; i++) {
            const struct traffic_run *run = &revision.runs[i];

            assert(run->count && (!i || run->first > run[-1].first + run[-1].count));
            for (uint64_t seq = run->first; seq < run->first + run->count; seq++) {
                assert(seq < noted && !is_revised[seq]);
                is_revised[seq] = true;
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct agent_reader *agents;
    static struct arena *mem;
    static struct memo *texts;
    const struct traffic_watch_config config = {
        .visitors = 512, .notes = 128, .honeypots = S("/trap")};
    bool is_revised[MOST_HITS] = {false};
    struct traffic_watch *watch;
    str rest = str_from(data, size);
    millis at = 1790000000000;

    if (!mem) {
        mem = arena_open(ROOM);
        assert(mem && agent_open(&agents) == OK && memo_open(64, &texts) == OK);
    }
    if (size > MOST_BYTES)
        return 0;
    arena_reset(mem);
    assert(traffic_watch_open(&config, &watch) == OK);
    for (uint64_t hit = 0; rest.len && hit < MOST_HITS; hit++) {
        struct headers headers;
        struct traffic_verdict verdict;
        str line = str_cut(&rest, '\n'), act = str_cut(&line, '\t'), apart = str_cut(&line, '\t');
        struct traffic_request request = {.agents = agents,
                                          .header = header_of,
                                          .name_at = name_at,
                                          .owner = &headers,
                                          .is_secure = hit % 2,
                                          .is_old = hit % 3 == 0,
                                          .watch = watch,
                                          .visitor = str_cut(&line, '\t'),
                                          .address = str_cut(&line, '\t'),
                                          .page = line};
        uint64_t seconds;

        read_headers(&rest, &headers);
        request.header_count = headers.count;
        request.texts = hit % 4 ? texts : NULL;
        request.act = act.len ? (enum traffic_act)(act.data[0] & 3) : TRAFFIC_VIEW;
        if (str_to_u64(apart, &seconds))
            at += (millis)(seconds % 100000) * 1000;
        request.at = hit % 7 ? at : -at;
        if (traffic_judge(&request, mem, &verdict)) {
            assert(arena_is_exhausted(mem));
            break;
        }
        check(&verdict);
        traffic_watch_note(watch, verdict.visitor, hit);
        if (!arena_is_exhausted(mem))
            check_revisions(watch, mem, hit + 1, is_revised);
    }
    traffic_watch_close(watch);
    return 0;
}
