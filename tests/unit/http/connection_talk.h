/* connection_talk.h - a connection without sockets, on a small server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/connection.h"

enum { MS = 1000000, MAX_HELD = 8 };

/* One loop's worth of server around one connection. */
struct talk {
    struct server_config config;
    struct router *router;
    struct site_totals totals;
    struct site site;
    struct connection *c;
    struct exchange *held[MAX_HELD]; /* by the route /hold */
    struct exchange *pooled;
    size_t held_count;
    bool pool_is_full;
    int64_t now_ns;
    struct buf out; /* everything sent so far, with dates blanked */
};

struct talk *talk_open(void);
void talk_close(struct talk *w);
/* Takes up to `most` bytes of output. */
void talk_take(struct talk *w, size_t most);
void talk_put_part(struct talk *w, str in);
/* The same, and takes what is answered. */
void talk_put(struct talk *w, str in);
/* The statuses of all answers so far: "200 404 ". */
str talk_statuses(const struct talk *w);
bool talk_said(const struct talk *w, const char *text);
int talk_count(const struct talk *w, const char *text);
