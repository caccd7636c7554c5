/* log_write.h - a closed group on its way to the disk, at once or by another thread. For log*.c
 * alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/log_int.h"

/* A group that nothing is added to any more, and where it is to be written. */
struct log_closed {
    struct file *file;
    struct file
        *former; /* of the segment before, to be closed when the group is written; or NULL */
    uint32_t index;
    struct log_place place; /* where it begins */
    uint64_t end;           /* bytes of the segment in use, with it */
    uint64_t next_seq;
    uint32_t records;
    char *pages; /* whole ones, `size` bytes, for `offset` of the file */
    size_t size;
    uint64_t offset;
    size_t group_at; /* in the pages; before it stands what the file's page has, or a head */
    size_t group_len;
    bool is_first; /* of its segment */
    struct log_plain *plain;
};

/* Seals, writes, syncs and publishes the group, whose plain memory it takes; what fails is final.
 */
fallible log_write_closed(struct log *log, const struct log_closed *closed);
/* The same in two: groups are sealed one after the other, and each is written when the one before
 * it is there. A group that could not be sealed is given to log_write_sealed, too, which fails. */
fallible log_write_seal(struct log *log, const struct log_closed *closed);
fallible log_write_sealed(struct log *log, const struct log_closed *closed);
