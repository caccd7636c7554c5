/* request.c - the strict request reader: head line by line, body by length or chunks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/request.h"

#include "http/syntax.h"

#include <assert.h>
#include <string.h>

enum {
    CHUNK_LINE_MOST = 1024,      /* a chunk's size and extensions */
    CHUNK_EXTENSIONS_MOST = 4096 /* of all chunks of a request together */
};

enum state {
    AT_START,
    AT_FIELDS,
    AT_BODY, /* the head was told; nothing of the body looked at yet */
    AT_LENGTH,
    AT_CHUNK_LINE,
    AT_CHUNK_DATA,
    AT_CHUNK_END,
    AT_TRAILERS,
    AT_END,
    AT_REFUSED,
};

/* What one line or step came to: GOES_ON, or an answer for the caller. */
enum { GOES_ON = -1 };

static const char *const method_names[] = {"GET",    "HEAD",  "POST",   "PUT",
                                           "DELETE", "PATCH", "OPTIONS"};

void request_begin(struct request_reader *r, size_t head_limit)
{
    /* Member by member: clearing the unused fields would cost more than all the rest. */
    r->field_count = 0;
    r->head_limit = head_limit;
    r->body_limit = 0;
    r->status = 0;
    r->reason = NULL;
    r->body = REQUEST_BODY_NONE;
    r->length = 0;
    r->keeps_alive = r->expects_continue = r->minor_version = r->has_query = false;
    r->state = AT_START;
    r->skipped_line = false;
    r->has_length = r->has_encoding = r->has_host = r->says_close = r->says_keep_alive = false;
    r->line = r->looked = 0;
    r->left = r->body_bytes = 0;
    r->extension_bytes = r->trailer_bytes = 0;
}

static int refuse(struct request_reader *r, int status, const char *reason)
{
    r->state = AT_REFUSED;
    r->status = status;
    r->reason = reason;
    return REQUEST_REFUSED;
}

static struct request_span span(const char *head, str part)
{
    return (struct request_span){(uint32_t)(part.data - head), (uint32_t)part.len};
}

/* Splits the target into path and query. `text` is the target without scheme and authority. */
static int read_path(struct request_reader *r, const char *head, str text)
{
    ptrdiff_t mark = str_find(text, '?');
    str path = mark < 0 ? text : str_slice(text, 0, (size_t)mark);

    if (!syntax_is_escaped_well(path))
        return refuse(r, 400, "the path holds a broken percent escape");
    r->path = span(head, path);
    r->has_query = mark >= 0;
    if (r->has_query)
        r->query = span(head, str_slice(text, (size_t)mark + 1, text.len));
    return GOES_ON;
}

static int read_target(struct request_reader *r, const char *head, str target)
{
    size_t scheme = syntax_scheme(target);
    str rest, authority;

    r->target = span(head, target);
    if (target.data[0] == '/')
        return read_path(r, head, target);
    if (target.len == 1 && target.data[0] == '*') {
        if (r->method != HTTP_OPTIONS)
            return refuse(r, 400, "the target * is for OPTIONS only");
        r->path = r->target;
        return GOES_ON;
    }
    if (scheme == 0)
        return refuse(r, 400, "the target is neither a path nor an http address");
    rest = str_slice(target, scheme, target.len);
    authority = str_slice(rest, 0, syntax_authority(rest));
    if (!syntax_is_host(authority))
        return refuse(r, 400, "the target's host is not one");
    return read_path(r, head, str_slice(rest, authority.len, rest.len));
}

static bool find_method(str name, enum http_method *out_method)
{
    for (size_t i = 0; i < sizeof method_names / sizeof method_names[0]; i++) {
        if (str_equals(name, str_of(method_names[i]))) {
            *out_method = (enum http_method)i;
            return true;
        }
    }
    return false;
}

