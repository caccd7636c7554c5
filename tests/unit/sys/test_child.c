/* test_child.c - this very program, run once more with nothing to do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/child.h"
#include "support/test.h"

enum { PATIENCE_MS = 60 * 1000 };

static struct child *run_nothing(void)
{
    static char name[] = "unit_tests", filter[] = "no_test_has_this_name";
    static char *words[] = {name, filter, NULL}, *settings[] = {NULL};
    struct child *child = NULL;

    CHECK_OK(child_start(words, settings, &child));
    return child;
}

TEST(what_a_child_writes_is_read_line_by_line_until_it_ends)
{
    struct child *child = run_nothing();
    str line = {NULL, 0}, last = {NULL, 0};
    enum err err;

    while (!(err = child_line(child, PATIENCE_MS, test_mem, &line))) {
        CHECK(str_find(line, '\n') < 0);
        last = line;
    }
    CHECK_INT(err, ERR_ABSENT);
    CHECK_STR(last, "0 passed, 0 failed, 0 skipped");
    CHECK(child_end(child) >= 0);
}

TEST(a_child_that_is_asked_to_end_is_not_running_any_more)
{
    struct child *child = run_nothing();
    int status = child_end(child);

    CHECK(status <= 1 || status == 128 + 15); /* it may have been faster */
}

TEST(no_child_ends_at_once)
{
    CHECK_INT(child_end(NULL), 0);
}
