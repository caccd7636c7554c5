/* plan.h - a seeded workload: what senders and users will ask of a workspace, step by step.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names are numbers: the user "u3" is 6, the device "d3" is 7; 0 is nobody.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"
#include "store/record.h"

enum { PLAN_NAMES = 64, PLAN_STRANGERS = 4096 - 40, PLAN_PARTS = 30 };

/* One event as it is sent. The same id may be sent with another text, later. */
struct plan_event {
    unsigned id;
    unsigned variant; /* 0, or 1 for the other text */
    enum event_type type;
    unsigned user, device, previous;
    bool is_misfit;
    str text;
    struct plan_event *other; /* the variant sent before it, or NULL */
};

enum plan_kind { PLAN_EVENTS, PLAN_MERGE, PLAN_UNDO, PLAN_DELETE, PLAN_REVISE };

struct plan_ask {
    enum plan_kind kind;
    unsigned number; /* of all asks, from 0 */
    struct plan_event **events;
    size_t count;
    unsigned a, b;                 /* users to merge */
    const struct plan_ask *undone; /* the merge to undo */
    unsigned part;                 /* of the events there are by then, to be deleted or revised */
    bool is_machine;               /* what they are revised to */
};

enum plan_move { PLAN_SEND, PLAN_PREPARE, PLAN_REOPEN, PLAN_SLEEP };

struct plan_step {
    enum plan_move move;
    struct plan_ask *asks; /* posted together, for one step of the intake */
    size_t count;
    millis span;
};

struct plan {
    struct arena *mem;
    uint64_t seed;
    bool has_strangers; /* nodes that were there before */
    struct plan_step *steps;
    size_t step_count;
    unsigned ask_count;
    struct plan_event **events; /* by id: the last variant planned */
    unsigned id_count;
};

/* Which of PLAN_PARTS an event is in; it says so, as property "part". */
unsigned plan_part_of(const struct plan_event *event);
/* The first seed from `seed` on whose plan has strangers. */
uint64_t plan_strangers_seed(uint64_t seed);
struct plan *plan_open(uint64_t seed, size_t steps); /* aborts without memory */
void plan_close(struct plan *plan);
str plan_name(unsigned name, char room[16]);
unsigned plan_name_of(str text); /* 0: none of ours */
/* The id in the text of a planned event; UINT_MAX when there is none. */
unsigned plan_id_of(str text);
