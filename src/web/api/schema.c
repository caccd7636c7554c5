/* schema.c - GET /api/schema: which events and properties there are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/schema.h"

#include "base/mem.h"
#include "web/api/api.h"
#include "web/web.h"

void schema_show(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct arena *mem;
    struct buf out = {0};
    enum err err;

    if (!web_is_ready(web_of(x))) {
        exchange_add_header(x, S("Retry-After"), S("1"));
        exchange_answer_problem(x, 503,
                                S("not all events are in memory yet: ask again in a moment"));
        return;
    }
    mem = arena_open(config->query_memory);
    err = mem ? schema_write(config->events, mem, &out) : mem_exhausted();
    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, 200, &out);
    arena_close(mem);
    buf_done(&out);
}
