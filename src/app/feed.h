/* feed.h - what is exported, as lines of JSON: from a data folder or a running server.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events as measure/export.h says, all there are when the feed is opened; people as
 * {"id":...,"traits":{...}}, in the order of their first appearance.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

struct feed;
struct sys;

enum feed_subject { FEED_EVENTS, FEED_PEOPLE };

struct feed_options {
    struct sys *sys;
    enum feed_subject subject;
    const char *folder; /* or NULL */
    const char *url;    /* of a server; or NULL */
    const char *key;
    bool is_human; /* without events of machines, and persons of whom nothing else is known */
};

/* Also reads the log as far as it needs to, with a bar. */
fallible feed_open(const struct feed_options *options, struct feed **out_feed);
void feed_close(struct feed *feed); /* NULL is fine */
/* Appends the next lines, some MiB at the most; may append none before the end. */
fallible feed_next(struct feed *feed, struct buf *out_lines, bool *out_is_end);
/* Begins again, with the same end. */
fallible feed_rewind(struct feed *feed);
/* How far it is, in whatever units. */
void feed_progress(const struct feed *feed, uint64_t *out_done, uint64_t *out_of);
