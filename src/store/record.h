/* record.h - what one record of the log says, and its bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record has a clear part (keyed hashes and numbers, never an identifier or a property) and a
 * payload that the log seals under the key of `node`. Integers are little-endian. Kinds and their
 * layouts are for ever: a new layout is a new kind.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"

typedef uint32_t
    node_id; /* dense, from 1 in order of first appearance; 0 is the workspace itself */

enum record_kind {
    RECORD_NODE = 1,       /* an identifier seen for the first time; takes the next node id */
    RECORD_EVENTS = 2,     /* events of one node in one request; one sequence number each */
    RECORD_JOIN = 3,       /* two nodes belong to one person */
    RECORD_UNDO = 4,       /* a join is taken back */
    RECORD_QUARANTINE = 5, /* an event that could not be taken, whole, with the reason */
    RECORD_RELEASE = 6,    /* a quarantined event was mended and taken, or dismissed */
    RECORD_DELETION = 7,   /* events that are gone from all answers */
    RECORD_VERDICTS = 8,   /* events that are a human's or a machine's after all */
};

enum node_kind { NODE_USER = 1, NODE_ANONYMOUS = 2 };

enum event_type {
    EVENT_TRACK = 1,
    EVENT_PAGE,
    EVENT_SCREEN,
    EVENT_IDENTIFY,
    EVENT_GROUP,
    EVENT_ALIAS,
};

enum join_cause { JOIN_IDENTIFY = 1, JOIN_ALIAS, JOIN_MERGE };

/* RECORD_NODE: clear = kind, hash; payload = the identifier's text. */
struct record_node {
    enum node_kind kind;
    hash128 hash; /* keyed, over kind and text */
};

/* RECORD_JOIN: clear only. The record's sequence number names the join. */
struct record_join {
    node_id a; /* of JOIN_IDENTIFY the anonymous node */
    node_id b; /* of JOIN_IDENTIFY the user node */
    enum join_cause cause;
    millis at;
};

/* RECORD_UNDO: clear only. */
struct record_undo {
    uint64_t join_seq;
    millis at;
};

enum {
    EVENT_TIME_CORRECTED = 1, /* by sentAt */
    EVENT_TIME_FUTURE = 2,    /* was > 5 min ahead: the time of receipt stands instead */
    EVENT_TIME_ABSENT = 4,    /* had none: the time of receipt stands instead */
};

/* One event of RECORD_EVENTS. In the clear part stand `received`, then id and body hashes; in the
 * payload the rest. */
struct record_event {
    hash128 message_id; /* keyed; zero when the event had none */
    uint64_t body_hash;
    millis time;
    enum event_type type;
    uint8_t flags;     /* EVENT_TIME_* */
    node_id anonymous; /* node of its anonymousId, or 0: visits are told apart by it */
    str json;          /* the message as sent, one JSON object */
};

/* RECORD_QUARANTINE: clear = received, hash of the body; payload = reason, body. */
struct record_quarantine {
    millis received;
    hash128 body_hash; /* keyed */
    str reason, body;
};

/* RECORD_RELEASE: clear only. */
struct record_release {
    uint64_t quarantine_seq;
    uint64_t event_seq; /* 0: dismissed */
    millis at;
};

/* RECORD_DELETION: clear only, followed by the ranges of sequence numbers that are deleted. A large
 * deletion is several records; it counts once the last one is there. Of
 * RECORD_VERDICTS the same. */
struct record_deletion {
    bool is_first, is_last;
    bool is_machine; /* of RECORD_VERDICTS: what they are from now on; else they are a human's */
    millis at;
};

/* Writers append to `clear` and `payload`; readers take both parts, ERR_CORRUPT if they do not
 * fit the layout. Strings of what was read are borrowed from the parts. */
void record_write_node(struct buf *clear, const struct record_node *node);
fallible record_read_node(str clear, struct record_node *out_node);
void record_write_join(struct buf *clear, const struct record_join *join);
fallible record_read_join(str clear, struct record_join *out_join);
void record_write_undo(struct buf *clear, const struct record_undo *undo);
fallible record_read_undo(str clear, struct record_undo *out_undo);
void record_write_quarantine(struct buf *clear, struct buf *payload,
                             const struct record_quarantine *entry);
fallible record_read_quarantine(str clear, str payload, struct record_quarantine *out_entry);
void record_write_release(struct buf *clear, const struct record_release *release);
fallible record_read_release(str clear, struct record_release *out_release);

void record_start_events(struct buf *clear, millis received);
void record_write_event(struct buf *clear, struct buf *payload, const struct record_event *event);
/* Bytes that one event with `json_len` bytes takes in both parts, at the most. */
size_t record_event_size(size_t json_len);

/* Reads the events of a record one by one:
 *   struct record_events it; TRY(record_events_start(&it, clear, payload));
 *   while (record_events_next(&it, &event)) ...  TRY(record_events_finish(&it));
 * With an absent payload (sealed, or its key destroyed) only received, message_id and body_hash
 * are filled. */
struct record_events {
    str clear, payload;
    millis received;
    bool is_sealed, is_damaged;
};
fallible record_events_start(struct record_events *it, str clear, str payload);
bool record_events_next(struct record_events *it, struct record_event *out_event);
fallible record_events_finish(const struct record_events *it);

void record_start_deletion(struct buf *clear, const struct record_deletion *deletion);
/* Ranges ascend, neither touch nor overlap; `*place` is 0 before the first of a record. */
void record_write_range(struct buf *clear, uint64_t *place, uint64_t from, uint64_t to);
/* Reads the ranges [from, to) one by one, as record_events does; none reaches beyond `end`. */
struct record_ranges {
    str rest;
    uint64_t place, end;
    bool is_damaged;
};
fallible record_ranges_start(struct record_ranges *it, str clear, uint64_t end,
                             struct record_deletion *out_deletion);
fallible record_verdicts_start(struct record_ranges *it, str clear, uint64_t end,
                               struct record_deletion *out_revision);
bool record_ranges_next(struct record_ranges *it, uint64_t *out_from, uint64_t *out_to);
fallible record_ranges_finish(const struct record_ranges *it);
