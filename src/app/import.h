/* import.h - files of events into a data folder or a running server.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row without messageId gets one from the file's content and its line, so importing a file twice
 * adds nothing, and an import that was interrupted is resumed by running it again. Bad rows go to
 * the rejects file as {"file","line","reason","text"}, one a line.
 */
#pragma once
#include "base/arena.h"

struct import;
struct sys;

struct import_options {
    struct sys *sys;
    struct arena *mem;
    const char *folder; /* or */
    const char *url;    /* with `key` */
    const char *key;
    const char *rejects; /* NULL: they are only counted */
    bool dry_run;        /* reads and checks, stores nothing */
};

struct import_totals {
    uint64_t lines;      /* that are not empty */
    uint64_t imported;   /* of a server: taken, new or not */
    uint64_t duplicates; /* stored before; not known of a server */
    uint64_t rejected;
    char first_reason[256];
};

fallible import_open(const struct import_options *options, struct import **out_import);
void import_close(struct import *import); /* NULL is fine */
/* Adds to the totals. ERR_EXPIRED when it was asked to stop; what was imported stays. */
fallible import_file(struct import *import, const char *path, struct import_totals *totals);
