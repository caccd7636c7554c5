/* admission.c - finds the route, and asks whether it may be gone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/admission.h"

#include "http/content.h"
#include "http/origins.h"
#include "http/site.h"

/* Answers x by a problem without a refusal of the connection: its body may be dropped. */
static bool decline(struct exchange *x, int status, str detail)
{
    exchange_answer_problem(x, status, detail);
    return false;
}

/* One more body would be refused half-way, when it has taken memory and time already. */
static bool is_full(const struct site *site, const struct exchange *x)
{
    return x->reader.body != REQUEST_BODY_NONE &&
           atomic_load_explicit(&site->totals->body_bytes, memory_order_relaxed) >
               site->config->limits.body_memory / 2;
}

bool admission_check(struct site *site, struct exchange *x)
{
    const struct server_config *config = site->config;
    struct buf allow = {0};

    router_find(site->router, x->request.method, x->request.path, &x->match);
    x->route = x->match.route;
    if (!x->route && origins_answer(x, &x->match))
        return false;
    if (!x->route && !x->match.allowed)
        return decline(x, 404, S("there is nothing at this path"));
    if (!x->route) {
        router_write_allow(x->match.allowed, &allow);
        exchange_add_header(x, S("Allow"), buf_str(&allow));
        buf_done(&allow);
        return decline(x, 405, S("this path does not take that method"));
    }
    if (x->route->is_shared)
        origins_allow(x);
    if (x->route->permission && config->authorise && !config->authorise(x, x->route->permission))
        return false;
    if (is_full(site, x)) {
        exchange_add_header(x, S("Retry-After"), S("1"));
        return decline(x, 429, S("too much is being received at once"));
    }
    if (x->route->media == MEDIA_JSON &&
        content_is_unreadable(exchange_header(x, S("content-type"))))
        return decline(x, 415, S("this media type is not read here; send JSON"));
    if (!content_is_known(exchange_header(x, S("content-encoding")))) {
        exchange_add_header(x, S("Accept-Encoding"), S("gzip, deflate"));
        return decline(x, 415, S("the content encodings known here are gzip and deflate"));
    }
    return true;
}
