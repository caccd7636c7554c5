/* job.h - a change handed to the log-writer thread, answered when it is durable.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/intake.h"
#include "http/exchange.h"

/* A job in the exchange's memory; NULL without memory (already answered then). */
struct intake_job *job_new(struct exchange *x, enum intake_kind kind);
/* Posts it and waits until it is durable, on a worker. The sentence of a failed job is this
 * thread's. */
fallible job_wait(struct intake *intake, struct intake_job *job);
/* The same; then `answer` is called, or a failed job is answered with its problem. */
void job_post(struct exchange *x, struct intake_job *job,
              void (*answer)(struct exchange *x, const struct intake_job *job));
