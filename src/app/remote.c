/* remote.c - asking a running Myriad over HTTP, for commands with --url.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/remote.h"

#include "base/json.h"
#include "http/client.h"

#include <sodium.h>

enum { ANSWER_MOST = 64 << 20 };

static str basic(struct arena *mem, str key)
{
    str plain = arena_print(mem, "%.*s:", STR_ARG(key));
    size_t room = sodium_base64_encoded_len(plain.len, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_take(mem, room);

    if (!plain.data || !text)
        return (str){NULL, 0};
    sodium_bin2base64(text, room, (const unsigned char *)plain.data, plain.len,
                      sodium_base64_VARIANT_ORIGINAL);
    return arena_print(mem, "Basic %s", text);
}

static enum err code_of(int status)
{
    switch (status) {
    case 401:
    case 403:
        return ERR_DENIED;
    case 404:
        return ERR_ABSENT;
    case 409:
        return ERR_CONFLICT;
    case 429:
    case 503:
        return ERR_BUSY;
    default:
        return status < 500 ? ERR_INVALID : ERR_IO;
    }
}

/* The server's own sentence out of its problem document. */
static fallible refused(struct arena *mem, int status, str body)
{
    struct json_reader *reader = json_reader_open();
    str detail = {NULL, 0};
    struct json doc;

    if (reader && json_parse_copy(reader, mem, body, &doc) == OK &&
        json_type_of(&doc, 0) == JSON_OBJECT) {
        uint32_t at = json_find(&doc, 0, S("detail"));
        if (at != JSON_ABSENT)
            detail = json_string(&doc, at, mem);
    }
    json_reader_close(reader);
    if (!detail.data)
        detail = S("it gave no reason");
    return fail(code_of(status), "the server answered %d: %.*s", status, STR_ARG(detail));
}

fallible remote_post(const struct remote *remote, struct arena *mem, const char *path, str body,
                     struct buf *out)
{
    str base = str_of(remote->url), answer;
    struct http_header headers[2] = {{S("Content-Type"), S("application/json")},
                                     {S("Authorization"), {NULL, 0}}};
    struct client_request request = {
        .method = HTTP_POST,
        .headers = headers,
        .header_count = 2,
        .body = body,
        .answer_limit = ANSWER_MOST,
    };
    int status;

    if (str_ends(base, S("/")))
        base.len--;
    request.url = arena_print(mem, "%.*s%s", STR_ARG(base), path);
    headers[1].value = remote->scheme == REMOTE_BASIC
                           ? basic(mem, remote->key)
                           : arena_print(mem, "Bearer %.*s", STR_ARG(remote->key));
    if (!request.url.data || !headers[1].value.data)
        return arena_exhausted();
    TRY(client_request(&request, mem, &status, &answer));
    if (status < 200 || status > 299)
        return refused(mem, status, answer);
    buf_add(out, answer);
    return buf_is_broken(out) ? arena_exhausted() : OK;
}
