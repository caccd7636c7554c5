/* posthog_body.c - unwraps bodies, by what they are rather than by what is said of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * "compression=gzip-js" in the query, a Content-Type and Content-Encoding all changed over the
 * years, and libraries that fail to pack send it plain with the same words.
 */
#include "collect/posthog_body.h"

#include "base/mem.h"
#include "proto/form.h"
#include "proto/unpack.h"

#include <string.h>

enum {
    WRAPPINGS_MOST = 4,
    STEP = 64 * 1024,
    UNPACKED_MOST = 4 << 20, /* bytes, as for bodies that HTTP unpacks */
};

static str pad(const struct dialect_out *out, str text)
{
    char *padded = arena_take(out->mem, text.len + JSON_PADDING);

    if (!padded)
        return (str){NULL, 0};
    memcpy(padded, text.data, text.len);
    return str_from(padded, text.len);
}

static fallible unpack_all(struct unpack *unpack, str packed, struct buf *text)
{
    size_t len;

    do {
        if (!buf_reserve(text, STEP))
            return mem_exhausted();
        TRY(unpack_step(unpack, &packed, text->data + text->len, text->room - text->len, &len));
        text->len += len;
        if (text->len > UNPACKED_MOST)
            return fail(ERR_LIMIT, "the body is larger than 4 MB when it is unpacked");
    } while (len || (packed.len && !unpack_is_whole(unpack)));
    if (packed.len || !unpack_is_whole(unpack))
        return fail(ERR_INVALID, "the gzip body is cut short or followed by something else");
    return OK;
}

static fallible unpack_gzip(const struct dialect_out *out, str packed, str *out_text)
{
    struct buf text = {0};
    struct unpack *unpack;
    enum err err;

    TRY(unpack_open(UNPACK_GZIP, &unpack));
    err = unpack_all(unpack, packed, &text);
    if (err == ERR_CORRUPT)
        err = fail(ERR_INVALID, "the gzip body is damaged");
    if (!err) {
        *out_text = pad(out, buf_str(&text));
        err = out_text->data ? OK : arena_exhausted();
    }
    unpack_close(unpack);
    buf_done(&text);
    return err;
}

static str skip_spaces(str text)
{
    size_t at = 0;

    while (at < text.len &&
           (text.data[at] == ' ' || (text.data[at] >= '\t' && text.data[at] <= '\r')))
        at++;
    return str_slice(text, at, text.len);
}

static bool is_json(str text)
{
    text = skip_spaces(text);
    return text.len && (text.data[0] == '{' || text.data[0] == '[');
}

/* The form's `data`, decoded and padded; absent if there is none. In base64 '+' is itself; in JSON
 * it stands for a space. */
static str form_data(const struct dialect_out *out, str form)
{
    str name, value, text;

    while (form_next(&form, &name, &value)) {
        if (!str_equals(name, S("data")))
            continue;
        text = form_decode(out->mem, value, false);
        if (is_json(text))
            text = form_decode(out->mem, value, true);
        return pad(out, text);
    }
    return (str){NULL, 0};
}

fallible posthog_body_unwrap(struct dialect_out *out, str *out_json)
{
    str text = out->request->body, data;

    for (int i = 0; i < WRAPPINGS_MOST && text.len; i++) {
        if (is_json(text)) {
            *out_json = text;
            return OK;
        }
        if (unpack_recognise(text) == UNPACK_GZIP) {
            TRY(unpack_gzip(out, text, &text));
            continue;
        }
        data = form_data(out, text);
        text = data.data ? data : dialect_base64(out, skip_spaces(text));
    }
    return fail(ERR_INVALID, "the body must hold JSON, plain, in base64 or packed by gzip");
}
