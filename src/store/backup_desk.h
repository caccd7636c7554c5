/* backup_desk.h - a backup of a served folder, fetched piece by piece: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * It is begun, read part by part and ended; or it ends by itself when nobody has read from it for
 * BACKUP_DESK_IDLE_MS. Any thread may call; reads wait for one another.
 */
#pragma once
#include "store/backup_parts.h"

struct backup_desk;

enum { BACKUP_DESK_IDLE_MS = 5 * 60 * 1000 };

/* What a backup that was begun holds. */
struct backup_listing {
    str id; /* of this backup, for reading and ending it */
    unsigned char workspace[VAULT_ID_SIZE];
    struct backup_part *parts;
    size_t count;
};

/* Also removes what an earlier process left of a backup. The stock stays open until the end. */
fallible backup_desk_open(const struct backup_stock *stock, struct backup_desk **out_desk);
void backup_desk_close(struct backup_desk *desk); /* NULL is fine */

/* The listing is in `mem`. ERR_CONFLICT while another backup is under way. */
fallible backup_desk_begin(struct backup_desk *desk, struct arena *mem,
                           struct backup_listing *out_listing);
/* Reads bytes [offset, offset + len) of the part with that number in the listing. ERR_ABSENT: no
 * such backup (any more) or part; ERR_INVALID: beyond the part's size. */
fallible backup_desk_read(struct backup_desk *desk, str id, uint64_t part, uint64_t offset,
                          void *out, size_t len);
fallible backup_desk_end(struct backup_desk *desk, str id); /* ERR_ABSENT */
/* Ends what nobody has read from for long; called now and then. */
void backup_desk_tend(struct backup_desk *desk);
