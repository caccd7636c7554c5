/* agent_rules.h - tables of user agents, made by tools/agents.py from what npm has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct agent_rule {
    const char *pattern; /* the first one of a table that matches counts */
    bool ignores_case;
    const char *family;  /* with $1 to $9 for its groups; NULL: the first group */
    const char *version; /* the same; NULL: the second group */
    /* In lower case, a line each: of these one stands in what matches, in whatever case. NULL:
     * nothing is known of that. */
    const char *needs;
};

extern const struct agent_rule agent_browsers[], agent_systems[], agent_devices[];
/* Machines that say so; crawlers by their names, which applications with a browser in them share.
 */
extern const struct agent_rule agent_machines[], agent_crawlers[];
extern const size_t agent_browsers_count, agent_systems_count, agent_devices_count,
    agent_machines_count, agent_crawlers_count;
