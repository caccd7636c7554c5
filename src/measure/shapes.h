/* shapes.h - remembers how messages are built, so that the next one like it needs no parsing.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Trackers write the same keys in the same order again and again. The shape of a message is its
 * text without the values; a message of a known shape is cut into its values, and their cells are
 * put into the runs that walking the first message of that shape has shown. What does not fit to
 * the byte, or holds anything out of the ordinary, is left to the JSON reader.
 */
#pragma once
#include "base/json.h"
#include "measure/flatten.h"
#include "store/record.h"

struct shapes;

struct shapes *shapes_open(void); /* NULL without memory */
void shapes_close(struct shapes *shapes);

/* Folds a message of a known shape as flatten_message would (with its arena as scratch), with
 * `*out_name` the code of its `event`, which stays as it was for other types than track.
 * *out_is_known: was it one? */
fallible shapes_fold(struct shapes *shapes, struct flatten *flatten,
                     const struct record_event *event, uint32_t *out_name, uint32_t *out_run,
                     bool *out_is_known);

/* Before walking a message that was of no known shape: where to trace it, or NULL where it will
 * not be learned. Afterwards, unless that failed or left something out, shapes_learn. */
struct flatten_trace *shapes_trace(struct shapes *shapes, enum event_type type);
void shapes_learn(struct shapes *shapes, const struct json *message, enum event_type type);

uint64_t shapes_bytes(const struct shapes *shapes);
