/* source.h - what questions see of stored events, however they are stored.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A source gives persons one by one, each with her events in order (time, then log sequence), and
 * the value of a property of an event, an object in a list, or a person. Names and texts are
 * looked up once and compared as codes from then on. A person is named by the smallest of her node
 * ids, so a range of node ids is a morsel: a piece of work that shares no person with another.
 *
 * A source is a view: immutable and shared by threads until its owner ends the reading.
 */
#pragma once
#include "base/decimal.h"
#include "measure/mask.h"
#include "store/record.h"

typedef uint32_t text_code;   /* equal codes are equal bytes */
typedef uint32_t property_id; /* a flat path such as products.price */

#define SOURCE_UNKNOWN UINT32_MAX /* a text or property that no event has */

enum value_type { VALUE_NULL, VALUE_BOOL, VALUE_NUMBER, VALUE_TEXT, VALUE_LIST, VALUE_OBJECT };

struct value {
    enum value_type type; /* VALUE_NULL also when there is none */
    uint32_t code;        /* bool: 0 or 1; text: its code; list, object: handle of the source */
    uint32_t count;       /* list: its elements */
    union {
        decimal number;
        const struct value *elements; /* of a list; NULL: the source knows them by `code` */
    };
};

struct source_event {
    millis time;
    uint64_t seq;
    uint64_t row; /* handle of the source */
    text_code name;
    enum event_type type;
};

struct source_person {
    node_id id; /* her oldest node */
    const struct source_event *events;
    size_t count;
};

/* Room for one person's events, used again for the next. {0} to begin; one thread at a time. */
struct source_room {
    struct source_event *events;
    size_t room;
    size_t most; /* events of a person; beyond them ERR_BUSY without a sentence; 0: any number */
};
void source_room_done(struct source_room *room);

/* The newest value of a trait, and when it was given. */
struct source_trait {
    bool is_found;
    millis time;
    struct value value;
};

struct source_span {
    uint64_t events;
    millis first; /* the earliest time; 0 without events */
    millis last;
};

struct dictionary;
struct history;
struct identity;
struct source_page;

struct source_calls {
    struct source_span (*span)(const void *store);
    node_id (*end)(const void *store);
    text_code (*find_text)(const void *store, str text);
    str (*text)(const void *store, text_code code);
    property_id (*find_property)(const void *store, str path);
    enum err (*person)(const void *store, struct source_room *room, node_id id, millis as_of,
                       struct source_person *out_person);
    void (*warm)(const void *store, const node_id *ids, size_t count);
    void (*value)(const void *store, uint64_t row, property_id property, struct value *out_value);
    node_id (*device)(const void *store, uint64_t row);
    void (*element)(const void *store, uint32_t list, uint32_t index, struct value *out_value);
    void (*member)(const void *store, uint32_t object, property_id property,
                   struct value *out_value);
    void (*trait)(const void *store, node_id person, property_id name, millis as_of,
                  struct source_trait *out_trait);
    fallible (*identifier)(const void *store, node_id person, struct buf *out_text);
    size_t (*named)(const void *store, str identifier, node_id out_persons[2]);
    enum err (*messages)(const void *store, const struct source_page *page);
};

/* Two persons were joined or parted by the record `seq`. */
struct source_change {
    uint64_t seq;
    node_id a, b;
};

/* Memory answers to the calls; what was settled lies in the files of the history. */
struct source {
    const struct source_calls *calls;
    const void *store;
    const struct history *history;       /* NULL: all is in memory */
    struct mask_wish without;            /* events that are in files but do not count */
    const struct source_calls *human;    /* calls that leave out machines: see machines.h */
    const struct identity *identity;     /* who is joined with whom now */
    const struct source_change *changes; /* since the oldest file was written */
    size_t change_count;
    uint64_t next_seq;     /* records below it are folded */
    const node_id *active; /* the nodes with events in memory */
    size_t active_count;
    struct dictionary *more; /* texts of one question that memory does not know; NULL: none */
    size_t more_bytes;       /* their bound */
};

str source_type_name(enum event_type type); /* "page"; empty for EVENT_TRACK */
/* All events, whatever as_of or audience a question has. Fails as history_mask does. */
fallible source_span(const struct source *source, struct source_span *out_span);
node_id source_end(const struct source *source); /* ids of persons are from 1 to below this */
text_code source_find_text(const struct source *source, str text); /* or SOURCE_UNKNOWN */
/* The code of a text for this question, a new one if need be; one thread, before any scan. */
fallible source_add_text(const struct source *source, str text, text_code *out_code);
str source_text(const struct source *source, text_code code);
property_id source_find_property(const struct source *source, str path); /* or SOURCE_UNKNOWN */

/* The events of person `id` up to `as_of`, borrowed from `room`. ERR_ABSENT without a sentence:
 * `id` is not the oldest node of a person, or she has no event until then. ERR_LIMIT. */
fallible source_person(const struct source *source, struct source_room *room, node_id id,
                       millis as_of, struct source_person *out_person);
void source_warm(const struct source *source, const node_id *ids, size_t count); /* for that */
void source_value(const struct source *source, const struct source_event *event,
                  property_id property, struct value *out_value);
/* The node of its anonymousId, or 0. */
node_id source_device(const struct source *source, const struct source_event *event);
void source_element(const struct source *source, const struct value *list, uint32_t index,
                    struct value *out_value);
void source_member(const struct source *source, const struct value *object, property_id property,
                   struct value *out_value);
/* The newest value of the trait at `as_of`, over all nodes that are hers now; in memory. */
void source_trait(const struct source *source, node_id person, property_id name, millis as_of,
                  struct source_trait *out_trait);

/* Appends the text of her oldest identifier. ERR_ABSENT (erased), ERR_CORRUPT, ERR_IO. */
fallible source_identifier(const struct source *source, node_id person, struct buf *out_text);
/* The persons who have this identifier, as a user or as a device: 0, 1 or 2. */
size_t source_named(const struct source *source, str identifier, node_id out_persons[2]);
/* Of events as they were sent: source_page.h. ERR_ABSENT where one was erased. */
fallible source_messages(const struct source *source, const struct source_page *page);
