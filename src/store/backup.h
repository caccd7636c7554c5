/* backup.h - a folder's data in one file, its keys in another, and back.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A backup is a list of named parts, each with its size and a checksum; where the parts come from
 * is the caller's: files of a folder, or a server. Both files carry the workspace's id, so data is
 * never opened with another workspace's keys. What is a fold of the log is left out and made anew.
 */
#pragma once
#include "base/arena.h"
#include "store/vault.h"

struct sys;

enum { BACKUP_PIECE = 4 << 20 }; /* the most that is read of a part at once */

struct backup_part {
    str name; /* path below the data folder, such as "log/00000001.log"; of a key, below "keys/" */
    uint64_t size;
    bool is_key;
};

struct backup_source {
    unsigned char workspace[VAULT_ID_SIZE];
    struct backup_part *parts;
    size_t count;
    /* Fills `out` with bytes [offset, offset + len) of a part, all within its size. */
    enum err (*read)(void *argument, const struct backup_part *part, uint64_t offset, void *out,
                     size_t len);
    /* Called now and then; false stops. May be NULL. */
    bool (*progress)(void *argument, uint64_t done, uint64_t of);
    void *argument;
    void *progress_argument;
};

/* Writes the data to `path` and the keys to `path`.keys, replacing what was there. Each is complete
 * or as it was before, and data that is there has keys at least as new. ERR_INVALID: a part's name
 * would not stay below the folder. */
fallible backup_write(struct sys *sys, const struct backup_source *source, const char *path,
                      millis now);

/* Makes the data folder `folder`, which must not be there yet, from both files. Every checksum is
 * verified and every byte synced before the folder gets its name; after a failure nothing is left,
 * but for `folder`.restoring when the process was ended. ERR_CORRUPT, ERR_CONFLICT (keys of another
 * workspace, a newer format, the folder or what an interrupted restore left is there). */
fallible backup_restore(struct sys *sys, const char *path, const char *keys_path,
                        const char *folder,
                        bool (*progress)(void *argument, uint64_t done, uint64_t of),
                        void *argument);
