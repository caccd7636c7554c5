/* test_traffic_watch.c - what visitors do over time, and what is revised when one is found out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/traffic_watch.h"

#include "collect/agent.h"
#include "collect/traffic.h"
#include "collect/traffic_crowd.h"
#include "support/test.h"
#include "sys/thread.h"

#include <math.h>
#include <stdatomic.h>

/* After the time in which every page looks new. */
enum { START = 2000000000, SETTLED = 20 * 60 * 1000 };

struct place {
    struct agent_reader *agents;
    struct traffic_watch *watch;
};

struct step {
    const char *visitor, *page;
    enum traffic_act act;
    millis at;
    const char *address;
    uint64_t asn;
};

static str header_of(const void *owner, str name)
{
    if (str_equals(name, S("user-agent")))
        return S("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    return str_equals(name, S("accept-language")) ? str_of(owner) : (str){NULL, 0};
}

static struct place place_open(const struct traffic_watch_config *config)
{
    struct place place;

    CHECK_OK(agent_open(&place.agents));
    CHECK_OK(traffic_watch_open(config, &place.watch));
    return place;
}

static void place_close(struct place *place)
{
    traffic_watch_close(place->watch);
    agent_close(place->agents);
}

static struct traffic_verdict hit(const struct place *place, const struct step *step)
{
    struct traffic_request request = {.agents = place->agents,
                                      .header = header_of,
                                      .owner = "de",
                                      .header_count = 2,
                                      .address =
                                          str_of(step->address ? step->address : "192.0.2.1"),
                                      .has_asn = step->asn > 0,
                                      .asn = step->asn,
                                      .watch = place->watch,
                                      .visitor = str_of(step->visitor),
                                      .page = str_of(step->page),
                                      .act = step->act,
                                      .at = START + step->at};
    struct traffic_verdict verdict;

    CHECK_OK(traffic_judge(&request, test_mem, &verdict));
    CHECK(verdict.visitor != 0);
    return verdict;
}

static bool gives(const struct traffic_verdict *verdict, const char *reason)
{
    for (size_t i = 0; i < verdict->reason_count; i++)
        if (str_equals(str_of(verdict->reasons[i]), str_of(reason)))
            return true;
    return false;
}

static const char *page_of(size_t i)
{
    return arena_print(test_mem, "https://shop.example/things/%zu", i).data;
}

/* A site where people have pages in use. */
static void let_people_come(const struct place *place)
{
    for (size_t i = 0; i < 120; i++) {
        const char *who = arena_print(test_mem, "person%zu", i).data;

        (void)hit(place, &(struct step){.visitor = who,
                                        .page = "/",
                                        .act = TRAFFIC_VIEW,
                                        .at = (millis)(i * 5000),
                                        .address = "203.0.113.9"});
        (void)hit(place, &(struct step){.visitor = who,
                                        .page = "/",
                                        .act = TRAFFIC_ENGAGED,
                                        .at = (millis)(i * 5000 + 900),
                                        .address = "203.0.113.9"});
    }
}

TEST(traffic_watch_sees_what_no_person_does)
{
    static const struct {
        size_t views;
        millis apart;
        millis jitter; /* every second interval is longer by it */
        bool has_id, is_same_page, is_used;
        const char *reason; /* NULL: none */
    } cases[] = {
        {14, 400, 400, true, false, false, "hurries"},
        {14, 400, 400, false, false, false, NULL}, /* an office may do that */
        {28, 100, 300, false, false, false, "hurries"},
        {60, 900, 500, true, false, false, "hurries_on"},
        {8, 20, 0, true, false, false, "faster_than_hands"},
        {8, 20, 0, true, true, false, NULL}, /* one page told twice */
        {12, 5000, 0, true, false, false, "even_pace"},
        {12, 5000, 9000, true, false, true, NULL},
        {12, 60000, 0, true, true, true, NULL}, /* a page that loads itself anew */
        {40, 9000, 9000, true, false, true, "walks_through_everything"},
        {40, 9000, 9000, true, true, true, NULL},
        {6, 9000, 9000, true, false, false, "never_in_use"},
        {6, 9000, 9000, true, false, true, NULL},
    };
    EACH_CASE(c, cases)
    {
        struct place place = place_open(&(struct traffic_watch_config){0});
        struct traffic_verdict verdict = {0};
        millis at = SETTLED;

        let_people_come(&place);
        for (size_t i = 0; i < c->views; i++) {
            at += c->apart + (i % 2 ? c->jitter : 0);
            verdict = hit(&place, &(struct step){.visitor = c->has_id ? "visitor" : NULL,
                                                 .page = c->is_same_page ? "/" : page_of(i),
                                                 .act = TRAFFIC_VIEW,
                                                 .at = at,
                                                 .address = "192.0.2.1"});
            if (c->is_used)
                (void)hit(&place, &(struct step){.visitor = c->has_id ? "visitor" : NULL,
                                                 .page = "/",
                                                 .act = TRAFFIC_ENGAGED,
                                                 .at = at,
                                                 .address = "192.0.2.1"});
        }
        if (c->reason ? !gives(&verdict, c->reason) : verdict.is_machine)
            CHECK_STR(S("is not told"), c->reason ? c->reason : "a person");
        place_close(&place);
    }
}

TEST(traffic_watch_revises_what_was_stored_of_who_is_found_out)
{
    struct place place = place_open(&(struct traffic_watch_config){.honeypots = S("/no, /trap")});
    struct traffic_revision revision;
    struct traffic_verdict verdict;
    bool found;

    for (uint64_t i = 0; i < 6; i++) {
        verdict = hit(&place, &(struct step){.visitor = "m",
                                             .page = page_of(i),
                                             .act = TRAFFIC_VIEW,
                                             .at = (millis)i * 7000});
        CHECK_INT(verdict.is_machine, false);
        traffic_watch_note(place.watch, verdict.visitor, i < 4 ? 10 + i : 20 + i);
        verdict = hit(
            &place, &(struct step){
                        .visitor = "p", .page = "/", .act = TRAFFIC_VIEW, .at = (millis)i * 7000});
        traffic_watch_note(place.watch, verdict.visitor, 100 + i);
    }
    CHECK_OK(traffic_watch_revised(place.watch, test_mem, &revision, &found));
    CHECK_INT(found, false);

    verdict = hit(&place, &(struct step){.visitor = "m",
                                         .page = "https://shop.example/trap?a=1",
                                         .act = TRAFFIC_CLICK,
                                         .at = 50000});
    CHECK_INT(verdict.is_machine, true);
    CHECK_STR(str_of(verdict.reasons[0]), "trapped");
    CHECK_OK(traffic_watch_revised(place.watch, test_mem, &revision, &found));
    CHECK_INT(found, true);
    CHECK_INT(revision.visitor, verdict.visitor);
    CHECK(revision.probability > 0.9);
    CHECK_STR(str_of(revision.reason), "trapped");
    CHECK_INT(revision.count, 2);
    CHECK_INT(revision.runs[0].first, 10);
    CHECK_INT(revision.runs[0].count, 4);
    CHECK_INT(revision.runs[1].first, 24);
    CHECK_INT(revision.runs[1].count, 2);
    CHECK_OK(traffic_watch_revised(place.watch, test_mem, &revision, &found));
    CHECK_INT(found, false);

    /* What is noted late is given, too; a machine it stays, in the next visit, for a day. */
    traffic_watch_note(place.watch, verdict.visitor, 31);
    CHECK_OK(traffic_watch_revised(place.watch, test_mem, &revision, &found));
    CHECK_INT(found, true);
    CHECK_INT(revision.runs[0].first, 31);
    verdict = hit(
        &place,
        &(struct step){.visitor = "m", .page = "/", .act = TRAFFIC_VIEW, .at = 5 * MILLIS_HOUR});
    CHECK_INT(verdict.is_machine, true);
    verdict = hit(
        &place,
        &(struct step){.visitor = "m", .page = "/", .act = TRAFFIC_VIEW, .at = 35 * MILLIS_HOUR});
    CHECK_INT(verdict.is_machine, false);
    place_close(&place);
}

TEST(traffic_watch_finds_out_who_followed_a_new_link_from_everywhere)
{
    struct place place = place_open(&(struct traffic_watch_config){0});
    struct traffic_revision revision;
    struct traffic_verdict verdict = {0};
    bool is_machine;
    size_t revised = 0;
    bool found = true;

    let_people_come(&place);
    for (size_t i = 0; i < 8; i++) {
        struct step step = {.visitor = NULL,
                            .page = "/offer?to=7",
                            .act = TRAFFIC_CLICK,
                            .at = SETTLED + (millis)i * 300,
                            .address = arena_print(test_mem, "198.51.%zu.9", 3 * i).data,
                            .asn = 24940};

        verdict = hit(&place, &step);
        if (!verdict.is_machine)
            traffic_watch_note(place.watch, verdict.visitor, i);
    }
    CHECK(gives(&verdict, "fan_out"));
    is_machine = verdict.is_machine;
    /* A page that all know is followed from everywhere, too. */
    for (size_t i = 0; i < 8; i++) {
        struct step step = {.visitor = NULL,
                            .page = "/",
                            .act = TRAFFIC_CLICK,
                            .at = SETTLED + 60000 + (millis)i * 300,
                            .address = arena_print(test_mem, "198.18.%zu.9", 3 * i).data};

        verdict = hit(&place, &step);
        CHECK(!gives(&verdict, "fan_out"));
    }
    while (found) {
        CHECK_OK(traffic_watch_revised(place.watch, test_mem, &revision, &found));
        revised += found ? 1 : 0;
    }
    /* Who came first was judged without knowing of the others. */
    CHECK_INT(revised, is_machine ? 4 : 0);
    place_close(&place);
}

TEST(traffic_watch_takes_times_that_make_no_sense)
{
    static const struct {
        millis at;
    } cases[] = {{-START}, {-START - 5000}, {-2 * (millis)START}, {0}, {-START + 11000}};
    struct place place = place_open(&(struct traffic_watch_config){0});

    EACH_CASE(c, cases)
    {
        struct step step = {.visitor = "v", .page = "/", .act = TRAFFIC_VIEW, .at = c->at};

        CHECK_INT(hit(&place, &step).is_machine, false);
    }
    place_close(&place);
}

TEST(traffic_watch_knows_visitors_without_id_by_address_and_agent)
{
    struct place place = place_open(&(struct traffic_watch_config){.honeypots = S("/trap")});
    struct step trap = {
        .visitor = NULL, .page = "/trap", .act = TRAFFIC_VIEW, .at = 0, .address = "192.0.2.1"};
    struct step same = {
        .visitor = NULL, .page = "/", .act = TRAFFIC_VIEW, .at = 10, .address = "192.0.2.1"};
    struct step other = {
        .visitor = NULL, .page = "/", .act = TRAFFIC_VIEW, .at = 20, .address = "192.0.2.2"};
    struct traffic_verdict first = hit(&place, &trap), second = hit(&place, &same),
                           third = hit(&place, &other);

    CHECK_INT(first.visitor, second.visitor);
    CHECK_INT(second.is_machine, true);
    CHECK(first.visitor != third.visitor);
    CHECK_INT(third.is_machine, false);
    place_close(&place);
}

/* Everybody came to a page or two, from one network. */
static void check_counts(const struct place *place, uint64_t people, uint64_t revised)
{
    struct traffic_watch_stats stats;

    traffic_watch_stats_read(place->watch, &stats);
    CHECK_INT(stats.visitors.room, 512);
    CHECK(stats.visitors.held > 400 && stats.visitors.held <= 512);
    CHECK_INT(stats.visitors.held + stats.visitors.forgotten, people);
    CHECK_INT(stats.notes.held, 256);
    CHECK_INT(stats.notes.room, 256);
    CHECK_INT(stats.notes.forgotten, people - 256);
    CHECK_INT(stats.pages.held, 2);
    CHECK_INT(stats.pages.forgotten, 0);
    CHECK_INT(stats.networks.held, 1);
    CHECK_INT(stats.found, revised);
    CHECK_INT(stats.revised, revised);
}

TEST(traffic_watch_forgets_who_was_not_seen_for_longest)
{
    enum { PEOPLE = 20000 };
    struct place place = place_open(
        &(struct traffic_watch_config){.visitors = 512, .notes = 256, .honeypots = S("/t")});
    struct traffic_verdict verdict;
    struct traffic_revision revision;
    size_t revised = 0;
    bool found = true;

    for (size_t i = 0; i < PEOPLE; i++) {
        const char *who = arena_print(test_mem, "v%zu", i).data;

        verdict =
            hit(&place,
                &(struct step){.visitor = who, .page = "/", .act = TRAFFIC_VIEW, .at = (millis)i});
        traffic_watch_note(place.watch, verdict.visitor, i);
        if (i % 100 == 0)
            (void)hit(
                &place,
                &(struct step){.visitor = who, .page = "/t", .act = TRAFFIC_VIEW, .at = (millis)i});
    }
    while (found) {
        CHECK_OK(traffic_watch_revised(place.watch, test_mem, &revision, &found));
        if (found) {
            CHECK_INT(revision.count, 1);
            CHECK_INT(revision.runs[0].first % 100, 0);
            CHECK(revision.runs[0].first >= PEOPLE - 256); /* older notes are overwritten */
            revised++;
        }
    }
    CHECK_INT(revised, 2);
    check_counts(&place, PEOPLE, revised);
    place_close(&place);
}

struct crowd {
    struct place place;
    atomic_size_t next, failed;
};

enum { CROWD_HITS = 4000, CROWD_VISITORS = 40 };

static void come(void *argument)
{
    struct crowd *crowd = argument;
    struct arena *mem = arena_open(1 << 20);
    size_t i;

    while ((i = atomic_fetch_add(&crowd->next, 1)) < CROWD_HITS) {
        const bool is_last = i >= CROWD_HITS - CROWD_VISITORS;
        struct traffic_request request = {.agents = crowd->place.agents,
                                          .header = header_of,
                                          .owner = "de",
                                          .header_count = 2,
                                          .address =
                                              arena_print(mem, "198.51.%zu.1", i % CROWD_VISITORS),
                                          .watch = crowd->place.watch,
                                          .visitor = arena_print(mem, "v%zu", i % CROWD_VISITORS),
                                          .page = is_last ? S("/trap") : S("/"),
                                          .act = TRAFFIC_VIEW,
                                          .at = START + (millis)i * 1000};
        struct traffic_verdict verdict;

        if (traffic_judge(&request, mem, &verdict) || verdict.is_machine != is_last)
            atomic_fetch_add(&crowd->failed, 1);
        else if (!is_last)
            traffic_watch_note(crowd->place.watch, verdict.visitor, i);
        arena_reset(mem);
    }
    arena_close(mem);
}

TEST(traffic_watch_is_used_by_threads_at_once)
{
    struct crowd crowd = {.place =
                              place_open(&(struct traffic_watch_config){.honeypots = S("/trap")})};
    struct traffic_revision revision;
    size_t revised = 0;
    bool found = true;

    /* Who comes last may overtake: the trap is set for when all others were there. */
    thread_gather(4, come, &crowd);
    while (found) {
        CHECK_OK(traffic_watch_revised(crowd.place.watch, test_mem, &revision, &found));
        for (size_t i = 0; found && i < revision.count; i++)
            revised += revision.runs[i].count;
    }
    CHECK(atomic_load(&crowd.failed) <= 4);
    CHECK(revised >= CROWD_HITS - CROWD_VISITORS - 4);
    place_close(&crowd.place);
}

TEST(traffic_watch_refuses_a_honeypot_that_is_no_path)
{
    struct traffic_watch *watch;

    CHECK_ERR(ERR_INVALID, traffic_watch_open(
                               &(struct traffic_watch_config){.honeypots = S("/a,trap")}, &watch));
    CHECK_OK(traffic_watch_open(
        &(struct traffic_watch_config){.honeypots = S("https://a.example/trap")}, &watch));
    traffic_watch_close(watch);
}

/* Whang's estimate by its formula. */
TEST(traffic_crowd_estimates_how_many_have_set_bits)
{
    for (unsigned set = 0; set <= 64; set++) {
        uint64_t bits = set < 64 ? (UINT64_C(1) << set) - 1 : UINT64_MAX;
        double unset = set < 64 ? 64 - set : 0.5;

        CHECK_INT(traffic_crowd_estimate(bits), (unsigned)(0.5 - 64 * log(unset / 64)));
    }
}
