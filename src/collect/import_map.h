/* import_map.h - what a file's columns are, where the file does not say it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"delimiter":","|"\t"|"spaces","header":true|false,"columns":["userId","timestamp",...],
 *  "types":{"quantity":"integer"},"formats":{"timestamp":"%Y%m%d"},"timezone":"Europe/Berlin",
 *  "set":{"event":"Order Completed"}}
 *
 * `columns` names the columns, null for one that is left out; with `header` true the first line is
 * skipped then, and without `columns` it names them. What `set` says goes before a column.
 */
#pragma once
#include "base/json.h"
#include "collect/import_value.h"

struct import_map_rule {
    str column;
    enum import_type type; /* IMPORT_GUESSED: not said */
    str format;            /* absent: not said */
};

struct import_map_constant {
    str name;
    str json; /* its value */
    str text; /* of a string or a number */
};

struct import_map {
    char delimiter;
    bool has_header;
    str *columns; /* NULL: the header names them */
    size_t column_count;
    struct import_map_rule *rules;
    size_t rule_count;
    struct zone *zone; /* NULL: UTC */
    struct import_map_constant *constants;
    size_t constant_count;
};

/* Of a file that needs none: commas, a header. */
void import_map_default(struct import_map *map);
/* Texts are in `mem`. ERR_INVALID names the member that is wrong. */
fallible import_map_read(struct arena *mem, str text, struct import_map *out_map);
void import_map_done(struct import_map *map);
