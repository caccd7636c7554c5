/* import.h - files of events into a data folder or a running server.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file is JSON lines, a web server's log or columns; a map, if there is one, says which columns.
 * A row without messageId gets one from the file's content and its line, so importing a file twice
 * adds nothing, and an import that was interrupted is resumed by running it again. Bad rows go to
 * the rejects file as {"file","line","reason","text"}, one a line.
 */
#pragma once
#include "base/json.h"
#include "collect/import_table.h"

struct import;
struct sys;

struct import_options {
    struct sys *sys;
    struct arena *mem;
    enum import_table_kind kind;
    const char *folder; /* or */
    const char *url;    /* with `key` */
    const char *key;
    const char *map;     /* NULL: the files say by themselves what they are */
    const char *rejects; /* NULL: they are only counted */
    bool dry_run;        /* reads and checks, writes nothing */
};

struct import_totals {
    uint64_t lines;      /* rows that are not empty */
    uint64_t imported;   /* of a server: taken, new or not */
    uint64_t duplicates; /* stored before; not known of a server */
    uint64_t rejected;
    char first_reason[256];
};

fallible import_open(const struct import_options *options, struct import **out_import);
void import_close(struct import *import); /* NULL is fine */
/* Adds to the totals; `files` gets an object that says how the file was read. ERR_EXPIRED when it
 * was asked to stop; what was imported stays. */
fallible import_file(struct import *import, const char *path, struct import_totals *totals,
                     struct json_writer *files);
/* After the last file: what was imported into a folder is made ready for questions. ERR_EXPIRED as
 * above. */
fallible import_finish(struct import *import);
