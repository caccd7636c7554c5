/* traffic.c - judges a simulated day, or hits from a file, and says how well.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   traffic report SEED VISITS fitted|held-out    precision and recall by cast
 *   traffic signs SEED VISITS fitted|held-out     cast, truth, signs as hexadecimal, hits: for
 *                                                 fit_traffic.py
 *   traffic hits < FILE                           lines of time in ms, address, page, referrer and
 *                                                 agent with tabs between; each is told back as
 *                                                 verdict, verdict as revised, probability, reasons
 */
#include "base/mem.h"
#include "base/hash.h"
#include "collect/agent.h"
#include "collect/memo.h"
#include "collect/traffic.h"
#include "collect/traffic_watch.h"
#include "support/headers.h"
#include "traffic_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENTHS = 10, LINE_MOST = 1 << 16, HIT_BYTES = 1 << 20, TEXTS = 4096 };

struct judged {
    uint64_t signs;
    double probability;
    bool is_machine, is_revised;
    const char *reasons[TRAFFIC_REASONS_MOST];
    size_t reason_count;
};

struct bench {
    struct agent_reader *agents;
    struct traffic_watch *watch;
    struct memo *texts;
    struct arena *mem; /* of one hit */
    struct judged *judged;
    size_t count, room;
};

static void stop(const char *why)
{
    fprintf(stderr, "traffic: %s: %s\n", why, err_text());
    exit(1);
}

static void bench_open(struct bench *bench)
{
    struct traffic_watch_config config = {.honeypots = S("/for-machines")};

    bench->mem = arena_open(HIT_BYTES);
    if (!bench->mem || memo_open(TEXTS, &bench->texts) || agent_open(&bench->agents) ||
        traffic_watch_open(&config, &bench->watch))
        stop("cannot begin");
}

static void bench_close(struct bench *bench)
{
    traffic_watch_close(bench->watch);
    agent_close(bench->agents);
    arena_close(bench->mem);
    memo_close(bench->texts);
    mem_free(bench->judged);
}

static void revise(struct bench *bench)
{
    bool found = true;

    while (found) {
        struct traffic_revision revision;

        arena_reset(bench->mem);
        if (traffic_watch_revised(bench->watch, bench->mem, &revision, &found))
            stop("cannot revise");
        for (size_t i = 0; found && i < revision.count; i++)
            for (uint64_t at = 0; at < revision.runs[i].count; at++)
                bench->judged[revision.runs[i].first + at].is_revised = true;
    }
}

/* Sequence numbers are places in `judged`. */
static void judge(struct bench *bench, struct traffic_request *request)
{
    struct traffic_verdict verdict;
    struct judged *judged;

    if (bench->count == bench->room) {
        bench->room = bench->room ? 2 * bench->room : 4096;
        bench->judged = mem_grow(bench->judged, bench->room * sizeof *bench->judged);
        if (!bench->judged)
            stop("no memory");
    }
    request->agents = bench->agents;
    request->texts = bench->texts;
    request->watch = bench->watch;
    if (traffic_judge(request, bench->mem, &verdict))
        stop("cannot judge");
    judged = &bench->judged[bench->count++];
    *judged = (struct judged){.signs = verdict.signs,
                              .probability = verdict.probability,
                              .is_machine = verdict.is_machine,
                              .is_revised = verdict.is_machine,
                              .reason_count = verdict.reason_count};
    memcpy(judged->reasons, verdict.reasons, sizeof judged->reasons);
    if (!verdict.is_machine)
        traffic_watch_note(bench->watch, verdict.visitor, bench->count - 1);
    revise(bench);
}

/* A simulated day */

static void judge_world(struct bench *bench, const struct world *world)
{
    for (size_t i = 0; i < world->hit_count; i++) {
        const struct world_hit *hit = &world->hits[i];
        const struct world_actor *actor = &world->actors[hit->actor];
        const char *headers = hit->is_ahead ? actor->ahead : actor->headers;
        struct traffic_request request = {.header = headers_find,
                                          .name_at = headers_name_at,
                                          .owner = headers,
                                          .header_count = headers_count(headers),
                                          .is_secure = actor->is_secure,
                                          .is_old = actor->is_old,
                                          .address = str_of(actor->address),
                                          .has_asn = actor->asn > 0,
                                          .asn = actor->asn,
                                          .visitor = str_of(actor->visitor),
                                          .page = str_of(hit->page),
                                          .act = hit->act,
                                          .at = hit->at};

        judge(bench, &request);
    }
}

