/* test_err.c - the sentence of a failure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/test.h"

#include <string.h>

#undef fail /* cmocka has a macro of this name */

static fallible refuse(int *steps)
{
    TRY(OK);
    ++*steps;
    TRY(fail(ERR_BUSY, "step %d", *steps));
    ++*steps;
    return OK;
}

TEST(err_leaves_at_the_first_failure_with_its_sentence)
{
    int steps = 0;

    CHECK_ERR(ERR_BUSY, refuse(&steps));
    CHECK_INT(steps, 1);
    CHECK_STR(str_of(err_text()), "step 1");
}

TEST(err_can_quote_the_sentence_before)
{
    CHECK_ERR(ERR_IO, fail(ERR_IO, "inner"));
    CHECK_ERR(ERR_INVALID, fail(ERR_INVALID, "outer: %s", err_text()));
    CHECK_STR(str_of(err_text()), "outer: inner");
}

TEST(err_has_a_name_for_every_code)
{
    for (enum err a = OK; a <= ERR_CORRUPT; a++)
        for (enum err b = OK; b <= ERR_CORRUPT; b++)
            CHECK((strcmp(err_name(a), err_name(b)) == 0) == (a == b));
}