static int read_request_line(struct request_reader *r, const char *head, str line)
{
    ptrdiff_t space = str_find(line, ' ');
    str method, rest, target, version;

    if (space < 0)
        return refuse(r, 400, "the request line is incomplete");
    method = str_slice(line, 0, (size_t)space);
    rest = str_slice(line, (size_t)space + 1, line.len);
    space = str_find(rest, ' ');
    if (space < 0)
        return refuse(r, 400, "the request line names no version");
    target = str_slice(rest, 0, (size_t)space);
    version = str_slice(rest, (size_t)space + 1, rest.len);
    if (!syntax_is_token(method))
        return refuse(r, 400, "the method is not a token");
    if (!syntax_is_target(target))
        return refuse(r, 400, "the target holds characters that none may hold");
    if (!syntax_is_version(version))
        return refuse(r, 400, "the request line does not end in a version");
    if (version.data[5] != '1' || version.data[7] > '1')
        return refuse(r, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    r->minor_version = version.data[7] == '1';
    if (!find_method(method, &r->method))
        return refuse(r, 501, "this method is not known here");
    r->state = AT_FIELDS;
    return read_target(r, head, target);
}

/* A tab there is allowed, but not all readers take it (llhttp does not): too little to gain where
 * the framing is at stake. At least the line's CR stands behind a value. */
static bool is_tab_behind(str value)
{
    return value.data[value.len] == '\t';
}

static int note_length(struct request_reader *r, str value)
{
    if (r->has_length)
        return refuse(r, 400, "there is more than one Content-Length");
    if (!str_to_u64(value, &r->length) || is_tab_behind(value))
        return refuse(r, 400, "Content-Length is not a number");
    r->has_length = true;
    return GOES_ON;
}

static int note_encoding(struct request_reader *r, str value)
{
    if (r->has_encoding)
        return refuse(r, 400, "there is more than one Transfer-Encoding");
    if (!str_equals_nocase(value, S("chunked")) || is_tab_behind(value))
        return refuse(r, 400, "the only Transfer-Encoding known here is chunked");
    r->has_encoding = true;
    return GOES_ON;
}

static int note_host(struct request_reader *r, str value)
{
    if (r->has_host)
        return refuse(r, 400, "there is more than one Host");
    if (!syntax_is_host(value))
        return refuse(r, 400, "Host is not a host");
    r->has_host = true;
    return GOES_ON;
}

static void note_connection(struct request_reader *r, str value)
{
    while (value.data) {
        str option = str_trim(str_cut(&value, ','));

        if (str_equals_nocase(option, S("close")))
            r->says_close = true;
        else if (str_equals_nocase(option, S("keep-alive")))
            r->says_keep_alive = true;
    }
}

static int note_field(struct request_reader *r, str name, str value)
{
    switch (name.len) {
    case 4:
        if (str_equals_nocase(name, S("host")))
            return note_host(r, value);
        break;
    case 6:
        if (!str_equals_nocase(name, S("expect")))
            break;
        if (!str_equals_nocase(value, S("100-continue")))
            return refuse(r, 417, "the only expectation met here is 100-continue");
        r->expects_continue = true;
        break;
    case 10:
        if (str_equals_nocase(name, S("connection")))
            note_connection(r, value);
        break;
    case 14:
        if (str_equals_nocase(name, S("content-length")))
            return note_length(r, value);
        break;
    case 16:
        /* No standard, but some heed it: whoever asks this way is not sent another answer. */
        if (str_equals_nocase(name, S("proxy-connection")) && str_equals_nocase(value, S("close")))
            r->says_close = true;
        break;
    case 17:
        if (str_equals_nocase(name, S("transfer-encoding")))
            return note_encoding(r, value);
        break;
    default:
        break;
    }
    return GOES_ON;
}

/* Cuts a line at its colon. False for anything that is not `token ":" OWS value OWS`, which covers
 * folded lines, spaces before the colon and empty names. */
static bool cut_field(str line, str *out_name, str *out_value)
{
    ptrdiff_t colon = str_find(line, ':');

    if (colon < 0)
        return false;
    *out_name = str_slice(line, 0, (size_t)colon);
    *out_value = str_trim(str_slice(line, (size_t)colon + 1, line.len));
    return syntax_is_token(*out_name) && syntax_is_value(*out_value);
}

static int read_field(struct request_reader *r, const char *head, str line)
{
    str name, value;

    if (!cut_field(line, &name, &value))
        return refuse(r, 400, "a header is not of the form name: value");
    if (r->field_count == REQUEST_HEADERS_MOST)
        return refuse(r, 431, "there are too many headers");
    r->fields[r->field_count++] = (struct request_field){span(head, name), span(head, value)};
    return note_field(r, name, value);
}

static int finish_head(struct request_reader *r)
{
    if (r->minor_version && !r->has_host)
        return refuse(r, 400, "HTTP/1.1 asks for a Host");
    if (r->has_encoding && r->has_length)
        return refuse(r, 400, "Content-Length and Transfer-Encoding exclude each other");
    if (r->has_encoding && !r->minor_version)
        return refuse(r, 400, "HTTP/1.0 knows no Transfer-Encoding");
    if (r->has_encoding)
        r->body = REQUEST_BODY_CHUNKED;
    else if (r->has_length && r->length > 0)
        r->body = REQUEST_BODY_LENGTH;
    r->expects_continue = r->expects_continue && r->minor_version && r->body != REQUEST_BODY_NONE;
    r->keeps_alive = !r->says_close && (r->minor_version || r->says_keep_alive);
    r->state = AT_BODY;
    return REQUEST_HEAD;
}

/* Is there, before `to`, a CR that no LF follows? What was looked at before held none. */
static bool has_lone_cr(const struct request_reader *r, str in, size_t to)
{
    size_t from = r->looked > r->line ? r->looked - 1 : r->line;

    return to > from && memchr(in.data + from, '\r', to - from);
}

/* One line of `in` from r->line on, without its CRLF, or MORE. `limit` bounds the place of its
 * end; beyond it the answer is `status`. */
static int take_line(struct request_reader *r, str in, size_t limit, int status, str *out_line)
{
    size_t fresh = in.len - r->looked;
    const char *feed = fresh ? memchr(in.data + r->looked, '\n', fresh) : NULL;
    size_t end = feed ? (size_t)(feed - in.data) + 1 : in.len + 1; /* at the least */
    size_t before_cr = end < 2 ? 0 : end - 2;

    if (has_lone_cr(r, in, before_cr < limit ? before_cr : limit))
        return refuse(r, 400, "a line does not end in CRLF");
    if (!feed) {
        r->looked = in.len;
        return in.len > limit ? refuse(r, status, "a part of the request is too long")
                              : REQUEST_MORE;
    }
    if (end > limit)
        return refuse(r, status, "a part of the request is too long");
    if (end - r->line < 2 || in.data[end - 2] != '\r')
        return refuse(r, 400, "a line does not end in CRLF");
    *out_line = str_slice(in, r->line, end - 2);
    r->looked = r->line = end;
    return GOES_ON;
}

/* The first bytes: one empty line is forgiven, what cannot begin a method is refused at once. */
static int read_start(struct request_reader *r, str in, size_t *used)
{
    if (in.len == 0)
        return REQUEST_MORE;
    if (in.data[0] == '\r' && !r->skipped_line) {
        if (in.len == 1)
            return REQUEST_MORE;
        if (in.data[1] != '\n')
            return refuse(r, 400, "a line does not end in CRLF");
        r->skipped_line = true;
        *used = 2;
        return GOES_ON;
    }
    if (!syntax_is_token(str_slice(in, 0, 1)))
        return refuse(r, 400, "this does not begin like a request");
    return GOES_ON;
}

static int read_head(struct request_reader *r, str in, size_t *used)
{
    size_t skipped = 0;
    int event = r->state == AT_START ? read_start(r, in, &skipped) : GOES_ON;

    if (event != GOES_ON)
        return event;
    *used += skipped;
    if (skipped)
        return GOES_ON;
    do {
        str line;

        event = take_line(r, in, r->head_limit, 431, &line);
        if (event != GOES_ON)
            return event;
        if (r->state == AT_START)
            event = read_request_line(r, in.data, line);
        else if (line.len > 0)
            event = read_field(r, in.data, line);
        else
            event = finish_head(r);
    } while (event == GOES_ON);
    if (event == REQUEST_HEAD)
        *used += r->line;
    return event;
}

/* *( ";" token [ "=" ( token / quoted-string ) ] ), without the spaces that the RFC calls bad. */
static bool is_extensions(str text)
{
    while (text.len) {
        size_t len;

        if (text.data[0] != ';')
            return false;
        text = str_slice(text, 1, text.len);
        len = syntax_token(text);
        if (len == 0)
            return false;
        text = str_slice(text, len, text.len);
        if (text.len == 0 || text.data[0] != '=')
            continue;
        text = str_slice(text, 1, text.len);
        len = text.len && text.data[0] == '"' ? syntax_quoted(text) : syntax_token(text);
        if (len == 0)
            return false;
        text = str_slice(text, len, text.len);
    }
    return true;
}

static int start_chunk(struct request_reader *r, uint64_t size)
{
    if (size == 0) {
        r->state = AT_TRAILERS;
        return GOES_ON;
    }
    if (size > r->body_limit - r->body_bytes)
        return refuse(r, 413, "the body is too large");
    r->body_bytes += size;
    r->left = size;
    r->state = AT_CHUNK_DATA;
    return GOES_ON;
}

static int read_chunk_line(struct request_reader *r, str in, size_t *used)
{
    str line;
    uint64_t size = 0;
    size_t digits = 0;
    int event = take_line(r, in, CHUNK_LINE_MOST, 400, &line);

    if (event != GOES_ON)
        return event;
    *used += r->line;
    r->line = r->looked = 0;
    for (; digits < line.len && str_hex(line.data[digits]) >= 0; digits++) {
        if (size >> 60)
            return refuse(r, 400, "a chunk's size is out of all bounds");
        size = size << 4 | (uint64_t)str_hex(line.data[digits]);
    }
    if (digits == 0)
        return refuse(r, 400, "a chunk does not begin with its size");
    r->extension_bytes += line.len - digits;
    if (r->extension_bytes > CHUNK_EXTENSIONS_MOST ||
        !is_extensions(str_slice(line, digits, line.len)))
        return refuse(r, 400, "a chunk's extension is malformed or too long");
    return start_chunk(r, size);
}

static int read_chunk_end(struct request_reader *r, str in, size_t *used)
{
    if ((in.len > 0 && in.data[0] != '\r') || (in.len > 1 && in.data[1] != '\n'))
        return refuse(r, 400, "a chunk is longer than its size");
    if (in.len < 2)
        return REQUEST_MORE;
    *used += 2;
    r->state = AT_CHUNK_LINE;
    return GOES_ON;
}

/* Trailers are checked and dropped; one that would change the framing or the route is refused. */
static int read_trailer(struct request_reader *r, str in, size_t *used)
{
    str line, name, value;
    int event = take_line(r, in, r->head_limit - r->trailer_bytes, 431, &line);

    if (event != GOES_ON)
        return event;
    *used += r->line;
    r->trailer_bytes += r->line;
    r->line = r->looked = 0;
    if (line.len == 0) {
        r->state = AT_END;
        return GOES_ON;
    }
    if (!cut_field(line, &name, &value))
        return refuse(r, 400, "a trailer is not of the form name: value");
    if (str_equals_nocase(name, S("content-length")) ||
        str_equals_nocase(name, S("transfer-encoding")) || str_equals_nocase(name, S("host")) ||
        str_equals_nocase(name, S("connection")) || str_equals_nocase(name, S("proxy-connection")))
        return refuse(r, 400, "a trailer would change what the request means");
    return GOES_ON;
}

static int start_body(struct request_reader *r)
{
    r->line = r->looked = 0;
    switch (r->body) {
    case REQUEST_BODY_NONE:
        r->state = AT_END;
        return GOES_ON;
    case REQUEST_BODY_LENGTH:
        if (r->length > r->body_limit)
            return refuse(r, 413, "the body is too large");
        r->left = r->length;
        r->state = AT_LENGTH;
        return GOES_ON;
    case REQUEST_BODY_CHUNKED:
        r->state = AT_CHUNK_LINE;
        return GOES_ON;
    }
    return GOES_ON;
}

static int read_data(struct request_reader *r, str in, size_t *used, str *out_piece)
{
    size_t len = in.len < r->left ? in.len : (size_t)r->left;

    if (len == 0)
        return REQUEST_MORE;
    r->left -= len;
    *used += len;
    *out_piece = str_slice(in, 0, len);
    if (r->left == 0)
        r->state = r->state == AT_LENGTH ? AT_END : AT_CHUNK_END;
    return REQUEST_PIECE;
}

enum request_event request_read(struct request_reader *r, str in, size_t *out_used, str *out_piece)
{
    size_t used = 0;
    int event = GOES_ON;

    while (event == GOES_ON) {
        str rest = str_slice(in, used, in.len);

        switch ((enum state)r->state) {
        case AT_START:
        case AT_FIELDS:
            event = read_head(r, rest, &used);
            break;
        case AT_BODY:
            event = start_body(r);
            break;
        case AT_LENGTH:
        case AT_CHUNK_DATA:
            event = read_data(r, rest, &used, out_piece);
            break;
        case AT_CHUNK_LINE:
            event = read_chunk_line(r, rest, &used);
            break;
        case AT_CHUNK_END:
            event = read_chunk_end(r, rest, &used);
            break;
        case AT_TRAILERS:
            event = read_trailer(r, rest, &used);
            break;
        case AT_END:
            event = REQUEST_END;
            break;
        case AT_REFUSED:
            event = REQUEST_REFUSED;
            break;
        }
    }
    *out_used = used;
    return (enum request_event)event;
}

static str view(const char *head, struct request_span part)
{
    return (str){head + part.at, part.len};
}

void request_bind(const struct request_reader *r, const char *head, struct http_header *headers,
                  struct http_request *out)
{
    out->method = r->method;
    out->minor_version = r->minor_version;
    out->target = view(head, r->target);
    out->path = r->path.len ? view(head, r->path) : S("/"); /* "http://host" asks for its root */
    out->query = r->has_query ? view(head, r->query) : (str){NULL, 0};
    out->headers = headers;
    out->header_count = r->field_count;
    for (size_t i = 0; i < r->field_count; i++)
        headers[i] =
            (struct http_header){view(head, r->fields[i].name), view(head, r->fields[i].value)};
}

uint64_t request_left(const struct request_reader *r)
{
    return r->state == AT_LENGTH ? r->left : 0;
}

void request_drop(struct request_reader *r, uint64_t len)
{
    assert(len <= request_left(r));
    r->left -= len;
    if (r->left == 0)
        r->state = AT_END;
}

bool request_is_untouched(const struct request_reader *r)
{
    return r->state == AT_START;
}

str request_method_name(enum http_method method)
{
    return str_of(method_names[method]);
}