struct tally {
    size_t hits, first, last; /* said to be a machine's, and as last revised */
};

static double share(size_t part, size_t of)
{
    return of ? 100.0 * (double)part / (double)of : 100.0;
}

static void print_sums(const char *when, size_t right, size_t said, size_t machines, size_t wrong,
                       size_t people)
{
    printf("%-11s precision %6.2f %%  recall %6.2f %%  people taken for machines %5.2f %%\n", when,
           share(right, said), share(right, machines), people ? share(wrong, people) : 0.0);
}

/* Each cast weighs as its share of visits says, whatever its number of hits, and machines are a
 * tenth of all, as the judge takes for granted. */
static void print_calibration(const struct bench *bench, const struct world *world)
{
    double *weights = mem_alloc((world_casts() + 1) * sizeof *weights), sums[2] = {0}, squares = 0;
    struct {
        size_t hits;
        double all, machines;
    } tenths[TENTHS] = {0};

    if (!weights)
        stop("no memory");
    for (size_t i = 0; i < bench->count; i++)
        weights[world->actors[world->hits[i].actor].cast]++;
    for (size_t i = 0; i < world_casts(); i++) {
        sums[world_cast_is_machine(i)] += weights[i] > 0 ? world_cast_share(i) : 0;
        weights[i] = weights[i] > 0 ? world_cast_share(i) / weights[i] : 0;
    }
    for (size_t i = 0; i < bench->count; i++) {
        size_t cast = world->actors[world->hits[i].actor].cast;
        double p = bench->judged[i].probability, truth = world->hits[i].is_machine ? 1 : 0;
        double weight =
            weights[cast] * (world_cast_is_machine(cast) ? 0.1 / sums[1] : 0.9 / sums[0]);
        size_t tenth = (size_t)(p * TENTHS);

        tenth = tenth < TENTHS ? tenth : TENTHS - 1;
        tenths[tenth].hits++;
        tenths[tenth].all += weight;
        tenths[tenth].machines += weight * truth;
        squares += weight * (p - truth) * (p - truth);
    }
    mem_free(weights);
    printf("\nprobability told at once -> share that are machines, if they are a tenth of all "
           "(Brier %.4f)\n",
           squares);
    for (size_t i = 0; i < TENTHS; i++)
        printf("%.1f-%.1f  %7zu hits  %6.2f %%\n", (double)i / TENTHS, (double)(i + 1) / TENTHS,
               tenths[i].hits, tenths[i].all > 0 ? 100 * tenths[i].machines / tenths[i].all : 0.0);
}

static void print_report(const struct bench *bench, const struct world *world)
{
    struct tally *tallies = mem_alloc((world_casts() + 1) * sizeof *tallies), all[2] = {0};

    if (!tallies)
        stop("no memory");
    for (size_t i = 0; i < bench->count; i++) {
        const struct world_hit *hit = &world->hits[i];
        struct tally *to[] = {hit->is_ahead ? &tallies[world_casts()]
                                            : &tallies[world->actors[hit->actor].cast],
                              &all[hit->is_machine]};

        for (size_t at = 0; at < 2; at++) {
            to[at]->hits++;
            to[at]->first += bench->judged[i].is_machine;
            to[at]->last += bench->judged[i].is_revised;
        }
    }
    printf("%-44s %8s  %9s  %9s\n", "who: share of hits said to be machines'", "hits", "at once",
           "revised");
    for (size_t i = 0; i <= world_casts(); i++)
        printf("%-8s%-36s %8zu  %7.2f %%  %7.2f %%\n",
               i == world_casts() || world_cast_is_machine(i) ? "machine" : "person",
               i == world_casts() ? "what is fetched ahead" : world_cast_name(i), tallies[i].hits,
               share(tallies[i].first, tallies[i].hits), share(tallies[i].last, tallies[i].hits));
    printf("\n%zu hits, %zu of machines\n", bench->count, all[1].hits);
    print_sums("at once", all[1].first, all[0].first + all[1].first, all[1].hits, all[0].first,
               all[0].hits);
    print_sums("as revised", all[1].last, all[0].last + all[1].last, all[1].hits, all[0].last,
               all[0].hits);
    mem_free(tallies);
    print_calibration(bench, world);
}

