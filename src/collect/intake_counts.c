/* intake_counts.c - counts of many threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake_counts.h"

#include "collect/intake.h"

#include <string.h>

enum { COUNTS = sizeof(struct intake_counts) / sizeof(uint64_t) };

void intake_counts_add(struct intake_tally *tally, const struct intake_counts *counts)
{
    uint64_t more[COUNTS];

    memcpy(more, counts, sizeof more);
    for (int i = 0; i < COUNTS; i++)
        if (more[i])
            atomic_fetch_add_explicit(&tally->counts[i], more[i], memory_order_relaxed);
}

/* One that failed has stored what its earlier groups held. What comes out of quarantine was
 * received before. */
void intake_counts_add_job(struct intake_tally *tally, const struct intake_job *job)
{
    struct intake_counts counts = job->counts;

    if (job->kind == INTAKE_DISMISS) {
        counts = (struct intake_counts){.dismissed = !job->err};
    } else if (job->released) {
        counts = (struct intake_counts){.replayed = !job->err};
    } else if (job->err) {
        counts.refused = job->count - counts.received;
        counts.received = job->count;
    }
    intake_counts_add(tally, &counts);
}

void intake_counts_get(struct intake_tally *tally, struct intake_counts *out_counts)
{
    uint64_t counts[COUNTS];

    for (int i = 0; i < COUNTS; i++)
        counts[i] = atomic_load(&tally->counts[i]);
    memcpy(out_counts, counts, sizeof counts);
}
