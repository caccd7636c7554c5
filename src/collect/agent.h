/* agent.h - what a User-Agent says: browser, system, device by uap-core's names, and whether it
 * calls itself a machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { AGENT_MOST_BYTES = 2048 }; /* what is longer is read up to there */

struct agent {
    str browser;       /* "Other" where nothing fits */
    str browser_major; /* absent: unknown */
    str system;
    str system_major;
    str device;
    bool is_crawler;
};

struct agent_reader; /* compiled rules; any thread */

fallible agent_open(struct agent_reader **out_agents);
void agent_close(struct agent_reader *agents); /* NULL is fine */
/* Compiles every rule; else each is when it is first tried. ERR_LIMIT. */
fallible agent_prepare(struct agent_reader *agents);
/* Texts live in `mem`. Agents read lately are remembered. ERR_LIMIT. */
fallible agent_read(struct agent_reader *agents, str text, struct arena *mem,
                    struct agent *out_agent);
