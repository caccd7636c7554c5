/* router.h - the route table, compiled once: which route takes a method and a path.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A path is matched byte by byte, percent-encoded as it came. An exact part goes before ":name",
 * whatever their order in the table. ":name" takes one part that is not empty.
 */
#pragma once
#include "base/err.h"
#include "http/server.h"

enum { ROUTER_VALUES_MOST = 8, ROUTER_PARTS_MOST = 16 };

struct router; /* immutable; shared by threads */

struct router_value {
    str name; /* without the colon */
    str text; /* still percent-encoded; a view into the path */
};

struct router_match {
    const struct route *route; /* NULL: `allowed` tells 404 (0) from 405 */
    unsigned allowed;          /* 1 << method for each method that the path has */
    bool is_shared;            /* some route of the path is */
    struct router_value values[ROUTER_VALUES_MOST];
    size_t value_count;
};

/* ERR_INVALID names a route that is malformed or there twice; ERR_LIMIT. `routes` stays yours and
 * must outlive the router. */
fallible router_open(const struct route *routes, size_t count, struct router **out_router);
void router_close(struct router *router); /* NULL is fine */
void router_find(const struct router *router, enum http_method method, str path,
                 struct router_match *out);
/* Appends the value of Allow: "GET, HEAD, POST". */
void router_write_allow(unsigned allowed, struct buf *out);
