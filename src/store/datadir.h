/* datadir.h - the data folder: its parts, its format, its one holder.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   myriad.format   what the folder is, and which program made it
 *   lock            held by the process that has it open; names that process
 *   catalog.db      and catalog.db-wal: what was promised (catalog.h)
 *   log/ columns/ keys/ seen/
 */
#pragma once
#include "base/arena.h"

struct sys;
struct datadir;

enum { DATADIR_FORMAT = 1 }; /* the newest one this program knows */

enum datadir_part {
    DATADIR_CATALOG, /* a file; the others are folders */
    DATADIR_LOG,
    DATADIR_COLUMNS,
    DATADIR_KEYS,
    DATADIR_SEEN,
};

/* Makes the folder, whose parent has to be there, and its parts, so that they last. ERR_CONFLICT
 * when something is in it already; what an interrupted call left does not count. */
fallible datadir_create(struct sys *sys, const char *path);
/* Takes the folder for this process. ERR_ABSENT: it is no data folder; ERR_CONFLICT: another
 * process holds it, whose id the sentence gives, or a newer program wrote it: then nothing was
 * changed; ERR_CORRUPT: its format file is damaged. */
fallible datadir_open(struct sys *sys, const char *path, struct datadir **out_datadir);
void datadir_close(struct datadir *datadir); /* NULL is fine */

const char *datadir_root(const struct datadir *datadir);
/* In `mem`, with a NUL behind it; NULL without memory. */
const char *datadir_path(const struct datadir *datadir, enum datadir_part part, struct arena *mem);
