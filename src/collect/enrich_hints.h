/* enrich_hints.h - what a browser says besides its agent: User-Agent Client Hints.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/agent.h"
#include "collect/enrich.h"

/* Views of headers. */
struct enrich_hints {
    const char *browser; /* NULL: what the agent says is all */
    str major;
    const char *system; /* of which `version` is told; NULL: none */
    str version;
    str model; /* of the device */
};

/* False: they say nothing more than an agent. */
bool enrich_hints_read(const struct enrich_request *request, struct enrich_hints *out);
/* Puts them in the place of what the agent says, where they say more and do not contradict it. */
void enrich_hints_apply(const struct enrich_hints *hints, struct agent *agent);
