/* health.c - is it alive, and can it answer?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake.h"
#include "web/api/api.h"
#include "web/web.h"

void health_alive(struct exchange *x)
{
    exchange_answer(x, 200, S("application/json"), S("{\"status\":\"alive\"}"));
}

void health_ready(struct exchange *x)
{
    struct web *web = web_of(x);

    if (!web_is_ready(web)) {
        exchange_add_header(x, S("Retry-After"), S("1"));
        exchange_answer_problem(x, 503,
                                S("not all events are in memory yet: no question is answered"));
        return;
    }
    if (intake_is_full(web_config(web)->intake)) {
        exchange_add_header(x, S("Retry-After"), S("10"));
        exchange_answer_problem(x, 503, S("no room on the disk: events are refused"));
        return;
    }
    exchange_answer(x, 200, S("application/json"), S("{\"status\":\"ready\"}"));
}
