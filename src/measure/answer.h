/* answer.h - runs a question over a source and writes its answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct source;
struct sys;

struct answer_options {
    struct sys *sys;     /* as_of defaults to its clock; elapsed_ms is measured by it */
    unsigned workers;    /* threads that share the persons; 0 or 1: the caller's alone */
    size_t memory_bytes; /* bound for what the question collects and for its answer; 0: 256 MiB */
    /* Asked every few thousand events, by any worker; true ends the question. NULL: never. */
    bool (*is_cancelled)(void *argument);
    void *argument;
};

/* How many threads of `most` a question is worth: a few events are asked faster by one. */
unsigned answer_workers(const struct source *source, unsigned most);

/* Appends the answer to the JSON text `query`, one object, to `out`; on failure `out` is as it was.
 * ERR_INVALID (the question is wrong), ERR_LIMIT (ask for less), ERR_EXPIRED (cancelled),
 * ERR_CORRUPT and ERR_IO from reading messages again. */
fallible answer_query(const struct source *source, const struct answer_options *options, str query,
                      struct buf *out);
/* The same for a question that takes little and no waiting, such as a page of a timeline whose
 * events are in memory. ERR_BUSY without a sentence: it takes more than that. */
fallible answer_at_once(const struct source *source, const struct answer_options *options,
                        str query, struct buf *out);
