/* tally.h - what events of each name there are, and of each property how many values of which type.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Distinct values are told apart by hashes, as long as they are few: so those of several tallies
 * can be put together. Strings are borrowed from what was counted.
 */
#pragma once
#include "base/time.h"
#include "store/columns.h"
#include "store/record.h"

struct mask_rows;

enum { TALLY_VALUES = 1000, TALLY_TYPES = 6 };
enum tally_type { TALLY_TEXT, TALLY_NUMBER, TALLY_BOOLEAN, TALLY_NULL, TALLY_LIST, TALLY_OBJECT };

struct tally_values {
    uint64_t *slots; /* hashes, never 0; NULL: none yet, or too many */
    uint32_t room;   /* a power of two */
    uint64_t count;
    bool is_over; /* `count` or more */
};

struct tally_property {
    str name;
    bool is_trait;
    uint64_t types[TALLY_TYPES];
    struct tally_values values;
};

struct tally_event {
    str name;
    enum event_type type;
    uint64_t count;
    millis first;
    millis last;
    struct tally_property *properties;
    uint32_t property_count;
    uint32_t property_room;
};

struct tally {
    struct tally_event *events;
    uint32_t count;
    uint32_t room;
};

void tally_done(struct tally *tally);
/* The new one is borrowed until the next is added. ERR_LIMIT. */
fallible tally_add_event(struct tally *tally, struct tally_event **out_event);
fallible tally_add_property(struct tally_event *event, struct tally_property **out_property);
void tally_see(struct tally_event *event, millis time);

void tally_values_done(struct tally_values *values);
fallible tally_values_add(struct tally_values *values, uint64_t hash);
/* There are `count` or more: they are not told apart any more. */
void tally_values_overflow(struct tally_values *values, uint64_t count);
/* Adds those of another tally of the same property. */
fallible tally_values_merge(struct tally_values *values, const struct tally_values *other);

/* Hashes of values: equal for equal values, wherever they are stored. All are marked, so that they
 * are told from what stands for a value while it is counted. */
#define TALLY_MARK ((uint64_t)1 << 63)
uint64_t tally_hash_atom(enum tally_type type, const void *bytes, size_t len);
uint64_t tally_hash_item(uint64_t list, uint64_t item);
uint64_t tally_hash_member(uint64_t object, str path, uint64_t value);

/* The tally of a column file: made once, and anew when more of it was deleted. Any thread may ask;
 * what it was given lasts as long as `mask`, which must have been made for it. */
struct tally_cache;
struct tally_cache *tally_file_open(void);        /* NULL without memory */
void tally_file_close(struct tally_cache *cache); /* NULL is fine */
/* `dictionaries` is another handle of the same file, for one use: they are not kept. */
typedef enum err tally_opener(const void *argument, struct columns **out_dictionaries);
fallible tally_file_read(struct tally_cache *cache, struct columns *columns,
                         const struct mask_rows *mask, tally_opener *open, const void *argument,
                         const struct tally **out_tally);
