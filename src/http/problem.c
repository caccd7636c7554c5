/* problem.c - the phrases of RFC 9110 and one small document.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/problem.h"

#include "base/json.h"

struct phrase {
    int status;
    str title;
};

#define PHRASE(status, text)                                                                       \
    {                                                                                              \
        status,                                                                                    \
        {                                                                                          \
            text, sizeof text - 1                                                                  \
        }                                                                                          \
    }

static const struct phrase phrases[] = {
    PHRASE(200, "OK"),
    PHRASE(201, "Created"),
    PHRASE(202, "Accepted"),
    PHRASE(204, "No Content"),
    PHRASE(206, "Partial Content"),
    PHRASE(301, "Moved Permanently"),
    PHRASE(302, "Found"),
    PHRASE(303, "See Other"),
    PHRASE(304, "Not Modified"),
    PHRASE(307, "Temporary Redirect"),
    PHRASE(308, "Permanent Redirect"),
    PHRASE(400, "Bad Request"),
    PHRASE(401, "Unauthorized"),
    PHRASE(403, "Forbidden"),
    PHRASE(404, "Not Found"),
    PHRASE(405, "Method Not Allowed"),
    PHRASE(406, "Not Acceptable"),
    PHRASE(408, "Request Timeout"),
    PHRASE(409, "Conflict"),
    PHRASE(410, "Gone"),
    PHRASE(412, "Precondition Failed"),
    PHRASE(413, "Content Too Large"),
    PHRASE(415, "Unsupported Media Type"),
    PHRASE(416, "Range Not Satisfiable"),
    PHRASE(417, "Expectation Failed"),
    PHRASE(422, "Unprocessable Content"),
    PHRASE(428, "Precondition Required"),
    PHRASE(429, "Too Many Requests"),
    PHRASE(431, "Request Header Fields Too Large"),
    PHRASE(500, "Internal Server Error"),
    PHRASE(501, "Not Implemented"),
    PHRASE(502, "Bad Gateway"),
    PHRASE(503, "Service Unavailable"),
    PHRASE(504, "Gateway Timeout"),
    PHRASE(505, "HTTP Version Not Supported"),
    PHRASE(507, "Insufficient Storage"),
};

str problem_title(int status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status)
            return phrases[i].title;
    return S("Status");
}

void problem_write(struct buf *out, int status, str detail)
{
    struct json_writer w = {.out = out};

    json_open(&w, '{');
    json_key(&w, S("type"));
    json_text(&w, S("about:blank"));
    json_key(&w, S("title"));
    json_text(&w, problem_title(status));
    json_key(&w, S("status"));
    json_i64(&w, status);
    if (detail.len) {
        json_key(&w, S("detail"));
        json_text(&w, detail);
    }
    json_shut(&w, '}');
}
