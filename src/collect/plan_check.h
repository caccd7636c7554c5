/* plan_check.h - does an event keep what its plan says?
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every step is counted, and there are PLAN_CHECK_STEPS for an event: no plan and no event together
 * can hold a loop up. What is not decided by then breaks the rule "size".
 */
#pragma once
#include "collect/plan_schema.h"

enum {
    PLAN_CHECK_FINDINGS = 16, /* more are not looked for */
    PLAN_CHECK_STEPS = 200000,
};

/* A rule that an event breaks; an event breaks each of a node's rules once, however often. */
struct plan_finding {
    const struct plan_node *node;
    enum plan_rule rule;
    enum json_type got;
    str name; /* of a member that is not in the plan, by PLAN_RULE_ADDITIONAL */
};

struct plan_findings {
    struct plan_finding list[PLAN_CHECK_FINDINGS];
    size_t count;
};

/* An event's properties: the value at `at`, JSON_ABSENT where it has none; `extra` is a value
 * that counts as its member `extra_name` where it has no such one, or JSON_ABSENT. */
struct plan_instance {
    const struct json *doc;
    uint32_t at;
    uint32_t extra;
    str extra_name;
};

/* Texts of what is found are borrowed from document and schema, or in `mem`. ERR_LIMIT. */
fallible plan_check(const struct plan_schema *schema, const struct plan_instance *instance,
                    struct arena *mem, struct plan_findings *out_findings);
/* One more event that broke what was found. */
void plan_check_count(const struct plan_findings *findings);
/* Appends what is wrong and how it is mended: `"revenue" is a string, must be number (rule type):
 * send it as number`. Says nothing of the event's values. */
void plan_check_write(struct buf *out, const struct plan_finding *finding);
