/* log_format.c - the bytes of groups and records: made, verified, told apart from torn ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/log_format.h"

#include <stddef.h>
#include <string.h>

size_t log_group_size(size_t body_bytes)
{
    return sizeof(struct log_group_head) + body_bytes + sizeof(uint64_t);
}

bool log_is_zero(const char *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

void log_segment_head_close(struct log_segment_head *head)
{
    head->checksum = hash_checksum(head, offsetof(struct log_segment_head, checksum));
}

bool log_segment_head_is_sound(const struct log_segment_head *head)
{
    return head->magic == LOG_SEGMENT_MAGIC &&
           head->checksum == hash_checksum(head, offsetof(struct log_segment_head, checksum));
}

static uint64_t body_checksum(const char *group, size_t body_bytes)
{
    uint64_t checksum = hash_checksum(group, sizeof(struct log_group_head) + body_bytes);

    return checksum ? checksum : 1; /* a trailer is never zero */
}

void log_group_seal_trailer(char *group, size_t body_bytes)
{
    uint64_t trailer = body_checksum(group, body_bytes);

    memcpy(group + sizeof(struct log_group_head) + body_bytes, &trailer, sizeof trailer);
}

void log_group_head_write(char *group, size_t body_bytes, uint32_t records, struct log_place at,
                          uint64_t next_seq)
{
    struct log_group_head head = {
        .magic = LOG_GROUP_MAGIC,
        .body_bytes = (uint32_t)body_bytes,
        .records = records,
        .first_seq = at.seq,
        .next_seq = next_seq,
        .previous = at.chain,
    };

    head.checksum = hash_checksum(&head, offsetof(struct log_group_head, checksum));
    memcpy(group, &head, sizeof head);
}

void log_group_close(char *group, size_t body_bytes, uint32_t records, struct log_place at,
                     uint64_t next_seq)
{
    log_group_head_write(group, body_bytes, records, at, next_seq);
    log_group_seal_trailer(group, body_bytes);
}

bool log_group_head_is_sound(const struct log_group_head *head)
{
    if (head->magic != LOG_GROUP_MAGIC || head->body_bytes % LOG_ALIGN ||
        head->body_bytes > LOG_MOST_BODY || head->next_seq < head->first_seq)
        return false;
    if (head->mended)
        return head->mended == hash_checksum(head, offsetof(struct log_group_head, mended));
    return head->checksum == hash_checksum(head, offsetof(struct log_group_head, checksum));
}

static bool is_whole(str bytes, const struct log_group_head *head, struct log_place at)
{
    size_t size = log_group_size(head->body_bytes);
    uint64_t trailer;

    if (bytes.len < size || head->first_seq != at.seq || head->previous != at.chain)
        return false;
    memcpy(&trailer, bytes.data + size - sizeof trailer, sizeof trailer);
    return trailer == body_checksum(bytes.data, head->body_bytes);
}

/* Is there a part of a sector within [0, size) that was never written, or the trailer? */
static bool has_missing_part(const char *bytes, uint64_t offset, size_t size)
{
    for (size_t from = 0; from < size;) {
        size_t to = from + LOG_SECTOR - (size_t)((offset + from) % LOG_SECTOR);

        if (to > size)
            to = size;
        if (log_is_zero(bytes + from, to - from))
            return true;
        from = to;
    }
    return log_is_zero(bytes + size - sizeof(uint64_t), sizeof(uint64_t));
}

bool log_has_group(str bytes, size_t from, uint64_t seq)
{
    for (size_t i = from; i + sizeof(struct log_group_head) <= bytes.len; i += LOG_ALIGN) {
        struct log_group_head head;

        memcpy(&head.magic, bytes.data + i, sizeof head.magic);
        if (head.magic != LOG_GROUP_MAGIC)
            continue;
        memcpy(&head, bytes.data + i, sizeof head);
        if (log_group_head_is_sound(&head) && head.first_seq > seq)
            return true;
    }
    return false;
}

size_t log_live_bytes(str bytes)
{
    size_t end = bytes.len;

    while (end >= LOG_SECTOR && log_is_zero(bytes.data + end - LOG_SECTOR, LOG_SECTOR))
        end -= LOG_SECTOR;
    while (end && bytes.data[end - 1] == 0)
        end--;
    return end;
}

static size_t live_extent(str bytes)
{
    size_t end = (log_live_bytes(bytes) + LOG_ALIGN - 1) / LOG_ALIGN * LOG_ALIGN;

    return end < bytes.len ? end : bytes.len;
}

enum log_finding log_group_find(str bytes, struct log_place at, size_t *out_size)
{
    struct log_group_head head;
    size_t doubt;

    *out_size = 0;
    if (bytes.len < sizeof head) {
        *out_size = live_extent(bytes);
        return *out_size ? LOG_TORN : LOG_END;
    }
    memcpy(&head, bytes.data, sizeof head);
    if (log_group_head_is_sound(&head) && is_whole(bytes, &head, at)) {
        *out_size = log_group_size(head.body_bytes);
        return LOG_GROUP;
    }
    *out_size = live_extent(bytes);
    if (*out_size == 0)
        return LOG_END;
    /* The writer starts a group only when the one before is synced, so a sound group further on
     * proves that what stands here was whole once. */
    if (log_has_group(bytes, LOG_ALIGN, at.seq))
        return LOG_DAMAGED;
    doubt = sizeof head;
    if (log_group_head_is_sound(&head) && head.first_seq == at.seq && head.previous == at.chain)
        doubt = log_group_size(head.body_bytes);
    if (doubt > bytes.len)
        return LOG_DAMAGED; /* the file was made long enough, and synced, before it was used */
    return has_missing_part(bytes.data, at.offset, doubt) ? LOG_TORN : LOG_DAMAGED;
}

uint64_t log_record_checksum(const char *record, size_t size)
{
    struct log_record_head head;

    memcpy(&head, record, sizeof head);
    head.checksum = 0;
    return hash_checksum_seeded(record + sizeof head, size - sizeof head,
                                hash_checksum(&head, sizeof head));
}

bool log_record_is_sound(str rest, uint64_t seq, struct log_record_head *out_head)
{
    struct log_record_head head;
    uint64_t content;

    if (rest.len < sizeof head)
        return false;
    memcpy(&head, rest.data, sizeof head);
    content = sizeof head + (uint64_t)head.clear_bytes + head.sealed_bytes;
    if (head.bytes > rest.len || head.bytes < content || head.bytes - content >= LOG_ALIGN ||
        head.bytes % LOG_ALIGN || head.seq != seq || (head.count == 0 && head.kind != LOG_FILLER) ||
        head.checksum != log_record_checksum(rest.data, head.bytes))
        return false;
    *out_head = head;
    return true;
}
