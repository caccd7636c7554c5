/* roster_text.c - identifiers found by where their records stand.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who asks for one often asks for those around next: the block of the latest stays unpacked.
 */
#include "base/mem.h"
#include "people/roster_int.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <string.h>

static fallible damaged(const struct roster *roster, node_id node)
{
    return fail(ERR_CORRUPT, "%s is damaged: it does not hold the identifier of node %u",
                roster->path, node);
}

/* The bytes from `at` on, of which some or all may be missing. */
static fallible read_bytes(const struct roster *roster, uint64_t at, void *bytes, size_t len,
                           size_t *out_len)
{
    uint64_t ahead = roster->durable.bytes;
    str waiting = buf_str(&roster->waiting);

    if (at < ahead)
        return file_read(roster->file, at, bytes, len, out_len);
    waiting = at - ahead < waiting.len
                  ? str_slice(waiting, (size_t)(at - ahead), (size_t)(at - ahead) + len)
                  : (str){NULL, 0};
    if (waiting.len)
        memcpy(bytes, waiting.data, waiting.len);
    *out_len = waiting.len;
    return OK;
}

static fallible unpack(const struct roster *roster, struct roster_reading *reading,
                       const struct roster_block_head *head, uint64_t at, node_id node)
{
    char *body = mem_grow(NULL, head->body_bytes + COLUMNS_PADDING);
    size_t len;
    enum err err;

    if (!body)
        return mem_exhausted();
    err = read_bytes(roster, at + sizeof *head, body, head->body_bytes, &len);
    if (!err && (len < head->body_bytes || head->checksum != roster_block_checksum(head, body)))
        err = damaged(roster, node);
    if (!err)
        err = roster_block_unpack(&reading->block, head->first_seq, head->next_seq,
                                  str_from(body, len), &reading->in);
    mem_free(body);
    return err == ERR_CORRUPT ? damaged(roster, node) : err;
}

/* Makes the block at `at` the latest. */
static fallible load(const struct roster *roster, struct roster_asked *asked, uint64_t at,
                     node_id node)
{
    struct roster_block_head head;
    size_t len;

    if (asked->at == at)
        return OK;
    asked->at = 0;
    TRY(roster_reading_init(&asked->reading));
    TRY(read_bytes(roster, at, &head, sizeof head, &len));
    if (len < sizeof head || head.magic != ROSTER_BLOCK_MAGIC || head.body_bytes > ROSTER_MOST_BODY)
        return damaged(roster, node);
    TRY(unpack(roster, &asked->reading, &head, at, node));
    asked->at = at;
    return OK;
}

static fallible take_text(const struct roster *roster, const struct roster_block *block,
                          uint64_t place, node_id node, struct buf *out_text)
{
    size_t record = (size_t)(place & ((1u << ROSTER_PLACE_BITS) - 1));
    const struct roster_item *item;

    if (!record || record > roster_block_count(block))
        return damaged(roster, node);
    item = roster_block_item(block, record - 1);
    if (item->kind != RECORD_NODE || item->node != node)
        return damaged(roster, node);
    if (!item->has_payload)
        return fail(ERR_ABSENT, "the identifier of node %u was erased", node);
    buf_add(out_text, roster_block_text(block, item));
    return OK;
}

fallible roster_text(struct roster *roster, uint64_t place, node_id node, struct buf *out_text)
{
    uint64_t at = place >> ROSTER_PLACE_BITS;
    struct roster_asked *asked = &roster->asked;
    enum err err;

    if (at == roster->closed.bytes)
        return take_text(roster, &roster->open, place, node, out_text);
    mutex_lock(asked->mutex);
    err = load(roster, asked, at, node);
    if (!err)
        err = take_text(roster, &asked->reading.block, place, node, out_text);
    mutex_unlock(asked->mutex);
    return err;
}
