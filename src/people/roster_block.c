/* roster_block.c - the records of a block, at hand one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "people/roster_block.h"

void roster_block_done(struct roster_block *block)
{
    buf_done(&block->items);
    buf_done(&block->bytes);
}

void roster_block_clear(struct roster_block *block)
{
    buf_clear(&block->items);
    buf_clear(&block->bytes);
}

size_t roster_block_count(const struct roster_block *block)
{
    return block->items.len / sizeof(struct roster_item);
}

const struct roster_item *roster_block_item(const struct roster_block *block, size_t at)
{
    return (const struct roster_item *)(const void *)block->items.data + at;
}

bool roster_block_is_full(const struct roster_block *block)
{
    return roster_block_count(block) >= ROSTER_BLOCK_RECORDS ||
           block->bytes.len >= ROSTER_BLOCK_BYTES;
}

bool roster_block_reserve(struct roster_block *block, const struct log_record *record)
{
    size_t payload = record->kind == RECORD_NODE ? record->payload.len : 0;

    return buf_reserve(&block->items, sizeof(struct roster_item)) &&
           buf_reserve(&block->bytes, record->clear.len + payload);
}

/* What a node's clear part says follows from its identifier. */
static bool is_told(const struct log_record *record, const struct roster_hash *hash,
                    enum node_kind *out_kind)
{
    struct record_node node;

    if (!hash->of || record_read_node(record->clear, &node) ||
        !hash_equals(hash->of(hash->argument, node.kind, record->payload), node.hash))
        return false;
    *out_kind = node.kind;
    return true;
}

void roster_block_add(struct roster_block *block, const struct log_record *record,
                      const struct roster_hash *hash)
{
    struct roster_item item = {
        .seq = record->seq, .node = record->node, .kind = (uint8_t)record->kind};
    enum node_kind kind;

    item.has_payload = record->kind == RECORD_NODE && record->payload.data && !record->is_erased;
    if (item.has_payload && is_told(record, hash, &kind)) {
        item.told = (uint8_t)kind;
    } else {
        item.clear_at = (uint32_t)block->bytes.len;
        item.clear_bytes = (uint32_t)record->clear.len;
        buf_add(&block->bytes, record->clear);
    }
    if (item.has_payload) {
        item.payload_at = (uint32_t)block->bytes.len;
        item.payload_bytes = (uint32_t)record->payload.len;
        buf_add(&block->bytes, record->payload);
    }
    buf_add_bytes(&block->items, &item, sizeof item);
}

str roster_block_text(const struct roster_block *block, const struct roster_item *item)
{
    return item->payload_bytes ? str_from(block->bytes.data + item->payload_at, item->payload_bytes)
                               : S("");
}

fallible roster_block_record(const struct roster_block *block, size_t at,
                             const struct roster_hash *hash, struct buf *clear,
                             struct log_record *out_record)
{
    const struct roster_item *item = roster_block_item(block, at);
    struct log_record record = {
        .seq = item->seq, .count = 1, .kind = (enum record_kind)item->kind, .node = item->node};

    if (item->has_payload)
        record.payload = roster_block_text(block, item);
    if (item->told) {
        size_t from = clear->len;
        struct record_node node = {.kind = (enum node_kind)item->told};

        if (!hash->of)
            return fail(ERR_CORRUPT, "hashes of identifiers are wanted without their key");
        node.hash = hash->of(hash->argument, node.kind, record.payload);
        record_write_node(clear, &node);
        record.clear = str_slice(buf_str(clear), from, clear->len);
    } else {
        record.clear = str_from(block->bytes.data + item->clear_at, item->clear_bytes);
    }
    *out_record = record;
    return OK;
}
