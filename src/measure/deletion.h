/* deletion.h - finds the events that a request to delete means.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/answer.h"

struct deleted;

/* Adds the sequence numbers of the events that {"event","where","from","to","timezone"} matches,
 * as a question would find them now, future ones included; what was deleted before is not found
 * again. Of the options, `workers` is not used. Fails as answer_query does. */
fallible deletion_find(const struct source *source, const struct answer_options *options,
                       str request, struct deleted *found);
