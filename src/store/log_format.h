/* log_format.h - the bytes of the log: heads, groups, records, and how torn ones are told from
 * damaged ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A segment is a preallocated file NNNNNNNN.log: a segment head, then groups, then zeros. A group
 * is a head, records, and a trailer that is never zero, so that of a group every part of every
 * 512-byte sector holds something other than zeros (docs/adr/0001-formats.md).
 */
#pragma once
#include "store/vault.h"

enum {
    LOG_FORMAT = 1,
    LOG_SECTOR = 512,
    LOG_MOST_GROUP = 16 << 20,
    LOG_MOST_BODY = 1 << 30,  /* also of a stretch that salvage made one group of */
    LOG_MOST_COUNT = 1 << 20, /* more sequence numbers than any group takes */
    LOG_ALIGN = 8,
};

#define LOG_SEGMENT_MAGIC 0x31474f4c4452594du /* "MYRDLOG1" */
#define LOG_GROUP_MAGIC 0x50554f5247524f4du   /* "MORGROUP" */

struct log_segment_head {
    uint64_t magic;
    uint32_t format;
    uint32_t index;
    unsigned char workspace[VAULT_ID_SIZE];
    uint64_t first_seq;
    uint64_t previous; /* chain value of the last group before this segment */
    uint64_t reserved;
    uint64_t checksum; /* over the bytes before it */
};

struct log_group_head {
    uint64_t magic;
    uint32_t body_bytes; /* records; a multiple of LOG_ALIGN */
    uint32_t records;
    uint64_t first_seq;
    uint64_t next_seq;
    uint64_t previous; /* chain value of the group before */
    int64_t reserved;
    uint64_t mended;   /* 0; of a head that salvage made anew, the checksum over the bytes before */
    uint64_t checksum; /* over the bytes before it; also the group's chain value */
};

struct log_record_head {
    uint32_t bytes; /* of the whole record; a multiple of LOG_ALIGN */
    uint16_t kind;  /* enum record_kind, or LOG_FILLER */
    uint16_t reserved;
    uint64_t seq;
    uint32_t count;
    uint32_t node;
    uint32_t clear_bytes;
    uint32_t sealed_bytes; /* 0: no payload */
    uint64_t checksum;     /* over the record with this field zero */
};

/* Stands where salvage removed records and takes their sequence numbers, which may be none. */
enum { LOG_FILLER = 0 };

_Static_assert(sizeof(struct log_segment_head) == 64, "no padding");
_Static_assert(sizeof(struct log_group_head) == 64, "no padding");
_Static_assert(sizeof(struct log_record_head) == 40, "no padding");

/* Where the next group is expected, and what it must continue. */
struct log_place {
    uint64_t offset;
    uint64_t seq;
    uint64_t chain;
};

enum log_finding {
    LOG_GROUP,   /* a whole and intact group */
    LOG_END,     /* nothing but zeros, or the end of the file */
    LOG_TORN,    /* a group that was never completed: sectors of it were not written */
    LOG_DAMAGED, /* was whole once and is not any more */
};

size_t log_group_size(size_t body_bytes);
/* The head alone; log_group_close writes the trailer, too. */
void log_group_head_write(char *group, size_t body_bytes, uint32_t records, struct log_place at,
                          uint64_t next_seq);
void log_group_close(char *group, size_t body_bytes, uint32_t records, struct log_place at,
                     uint64_t next_seq);
void log_group_seal_trailer(char *group, size_t body_bytes); /* after a change of head or body */
bool log_group_head_is_sound(const struct log_group_head *head);
/* Classifies what stands at the start of `bytes`, which reach from at.offset of the segment to its
 * end or further than any group. `*out_size` is the group's for LOG_GROUP, and the extent that is
 * in doubt for LOG_TORN and LOG_DAMAGED. */
enum log_finding log_group_find(str bytes, struct log_place at, size_t *out_size);
uint64_t log_record_checksum(const char *record, size_t size);
bool log_record_is_sound(str rest, uint64_t seq, struct log_record_head *out_head);
bool log_is_zero(const char *bytes, size_t len);
size_t log_live_bytes(str bytes); /* without the zeros at their end */
/* Is there a sound group head that continues behind `seq`, at an aligned place from `from` on? */
bool log_has_group(str bytes, size_t from, uint64_t seq);
void log_segment_head_close(struct log_segment_head *head);
bool log_segment_head_is_sound(const struct log_segment_head *head);
