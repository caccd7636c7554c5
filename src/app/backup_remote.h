/* backup_remote.h - a running server as the source of a backup.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "app/remote.h"
#include "store/backup.h"

struct backup_remote {
    struct backup_source source;
    struct sys *sys;
    struct arena *piece; /* of the answer under way */
    struct remote server;
    str id; /* of the backup at the server; absent: none was begun */
};

/* Begins a backup at the server; the list of its parts is in `mem`. `key` is an admin key.
 * backup_remote_close is right after a failure too. */
fallible backup_remote_open(struct sys *sys, const char *url, str key, struct arena *mem,
                            struct backup_remote *out_remote);
/* Ends it at the server too, if that can be reached. */
void backup_remote_close(struct backup_remote *remote);
