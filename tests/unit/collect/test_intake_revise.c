/* test_intake_revise.c - what the watch finds out reaches the verdicts, at most once a second.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake_revise.h"

#include "collect/agent.h"
#include "collect/traffic.h"
#include "collect/traffic_watch.h"
#include "crash/world.h"
#include "store/verdicts.h"
#include "support/test.h"

static str header_of(const void *owner, str name)
{
    return str_equals(name, S("user-agent")) ? str_of(owner) : (str){NULL, 0};
}

static uint64_t hit(struct agent_reader *agents, struct traffic_watch *watch, const char *visitor,
                    const char *page)
{
    struct traffic_request request = {.agents = agents,
                                      .header = header_of,
                                      .owner = "Mozilla/5.0 (X11; rv:128.0) Gecko Firefox/128.0",
                                      .header_count = 1,
                                      .watch = watch,
                                      .visitor = str_of(visitor),
                                      .page = str_of(page),
                                      .act = TRAFFIC_VIEW,
                                      .at = INT64_C(1790000000000)};
    struct traffic_verdict verdict;

    CHECK_OK(traffic_judge(&request, test_mem, &verdict));
    return verdict.visitor;
}

TEST(intake_revise_marks_who_is_found_out_once_a_second)
{
    struct world w = {.sys = sim_open(7), .segment_bytes = 16 << 20};
    struct log_entry entry = {RECORD_RELEASE, 0, 100, S("x"), {NULL, 0}};
    struct agent_reader *agents;
    struct traffic_watch *watch;
    struct verdicts *verdicts;
    struct intake_revise *revise;

    CHECK(w.sys != NULL);
    CHECK_OK(world_create(&w));
    CHECK_OK(world_open_log(&w));
    CHECK_OK(log_begin(w.log, 64, 1, 1));
    (void)log_add(w.log, &entry);
    CHECK_OK(log_commit(w.log));
    CHECK_OK(agent_open(&agents));
    CHECK_OK(traffic_watch_open(&(struct traffic_watch_config){.honeypots = S("/trap")}, &watch));
    CHECK_OK(verdicts_open(0, &verdicts));
    CHECK_OK(intake_revise_open(watch, verdicts, w.log, &revise));

    for (uint64_t seq = 10; seq < 13; seq++) {
        traffic_watch_note(watch, hit(agents, watch, "first", "/"), seq);
        traffic_watch_note(watch, hit(agents, watch, "second", "/"), 10 * seq);
    }
    CHECK_OK(intake_revise_step(revise, 5000));
    CHECK_INT(verdicts_find(verdicts, 10), VERDICT_UNREVISED);
    (void)hit(agents, watch, "first", "/trap");
    CHECK_OK(intake_revise_step(revise, 5000));
    for (uint64_t seq = 10; seq < 13; seq++)
        CHECK_INT(verdicts_find(verdicts, seq), VERDICT_MACHINE);
    CHECK_INT(verdicts_find(verdicts, 13), VERDICT_UNREVISED);

    (void)hit(agents, watch, "second", "/trap");
    CHECK_OK(intake_revise_step(revise, 5999));
    CHECK_INT(verdicts_find(verdicts, 100), VERDICT_UNREVISED);
    CHECK_OK(intake_revise_step(revise, 6000));
    CHECK_INT(verdicts_find(verdicts, 100), VERDICT_MACHINE);
    CHECK_INT(verdicts_find(verdicts, 120), VERDICT_MACHINE);

    intake_revise_close(revise);
    verdicts_close(verdicts);
    traffic_watch_close(watch);
    agent_close(agents);
    world_done(&w);
}
