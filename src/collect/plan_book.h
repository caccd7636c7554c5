/* plan_book.h - the tracking plan: what the properties of each event must be, and who kept to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Plans are rows of the catalog, compiled into a snapshot that those who collect read without a
 * lock. An event's plan is found by its name as questions know it: a track event's own, else that
 * of the call. Its schema is about `properties`, of identify and group about `traits`; a page's and
 * a screen's own name counts as the property `name`.
 */
#pragma once
#include "base/time.h"
#include "collect/plan_schema.h"

struct catalog;
struct message;
struct plan_book; /* any thread */
struct sys;

enum {
    PLAN_BOOK_EVENTS = 2000,
    PLAN_BOOK_NODES = 100000, /* properties in all plans */
    PLAN_BOOK_DESCRIPTION = 4096,
};

enum plan_mode {
    PLAN_WATCH,   /* what breaks the plan is counted and stored */
    PLAN_ENFORCE, /* it goes to quarantine */
};

/* What becomes of track events without a plan. */
enum plan_unplanned { PLAN_UNPLANNED_KEEP, PLAN_UNPLANNED_WATCH, PLAN_UNPLANNED_QUARANTINE };

struct plan_entry {
    str name;
    str description;
    enum plan_mode mode;
    str text; /* the schema as it was given */
    millis changed_at;
    struct plan_schema *schema;
    /* Since the plan was put or the program started: */
    atomic_uint_fast64_t checked;
    atomic_uint_fast64_t broken; /* events that broke any of its rules */
};

/* Reads the plans; `catalog` outlives the book. ERR_CORRUPT for one that cannot be compiled. */
fallible plan_book_open(struct sys *sys, struct catalog *catalog, struct plan_book **out_book);
void plan_book_close(struct plan_book *book); /* NULL is fine */

/* Makes a message that breaks its plan a misfit, with a reason that names event, path, rule and
 * what to do; what is one already stays as it is. The message was read from the value at `at`.
 * NULL for a book has no plans. ERR_LIMIT. */
fallible plan_book_judge(struct plan_book *book, const struct json *doc, uint32_t at,
                         struct arena *mem, struct message *message);

/* Puts the plan that the object at `at` is: {"description","mode","schema"}. ERR_INVALID names what
 * is wrong; ERR_LIMIT. */
fallible plan_book_put(struct plan_book *book, str name, const struct json *doc, uint32_t at);
fallible plan_book_remove(struct plan_book *book, str name); /* ERR_ABSENT */
fallible plan_book_set_unplanned(struct plan_book *book, enum plan_unplanned unplanned);
fallible plan_book_unplanned_of(str name, enum plan_unplanned *out_unplanned); /* ERR_INVALID */
const char *plan_book_unplanned_name(enum plan_unplanned unplanned);
const char *plan_book_mode_name(enum plan_mode mode);

/* A look at all plans, by name; they stay as they are until plan_book_end. */
struct plan_look {
    struct plan_entry *const *entries;
    size_t count;
    enum plan_unplanned unplanned;
    uint64_t unplanned_count; /* track events without a plan, while they are counted */
};
struct plan_look plan_book_begin(struct plan_book *book);
void plan_book_end(struct plan_book *book);
const struct plan_entry *plan_book_find(const struct plan_look *look, str name); /* or NULL */
