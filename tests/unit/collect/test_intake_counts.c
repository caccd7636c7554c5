/* test_intake_counts.c - received is the sum of the others, whatever became of a job.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake_counts.h"

#include "collect/intake.h"
#include "support/test.h"

TEST(intake_counts_add_up_whatever_became_of_a_job)
{
    static const struct {
        struct intake_job job;
        struct intake_counts want;
    } cases[] = {
        {{.kind = INTAKE_EVENTS, .count = 9, .counts = {9, 5, 2, 1, 1, 0, 0, 0}},
         {9, 5, 2, 1, 1, 0, 0, 0}},
        /* refused before anything, and behind a first group */
        {{.kind = INTAKE_EVENTS, .count = 9, .err = ERR_FULL}, {9, 0, 0, 0, 0, 9, 0, 0}},
        {{.kind = INTAKE_EVENTS, .count = 9, .err = ERR_IO, .counts = {4, 2, 1, 0, 1, 0, 0, 0}},
         {9, 2, 1, 0, 1, 5, 0, 0}},
        /* out of quarantine */
        {{.kind = INTAKE_EVENTS, .count = 1, .released = 7, .counts = {1, 1, 0, 0, 0, 0, 0, 0}},
         {0, 0, 0, 0, 0, 0, 1, 0}},
        {{.kind = INTAKE_EVENTS, .count = 1, .released = 7, .err = ERR_ABSENT},
         {0, 0, 0, 0, 0, 0, 0, 0}},
        {{.kind = INTAKE_DISMISS, .released = 7}, {0, 0, 0, 0, 0, 0, 0, 1}},
        {{.kind = INTAKE_DISMISS, .released = 7, .err = ERR_ABSENT}, {0, 0, 0, 0, 0, 0, 0, 0}},
        {{.kind = INTAKE_MERGE}, {0, 0, 0, 0, 0, 0, 0, 0}},
        {{.kind = INTAKE_DELETE, .err = ERR_FULL}, {0, 0, 0, 0, 0, 0, 0, 0}},
    };

    EACH_CASE(c, cases)
    {
        struct intake_tally tally = {0};
        struct intake_counts got;

        intake_counts_add_job(&tally, &c->job);
        intake_counts_get(&tally, &got);
        CHECK_INT(got.received, c->want.received);
        CHECK_INT(got.stored, c->want.stored);
        CHECK_INT(got.duplicates, c->want.duplicates);
        CHECK_INT(got.conflicts, c->want.conflicts);
        CHECK_INT(got.quarantined, c->want.quarantined);
        CHECK_INT(got.refused, c->want.refused);
        CHECK_INT(got.replayed, c->want.replayed);
        CHECK_INT(got.dismissed, c->want.dismissed);
        CHECK_INT(got.received,
                  got.stored + got.duplicates + got.conflicts + got.quarantined + got.refused);
    }
}
