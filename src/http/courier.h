/* courier.h - many HTTP requests at once, on one thread, to URLs that somebody gave us.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Over libcurl, which does its own I/O (see client.h). Every address it is about to connect to is
 * looked at (reach.h) and that very address is connected to, so it does not matter what a name
 * resolves to when, or in which spelling it came. No redirects are followed, no proxy is asked. A
 * request that stalls delays no other. One thread at a time, but for courier_wake.
 */
#pragma once
#include "http/reach.h"
#include "http/exchange.h"

struct courier;

enum courier_end {
    COURIER_ANSWERED, /* with `status` */
    COURIER_FAILED,   /* nobody there, no such name, broken off, bad certificate ... */
    COURIER_EXPIRED,  /* not answered in time */
    COURIER_BLOCKED,  /* the address is not one that may be reached */
};

struct courier_outcome {
    enum courier_end end;
    int status;
    int64_t elapsed_ms;
    int64_t retry_after_s; /* as the answer asks for; 0: it does not */
    str reason;            /* of what went wrong, a sentence; borrowed */
    str body;              /* the beginning of the answer; borrowed */
};

struct courier_parcel {
    str url;
    const struct http_header *headers;
    size_t header_count;
    str body; /* sent by POST; copied, like all else */
    int64_t timeout_ms;
    void (*done)(void *argument, const struct courier_outcome *outcome);
    void *argument;
};

/* `allowed` besides public addresses; outlives the courier. */
fallible courier_open(const struct networks *allowed, struct courier **out_courier);
void courier_close(struct courier *courier); /* breaks off what is under way; NULL is fine */
/* May a URL be kept, to be sent to later? Looks at it as libcurl will, and asks for the addresses
 * of a name, which may take seconds; a name that nobody knows (yet) may. ERR_INVALID says why not.
 */
fallible courier_check(const struct networks *allowed, str url);
/* ERR_INVALID: the URL or a header is malformed. */
fallible courier_send(struct courier *courier, const struct courier_parcel *parcel);
/* Goes on with all of them, waits for something to happen if there is nothing to do, at most
 * `timeout_ms`, and calls `done` of those that are over; `done` may send more. */
void courier_run(struct courier *courier, int64_t timeout_ms);
size_t courier_count(const struct courier *courier); /* under way */
void courier_wake(struct courier *courier);          /* ends a wait; any thread */
/* Breaks off those with that argument, without calling `done`. Not from `done`. */
void courier_cancel(struct courier *courier, const void *argument);
