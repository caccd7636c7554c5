/* demo_feed.h - a world's events on their way to a server, by its public collection API.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is long past goes in batches, as a shop's server that catches up would send it; what happens
 * now goes one by one, as visitors' browsers and the shop's servers do. What is true is written
 * aside, line by line, as the events are stored.
 */
#pragma once
#include "base/arena.h"
#include "demo/bookshop.h"

struct demo_feed;
struct sys;

struct demo_feed_config {
    struct sys *sys;
    struct bookshop *world;
    const char *url;
    str write_key;
    const char *truth_path; /* written anew */
    uint64_t place;         /* events before it are stored already */
};

/* Called now and then with how far it is; false stops (ERR_EXPIRED). */
typedef bool demo_feed_goes_on(void *argument, millis at);

fallible demo_feed_open(const struct demo_feed_config *config, struct demo_feed **out_feed);
void demo_feed_close(struct demo_feed *feed); /* NULL is fine */
/* Sends all that happened before `until`. While the server is busy it waits and tries again. */
fallible demo_feed_past(struct demo_feed *feed, millis until, demo_feed_goes_on *goes_on,
                        void *argument);
/* When the next event happens. */
millis demo_feed_next_at(const struct demo_feed *feed);
/* Sends the next event by itself. ERR_BUSY: try again. */
fallible demo_feed_one(struct demo_feed *feed);
/* All before it are stored. */
uint64_t demo_feed_place(const struct demo_feed *feed);
/* Writes what is true of them to the file. */
fallible demo_feed_flush(struct demo_feed *feed);
