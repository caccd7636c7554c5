/* inspect.h - how Myriad reads a thing, for people and programs that ask.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/json.h"

struct agent_reader;
struct geography;

struct inspect_means {
    struct agent_reader *agents;
    const struct geography *geography;
};

/* Writes what the `kind` of thing that the value at `at` names is, as one JSON object. ERR_INVALID
 * for a kind that is not known and a value that no such thing can be. */
fallible inspect_write(const struct inspect_means *means, str kind, const struct json *doc,
                       uint32_t at, struct arena *mem, struct json_writer *out);
