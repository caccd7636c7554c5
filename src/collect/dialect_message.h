/* dialect_message.h - messages of ours from pages, and what only their request knows of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/dialect.h"

/* The message at `at`, as it is, with agent and language of the request where it has none, and a
 * visitor where it names nobody. */
void dialect_add_message(struct dialect_out *out, const struct json *doc, uint32_t at);
