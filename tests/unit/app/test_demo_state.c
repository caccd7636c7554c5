/* test_demo_state.c - a demo finds what it remembered, or says that it cannot.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/demo_state.h"

#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"

TEST(a_demo_remembers_its_world_its_place_and_its_keys)
{
    static const struct demo_state kept = {
        .world = {.seed = (UINT64_C(1) << 53) - 1,
                  .people = 2500,
                  .days = 75,
                  .from = INT64_C(1788825600000),
                  .living = INT64_C(1795380178127),
                  .pace = 2.5},
        .place = 508140,
        .write_key = {"mw_\"x", 5},
        .api_key = {"mx_1", 4},
    };
    struct sys *sys = sim_open(1);
    struct demo_state found;

    CHECK_OK(demo_state_save(sys, "state.json", &kept));
    CHECK_OK(demo_state_load(sys, "state.json", test_mem, &found));
    CHECK(found.world.seed == kept.world.seed);
    CHECK_INT(found.world.people, 2500);
    CHECK_INT(found.world.days, 75);
    CHECK_INT(found.world.from, kept.world.from);
    CHECK_INT(found.world.living, kept.world.living);
    CHECK(found.world.pace > 2.49 && found.world.pace < 2.51);
    CHECK_INT(found.place, 508140);
    CHECK_STR(found.write_key, "mw_\"x");
    CHECK_STR(found.api_key, "mx_1");
    sim_close(sys);
}

TEST(a_demo_without_memory_of_itself_is_new_and_one_with_a_broken_one_says_so)
{
    static const char *const broken[] = {"", "{", "[]", "{\"seed\":1}", "{\"seed\":\"1\"}"};
    struct sys *sys = sim_open(1);
    struct demo_state found;

    CHECK_ERR(ERR_ABSENT, demo_state_load(sys, "state.json", test_mem, &found));
    EACH_CASE(text, broken)
    {
        CHECK_OK(file_replace(sys, "state.json", str_of(*text)));
        CHECK_ERR(ERR_CORRUPT, demo_state_load(sys, "state.json", test_mem, &found));
        CHECK(str_contains(str_of(err_text()), S("state.json")));
    }
    sim_close(sys);
}
