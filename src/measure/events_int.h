/* events_int.h - the fold's insides, for events*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/cells.h"
#include "measure/dictionary.h"
#include "measure/events.h"
#include "measure/flatten.h"
#include "measure/known.h"
#include "measure/shapes.h"
#include "people/identity.h"
#include "people/roster.h"
#include "store/verdicts.h"

enum { EVENTS_CHUNK_ROWS = 1 << 16 };

#define EVENTS_NO_ROW UINT32_MAX

/* One event. The events of a node are a chain from the newest appended to the oldest. */
struct events_row {
    millis time;
    uint64_t seq : 56;
    uint64_t type : 7; /* enum event_type */
    uint64_t is_machine : 1;
    uint32_t run; /* its properties */
    uint32_t older;
    text_code name;
    node_id device; /* node of its anonymousId, or 0 */
};

/* The traits that one identify call brought; a chain of each node, too. */
struct events_traits {
    uint32_t row;
    uint32_t run;
    uint32_t older;
};

struct events_node {
    uint64_t place; /* of its identifier in the roster; 0: there is none */
    uint32_t newest_row;
    uint32_t newest_traits;
};

struct events_lock;

struct events {
    struct events_config config;
    struct events_lock *lock;
    struct identity *identity;
    struct deletions *deletions;
    struct verdicts *verdicts;
    struct dictionary texts; /* of the events in memory */
    struct dictionary paths;
    struct cells cells;
    struct flatten flatten;
    struct shapes *shapes;
    struct arena *mem; /* of the message being folded */
    struct json_reader *reader;
    struct events_row **chunks;
    uint32_t chunk_made; /* with those that wait to be used again */
    uint32_t chunk_room;
    /* Whose rows they are; room for all chunks. 0: nobody's, that is taken out of its chain. */
    node_id *row_nodes;
    uint32_t row_node_room;
    uint32_t row_count;
    uint32_t dropped; /* of these, those that were deleted */
    struct events_traits *traits;
    uint32_t trait_count;
    uint32_t trait_room;
    struct events_node *nodes; /* by node id; [0] is not used */
    node_id node_count;        /* with [0] */
    node_id node_room;
    node_id *active; /* nodes with events in memory */
    uint32_t active_count;
    uint32_t active_room;
    struct source_change *changes; /* joins and undos that some file does not know of */
    uint32_t change_count;
    uint32_t change_room;
    struct known values; /* of the file in the making, while settling; kept for its memory */
    text_code type_names[EVENT_ALIAS + 1];
    millis first;
    millis last;
    struct source_span humans; /* of those in memory */
    uint32_t verdict_path;     /* where events tell it; DICTIONARY_NONE: none has */
    uint32_t paths_looked_at;  /* for it */
    uint64_t refused;
    uint64_t next_seq;
    uint64_t settled_seq; /* records of events below it are in files */
    uint64_t combines;
    uint64_t combine_ns;
    /* Events set apart, or the empty memory that waits for them; of the rest of this struct it has
     * nothing: see events_apart.c. NULL before the first time. */
    struct events *apart;
    node_id *persons; /* of the rows set apart; NULL: as they are joined now */
    bool is_apart;
};

static inline const struct events_row *events_row_at(const struct events *events, uint32_t row)
{
    return &events->chunks[row / EVENTS_CHUNK_ROWS][row % EVENTS_CHUNK_ROWS];
}

/* events.c */
fallible events_name_types(struct events *events);
/* No node has events in memory any more. */
void events_unchain(struct events *events);
/* Whatever the list of column files covers must be in the roster before. */
fallible events_settle_roster(struct events *events);
/* Only those that some file does not know of are of use. */
void events_drop_changes(struct events *events);

/* Folds a RECORD_DELETION. */
fallible events_delete(struct events *events, const struct log_record *record);

/* Does an event with these properties say that it is a machine's? */
bool events_is_machine(struct events *events, uint32_t run);
/* One more row is a human's. */
void events_see_human(struct events *events, millis time);
void events_count_humans(struct events *events); /* anew */
/* Folds a RECORD_VERDICTS. */
fallible events_revise(struct events *events, const struct log_record *record);
void events_apart_close(struct events *apart); /* NULL is fine */

extern const struct source_calls events_source;
extern const struct source_calls events_source_human; /* without machines */
