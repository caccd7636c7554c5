/* keys_write.h - keys as JSON, for the API and the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/json.h"
#include "store/access.h"

/* {"id","name","scope","ends_with","origins","servers","created_at","expires_at","revoked_at",
 * "used_at"} */
void keys_write_one(struct json_writer *w, const struct access_key *key);
void keys_write_list(struct json_writer *w, const struct access_key *keys, size_t count);
