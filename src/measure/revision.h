/* revision.h - finds the events that a request to revise verdicts means.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/answer.h"
#include "store/verdicts.h"

/* Adds the sequence numbers of the events that {"event","where","from","to","timezone","verdict"}
 * matches, whatever they are now, as a raw question would find them and future ones included; but
 * not those that are what "verdict" says already. Of the options, `workers` is not used. Fails as
 * answer_query does. */
fallible revision_find(const struct source *source, const struct answer_options *options,
                       str request, struct deleted *found, enum verdict *out_verdict);
