/* test_op_paths.c - long and many paths, bounds, any number of workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the answers are is shown by tests/cases/measure and by the comparison with the reference.
 */
#include "measure/answer.h"

#include "support/test.h"
#include "sys/sys.h"
#include "unit/measure/fold.h"

static void track(struct fold *fold, int user, int name, int second)
{
    struct buf text = {0};

    buf_print(&text,
              "{\"type\":\"track\",\"event\":\"e%d\",\"userId\":\"u%d\",\"timestamp\":"
              "\"2026-01-01T%02d:%02d:%02dZ\"}",
              name, user, second / 3600, second / 60 % 60, second % 60);
    CHECK_OK(fold_take(fold, buf_str(&text)));
    buf_done(&text);
}

static enum err ask(struct fold *fold, struct answer_options options, const char *query,
                    str *out_answer)
{
    struct buf out = {0};
    enum err err;

    options.sys = sys_real();
    err = fold_ask(fold, &options, str_of(query), &out);
    *out_answer = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return err;
}

/* Without "meta", whose elapsed_ms differs. */
static str figures(str answer)
{
    for (size_t i = 0; i + 7 < answer.len; i++)
        if (str_equals(str_slice(answer, i, i + 7), S("\"meta\":")))
            return str_slice(answer, 0, i);
    return answer;
}

/* Everyone goes ten times round a ring of three names, and two names further. */
TEST(a_ring_has_a_path_from_each_of_its_names)
{
    static const struct {
        const char *query, *answer;
    } cases[] = {
        {"{\"kind\":\"paths\",\"after\":\"e0\",\"steps\":1}",
         "{\"paths\":[{\"events\":[\"e1\"],\"people\":300,\"count\":3300}],"},
        {"{\"kind\":\"paths\",\"after\":\"*\",\"steps\":2,\"limit\":2}",
         "{\"paths\":[{\"events\":[\"e0\",\"e1\"],\"people\":300,\"count\":3000},"
         "{\"events\":[\"e1\",\"e2\"],\"people\":300,\"count\":3000}],"},
        {"{\"kind\":\"paths\",\"after\":\"e2\",\"steps\":9,\"among\":[\"e0\"]}",
         "{\"paths\":[{\"events\":[\"e0\",\"e0\",\"e0\",\"e0\",\"e0\",\"e0\",\"e0\",\"e0\",\"e0\"],"
         "\"people\":300,\"count\":600}],"},
        {"{\"kind\":\"paths\",\"after\":\"e2\",\"steps\":11,\"among\":[\"e0\"]}", "{\"paths\":[],"},
        {"{\"kind\":\"paths\",\"after\":\"e0\",\"steps\":32}", "{\"paths\":[],"},
    };
    struct fold fold;
    str answer;

    CHECK_OK(fold_open(&fold));
    for (int user = 0; user < 300; user++)
        for (int i = 0; i < 32; i++)
            track(&fold, user, i % 3, i + user % 7);
    EACH_CASE(c, cases)
    for (unsigned workers = 1; workers <= 4; workers++) {
        CHECK_OK(ask(&fold, (struct answer_options){.workers = workers}, c->query, &answer));
        CHECK_STR(figures(answer), c->answer);
    }
    fold_done(&fold);
}

TEST(paths_beyond_the_memory_of_a_question_are_refused)
{
    const char *query = "{\"kind\":\"paths\",\"after\":\"*\",\"steps\":3}";
    struct fold fold;
    str answer;

    CHECK_OK(fold_open(&fold));
    for (int i = 0; i < 4000; i++)
        track(&fold, i % 4, i * 7919 % 997, i);
    CHECK_OK(ask(&fold, (struct answer_options){.workers = 1}, query, &answer));
    CHECK_ERR(ERR_LIMIT, ask(&fold, (struct answer_options){.workers = 1, .memory_bytes = 100000},
                             query, &answer));
    CHECK_INT(answer.len, 0);
    fold_done(&fold);
}
