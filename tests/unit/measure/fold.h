/* fold.h - messages as log records in memory, made as collection makes them, and folded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/json.h"
#include "measure/answer.h"
#include "measure/events.h"
#include "people/identity.h"
#include "store/log.h"

struct history;
struct roster;

enum { FOLD_FOLDER = 256 };

struct fold {
    struct sys *sys; /* where column files go */
    char folder[FOLD_FOLDER];
    unsigned folder_number; /* how often all was folded from nothing */
    struct sys *sim;        /* the same, if it is a simulated one */
    struct history *history;
    struct roster *roster;
    struct events *events;
    struct identity *identity; /* of the writer, who decides which joins there are */
    struct json_reader *reader;
    struct arena *mem;
    uint64_t next_seq;
    struct buf lines; /* all messages, to be read again */
    struct fold_place {
        size_t from, to;
        millis time;
        enum event_type type;
    } * by_seq;
    size_t seq_room;
    hash128 *seen;
    size_t seen_count;
    size_t seen_room;
    int64_t nanoseconds;    /* spent in events_apply */
    bool is_without_events; /* messages give nodes and joins, but nothing in place of the event */
    struct log_record *records; /* all so far, with bytes of their own */
    size_t record_count;
    size_t record_room;
};

fallible fold_open(struct fold *fold);
/* Column files go to a folder of that world. */
fallible fold_open_at(struct fold *fold, struct sys *sys, const char *folder);
/* Keyed hash of an identifier, as events_config wants it. */
hash128 fold_hash(void *argument, enum node_kind kind, str text);
void fold_done(struct fold *fold);
/* Takes one Segment message: the nodes it needs, the join it causes, the event. Of one messageId
 * the first counts. */
fallible fold_take(struct fold *fold, str message);
/* Gives a record the next sequence numbers and folds it; events_apply's answer. */
fallible fold_record(struct fold *fold, struct log_record *record);
/* Writes what is in memory to a column file. */
fallible fold_settle(struct fold *fold);
/* `count` column files from `at` on become one. */
fallible fold_combine(struct fold *fold, size_t at, size_t count);
/* Folds all records again, over the column files that there are or, without them, from nothing. */
fallible fold_again(struct fold *fold, bool keeps_files);
/* Finds what a request to delete means and folds the deletion, in records of `part` ranges each. */
fallible fold_delete(struct fold *fold, str request, size_t part, uint64_t *out_count);
/* The same of a request to revise verdicts. */
fallible fold_revise(struct fold *fold, str request, size_t part, uint64_t *out_count);
/* The answer to a question, in the current state. */
fallible fold_ask(struct fold *fold, const struct answer_options *options, str query,
                  struct buf *out);
