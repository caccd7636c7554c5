/* dialect_message.c - messages of ours from pages, and what only their request knows of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/dialect_message.h"

static void copy(struct dialect_out *out, const struct json *doc, uint32_t key)
{
    json_key(&out->writer, json_string(doc, key, out->mem));
    json_verbatim(&out->writer, json_raw(doc, key + 1));
}

static void add_text(struct dialect_out *out, const struct json *doc, uint32_t context,
                     const char *name, str text)
{
    if (!text.len ||
        (context != JSON_ABSENT && json_find(doc, context, str_of(name)) != JSON_ABSENT))
        return;
    json_key(&out->writer, str_of(name));
    json_text(&out->writer, text);
}

static void write_context(struct dialect_out *out, const struct json *doc, uint32_t at)
{
    uint32_t context = json_find(doc, at, S("context"));
    str accepted = out->request->language, language = str_cut(&accepted, ',');

    json_key(&out->writer, S("context"));
    if (context != JSON_ABSENT && json_type_of(doc, context) == JSON_NULL)
        context = JSON_ABSENT;
    if (context != JSON_ABSENT && json_type_of(doc, context) != JSON_OBJECT) {
        json_verbatim(&out->writer, json_raw(doc, context));
        return;
    }
    json_open(&out->writer, '{');
    if (context != JSON_ABSENT)
        EACH_MEMBER(doc, context, key, value)
        {
            (void)value;
            copy(out, doc, key);
        }
    add_text(out, doc, context, "userAgent", out->request->agent);
    add_text(out, doc, context, "locale", str_trim(str_cut(&language, ';')));
    json_shut(&out->writer, '}');
}

/* Whoever it is, as message.c reads it: "" and null are nobody. */
static bool names_somebody(const struct dialect_out *out, const struct json *doc, uint32_t at)
{
    static const char *const names[] = {"userId", "user_id", "anonymousId"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t id = json_find(doc, at, str_of(names[i]));

        if (id != JSON_ABSENT && json_type_of(doc, id) != JSON_NULL &&
            (json_type_of(doc, id) != JSON_STRING || dialect_text(out, doc, at, names[i]).data))
            return true;
    }
    return false;
}

static bool is_ours(const struct json *doc, uint32_t key)
{
    return json_is_string(doc, key, S("context")) || json_is_string(doc, key, S("visitor")) ||
           json_is_string(doc, key, S("writeKey"));
}

void dialect_add_message(struct dialect_out *out, const struct json *doc, uint32_t at)
{
    if (json_type_of(doc, at) != JSON_OBJECT) {
        json_verbatim(&out->writer, json_raw(doc, at));
        return;
    }
    json_open(&out->writer, '{');
    EACH_MEMBER(doc, at, key, value)
    {
        (void)value;
        if (!is_ours(doc, key))
            copy(out, doc, key);
    }
    write_context(out, doc, at);
    if (!names_somebody(out, doc, at))
        dialect_add_visitor(out);
    json_shut(&out->writer, '}');
}
