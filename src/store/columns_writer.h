/* columns_writer.h - a columns file in the making.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Written beside its name (NAME.new), synced and renamed. One thread; persons ascending, rows of a
 * person in order of (time, sequence number). ERR_FULL, ERR_IO, ERR_LIMIT end it: close the writer,
 * nothing is left behind. What a crash leaves ends in ".new".
 */
#pragma once
#include "store/columns.h"

struct columns_writer;

struct columns_cell {
    uint32_t property;
    uint32_t code;
};
struct columns_row {
    millis time;
    uint64_t seq;
    node_id node;   /* whose event it is: one of the person's */
    node_id device; /* of its anonymousId, or 0 */
    uint32_t kind;
    const struct columns_cell *cells; /* each property at most once */
    uint32_t cell_count;
};

/* `path` is where the finished file shall be. Who reads times and sequence numbers will hold eight
 * bytes of each of `section_rows` rows; the more they are, the fewer bytes the file takes. 0: all.
 */
fallible columns_writer_open(struct sys *sys, const char *path,
                             const unsigned char workspace[COLUMNS_WORKSPACE],
                             uint32_t section_rows, struct columns_writer **out_writer);
/* NULL is fine; removes what is unfinished. */
void columns_writer_close(struct columns_writer *writer);
/* Each gives the next number, from 0 up; the caller sees to it that none is added twice. Values and
 * texts are copied. Codes may be used before or after their value was added. */
fallible columns_writer_kind(struct columns_writer *writer, const struct columns_kind *kind,
                             uint32_t *out_kind);
fallible columns_writer_property(struct columns_writer *writer, str path, uint32_t *out_property);
fallible columns_writer_value(struct columns_writer *writer, uint32_t property,
                              const struct columns_value *value, uint32_t *out_code);
fallible columns_writer_person(struct columns_writer *writer, node_id person);
fallible columns_writer_row(struct columns_writer *writer, const struct columns_row *row);
/* Makes the file whole and durable. `about` gives the three sequence numbers; the rest is filled.
 */
fallible columns_writer_finish(struct columns_writer *writer, struct columns_about *about);
