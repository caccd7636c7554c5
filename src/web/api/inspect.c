/* inspect.c - POST /api/inspect: how a thing is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/inspect.h"

#include "web/api/api.h"
#include "web/web.h"

static fallible read_and_write(struct exchange *x, struct json_reader *reader, struct buf *out)
{
    struct json_writer w = {.out = out};
    struct json doc;
    uint32_t kind;

    TRY(web_read_object(x, reader, &doc));
    kind = json_find(&doc, 0, S("kind"));
    if (kind == JSON_ABSENT || json_type_of(&doc, kind) != JSON_STRING)
        return fail(ERR_INVALID, "\"kind\" must say what kind of thing \"value\" is");
    return inspect_write(web_config(web_of(x))->inspect, json_string(&doc, kind, exchange_mem(x)),
                         &doc, json_find(&doc, 0, S("value")), exchange_mem(x), &w);
}

void inspect_answer(struct exchange *x)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    struct buf out = {0};
    enum err err = reader ? read_and_write(x, reader, &out) : arena_exhausted();

    if (reader)
        web_give_reader(web_of(x), reader);
    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, 200, &out);
    buf_done(&out);
}
