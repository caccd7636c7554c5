/* backup_parts.h - what of an open data folder goes into a backup.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The log as far as it was durable when this was opened, a copy of the catalog made then, and the
 * keys. Events may go on arriving meanwhile: they are not part of it. One at a time for a folder.
 */
#pragma once
#include "store/backup.h"

struct catalog;
struct datadir;
struct log;

/* An open data folder. */
struct backup_stock {
    struct sys *sys;
    struct datadir *datadir;
    struct catalog *catalog;
    struct vault *vault;
    struct log *log;
};

struct backup_parts {
    struct backup_source source;
    struct sys *sys;
    const char **paths;       /* of each part */
    const char *catalog_copy; /* removed at the end; NULL when none was made */
    struct file *file;        /* of the part read last */
    size_t open_part;
};

/* All but the open file lives in `mem`; `out_parts` must stay where it is until it is closed.
 * backup_parts_close is right after a failure too. */
fallible backup_parts_open(const struct backup_stock *stock, struct arena *mem,
                           struct backup_parts *out_parts);
void backup_parts_close(struct backup_parts *parts);
/* Removes the copy of the catalog that a backup left when its process was ended. */
fallible backup_parts_sweep(const struct backup_stock *stock);
