/* log_places.h - where in its segment each record stands, kept so that one is read without its
 * neighbours. For log*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of every LOG_PLACES_EVERY sequence numbers one has its record's place noted. The writer notes
 * them as it goes; once a segment is full they are stored beside it (NNNNNNNN.places, synced before
 * it has its name). They save work and prove nothing: the record itself says what it is. Where they
 * are missing or do not fit, records are found by other means, and they are made anew.
 */
#pragma once
#include "store/log_format.h"

#include <stdatomic.h>

struct log;
struct log_config;
struct log_segment;
struct mutex;

enum { LOG_PLACES_EVERY = 4 };

/* Of one segment. */
struct log_places_list {
    uint64_t first_seq;
    uint64_t next_seq; /* all numbers below it are noted */
    uint32_t *places;  /* of the record that holds first_seq + i * LOG_PLACES_EVERY, / LOG_ALIGN */
    size_t count;
    size_t room;
    bool is_whole;  /* the segment is full, and all of it is noted */
    bool is_stored; /* beside it */
    bool is_tried;  /* to bring in what is stored */
};

struct log_places {
    struct mutex *lock;
    struct log_places_list *lists; /* of segment i + 1 */
    size_t count;
    size_t tended;                /* segments that are seen to, from the first on */
    uint64_t fetched;             /* bytes of the next one */
    struct log_places_list begun; /* of the group under way, which only the writer knows */
    _Atomic uint32_t damaged;     /* the segment of which what was stored is so; 0: none lately */
    bool is_broken;               /* without memory: nothing more of this segment is noted */
};

fallible log_places_init(struct log_places *places);
void log_places_done(struct log_places *places);

/* The writer: the segment's first number; a record; the group under way is durable, up to
 * `next_seq`, or is forgotten; the segment is full. */
void log_places_begin(struct log_places *places, uint32_t index, uint64_t first_seq);
void log_places_note(struct log_places *places, uint64_t seq, uint64_t count, uint64_t offset);
void log_places_keep(struct log_places *places, uint32_t index, uint64_t next_seq);
void log_places_drop(struct log_places *places);
void log_places_end(struct log_places *places, uint32_t index);
/* Notes the records of a group whose head is sound, as far as they follow one another. */
void log_places_note_group(struct log_places *places, const char *group, uint64_t offset);

/* Where a record begins that holds `seq` or stands a little before it, and where the next such
 * place is (0: not known). False: not known. */
bool log_places_find(struct log_places *places, uint32_t index, uint64_t seq, uint64_t *out_from,
                     uint64_t *out_to);
/* Brings in what is stored beside a full segment, if that was not tried before. False: that would
 * have to wait for the disk, and must not. */
bool log_places_load(struct log *log, uint32_t index, bool may_wait);

/* A step for one full segment: what is stored of it is brought in and stays; else it is made and
 * stored; and if the segment is among the last `most_bytes` of the log, it is read once, so that
 * the system has it in memory. Any thread but the writer's. False: nothing is left to be done.
 * `*out_damaged`: the segment of which what was stored is damaged, or 0. */
bool log_places_tend(struct log *log, uint64_t most_bytes, uint32_t *out_damaged);
/* Stores what the writer has noted of full segments. */
void log_places_store(struct log *log);

/* Compares what is stored with the segment, whose records are sound. ERR_CORRUPT: it does not
 * fit. */
fallible log_places_check(const struct log_config *config, const struct log_segment *segment);
/* Of a segment that is changed: what is stored goes. */
fallible log_places_forget(const struct log_config *config, uint32_t index);
