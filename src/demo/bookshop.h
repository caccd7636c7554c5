/* bookshop.h - a bookshop's world: who does what when, and why it truly happened.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stream of events in the order of time that never ends. It follows from the options alone: it is
 * the same however fast, how often or how far it is read. Time is an argument: nothing here knows
 * what the clock says. One thread at a time.
 */
#pragma once
#include "base/buf.h"
#include "base/time.h"

struct bookshop;

struct bookshop_options {
    uint64_t seed;
    uint32_t people;
    uint32_t days; /* of history; campaigns happen within it */
    millis from;   /* its beginning: a midnight in UTC */
    millis living; /* from then on there are `pace` times as many visits */
    double pace;
};

/* How an event reaches collection when it happens now: from the visitor's browser, or from one of
 * the shop's own servers (its mail, its tills, its service desk). */
enum bookshop_door { BOOKSHOP_BROWSER, BOOKSHOP_SERVER };

struct bookshop_event {
    uint64_t number; /* from 0 */
    millis at;
    enum bookshop_door door;
    str message;  /* for bookshop_message */
    str agent;    /* the visitor's browser; empty: nobody's */
    str address;  /* and its address */
    str language; /* as Accept-Language has it */
    str truth;    /* lines of what is true from now on; may be empty */
};

/* Shares of what happens, for who checks it: see docs/demo.md. */
enum { BOOKSHOP_NEWSLETTER_WEEKDAY = 3, BOOKSHOP_COUPON_DAYS = 7, BOOKSHOP_PREVIEW_DAYS = 10 };

fallible bookshop_open(const struct bookshop_options *options, struct bookshop **out_world);
void bookshop_close(struct bookshop *world); /* NULL is fine */
/* What is true before anything happens, as lines of JSON: the world itself, places, campaigns and
 * persons. */
void bookshop_preface(const struct bookshop *world, struct buf *out);
/* The next event, borrowed until the next call. ERR_LIMIT without memory: the world is of no more
 * use. */
fallible bookshop_next(struct bookshop *world, const struct bookshop_event **out_event);
/* The event as a Segment message. With `is_told` its context has the visitor's agent and address,
 * for a call that is not her browser's own. */
void bookshop_message(const struct bookshop_event *event, bool is_told, struct buf *out);
