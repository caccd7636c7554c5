/* roster_block.h - the records of one block of the roster, in memory and packed. For roster*.c
 * alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A block is packed as it is closed, and unpacked whole; in between its records are at hand one by
 * one.
 */
#pragma once
#include "base/buf.h"
#include "store/columns_pack.h"
#include "store/log.h"

enum {
    ROSTER_BLOCK_RECORDS = 2048, /* that close it */
    ROSTER_BLOCK_BYTES = 1 << 18,
    ROSTER_MOST_BODY = 64 << 20,
};

/* The key by which hashes of identifiers are made; without `of` none can be told. */
struct roster_hash {
    hash128 (*of)(void *argument, enum node_kind kind, str text);
    void *argument;
};

struct roster_item {
    uint64_t seq;
    uint32_t clear_at; /* among the block's bytes */
    uint32_t clear_bytes;
    uint32_t payload_at;
    uint32_t payload_bytes;
    node_id node;
    uint8_t kind; /* enum record_kind */
    uint8_t told; /* the kind of a node whose clear part follows from its identifier, else 0 */
    bool has_payload;
    uint8_t form; /* of the payload, while it is packed or unpacked */
};

struct roster_block {
    struct buf items; /* struct roster_item */
    struct buf bytes;
};

void roster_block_done(struct roster_block *block);
void roster_block_clear(struct roster_block *block);
size_t roster_block_count(const struct roster_block *block);
const struct roster_item *roster_block_item(const struct roster_block *block, size_t at);
bool roster_block_is_full(const struct roster_block *block);
/* Room for one more record, so that adding it cannot fail. */
bool roster_block_reserve(struct roster_block *block, const struct log_record *record);
void roster_block_add(struct roster_block *block, const struct log_record *record,
                      const struct roster_hash *hash);
str roster_block_text(const struct roster_block *block, const struct roster_item *item);
/* The record, whose parts are borrowed from the block and, where the clear part was told, from
 * `clear`. ERR_CORRUPT: there is no key to tell it. */
fallible roster_block_record(const struct roster_block *block, size_t at,
                             const struct roster_hash *hash, struct buf *clear,
                             struct log_record *out_record);

/* Appends the block's body; `first_seq`: where it begins. Nothing is added where it fails. */
fallible roster_block_pack(struct roster_block *block, uint64_t first_seq,
                           struct columns_packer *packer, struct buf *out);
/* Replaces the block by what was packed; COLUMNS_PADDING bytes are readable behind the body. Its
 * records are in order and below `next_seq`, or it is ERR_CORRUPT. */
fallible roster_block_unpack(struct roster_block *block, uint64_t first_seq, uint64_t next_seq,
                             str body, struct columns_unpacker *unpacker);
