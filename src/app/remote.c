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

/* Sends the request with its URL and headers filled in. */
static fallible call(const struct remote *remote, struct arena *mem, const char *path,
                     struct client_request *request, str *out_body)
{
    struct http_header headers[2] = {{S("Authorization"), {NULL, 0}},
                                     {S("Content-Type"), S("application/json")}};
    str base = str_of(remote->url), answer;
    int status;

    if (str_ends(base, S("/")))
        base.len--;
    request->url = arena_print(mem, "%.*s%s", STR_ARG(base), path);
    headers[0].value = remote->scheme == REMOTE_BASIC
                           ? basic(mem, remote->key)
                           : arena_print(mem, "Bearer %.*s", STR_ARG(remote->key));
    request->headers = headers;
    request->header_count = request->method == HTTP_POST ? 2 : 1;
    request->answer_limit = ANSWER_MOST;
    if (!request->url.data || !headers[0].value.data)
        return arena_exhausted();
    TRY(client_request(request, mem, &status, &answer));
    if (status < 200 || status > 299)
        return refused(mem, status, answer);
    *out_body = answer;
    return OK;
}

fallible remote_post(const struct remote *remote, struct arena *mem, const char *path, str body,
                     struct buf *out)
{
    struct client_request request = {.method = HTTP_POST, .body = body};
    str answer;

    TRY(call(remote, mem, path, &request, &answer));
    buf_add(out, answer);
    return buf_is_broken(out) ? arena_exhausted() : OK;
}

fallible remote_get(const struct remote *remote, struct arena *mem, const char *path, str *out_body)
{
    struct client_request request = {.method = HTTP_GET};

    return call(remote, mem, path, &request, out_body);
}

fallible remote_delete(const struct remote *remote, struct arena *mem, const char *path)
{
    struct client_request request = {.method = HTTP_DELETE};
    str nothing;

    return call(remote, mem, path, &request, &nothing);
}
