/* matcher.h - conditions on events and people, compiled once against a source.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One matcher serves "where", event matchers and segments. A plan compiles: properties
 * become ids, wanted texts codes. What it compiled is immutable and shared by threads. A scope is
 * one thread's view of one person at a time; it looks up each trait of hers once.
 */
#pragma once
#include "base/arena.h"
#include "measure/query.h"
#include "measure/source.h"

struct matcher_plan;
struct matcher_scope;
struct matcher_condition;

struct matcher_property {
    property_id id;
    uint32_t trait; /* slot in the scope, where it is a person's */
    bool is_trait;
};

struct matcher_event {
    text_code name;
    bool is_any;                           /* "*" */
    const struct matcher_condition *where; /* NULL: none */
};

/* All live in `mem`. `source` and the query's tree must outlive them. ERR_LIMIT without memory. */
fallible matcher_plan_open(struct arena *mem, const struct source *source, millis as_of,
                           struct matcher_plan **out_plan);
/* utm_source and its like in full. */
str matcher_path(str path);
fallible matcher_property(struct matcher_plan *plan, str path, struct matcher_property *out);
/* NULL gives NULL, which everything passes. */
fallible matcher_condition(struct matcher_plan *plan, const struct query_condition *tree,
                           const struct matcher_condition **out);
fallible matcher_event(struct matcher_plan *plan, const struct query_event *tree,
                       struct matcher_event *out);
/* A test of a trait, whose name stands without "person.". */
fallible matcher_trait(struct matcher_plan *plan, const struct query_condition *test,
                       const struct matcher_condition **out);

/* The slot of the trait that such a test asks for, and whether one value of it passes. */
uint32_t matcher_trait_slot(const struct matcher_condition *test);
bool matcher_trait_passes(const struct matcher_plan *plan, const struct matcher_condition *test,
                          const struct value *value);

/* Once all is compiled: a scope for one thread. */
fallible matcher_scope_open(struct arena *mem, const struct matcher_plan *plan,
                            struct matcher_scope **out_scope);
/* The traits that the plan asks for, by their slots in a scope. */
uint32_t matcher_trait_count(const struct matcher_plan *plan);
str matcher_trait_path(const struct matcher_plan *plan, uint32_t slot);

/* Traits come from `find` from now on, which may fail: matcher_scope_err tells so afterwards. */
typedef enum err (*matcher_finder)(void *argument, uint32_t slot, property_id name, node_id person,
                                   struct value *out_value);
void matcher_scope_ask(struct matcher_scope *scope, matcher_finder find, void *argument);
fallible matcher_scope_err(const struct matcher_scope *scope);
/* Looks up all traits of the person entered last. */
void matcher_warm(struct matcher_scope *scope);
void matcher_enter(struct matcher_scope *scope, node_id person);
/* Does the person entered last have a value of the trait in memory? */
bool matcher_has_in_memory(const struct matcher_scope *scope, uint32_t slot);

/* About the person entered last, and events of hers; of traits alone, the event may be NULL. */
void matcher_value(struct matcher_scope *scope, const struct matcher_property *property,
                   const struct source_event *event, struct value *out_value);
bool matcher_passes(struct matcher_scope *scope, const struct matcher_condition *condition,
                    const struct source_event *event);
bool matcher_matches(struct matcher_scope *scope, const struct matcher_event *matcher,
                     const struct source_event *event);
