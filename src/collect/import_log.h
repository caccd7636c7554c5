/* import_log.h - web-server logs in the combined format: each line is an event "Request".
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Its properties are method, path, status, bytes and referrer; context.userAgent is the visitor's
 * browser. The visitor is a keyed hash of address and user agent: see visitor.h.
 */
#pragma once
#include "base/hash.h"
#include "collect/import_codec.h"

struct import_log {
    const hash_key *key; /* of visitors; NULL: the server has it and is told who it was */
};

struct import_codec import_log_codec(struct import_log *log);
/* Is some line of a file's beginning one of such a log? */
bool import_log_recognise(str head);
