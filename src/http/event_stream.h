/* event_stream.h - an answer that goes on: server-sent events (WHATWG HTML), piece by piece.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * An inline route that leaves its exchange unanswered may open it as a stream. Teller and loop then
 * take turns: the teller fills a piece and sends it, and it is her turn again when the client has
 * taken all of it. So a slow client holds one piece and no more, and nobody waits for it. `call` is
 * called on the loop when it is her turn again and when the client has left
 * (exchange_is_abandoned); it must not block, and `argument` outlives the server. Every stream is
 * ended, once, whoever has left.
 */
#pragma once
#include "base/buf.h"

struct exchange;

/* From the inline route itself; afterwards the texts of the request are gone. The answer is 200
 * with the headers added so far. */
void event_stream_open(struct exchange *x, void (*call)(void *argument), void *argument);

/* For the teller, one thread at a time. */
bool event_stream_is_ready(const struct exchange *x);
struct buf *event_stream_piece(struct exchange *x); /* to be filled; only while it is ready */
void event_stream_send(struct exchange *x);         /* a piece that is not empty */
/* The last: what the piece holds goes out before. Also while it is not ready. The exchange is
 * gone. */
void event_stream_end(struct exchange *x);

/* The format. Breaks of lines in `data` (CR, LF or both) are kept as the format can: as LF. */
void event_stream_write(struct buf *out, uint64_t id, str event, str data);
/* The client's place, for when it comes again, though there is nothing to tell. */
void event_stream_write_place(struct buf *out, uint64_t id);
void event_stream_write_retry(struct buf *out, uint64_t milliseconds);
void event_stream_write_beat(struct buf *out); /* a comment, so that nobody thinks it dead */

/* For the loop: see connection.c. */
bool event_stream_is_open(const struct exchange *x);
bool event_stream_is_last(const struct exchange *x); /* of a piece that was handed over */
bool event_stream_is_sending(const struct exchange *x);
/* Appends the piece as it goes over the line, the head before the first. */
void event_stream_write_piece(struct exchange *x, bool is_last, struct buf *out);
/* The client took the piece, or is gone. False: it was the last one, nobody asks for it back. */
bool event_stream_give_back(struct exchange *x);
/* The client has left. False as above. */
bool event_stream_leave(struct exchange *x);
