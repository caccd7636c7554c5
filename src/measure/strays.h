/* strays.h - the rows of a column file that stand under another person than they belong to now.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file keeps its rows where persons stood when it was written. What was joined or parted since
 * moves some of them: these are found once, kept from one question to the next, and brought up to
 * date by the joins and undos that came meanwhile, which touch few clusters. What is deleted, and
 * what is later than a question's as_of, is among them like all else.
 *
 * Any thread may ask, as long as persons stay as they are; what it was given lasts as long.
 */
#pragma once
#include "base/err.h"
#include "store/record.h"

#include <stddef.h>

struct columns;
struct source;
struct strays;

/* Rows [first, end) of a stripe. */
struct strays_run {
    node_id person;  /* whose they are now */
    node_id cluster; /* under whom they stand */
    uint32_t stripe;
    uint32_t first;
    uint32_t end : 31;
    uint32_t is_part : 1; /* the cluster has rows of others, too */
};

/* Of a person who has one run in the file all others of hers are here, too, in place or not. */
struct strays_rows {
    const struct strays_run *runs; /* by person, stripe, first row */
    size_t count;
    uint64_t rows;         /* of them all */
    const uint64_t *moved; /* by cluster: its rows are in the runs; NULL: none are */
};

struct strays *strays_open(void);         /* NULL without memory */
void strays_close(struct strays *strays); /* NULL is fine */
/* ERR_IO, ERR_CORRUPT, ERR_LIMIT. */
fallible strays_read(struct strays *strays, struct columns *columns, const struct source *source,
                     const struct strays_rows **out_rows);

/* The first run of `person` or a greater one; may be the end. */
size_t strays_find(const struct strays_rows *rows, node_id person);
