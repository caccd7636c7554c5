/* request.h - reads one HTTP/1.1 request from bytes as they arrive, strictly (RFC 9112).
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A state machine without I/O or memory of its own. What it says does not depend on how the bytes
 * were split. The head is read in place: until REQUEST_HEAD nothing of it is used up, so the caller
 * hands the same bytes again, with more behind them; they may have moved meanwhile.
 *
 * Whatever two programs might read differently is refused, never repaired: the framing of a
 * request behind a proxy must have one meaning.
 */
#pragma once
#include "http/exchange.h"

enum { REQUEST_HEADERS_MOST = 100 };

enum request_event {
    REQUEST_MORE,    /* nothing to tell before more bytes arrive */
    REQUEST_HEAD,    /* the head is complete: request_bind(); the body follows */
    REQUEST_PIECE,   /* a piece of the body */
    REQUEST_END,     /* the request is complete */
    REQUEST_REFUSED, /* `status` and `reason` say why; the connection must not be read any more */
};

enum request_body { REQUEST_BODY_NONE, REQUEST_BODY_LENGTH, REQUEST_BODY_CHUNKED };

struct request_span {
    uint32_t at; /* from the first byte of the head */
    uint32_t len;
};

struct request_field {
    struct request_span name;
    struct request_span value;
};

struct request_reader {
    size_t head_limit;   /* bytes of request line and headers, and of trailers */
    uint64_t body_limit; /* bytes of body; the caller sets it at REQUEST_HEAD */

    /* The one empty line before a request that is forgiven has come; may be set by a caller that
     * saw it with an earlier reader. */
    bool skipped_line;

    int status; /* when refused */
    const char *reason;

    enum http_method method;
    bool minor_version; /* HTTP/1.1, else 1.0 */
    bool keeps_alive;   /* the client lets the connection go on */
    bool expects_continue;
    enum request_body body;
    uint64_t length; /* REQUEST_BODY_LENGTH */
    struct request_span target, path, query;
    bool has_query;
    struct request_field fields[REQUEST_HEADERS_MOST];
    size_t field_count;

    /* Private from here on. */
    int state;
    bool has_length, has_encoding, has_host, says_close, says_keep_alive;
    size_t line;   /* start of the line being read */
    size_t looked; /* no line feed before this place */
    uint64_t left; /* bytes of the body or chunk still to come */
    uint64_t body_bytes;
    size_t extension_bytes, trailer_bytes;
};

void request_begin(struct request_reader *r, size_t head_limit);
/* Reads on. `in` is everything that has arrived and was not used up; *out_used bytes of it are
 * done with after the call (at REQUEST_HEAD: the head, which request_bind still needs). At
 * REQUEST_PIECE *out_piece lies inside `in`. */
enum request_event request_read(struct request_reader *r, str in, size_t *out_used, str *out_piece);
/* Fills everything of `out` but body and peer, with views into `head` (its first byte), and
 * `headers`, which has room for field_count. */
void request_bind(const struct request_reader *r, const char *head, struct http_header *headers,
                  struct http_request *out);
/* Bytes of a body of known length that are still to come, behind everything that was read. */
uint64_t request_left(const struct request_reader *r);
/* So many of these were dropped: they count as read. */
void request_drop(struct request_reader *r, uint64_t len);
/* True while not one byte of a request has been read. */
bool request_is_untouched(const struct request_reader *r);
/* "GET" and so on; by method. */
str request_method_name(enum http_method method);
