/* dialect_pixel.c - one message of ours by an image: GET /v1/pixel.gif?d=BASE64URL-JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * For where no script runs: mails, pages without one. The message is what /v1/batch takes, with
 * `writeKey` in it. What stands in a page is the same for all who look at it, so what only the
 * request knows is added: the agent, the language, and a visitor where the message names nobody.
 */
#include "collect/dialect_message.h"

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
    dialect_add_message(out, &doc, 0);
    return OK;
}

const struct dialect dialect_pixel = {.name = "pixel", .read = read_message};
