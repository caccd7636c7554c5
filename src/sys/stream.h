/* stream.h - standard input, output and error.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Unbuffered: do not mix with stdio. Not simulated.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum stream { STREAM_IN, STREAM_OUT, STREAM_ERROR };

/* Writes all, waiting as long as it takes. ERR_IO when the reader has gone. */
fallible stream_write(enum stream stream, str bytes);
/* Reads what is there, at least one byte; *out_len == 0: the end. */
fallible stream_read(enum stream stream, void *out, size_t len, size_t *out_len);
bool stream_is_terminal(enum stream stream);
