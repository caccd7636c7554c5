/* log_int.h - the bytes of the log, and what its files share.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A segment is a preallocated file NNNNNNNN.log: a segment header, then groups, then zeros. A
 * group is a header, records, and a trailer whose last eight bytes are never zero, so that of a
 * group every part of every 512-byte sector holds something other than zeros (docs/adr/0001).
 */
#pragma once
#include "store/log.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <stdatomic.h>

enum {
    LOG_FORMAT = 1,
    LOG_SECTOR = 512,
    LOG_PATH = 4096,
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

/* log_group.c: bytes only */
size_t log_group_size(size_t body_bytes);
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
/* Is there a sound group head that continues behind `seq`, at an aligned place from `from` on? */
bool log_has_group(str bytes, size_t from, uint64_t seq);
void log_segment_head_close(struct log_segment_head *head);
bool log_segment_head_is_sound(const struct log_segment_head *head);

/* log_segment.c: one segment at a time, whole in memory */
struct log_segment {
    uint32_t index;
    char path[LOG_PATH];
    struct file *file;
    char *bytes; /* of the whole file, or NULL */
    size_t size;
    bool has_head;
    struct log_segment_head head;
};
fallible log_segments_list(const struct log_config *config, struct arena *mem,
                           uint32_t **out_indexes, size_t *out_count);
void log_segment_path(const struct log_config *config, uint32_t index, char *out_path);
/* Creates and preallocates; synced, its folder entry too. */
fallible log_segment_make(const struct log_config *config, uint32_t index, struct file **out_file);
/* Opens and reads it all; verifies the head. A segment that nothing was committed to has none.
 * ERR_CORRUPT for a damaged head. */
fallible log_segment_load(const struct log_config *config, uint32_t index, unsigned modes,
                          struct log_segment *out_segment);
void log_segment_unload(struct log_segment *segment);

/* Now and then the place of a group is noted, so that a reader finds its start quickly. */
struct log_mark {
    uint32_t index;
    struct log_place place;
};
enum { LOG_MARK_EVERY = 256 << 10 }; /* bytes of a segment between two marks */

/* A group in memory, plain, for readers close behind the writer. */
struct log_plain {
    struct log_plain *next;
    atomic_int holders;
    uint64_t first_seq;
    uint64_t next_seq;
    size_t bytes;
    struct buf text; /* clear parts and payloads, one after the other */
    struct log_plain_record {
        struct log_entry entry; /* its strs hold offsets into text until the group is committed */
        uint64_t seq;
    } * records;
    size_t count;
    size_t room;
};

struct log {
    struct log_config config;
    char *folder; /* config.folder, owned */
    /* The writer's own */
    struct file *file;
    uint64_t file_bytes; /* preallocated */
    uint32_t index;
    struct log_place place;
    bool needs_head; /* the next group begins a segment */
    bool is_open_group;
    bool is_unsealed; /* a payload of the open group could not be sealed */
    atomic_bool is_broken; /* a write or sync failed: nothing can be promised any more */
    char *group; /* segment head, group head, records */
    size_t group_room;
    size_t group_len; /* of records so far */
    size_t group_most;
    uint32_t group_records;
    struct log_plain *plain;
    /* Shared */
    atomic_uint_fast64_t next_seq;
    atomic_uint_fast64_t durable_seq;
    struct mutex *prepare_lock;
    struct file *spare; /* of segment index + 1, ready to use */
    struct mutex *lock;
    struct condition *grown;
    struct log_plain *oldest;
    struct log_plain *newest;
    size_t recent;
    struct log_stats stats;
    uint32_t newest_index; /* the segment last committed to, and how far */
    uint64_t newest_bytes;
    struct log_mark *marks; /* by seq */
    size_t mark_count;
    size_t mark_room;
};

#define LOG_GROUP_START (sizeof(struct log_segment_head) + sizeof(struct log_group_head))

void log_plain_release(struct log_plain *plain);
/* Notes where a group starts, if it is far enough behind the last one noted; any thread. */
void log_mark_note(struct log *log, uint32_t index, struct log_place place);
/* The last mark with place.seq <= seq; false if there is none. */
bool log_mark_find(struct log *log, uint64_t seq, struct log_mark *out_mark);
