/* verdict.c - drives the request reader as a connection would.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit/http/verdict.h"

#include "base/mem.h"
#include "http/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct driver {
    struct request_reader reader;
    struct verdict_limits limits;
    struct buf *out;
    struct buf body;
    bool is_over;
    bool began;
};

static void write_head(struct driver *d, const char *head)
{
    struct http_header headers[REQUEST_HEADERS_MOST];
    struct http_request request;

    request_bind(&d->reader, head, headers, &request);
    buf_add(d->out, request_method_name(request.method));
    buf_add_byte(d->out, ' ');
    buf_add(d->out, request.target);
    buf_add_byte(d->out, '\n');
    for (size_t i = 0; i < request.header_count; i++) {
        buf_add(d->out, headers[i].name);
        buf_add(d->out, S(": "));
        buf_add(d->out, headers[i].value);
        buf_add_byte(d->out, '\n');
    }
}

static void write_body(struct driver *d)
{
    buf_print(d->out, "body %zu ", d->body.len);
    buf_add(d->out, buf_str(&d->body));
    buf_add_byte(d->out, '\n');
    buf_clear(&d->body);
}

/* One event of the reader; false when it wants more bytes. */
static bool step(struct driver *d, str in, size_t *out_used)
{
    str piece = {NULL, 0};

    switch (request_read(&d->reader, in, out_used, &piece)) {
    case REQUEST_MORE:
        return false;
    case REQUEST_HEAD:
        write_head(d, in.data + *out_used - d->reader.line);
        d->reader.body_limit = d->limits.body;
        return true;
    case REQUEST_PIECE:
        assert(piece.data >= in.data && piece.data + piece.len <= in.data + *out_used);
        buf_add(&d->body, piece);
        assert(d->body.len <= d->limits.body);
        return true;
    case REQUEST_END:
        write_body(d);
        if (!d->reader.keeps_alive) {
            buf_add(d->out, S("closed\n"));
            d->is_over = true;
        }
        request_begin(&d->reader, d->limits.head);
        return true;
    case REQUEST_REFUSED:
        buf_print(d->out, "refused %d\n", d->reader.status);
        d->is_over = true;
        return true;
    }
    abort();
}

static size_t next_size(enum verdict_split split, random_state *dice, size_t most)
{
    size_t size = split == SPLIT_NONE ? most : 1;

    if (split == SPLIT_RANDOM)
        size = 1 + (size_t)random_below(dice, random_chance(dice, 0.5) ? 4 : 64);
    return size < most ? size : most;
}

void verdict_write(str in, enum verdict_split split, random_state *dice,
                   struct verdict_limits limits, struct buf *out)
{
    struct driver d = {.limits = limits, .out = out};
    size_t from = 0, until = 0;

    request_begin(&d.reader, limits.head);
    while (!d.is_over && until < in.len) {
        char *copy;
        size_t used = 0, at = 0;
        bool goes_on = true;

        until += next_size(split, dice, in.len - until);
        copy = malloc(until - from);
        memcpy(copy, in.data + from, until - from);
        while (goes_on && !d.is_over) {
            goes_on = step(&d, str_from(copy + at, until - from - at), &used);
            assert(used <= until - from - at);
            at += used;
        }
        from += at;
        free(copy);
    }
    if (!d.is_over)
        buf_add(out, from == until && request_is_untouched(&d.reader) ? S("end\n") : S("more\n"));
    buf_done(&d.body);
}
