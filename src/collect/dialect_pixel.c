/* dialect_pixel.c - one message of ours by an image: GET /v1/pixel.gif?d=BASE64URL-JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * For where no script runs: mails, pages without one. The message is what /v1/batch takes, with
 * `writeKey` in it. What stands in a page is the same for all who look at it, so what only the
 * request knows is added: the agent, the language, and a visitor where the message names nobody.
 */
#include "collect/dialect.h"

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

static void write_context(struct dialect_out *out, const struct json *doc)
{
    uint32_t context = json_find(doc, 0, S("context"));
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
static bool names_somebody(const struct dialect_out *out, const struct json *doc)
{
    static const char *const names[] = {"userId", "user_id", "anonymousId"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t at = json_find(doc, 0, str_of(names[i]));

        if (at != JSON_ABSENT && json_type_of(doc, at) != JSON_NULL &&
            (json_type_of(doc, at) != JSON_STRING || dialect_text(out, doc, 0, names[i]).data))
            return true;
    }
    return false;
}

static bool is_ours(const struct json *doc, uint32_t key)
{
    return json_is_string(doc, key, S("context")) || json_is_string(doc, key, S("visitor")) ||
           json_is_string(doc, key, S("writeKey"));
}

static fallible read_message(struct dialect_out *out)
{
    str text = dialect_query(out, "d");
    struct json doc;

    dialect_answer_image(out);
    out->needs_key = true;
    text = text.data ? dialect_base64(out, text) : text;
    if (!text.data)
        return fail(ERR_INVALID, "\"d\" must be a message, its JSON in base64url");
    TRY(dialect_parse(out, text, &doc));
    out->key = dialect_text(out, &doc, 0, "writeKey");
    json_open(&out->writer, '{');
    EACH_MEMBER(&doc, 0, key, value)
    {
        (void)value;
        if (!is_ours(&doc, key))
            copy(out, &doc, key);
    }
    write_context(out, &doc);
    if (!names_somebody(out, &doc))
        dialect_add_visitor(out);
    json_shut(&out->writer, '}');
    return OK;
}

const struct dialect dialect_pixel = {.name = "pixel", .read = read_message};
