/* import_rows.h - a codec run over a text as an import does, every promise of it checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/import_codec.h"

struct import_rows {
    struct arena *mem;          /* what lasts: the JSON of rows and reasons */
    struct json_reader *reader; /* to read again what was written */
    struct buf out;             /* a line a row: "LINE JSON" or "LINE !reason" */
    uint64_t taken;
    uint64_t rejected;
    uint64_t rows; /* that codecs said were read */
    bool is_cut_short;
    const hash_key *visitors; /* `out` has what a server with this key makes of the messages */
};

/* Asserts that each message is what message_read makes of its JSON, and that it stays within the
 * room that import_codec.h grants. */
void import_rows_run(struct import_rows *rows, struct import_codec codec, str text);
/* Only cuts, and calls `each` behind every row: for a first pass. */
void import_rows_cut(struct import_codec codec, str text, void (*each)(void *), void *argument);
