/* origins.c - headers that answer a browser on behalf of a page.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/origins.h"

#include "http/site.h"

void origins_allow(struct exchange *x)
{
    str origin = exchange_header(x, S("origin"));

    if (!origin.len)
        return;
    exchange_add_header(x, S("Access-Control-Allow-Origin"), origin);
    exchange_add_header(x, S("Access-Control-Allow-Credentials"), S("true"));
    exchange_add_header(x, S("Access-Control-Expose-Headers"), S("Retry-After"));
    exchange_add_header(x, S("Vary"), S("Origin"));
}

static bool is_allowed(const struct exchange *x)
{
    const struct server_config *config = x->site->config;

    return !config->allows_origin ||
           config->allows_origin(config->context, exchange_header(x, S("origin")));
}

bool origins_answer(struct exchange *x, const struct router_match *match)
{
    str headers = exchange_header(x, S("access-control-request-headers"));
    struct buf methods = {0};

    if (exchange_request(x)->method != HTTP_OPTIONS || !match->is_shared ||
        !exchange_header(x, S("origin")).len ||
        !exchange_header(x, S("access-control-request-method")).len)
        return false;
    if (!is_allowed(x)) {
        exchange_answer_problem(x, 403, S("pages of this origin may not send anything here"));
        return true;
    }
    origins_allow(x);
    router_write_allow(match->allowed, &methods);
    exchange_add_header(x, S("Access-Control-Allow-Methods"), buf_str(&methods));
    if (headers.len)
        exchange_add_header(x, S("Access-Control-Allow-Headers"), headers);
    exchange_add_header(x, S("Access-Control-Max-Age"), S("86400"));
    buf_done(&methods);
    exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
    return true;
}
