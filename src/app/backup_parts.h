/* backup_parts.h - what of an open data folder goes into a backup.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The log as far as it was durable when this was opened, a copy of the catalog made then, and the
 * keys. Events may go on arriving meanwhile: they are not part of it.
 */
#pragma once
#include "store/backup.h"

struct workspace;

struct backup_parts {
    struct backup_source source;
    struct sys *sys;
    const char **paths;       /* of each part */
    const char *catalog_copy; /* removed at the end; NULL when none was made */
    struct file *file;        /* of the part read last */
    size_t open_part;
};

/* All but the open file lives in `mem`. */
fallible backup_parts_open(struct workspace *workspace, struct arena *mem,
                           struct backup_parts *out_parts);
void backup_parts_close(struct backup_parts *parts);
