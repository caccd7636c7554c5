/* answer.c - status line, headers, body.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/answer.h"

#include "http/problem.h"

#define NO_SNIFFING S("X-Content-Type-Options: nosniff\r\n")
enum { WAIT_MOST_S = 10 };

int64_t answer_wait_ms(const struct exchange *x)
{
    str headers = buf_str(&x->headers);
    uint64_t seconds;

    while (headers.len) {
        str value = str_cut(&headers, '\n');

        if (str_equals(str_cut(&value, ':'), S("Retry-After")) &&
            str_to_u64(str_slice(value, 1, value.len - 1), &seconds))
            return (int64_t)(seconds < WAIT_MOST_S ? seconds : WAIT_MOST_S) * 1000;
    }
    return 0;
}

static void replace(struct exchange *x, int status, str detail)
{
    buf_clear(&x->headers);
    buf_clear(&x->body);
    x->is_broken = false;
    x->status = status;
    exchange_add_header(x, S("Content-Type"), PROBLEM_MEDIA_TYPE);
    if (status == 503)
        exchange_add_header(x, S("Retry-After"), S("1"));
    problem_write(&x->body, status, detail);
}

static bool has_body(const struct exchange *x)
{
    return x->status != 204 && x->status != 304;
}

/* The lines that every answer begins with, and those of its own. */
static void write_head(struct exchange *x, struct buf *out)
{
    buf_add(out, S("HTTP/1.1 "));
    buf_add_u64(out, (uint64_t)x->status);
    buf_add_byte(out, ' ');
    buf_add(out, problem_title(x->status));
    buf_add(out, S("\r\nDate: "));
    buf_add_bytes(out, x->site->date, x->site->date_len);
    buf_add(out, S("\r\n"));
    buf_add(out, buf_str(&x->headers));
}

void answer_write(struct exchange *x, bool keeps_alive, struct buf *out)
{
    if (x->is_broken)
        replace(x, 500, S("the answer would have held a header that may not be sent"));
    else if (buf_is_broken(&x->headers) || buf_is_broken(&x->body))
        replace(x, 503, S("out of memory"));
    write_head(x, out);
    if (has_body(x)) {
        buf_add(out, S("Content-Length: "));
        buf_add_u64(out, x->body.len);
        buf_add(out, S("\r\n"));
    }
    buf_add(out, NO_SNIFFING);
    if (!keeps_alive)
        buf_add(out, S("Connection: close\r\n"));
    else if (!x->request.minor_version)
        buf_add(out, S("Connection: keep-alive\r\n"));
    buf_add(out, S("\r\n"));
    if (has_body(x) && x->request.method != HTTP_HEAD)
        buf_add(out, buf_str(&x->body));
}

void answer_write_open(struct exchange *x, struct buf *out)
{
    out->broken |= x->is_broken || buf_is_broken(&x->headers);
    write_head(x, out);
    buf_add(out, NO_SNIFFING);
    buf_add(out, x->request.minor_version ? S("Transfer-Encoding: chunked\r\n\r\n")
                                          : S("Connection: close\r\n\r\n"));
}
