/* dialect_script.c - what the browser script sends: POST /v1/m.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A batch as /v1/batch takes it, as plain text, so that browsers do not ask first. A visitor who
 * may not be given an id is told from others by address, agent and day.
 */
#include "collect/dialect_message.h"

enum { MOST_EVENTS = 1000 }; /* the script sends fifty at once */

static fallible read_batch(struct dialect_out *out)
{
    struct json doc;
    uint32_t batch, count = 0;

    out->needs_key = true;
    TRY(dialect_parse(out, out->request->body, &doc));
    batch = json_find(&doc, 0, S("batch"));
    if (batch == JSON_ABSENT || json_type_of(&doc, batch) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"batch\" must be an array of events");
    out->key = dialect_text(out, &doc, 0, "writeKey");
    out->sent_at = dialect_text(out, &doc, 0, "sentAt");
    EACH_ELEMENT(&doc, batch, element)
    {
        if (++count > MOST_EVENTS)
            return fail(ERR_LIMIT, "more than %d events at once", MOST_EVENTS);
        dialect_add_message(out, &doc, element);
    }
    out->status = 204;
    return OK;
}

const struct dialect dialect_script = {.name = "script", .read = read_batch};
