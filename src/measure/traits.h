/* traits.h - a person's traits as they stood, read again from the messages that gave them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "measure/source.h"

struct json_writer;
struct traits;

/* All lives in `mem`, but for what traits_close gives back. */
fallible traits_open(struct arena *mem, const struct source *source, millis as_of,
                     struct traits **out_traits);
void traits_close(struct traits *traits); /* NULL is fine */
/* An object of her traits by their flat paths (address.city); of each the newest value, and none
 * where that is null. */
fallible traits_write(struct traits *traits, node_id person, struct json_writer *out);
