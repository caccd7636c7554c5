/* client.c - libcurl's easy interface, one handle a request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/client.h"

#include "base/buf.h"
#include "base/mem.h"
#include "http/request.h"
#include "http/syntax.h"

#include <curl/curl.h>

enum { CONNECT_MS = 5000, STALLED_BYTES = 1, STALLED_SECONDS = 60 };

struct transfer {
    CURL *curl;
    struct curl_slist *headers;
    struct buf body;
    size_t limit;
    bool is_too_long;
};

static size_t take_body(char *data, size_t one, size_t len, void *argument)
{
    struct transfer *t = argument;

    (void)one; /* always 1 */
    t->is_too_long = len > t->limit - t->body.len;
    if (t->is_too_long)
        return 0;
    buf_add_bytes(&t->body, data, len);
    return buf_is_broken(&t->body) ? 0 : len;
}

static fallible add_line(struct transfer *t, str line, struct arena *mem)
{
    str text = arena_dup(mem, line); /* libcurl wants it to end in NUL */
    struct curl_slist *longer = text.data ? curl_slist_append(t->headers, text.data) : NULL;

    if (!longer)
        return mem_exhausted();
    t->headers = longer;
    return OK;
}

static fallible add_headers(struct transfer *t, const struct client_request *request,
                            struct arena *mem)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];

        if (!syntax_is_token(header->name) || !syntax_is_value(header->value))
            return fail(ERR_INVALID, "a header of the request is malformed");
        TRY(add_line(t,
                     arena_print(mem, "%.*s%s%.*s", STR_ARG(header->name),
                                 header->value.len ? ": " : ";", STR_ARG(header->value)),
                     mem));
    }
    return add_line(t, S("Expect:"), mem); /* no waiting for "100 Continue" */
}

static fallible explain(const struct transfer *t, CURLcode code, str url)
{
    if (t->is_too_long)
        return fail(ERR_LIMIT, "the answer of %.*s is too long", STR_ARG(url));
    switch ((int)code) {
    case CURLE_OUT_OF_MEMORY:
    case CURLE_WRITE_ERROR:
        return mem_exhausted();
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return fail(ERR_INVALID, "%.*s is not an http address", STR_ARG(url));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return fail(ERR_BUSY, "nobody answers at %.*s: %s", STR_ARG(url), curl_easy_strerror(code));
    case CURLE_OPERATION_TIMEDOUT:
        return fail(ERR_EXPIRED, "%.*s did not answer in time", STR_ARG(url));
    default:
        return fail(ERR_IO, "the connection to %.*s failed: %s", STR_ARG(url),
                    curl_easy_strerror(code));
    }
}

static CURLcode set_method(const struct transfer *t, const struct client_request *request)
{
    CURLcode code = CURLE_OK;

    if (request->method == HTTP_HEAD)
        return curl_easy_setopt(t->curl, CURLOPT_NOBODY, 1L);
    if (request->body.len || request->method == HTTP_POST) {
        code =
            curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        if (!code)
            code = curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS,
                                    request->body.len ? request->body.data : "");
    }
    return code ? code
                : curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST,
                                   request_method_name(request->method).data);
}

static CURLcode set_options(struct transfer *t, const struct client_request *request,
                            const char *url)
{
    CURLcode code = set_method(t, request);
    CURL *curl = t->curl;

#define SET(option, value)                                                                         \
    if (!code)                                                                                     \
    code = curl_easy_setopt(curl, option, value)
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)STALLED_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, (long)STALLED_SECONDS);
#undef SET
    return code;
}

static fallible perform(struct transfer *t, const struct client_request *request, struct arena *mem,
                        int *out_status, str *out_body)
{
    str url = arena_dup(mem, request->url), body;
    CURLcode code;
    long status = 0;

    if (!url.data)
        return arena_exhausted();
    if (!syntax_scheme(url) || !syntax_is_target(url))
        return fail(ERR_INVALID, "%.*s is not an http address", STR_ARG(url));
    TRY(add_headers(t, request, mem));
    code = set_options(t, request, url.data);
    if (!code)
        code = curl_easy_perform(t->curl);
    if (!code)
        code = curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code)
        return explain(t, code, url);
    body = arena_dup(mem, buf_str(&t->body));
    if (!body.data)
        return arena_exhausted();
    *out_status = (int)status;
    *out_body = body;
    return OK;
}

fallible client_request(const struct client_request *request, struct arena *mem, int *out_status,
                        str *out_body)
{
    struct transfer t = {.limit = request->answer_limit};
    enum err err;

    t.curl = curl_easy_init();
    if (!t.curl)
        return mem_exhausted();
    err = perform(&t, request, mem, out_status, out_body);
    curl_slist_free_all(t.headers);
    curl_easy_cleanup(t.curl);
    buf_done(&t.body);
    return err;
}
