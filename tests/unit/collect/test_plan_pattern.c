/* test_plan_pattern.c - expressions that search, and that no text makes slow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/plan_pattern.h"
#include "support/test.h"

#include <string.h>

enum { PLENTY = 1000000 };

static enum plan_pattern_answer find(const char *expression, str text, uint32_t *steps)
{
    enum plan_pattern_answer answer;
    struct plan_pattern *pattern;
    struct plan_search *search = NULL;

    CHECK_OK(plan_pattern_open(str_of(expression), &pattern));
    CHECK_OK(plan_pattern_find(pattern, text, &search, steps, &answer));
    plan_pattern_close_search(search);
    plan_pattern_close(pattern);
    return answer;
}

static str many(char byte, size_t count, const char *tail)
{
    char *text = arena_take(test_mem, count + 16);

    memset(text, byte, count);
    return arena_print(test_mem, "%.*s%s", (int)count, text, tail);
}

TEST(plan_pattern_finds_anywhere_within_its_text)
{
    uint32_t steps = PLENTY;

    CHECK_INT(find("b", many('a', 1023, "b"), &steps), PLAN_PATTERN_FOUND);
    CHECK_INT(find("b", many('a', 1024, ""), &steps), PLAN_PATTERN_NONE);
    CHECK_INT(find("b", many('a', 1024, "b"), &steps), PLAN_PATTERN_UNDECIDED); /* too long */
    CHECK_INT(find("^([a-z]+ ?)*$", many('a', 1000, ""), &steps), PLAN_PATTERN_FOUND);
    CHECK_INT(find("^(?:a|b)*$", many('a', 1000, ""), &steps), PLAN_PATTERN_FOUND);
    CHECK_INT(find("^(?:(a)|(b))*$", many('a', 1000, ""), &steps), PLAN_PATTERN_FOUND);
    CHECK_INT(find("", (str){NULL, 0}, &steps), PLAN_PATTERN_FOUND);
    CHECK_INT(find("a", (str){NULL, 0}, &steps), PLAN_PATTERN_NONE);
    CHECK_INT(find("a\0b", S("a"), &steps), PLAN_PATTERN_FOUND);
    CHECK_INT(find("^\\d+$", S("12"), &steps), PLAN_PATTERN_FOUND);
    CHECK_INT(find("(?i)^ab$", S("AB"), &steps), PLAN_PATTERN_FOUND);
    CHECK_INT(find("x", S("\xFFx"), &steps), PLAN_PATTERN_UNDECIDED); /* no text at all */
}

TEST(plan_pattern_is_cheap_where_it_is_plain_and_bounded_where_it_is_not)
{
    uint32_t steps = PLENTY;

    CHECK_INT(find("^[A-Z]{3}-[0-9]+$", S("ABC-1234"), &steps), PLAN_PATTERN_FOUND);
    CHECK(PLENTY - steps < 500);
    steps = PLENTY;
    CHECK_INT(find("^(([a-z])+.)+[A-Z]([a-z])+$", many('a', 290, ""), &steps),
              PLAN_PATTERN_UNDECIDED);
    CHECK(PLENTY - steps >= PLAN_PATTERN_STEPS && PLENTY - steps < 2 * PLAN_PATTERN_STEPS);
    steps = 10; /* the few are given, and no more */
    CHECK_INT(find("^(([a-z])+.)+[A-Z]([a-z])+$", many('a', 290, ""), &steps),
              PLAN_PATTERN_UNDECIDED);
    CHECK_INT(steps, 0);
}

TEST(plan_pattern_stays_within_the_group_that_it_is_put_into)
{
    static const char *const wrong[] = {"(", ")", "a)|(b", "(?x)a #", "[", "a{2,1}", "\\C", "(?"};
    struct plan_pattern *pattern;

    EACH_CASE(text, wrong)
    CHECK_ERR(ERR_INVALID, plan_pattern_open(str_of(*text), &pattern));
}
