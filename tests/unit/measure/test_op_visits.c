/* test_op_visits.c - devices that several persons share, and any number of workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the answers are is shown by tests/cases/measure and by the comparison with the reference.
 */
#include "measure/answer.h"

#include "support/test.h"
#include "sys/sys.h"
#include "unit/measure/fold.h"

enum { PEOPLE = 400, DAYS = 20 };

/* `minute` of the hour from ten o'clock on, which may be over. */
static void view(struct fold *fold, int user, int device, int day, int minute)
{
    struct buf text = {0};

    buf_print(&text,
              "{\"type\":\"page\",\"userId\":\"u%d\",\"anonymousId\":\"d%d\",\"timestamp\":"
              "\"2026-01-%02dT%02d:%02d:00Z\",\"properties\":{\"user\":\"u%d\"}}",
              user, device, day, 10 + minute / 60, minute % 60, user % 7);
    CHECK_OK(fold_take(fold, buf_str(&text)));
    buf_done(&text);
}

static str ask(struct fold *fold, unsigned workers, const char *query)
{
    struct answer_options options = {.sys = sys_real(), .workers = workers};
    struct buf out = {0};
    str answer;

    CHECK_OK(fold_ask(fold, &options, str_of(query), &out));
    answer = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return answer;
}

/* Without "meta", whose elapsed_ms differs. */
static str figures(str answer)
{
    for (size_t i = 0; i + 7 < answer.len; i++)
        if (str_equals(str_slice(answer, i, i + 7), S("\"meta\":")))
            return str_slice(answer, 0, i);
    return answer;
}

#define ALL(figures) "{\"columns\":[\"2026-01-01T10:00:00+00:00\"],\"series\":[" figures "],"

/* On each day a device passes from hand to hand, every 25 minutes: one visit, of the first. */
TEST(a_device_that_passes_from_hand_to_hand_has_one_visit)
{
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    for (int day = 1; day <= DAYS; day++)
        for (int turn = 0; turn < 3; turn++)
            view(&fold, (day + turn) % 3, 1, day, turn * 25);
    for (unsigned workers = 1; workers <= 4; workers++)
        CHECK_STR(figures(ask(&fold, workers, "{\"kind\":\"visits\",\"interval\":\"all\"}")),
                  ALL("{\"key\":null,\"visitors\":[3],\"visits\":[20],\"views\":[60],"
                      "\"bounce_rate\":[0],\"engaged_ms\":[0],\"total\":{\"visitors\":3,"
                      "\"visits\":20,\"views\":60,\"bounce_rate\":0,\"engaged_ms\":0}}"));
    fold_done(&fold);
}

/* One visit, but in the second hour it was counted as one, too, before the device was found shared.
 */
TEST(a_visit_taken_over_leaves_no_visitor_behind)
{
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    view(&fold, 0, 1, 1, 50);
    view(&fold, 1, 1, 1, 70);
    for (unsigned workers = 1; workers <= 2; workers++)
        CHECK_STR(figures(ask(&fold, workers,
                              "{\"kind\":\"visits\",\"interval\":\"hour\",\"from\":"
                              "\"2026-01-01T10:00:00Z\",\"to\":\"2026-01-01T12:00:00Z\"}")),
                  "{\"columns\":[\"2026-01-01T10:00:00+00:00\",\"2026-01-01T11:00:00+00:00\"],"
                  "\"series\":[{\"key\":null,\"visitors\":[1,0],\"visits\":[1,0],\"views\":[2,0],"
                  "\"bounce_rate\":[0,null],\"engaged_ms\":[0,0],\"total\":{\"visitors\":1,"
                  "\"visits\":1,\"views\":2,\"bounce_rate\":0,\"engaged_ms\":0}}],");
    fold_done(&fold);
}

/* Every device is used by two, whom different workers may look at. */
TEST(visits_on_shared_devices_do_not_depend_on_the_number_of_workers)
{
    static const char *const questions[] = {
        "{\"kind\":\"visits\",\"interval\":\"all\"}",
        "{\"kind\":\"visits\",\"interval\":\"day\",\"by\":\"user\"}",
        ("{\"kind\":\"visits\",\"interval\":\"week\",\"by\":\"user\",\"where\":"
         "{\"prop\":\"user\",\"op\":\"is\",\"value\":\"u3\"}}"),
    };
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    for (int i = 0; i < PEOPLE * 10; i++) {
        int user = i * 31 % PEOPLE;
        int device = i / PEOPLE % 2 ? user : (user + PEOPLE / 2) % PEOPLE;

        view(&fold, user, device, 1 + i % 3, i * 7 % 60);
    }
    EACH_CASE(question, questions)
    {
        str alone = figures(ask(&fold, 1, *question));

        for (unsigned workers = 2; workers <= 5; workers++)
            CHECK(str_equals(alone, figures(ask(&fold, workers, *question))));
    }
    fold_done(&fold);
}

TEST(visits_beyond_the_memory_of_a_question_are_refused)
{
    struct answer_options options = {.sys = sys_real(), .workers = 1, .memory_bytes = 60000};
    struct buf out = {0};
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    for (int user = 0; user < 2000; user++)
        view(&fold, user, user, 1, 0);
    CHECK_ERR(ERR_LIMIT,
              fold_ask(&fold, &options, S("{\"kind\":\"visits\",\"interval\":\"all\"}"), &out));
    CHECK_INT(out.len, 0);
    buf_done(&out);
    fold_done(&fold);
}