struct shown {
    size_t cast;
    uint64_t signs;
    bool is_machine;
};

static int by_signs(const void *a, const void *b)
{
    const struct shown *left = a, *right = b;

    if (left->cast != right->cast)
        return left->cast < right->cast ? -1 : 1;
    if (left->is_machine != right->is_machine)
        return left->is_machine ? 1 : -1;
    return (left->signs > right->signs) - (left->signs < right->signs);
}

static void print_signs(const struct bench *bench, const struct world *world)
{
    struct shown *shown = mem_alloc((bench->count + 1) * sizeof *shown);

    if (!shown)
        stop("no memory");
    for (size_t i = 0; i < bench->count; i++)
        shown[i] = (struct shown){world->actors[world->hits[i].actor].cast, bench->judged[i].signs,
                                  world->hits[i].is_machine};
    qsort(shown, bench->count, sizeof *shown, by_signs);
    for (size_t i = 0, from = 0; i < bench->count; i++) {
        if (i + 1 < bench->count && !by_signs(&shown[i], &shown[i + 1]))
            continue;
        printf("%zu\t%g\t%d\t%" PRIx64 "\t%zu\n", shown[i].cast, world_cast_share(shown[i].cast),
               shown[i].is_machine, shown[i].signs, i + 1 - from);
        from = i + 1;
    }
    mem_free(shown);
}

/* Hits of a file */

struct told {
    str referrer, agent;
};

static str told_header(const void *owner, str name)
{
    const struct told *told = owner;

    if (str_equals(name, S("user-agent")))
        return told->agent;
    return str_equals(name, S("referer")) ? told->referrer : (str){NULL, 0};
}

static str dash_is_none(str text)
{
    return str_equals(text, S("-")) ? S("") : text;
}

static void judge_hits(struct bench *bench)
{
    static char line[LINE_MOST];

    while (fgets(line, sizeof line, stdin)) {
        str rest = str_cut(&(str){line, strlen(line)}, '\n'), time = str_cut(&rest, '\t');
        struct traffic_request request = {
            .header = told_header, .header_count = 2, .act = TRAFFIC_VIEW};
        struct told told;
        uint64_t at;

        if (!str_to_u64(time, &at))
            stop("a line does not begin with a time");
        request.at = (millis)at;
        request.address = str_cut(&rest, '\t');
        request.page = str_cut(&rest, '\t');
        told.referrer = dash_is_none(str_cut(&rest, '\t'));
        told.agent = dash_is_none(rest);
        request.owner = &told;
        judge(bench, &request);
    }
    for (size_t i = 0; i < bench->count; i++) {
        const struct judged *judged = &bench->judged[i];

        printf("%s\t%s\t%.4f\t", judged->is_machine ? "machine" : "human",
               judged->is_revised ? "machine" : "human", judged->probability);
        for (size_t at = 0; at < judged->reason_count; at++)
            printf("%s%s", at ? " " : "", judged->reasons[at]);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    static struct bench bench; /* large */
    struct world world;
    uint64_t seed, visits;
    str word = argc > 1 ? str_of(argv[1]) : S("");

    if (argc == 2 && str_equals(word, S("hits"))) {
        bench_open(&bench);
        judge_hits(&bench);
        bench_close(&bench);
        return 0;
    }
    if (argc != 5 || (!str_equals(word, S("report")) && !str_equals(word, S("signs"))) ||
        !str_to_u64(str_of(argv[2]), &seed) || !str_to_u64(str_of(argv[3]), &visits)) {
        fprintf(stderr,
                "usage: traffic report|signs SEED VISITS fitted|held-out, or traffic hits\n");
        return 2;
    }
    bench_open(&bench);
    if (!world_make(seed, visits,
                    str_equals(str_of(argv[4]), S("fitted")) ? WORLD_FITTED : WORLD_HELD_OUT,
                    &world))
        stop("no memory");
    judge_world(&bench, &world);
    if (str_equals(word, S("signs")))
        print_signs(&bench, &world);
    else
        print_report(&bench, &world);
    world_done(&world);
    bench_close(&bench);
    return 0;
}
