/* machines.c - verdicts in messages, and a source without machines.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/machines.h"

#include "base/json.h"
#include "measure/source.h"

#include <assert.h>

void machines_leave(struct source *source)
{
    assert(source->human);
    source->calls = source->human;
    source->without.is_human = true;
}

static uint32_t find_traffic(const struct json *message)
{
    uint32_t context = json_find(message, 0, S("context"));

    return context == JSON_ABSENT ? JSON_ABSENT : json_find(message, context, S("traffic"));
}

bool machines_tell(const struct json *message)
{
    uint32_t traffic = find_traffic(message), verdict = JSON_ABSENT;

    if (traffic != JSON_ABSENT)
        verdict = json_find(message, traffic, S("verdict"));
    return verdict != JSON_ABSENT && json_is_string(message, verdict, S(MACHINES_VERDICT));
}

static void copy(struct json_writer *out, const struct json *message, uint32_t key, uint32_t value)
{
    json_verbatim(out, json_raw(message, key));
    buf_add_byte(out->out, ':');
    out->needs_comma = false;
    json_verbatim(out, json_raw(message, value));
}

static void write_traffic(struct json_writer *out, const struct json *message, enum verdict verdict)
{
    uint32_t traffic = find_traffic(message);

    json_open(out, '{');
    json_key(out, S("verdict"));
    json_text(out, verdict == VERDICT_MACHINE ? S(MACHINES_VERDICT) : S("human"));
    json_key(out, S("revised"));
    json_bool(out, true);
    if (traffic != JSON_ABSENT && json_type_of(message, traffic) == JSON_OBJECT)
        EACH_MEMBER(message, traffic, key, value)
    if (!json_is_string(message, key, S("verdict")) && !json_is_string(message, key, S("revised")))
        copy(out, message, key, value);
    json_shut(out, '}');
}

void machines_write_context(struct json_writer *out, const struct json *message,
                            enum verdict verdict)
{
    uint32_t context = json_find(message, 0, S("context"));

    json_open(out, '{');
    if (context != JSON_ABSENT && json_type_of(message, context) == JSON_OBJECT)
        EACH_MEMBER(message, context, key, value)
    if (!json_is_string(message, key, S("traffic")))
        copy(out, message, key, value);
    json_key(out, S("traffic"));
    write_traffic(out, message, verdict);
    json_shut(out, '}');
}
