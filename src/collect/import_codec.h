/* import_codec.h - what every reader of files of events is: rows cut off a text, made messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A codec holds nothing of the file's bytes: a row is a view of the window, and what a message
 * points to is copied to where `import_out` says. So a row costs no allocation.
 */
#pragma once
#include "collect/message.h"

enum {
    IMPORT_LONGEST_ROW = 64 << 10, /* that can be read; what is longer is rejected */
    IMPORT_GROWTH = 8,             /* a row of so many bytes takes at most so many times as many, */
    IMPORT_FIXED = 8 << 10,        /* and so many besides, and the codec's own overhead */
};

struct import_row {
    str text; /* as it stands in the file, without its line's end; absent: nothing to import */
    uint32_t lines; /* that it took */
    uint32_t rows;  /* of the file that are read with it */
    uint64_t line;  /* where it starts, when that is not where the text was cut; else 0 */
};

struct import_out {
    struct message *message;
    char *at;          /* free room; moved behind what was written */
    struct arena *mem; /* for one row */
    str file_id;       /* begins the messageId of rows without one; absent: not yet known */
    uint64_t line;     /* where the row starts */
    millis received;
};

struct import_codec {
    void *state;
    /* Cuts the next row off `*rest`, which is not empty and has JSON_PADDING readable bytes behind
     * it; false when its end is not in sight and more text can follow (`is_last` false). */
    bool (*next)(void *state, str *rest, bool is_last, struct import_row *out_row);
    /* Reads the row that came last. ERR_INVALID: it cannot be taken, the sentence says why;
     * ERR_ABSENT: it needs the file's id. */
    fallible (*read)(void *state, const struct import_row *row, struct import_out *out);
    /* All was read: was it whole? NULL: nobody can tell. */
    fallible (*finish)(void *state);
    size_t overhead; /* bytes that the row's own do not account for */
};

/* What cuts a text into lines, for codecs that read lines. */
bool import_codec_next_line(void *state, str *rest, bool is_last, struct import_row *out_row);
