/* exchange.h - one HTTP request and its answer, as a handler sees them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The request is complete when a handler runs: headers read, body unpacked. Everything in it is
 * borrowed until the answer is given. A handler gives exactly one answer, now or later, from any
 * thread; after exchange_answer() the exchange is gone. When the client has left meanwhile the
 * answer is dropped in silence.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_PATCH,
    HTTP_OPTIONS
};

struct http_header {
    str name;  /* as sent */
    str value; /* trimmed */
};

struct http_request {
    enum http_method method;
    str target; /* as sent: "/v1/batch?x=1" */
    str path;   /* before '?', still percent-encoded */
    str query;  /* behind '?', or absent */
    struct http_header *headers;
    size_t header_count;
    str body;           /* unpacked; 64 readable bytes behind it */
    str peer;           /* the client's address as text, without port; behind a trusted proxy
                           the one that the proxy names */
    bool is_secure;     /* the client spoke https, with us or with a trusted proxy */
    bool minor_version; /* HTTP/1.1, else 1.0 */
};

struct exchange;
struct route;

const struct http_request *exchange_request(const struct exchange *x);
/* The row of the table that took the request. */
const struct route *exchange_route(const struct exchange *x);
/* The first header of that name (any case), or an absent str. */
str exchange_header(const struct exchange *x, str name);
/* The part of the path that stood for ":name" in the route, percent-decoded; absent if none. */
str exchange_path_value(struct exchange *x, str name);
/* The first query parameter of that name, decoded ('+' is a space); absent if none. */
str exchange_query_value(struct exchange *x, str name);
struct arena *exchange_mem(struct exchange *x);   /* memory of this exchange, capped */
void *exchange_context(const struct exchange *x); /* the server's context */
/* True once the client went away: long work may stop. */
bool exchange_is_abandoned(const struct exchange *x);

/* Does the route run on the loop, where it must not block? */
bool exchange_is_inline(const struct exchange *x);
/* On the loop, instead of an answer: the route of ROUTE_EITHER runs once more, on a worker. */
void exchange_move(struct exchange *x);

/* Adds a header to the answer; copies. */
void exchange_add_header(struct exchange *x, str name, str value);
/* Before the answer: `watch` is called once, on the thread that answers, with what is answered, and
 * before the client can have it. There may be EXCHANGE_WATCHERS; who came last is called first. */
enum { EXCHANGE_WATCHERS = 2 };
typedef void exchange_watcher(void *argument, int status, str content_type, str body);
void exchange_watch(struct exchange *x, exchange_watcher *watch, void *argument);
/* Answers and ends the exchange. `body` is copied. HEAD and 204/304 send no body. */
void exchange_answer(struct exchange *x, int status, str content_type, str body);
/* Answers with an RFC 9457 problem document: {"type":"about:blank","title","status","detail"}.
 * `detail` never holds a path of this machine, SQL or a stack. */
void exchange_answer_problem(struct exchange *x, int status, str detail);
