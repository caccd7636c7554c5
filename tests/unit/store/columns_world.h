/* columns_world.h - random tables, written to columns files and compared with what is read back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/random.h"
#include "store/columns.h"
#include "store/columns_writer.h"

enum { WORLD_KINDS = 12, WORLD_MOST_PROPERTIES = 8 };

extern const unsigned char world_workspace[COLUMNS_WORKSPACE];

/* How a table looks like. */
struct table_shape {
    uint32_t persons;
    uint32_t most_rows;  /* of a person */
    uint32_t huge_rows;  /* of one person in the middle; 0: there is none */
    uint32_t properties; /* up to WORLD_MOST_PROPERTIES, each of another character */
    uint32_t values;     /* of a property, at the most */
    uint32_t section_rows;
};

struct table_row {
    node_id person;
    millis time;
    uint64_t seq;
    node_id node;
    node_id device;
    uint32_t kind;
    uint32_t codes[WORLD_MOST_PROPERTIES]; /* code + 1, or 0 */
};

struct table {
    struct table_shape shape;
    struct table_row *rows;
    uint32_t count;
    uint32_t persons;
    const struct columns_value *values[WORLD_MOST_PROPERTIES];
    uint32_t value_counts[WORLD_MOST_PROPERTIES];
};

/* In test_mem. */
struct table table_make(uint64_t seed, const struct table_shape *shape);
enum err table_write(const struct table *table, struct sys *sys, const char *path);
/* Every block, dictionary and name of the file is what the table says. */
void table_compare(const struct table *table, struct columns *columns);
/* As table_compare, with the sentence of the first failure instead of a failed check. */
enum err table_read(const struct table *table, struct columns *columns);
