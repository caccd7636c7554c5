/* schema.h - which events and properties there are, how many, and of which types.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   {"events":[{"name","type","count","first","last","properties":[
 *       {"name","count","types":{"text":N,...},"values":N,"values_exact":true|false}]}]}
 *
 * Events stand by name, properties too; a trait that identify calls brought is person.NAME. All
 * counts are exact. `values` are distinct ones; where that is not exact there are so many or more.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

struct events;
struct json_writer;

/* What somebody else knows of events and properties, by the names above; written as further members
 * of their objects. */
struct schema_more {
    void (*begin)(void *argument, str event);
    void (*property)(void *argument, str name, struct json_writer *w);
    void (*end)(void *argument, struct json_writer *w);
    void (*rest)(void *argument, struct json_writer *w); /* events that nobody has sent */
    void *argument;
};

/* Appends the schema of all that questions see by now; `more` may be NULL. ERR_LIMIT, ERR_IO,
 * ERR_CORRUPT. */
fallible schema_write(struct events *events, const struct schema_more *more, struct arena *mem,
                      struct buf *out);
