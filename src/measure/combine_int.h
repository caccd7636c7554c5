/* combine_int.h - how several column files are written as one, for combine*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/combine.h"
#include "measure/known.h"
#include "store/columns_writer.h"

/* The person that a node belongs to now. */
struct combine_place {
    node_id node;
    node_id person;
};

struct combine_job {
    struct sys *sys;
    const char *path; /* where the new file shall be */
    const unsigned char *workspace;
    uint32_t section_rows;  /* of the new file */
    struct columns **files; /* in log order */
    size_t count;
    const struct combine_place *places; /* by node: all of every person who changed since a file */
    size_t place_count;                 /* was written; she is sought nowhere else */
    uint64_t identity_seq;
    struct events *deletes; /* what it says is deleted is left out; NULL: nothing is */
    hash_key key;
    combine_pace *pace;
    void *argument;
};

fallible combine_write(const struct combine_job *job);

/* --- combine_union.c: kinds, properties and values of several files under one numbering --------*/

struct combine_property {
    uint32_t number; /* in the new file; COLUMNS_NONE until it is used */
    uint32_t *codes; /* by code of this file: that of the new one, or COLUMNS_NONE */
    const struct columns_value *values;
    uint32_t count;
};

struct combine_source {
    struct columns *columns;
    uint32_t *kinds; /* in the new file, or COLUMNS_NONE */
    struct combine_property *properties;
};

struct combine_union {
    struct columns_writer *writer;
    struct combine_source *sources; /* of each file */
    size_t count;
    struct known known;
    struct buf text;
    hash_key key;
};

/* combine_union_done is right after a failure, too. */
fallible combine_union_init(struct combine_union *combined, struct columns_writer *writer,
                            const struct combine_job *job);
void combine_union_done(struct combine_union *combined);
/* Adds the values of properties that have many, those of the most rows first. To be done before any
 * row is read; what is deleted does not count. */
fallible combine_union_order(struct combine_union *combined, const struct combine_job *job);
fallible combine_union_kind(struct combine_union *combined, struct combine_source *source,
                            uint32_t kind, uint32_t *out_kind);
/* Makes a property ready for combine_union_value. */
fallible combine_union_property(struct combine_union *combined, struct combine_source *source,
                                uint32_t property);
fallible combine_union_value(struct combine_union *combined, struct combine_property *property,
                             uint32_t code, uint32_t *out_code);
