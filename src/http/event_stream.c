/* event_stream.c - whose turn it is with an answer that goes on, and the format of its events.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The turn passes by one atomic. Who ends a stream out of turn leaves a mark there, and the loop
 * then ends it as soon as the piece under way is taken.
 */
#include "http/event_stream.h"

#include "http/answer.h"

#include <assert.h>
#include <string.h>

void event_stream_open(struct exchange *x, void (*call)(void *argument), void *argument)
{
    assert(exchange_is_inline(x));
    x->status = 200;
    exchange_add_header(x, S("Content-Type"), S("text/event-stream"));
    exchange_add_header(x, S("Cache-Control"), S("no-store"));
    exchange_add_header(x, S("X-Accel-Buffering"), S("no")); /* proxies pass it on at once */
    x->stream = (struct event_stream){.is_open = true, .call = call, .argument = argument};
    atomic_init(&x->stream.turn, STREAM_TELLER);
    x->closes = !x->request.minor_version; /* without chunks the end is the connection's */
}

bool event_stream_is_ready(const struct exchange *x)
{
    return atomic_load_explicit(&x->stream.turn, memory_order_acquire) == STREAM_TELLER;
}

struct buf *event_stream_piece(struct exchange *x)
{
    assert(event_stream_is_ready(x));
    return &x->body;
}

static void hand_over(struct exchange *x, enum stream_turn turn)
{
    assert(event_stream_is_ready(x));
    atomic_store_explicit(&x->stream.turn, turn, memory_order_release);
    site_hand_back(x);
}

void event_stream_send(struct exchange *x)
{
    hand_over(x, STREAM_LOOP);
}

void event_stream_end(struct exchange *x)
{
    int turn = STREAM_LOOP;

    if (!atomic_compare_exchange_strong(&x->stream.turn, &turn, STREAM_LAST))
        hand_over(x, STREAM_LAST);
}

/* Format */

static void write_field(struct buf *out, str name, str value)
{
    buf_add(out, name);
    buf_add(out, S(": "));
    buf_add(out, value);
    buf_add_byte(out, '\n');
}

static size_t line_end(str text, size_t from)
{
    while (from < text.len && text.data[from] != '\n' && text.data[from] != '\r')
        from++;
    return from;
}

void event_stream_write(struct buf *out, uint64_t id, str event, str data)
{
    size_t from = 0, to = line_end(data, 0);

    buf_add(out, S("id: "));
    buf_add_u64(out, id);
    buf_add(out, S("\nevent: "));
    buf_add(out, event);
    buf_add_byte(out, '\n');
    for (;;) {
        write_field(out, S("data"), str_slice(data, from, to));
        if (to == data.len)
            break;
        from = to + (str_starts(str_slice(data, to, data.len), S("\r\n")) ? 2 : 1);
        to = line_end(data, from);
    }
    buf_add_byte(out, '\n');
}

void event_stream_write_place(struct buf *out, uint64_t id)
{
    buf_add(out, S("id: "));
    buf_add_u64(out, id);
    buf_add(out, S("\n\n"));
}

void event_stream_write_retry(struct buf *out, uint64_t milliseconds)
{
    buf_add(out, S("retry: "));
    buf_add_u64(out, milliseconds);
    buf_add(out, S("\n\n"));
}

void event_stream_write_beat(struct buf *out)
{
    buf_add(out, S(":\n\n"));
}

/* The loop's side */

bool event_stream_is_open(const struct exchange *x)
{
    return x->stream.is_open;
}

bool event_stream_is_last(const struct exchange *x)
{
    return atomic_load_explicit(&x->stream.turn, memory_order_acquire) == STREAM_LAST;
}

bool event_stream_is_sending(const struct exchange *x)
{
    return x->stream.is_sending;
}

static void write_chunk(struct buf *out, str piece)
{
    if (!piece.len)
        return;
    buf_print(out, "%zx\r\n", piece.len);
    buf_add(out, piece);
    buf_add(out, S("\r\n"));
}

/* What the request took is given back: a stream may last for days. */
static void begin(struct exchange *x, struct buf *out)
{
    answer_write_open(x, out);
    x->stream.has_begun = true;
    x->request.header_count = 0;
    site_give_buf(x->site, &x->input);
}

void event_stream_write_piece(struct exchange *x, bool is_last, struct buf *out)
{
    bool is_chunked = x->request.minor_version;

    out->broken |= buf_is_broken(&x->body);
    if (!x->stream.has_begun)
        begin(x, out);
    if (is_chunked)
        write_chunk(out, buf_str(&x->body));
    else
        buf_add(out, buf_str(&x->body));
    if (is_chunked && is_last)
        buf_add(out, S("0\r\n\r\n"));
    buf_done(&x->body);
    x->stream.is_sending = true;
}

bool event_stream_give_back(struct exchange *x)
{
    int turn = STREAM_LOOP;

    x->stream.is_sending = false;
    if (!atomic_compare_exchange_strong(&x->stream.turn, &turn, STREAM_TELLER))
        return false;
    x->stream.call(x->stream.argument);
    return true;
}

/* A piece in the letter box is answered when it arrives. */
bool event_stream_leave(struct exchange *x)
{
    if (x->stream.is_sending)
        return event_stream_give_back(x);
    if (event_stream_is_ready(x))
        x->stream.call(x->stream.argument);
    return true;
}
