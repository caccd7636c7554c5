/* machines.h - which events are a machine's: questions without them, and messages that say so.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event is a machine's if its message says so, or if a revision does (store/verdicts.h), which
 * outranks the message.
 */
#pragma once
#include "store/verdicts.h"

struct json;
struct json_writer;
struct source;

/* Where a message tells its verdict, as a property, and what it says then. */
#define MACHINES_PATH "context.traffic.verdict"
#define MACHINES_VERDICT "machine"

/* From now on the source has no event of a machine; who did nothing else has none at all. */
void machines_leave(struct source *source);

/* Does the message say that it is a machine's? */
bool machines_tell(const struct json *message);
/* Writes the "context" of a message whose verdict was revised: with the new one, and so marked. */
void machines_write_context(struct json_writer *out, const struct json *message,
                            enum verdict verdict);
