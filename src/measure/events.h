/* events.h - the events of a log, folded into memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rebuilt at every start from the roster and the rest of the log, which events_apply brings. Names,
 * texts and property paths are dictionary codes, a value takes 8 bytes, an event 40 more. The
 * messages themselves are not kept: they are read again from the log through `read_events`.
 *
 * One thread applies; any number read, each between events_begin and events_end, during which the
 * applying thread waits. A waiting writer goes before new readers.
 */
#pragma once
#include "measure/source.h"

struct events;
struct sys;
struct history;
struct identity;
struct log_record;
struct roster;

enum { EVENTS_MOST_PROPERTIES = 10000, EVENTS_LONGEST_PATH = 1024 };

struct events_config {
    /* What source_messages is asked for. Called while reading, by any thread. */
    enum err (*read_events)(void *argument, const struct source_page *page);
    void *argument;
    uint64_t hash_seed;    /* of the dictionaries: not to be guessed by senders */
    uint64_t memory_bytes; /* bound of the fold; 0: none */
    /* Where events settle; NULL: all stay in memory. Outlives the events. */
    struct history *history;
    /* What was settled of nodes and joins, and will be, and their identifiers. Outlives the events.
     */
    struct roster *roster;
    /* What the roster tells of persons: see intake.h. Taken, also on failure. NULL: it tells
     * nothing yet. */
    struct identity *identity;
    /* Keyed hash of an identifier, as in the records of nodes; any thread. */
    hash128 (*hash)(void *argument, enum node_kind kind, str text);
};

fallible events_open(const struct events_config *config, struct events **out_events);
/* The first record that events_apply wants. */
uint64_t events_first_seq(const struct events *events);
void events_close(struct events *events); /* no reader may be left; NULL is fine */

/* Writes the events in memory to a file of the history and forgets them here; questions go on
 * meanwhile. Between two calls of events_apply, by the same thread. ERR_FULL, ERR_IO, ERR_LIMIT:
 * everything is as it was. */
fallible events_settle(struct events *events, struct sys *sys);

/* The same for who goes on folding while another thread writes, and lets nobody ask meanwhile:
 * between the two calls the events are neither in memory nor in files. events_set_apart is for the
 * thread that applies, and waits for no file but the roster; on failure everything is as it was.
 * After events_write_apart has failed nothing may settle any more. */
fallible events_set_apart(struct events *events);
fallible events_write_apart(struct events *events, struct sys *sys);

/* For who combines files, in another thread: those there are, and history_replace while nobody
 * reads, with a file that took `spent_ns` to make. */
struct history *events_history(const struct events *events); /* or NULL */
fallible events_swap(struct events *events, uint32_t number, size_t at, size_t count,
                     int64_t spent_ns);

/* Folds the next record; records come in log order, each once. Erased ones leave nothing. After
 * ERR_LIMIT the same record may be given again. ERR_CORRUPT does not fit the layout. */
fallible events_apply(struct events *events, const struct log_record *record);
/* Many at a time: readers wait from begin to end, so not too many. */
void events_begin_apply(struct events *events);
fallible events_apply_next(struct events *events, const struct log_record *record);
void events_end_apply(struct events *events);

/* For the thread that applies. Deleted ones keep their places until they settle. */
uint64_t events_in_memory(const struct events *events);

/* Was the event deleted? Any thread, at any time: a file that is written anew can leave it out. */
bool events_is_deleted(struct events *events, uint64_t seq);
/* How many of [from, to) were. */
uint64_t events_deleted(struct events *events, uint64_t from, uint64_t to);

/* Waits until all records below `next_seq` are folded; false when nothing went on for `timeout_ms`.
 * Any thread, not while reading. */
bool events_wait(struct events *events, uint64_t next_seq, int64_t timeout_ms);

void events_begin(struct events *events, struct source *out_source);
/* The same without waiting for who folds: false then. */
bool events_try_begin(struct events *events, struct source *out_source);
void events_end(struct events *events);

struct events_stats {
    uint64_t events;  /* in memory */
    uint64_t settled; /* in files, with deleted ones that are still there */
    uint64_t files;
    uint64_t file_bytes;
    uint64_t cache_bytes; /* unpacked blocks of files in memory */
    uint64_t combines;    /* times that files became one, since the start */
    uint64_t combine_ns;
    uint64_t nodes;
    uint64_t properties;         /* paths in use */
    uint64_t properties_refused; /* values left out: too many paths, or one too long */
    uint64_t texts;
    uint64_t bytes;    /* memory of the fold without identity */
    uint64_t next_seq; /* all below it are folded */
};
void events_stats_read(struct events *events, struct events_stats *out_stats);
