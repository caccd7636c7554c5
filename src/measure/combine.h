/* combine.h - neighbouring column files become one.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each time events settle there is one more file, and joins make rows of older files strays
 * (measure/strays.h) that every question has to gather. To combine files is to write them anew as
 * one, clustered by persons as they are joined now. Files of similar size are combined, so that n
 * times settled means about log4(n) files of each size and as many times written; a file with many
 * strays is written anew by itself, and so is one of which much was deleted: that is left out.
 *
 * One thread combines at a time; events may be folded, settled and asked for meanwhile.
 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct events;
struct sys;

enum { COMBINE_FILES = 4, COMBINE_BUSY_FILES = 8 }; /* of similar size, before they become one */

/* What a choice looks at, of each file. */
struct combine_file {
    uint64_t rows;
    uint64_t strays;  /* of these, looked up one by one by every question */
    uint64_t deleted; /* of the rows, too */
    uint64_t changes; /* joins and undos that the file does not know of */
    uint64_t held;    /* bytes in memory while it is read */
};

/* Whether it is worth while to combine some of the files now, and which: of several, no more than
 * `memory` has room for. */
bool combine_choose(const struct combine_file *files, size_t count, bool is_busy, uint64_t memory,
                    size_t *out_at, size_t *out_count);
/* The same, for the files there are now; false without memory, too. While many events arrive, a
 * file of few rows will soon become one with those that follow it: it is not written anew alone,
 * and more files become one at once. While few do, all files become one. */
bool combine_find(struct events *events, bool is_busy, size_t *out_at, size_t *out_count);

/* ERR_FULL: the new file would leave too little of the disk for events that arrive. */
fallible combine_room(struct events *events, struct sys *sys, size_t at, size_t count);

enum { COMBINE_PACE_ROWS = 4096 };

/* Asked every COMBINE_PACE_ROWS that are read; false ends it (ERR_EXPIRED). May be NULL. */
typedef bool combine_pace(void *argument);

/* Files [at, at + count) become one. ERR_FULL, ERR_LIMIT, ERR_IO, ERR_CORRUPT, ERR_EXPIRED:
 * everything is as it was. */
fallible combine_run(struct events *events, struct sys *sys, size_t at, size_t count,
                     combine_pace *pace, void *argument);
