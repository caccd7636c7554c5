/* intake_counts.h - what became of events, in figures that add up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct intake_job;

/* received = stored + duplicates + conflicts + quarantined + refused. It counts the events of
 * requests that were read and understood; what a request held that was refused unread nobody
 * knows. */
struct intake_counts {
    uint64_t received;
    uint64_t stored;
    uint64_t duplicates; /* the same id with the same body */
    uint64_t conflicts;  /* the same id with another body: the first was kept */
    uint64_t quarantined;
    uint64_t refused;   /* read, and then not taken: no key, no room, too much waited */
    uint64_t replayed;  /* left quarantine mended; nobody sent them anew: not among received */
    uint64_t dismissed; /* left it without */
};

/* Counts of many threads. */
struct intake_tally {
    atomic_uint_fast64_t counts[sizeof(struct intake_counts) / sizeof(uint64_t)]; /* in its order */
};

void intake_counts_add(struct intake_tally *tally, const struct intake_counts *counts);
/* What became of a job that was answered. */
void intake_counts_add_job(struct intake_tally *tally, const struct intake_job *job);
void intake_counts_get(struct intake_tally *tally, struct intake_counts *out_counts);
