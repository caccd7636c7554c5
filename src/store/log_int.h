/* log_int.h - what the files of the log share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/log.h"
#include "store/log_format.h"
#include "store/log_places.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <stdatomic.h>

enum { LOG_PATH = 4096 };

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
    struct log_slab *slab; /* that it lies in */
    size_t bytes;
    uint64_t end;    /* bytes of all groups published up to this one */
    struct buf text; /* clear parts and payloads; reserved, so it never moves */
    struct log_plain_record {
        struct log_entry entry; /* its strs are views of text */
        uint64_t seq;
    } * records;
    size_t count;
    size_t room;
};

struct log_later;

struct log {
    struct log_config config;
    char *folder; /* config.folder, owned */
    /* The writer's own */
    struct file *file;
    struct file *former; /* of the segment before, until the first group of this one is written */
    uint64_t file_bytes; /* preallocated */
    uint32_t index;
    struct log_place place;
    bool needs_head; /* the next group begins a segment */
    bool is_open_group;
    atomic_bool is_broken; /* a write or sync failed: nothing can be promised any more */
    /* What is written next: whole pages of the segment from the one that `place` is in. Before the
     * group stands what that page holds already, or a segment's head. */
    char *pages;
    size_t pages_room;
    size_t group_at;      /* where in `pages` the group's head stands */
    char page[FILE_PAGE]; /* the last page written, as far as it is used; of who writes */
    char *zeros;          /* to fill spares with */
    size_t group_len;     /* of records so far */
    size_t group_most;
    uint32_t group_records;
    struct log_plain *plain;
    struct log_slab *slab;   /* to be filled */
    struct log_later *later; /* NULL: nothing was ever handed over */
    /* Shared */
    atomic_uint_fast64_t next_seq;
    atomic_uint_fast64_t durable_seq;
    struct mutex *prepare_lock;
    struct file *spare;    /* of segment index + 1, ready to use */
    uint64_t spare_filled; /* bytes of it that were written as zeros */
    struct mutex *lock;
    struct condition *grown;
    struct log_plain *oldest;
    struct log_plain *newest;
    size_t recent;      /* bytes of these */
    uint64_t published; /* bytes of all there ever were */
    struct log_slab *idle;
    size_t idle_bytes;
    size_t idle_least;             /* of these since some were last given back */
    int64_t trimmed_ns;            /* of who prepares */
    const struct log_reader *lead; /* NULL: none has caught up yet */
    uint64_t lead_end;             /* `end` of the last group that it has read */
    struct condition *called;      /* of those who wait for no record: see log_await.h */
    struct condition *paced;
    struct log_stats stats;
    uint32_t newest_index; /* the segment last committed to, and how far */
    uint64_t newest_bytes;
    struct log_places places; /* has a lock of its own */
    struct log_mark *marks;   /* by seq */
    size_t mark_count;
    size_t mark_room;
};

fallible log_broken(void); /* ERR_IO, with its sentence */
/* log_plain.c. A group's memory begins as log->plain, is closed when the group is, and published
 * once that is durable. */
fallible log_plain_make(struct log *log, size_t bytes, size_t records);
struct log_plain *log_plain_close(struct log *log, uint64_t first_seq, uint64_t next_seq);
void log_plain_publish(struct log *log, struct log_plain *plain);
void log_plain_release(struct log_plain *plain); /* NULL is fine */
void log_plain_done(struct log *log);
void log_plain_trim(struct log *log); /* gives an idle slab back to the system, now and then */
/* The group that holds `seq`, held: the one behind `before`, which is let go, if that is still
 * among the recent ones, else by search. NULL: it is not in memory. */
struct log_plain *log_plain_hold(struct log *log, const struct log_reader *reader, uint64_t seq,
                                 struct log_plain *before);
/* The reader has read all below `seq`: from now on it leads, if there is no more. */
void log_plain_lead(struct log *log, const struct log_reader *reader, uint64_t seq);
void log_plain_unlead(struct log *log, const struct log_reader *reader);
/* Notes where a group starts, if it is far enough behind the last one noted; any thread. */
void log_mark_note(struct log *log, uint32_t index, struct log_place place);
/* The last mark with place.seq <= seq; false if there is none. */
bool log_mark_find(struct log *log, uint64_t seq, struct log_mark *out_mark);
