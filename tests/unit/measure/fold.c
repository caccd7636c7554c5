/* fold.c - makes NODE, JOIN and EVENTS records of messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fold.h"

#include "base/mem.h"
#include "measure/combine.h"
#include "measure/deletion.h"
#include "measure/revision.h"
#include "measure/history.h"
#include "people/roster.h"
#include "store/deleted.h"
#include "sys/clock.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "measure/source_page.h"

#include <stdio.h>
#include <string.h>

enum { CACHE = 64 << 10 }; /* small: blocks come and go */

static hash128 hash_of(unsigned kind, str text)
{
    static const hash_key key = {{7}};
    struct buf bytes = {0};
    hash128 hash;

    buf_add_byte(&bytes, (char)kind);
    buf_add(&bytes, text);
    hash = hash_keyed(&key, buf_str(&bytes));
    buf_done(&bytes);
    return hash;
}

static enum err read_events(void *argument, const struct source_page *page)
{
    const struct fold *fold = argument;

    for (size_t i = 0; i < page->count; i++) {
        const struct fold_place *place = &fold->by_seq[page->seqs[i]];
        str line = str_slice(buf_str(&fold->lines), place->from, place->to);

        page->texts[i] = (struct source_text){page->text->len, line.len, place->time, place->type};
        buf_add(page->text, line);
    }
    return OK;
}

hash128 fold_hash(void *argument, enum node_kind kind, str text)
{
    (void)argument;
    return hash_of(kind, text);
}

static enum err apply_to(void *argument, const struct roster_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(identity_apply(argument, &entries[i].record));
    return OK;
}

static fallible open_events(struct fold *fold)
{
    static const unsigned char workspace[COLUMNS_WORKSPACE] = "workspace";
    struct events_config config = {
        .read_events = read_events, .hash = fold_hash, .argument = fold, .hash_seed = 1};
    struct roster_config roster = {.workspace = workspace};
    char folder[FOLD_FOLDER + 16];

    snprintf(folder, sizeof folder, fold->folder_number ? "%s%u" : "%s", fold->folder,
             fold->folder_number);
    TRY(history_open(fold->sys, folder, workspace, CACHE, &fold->history));
    roster.sys = fold->sys;
    roster.folder = folder;
    TRY(roster_open(&roster, history_next_seq(fold->history), &fold->roster));
    config.history = fold->history;
    config.roster = fold->roster;
    TRY(identity_open(&config.identity));
    TRY(roster_read(fold->roster, apply_to, config.identity));
    return events_open(&config, &fold->events);
}

fallible fold_open_at(struct fold *fold, struct sys *sys, const char *folder)
{
    *fold = (struct fold){.sys = sys, .next_seq = 1, .reader = json_reader_open()};
    fold->mem = arena_open(64 << 20);
    if (!fold->mem || !fold->reader)
        return mem_exhausted();
    TRY(identity_open(&fold->identity));
    snprintf(fold->folder, sizeof fold->folder, "%s", folder);
    return open_events(fold);
}

fallible fold_again(struct fold *fold, bool keeps_files)
{
    events_close(fold->events);
    roster_close(fold->roster);
    history_close(fold->history);
    fold->events = NULL;
    fold->roster = NULL;
    fold->history = NULL;
    if (!keeps_files)
        fold->folder_number++;
    TRY(open_events(fold));
    for (size_t i = 0; i < fold->record_count; i++)
        TRY(events_apply(fold->events, &fold->records[i]));
    return OK;
}

fallible fold_open(struct fold *fold)
{
    struct sys *sim = sim_open(1);
    enum err err = sim ? fold_open_at(fold, sim, "columns") : mem_exhausted();

    fold->sim = sim;
    return err;
}

fallible fold_settle(struct fold *fold)
{
    return events_settle(fold->events, fold->sys);
}

fallible fold_combine(struct fold *fold, size_t at, size_t count)
{
    return combine_run(fold->events, fold->sys, at, count, NULL, NULL);
}

void fold_done(struct fold *fold)
{
    for (size_t i = 0; i < fold->record_count; i++) {
        mem_free((char *)fold->records[i].clear.data);
        mem_free((char *)fold->records[i].payload.data);
    }
    mem_free(fold->records);
    events_close(fold->events);
    roster_close(fold->roster);
    history_close(fold->history);
    sim_close(fold->sim);
    identity_close(fold->identity);
    json_reader_close(fold->reader);
    arena_close(fold->mem);
    mem_free(fold->by_seq);
    mem_free(fold->seen);
    buf_done(&fold->lines);
}

static str kept(str bytes)
{
    char *copy = bytes.data ? mem_alloc(bytes.len + 1) : NULL;

    if (copy && bytes.len)
        memcpy(copy, bytes.data, bytes.len);
    return (str){copy, bytes.len};
}

static fallible keep_record(struct fold *fold, const struct log_record *record)
{
    struct log_record *at;

    if (fold->record_count == fold->record_room) {
        size_t room = fold->record_room ? fold->record_room * 2 : 256;

        at = mem_grow(fold->records, room * sizeof *at);
        if (!at)
            return mem_exhausted();
        fold->records = at;
        fold->record_room = room;
    }
    at = &fold->records[fold->record_count++];
    *at = *record;
    at->clear = kept(record->clear);
    at->payload = kept(record->payload);
    return OK;
}

fallible fold_record(struct fold *fold, struct log_record *record)
{
    int64_t began = clock_mono_ns(sys_real());

    record->seq = fold->next_seq;
    record->count = record->count ? record->count : 1;
    fold->next_seq += record->count;
    TRY(events_apply(fold->events, record));
    fold->nanoseconds += clock_mono_ns(sys_real()) - began;
    TRY(keep_record(fold, record));
    return identity_apply(fold->identity, record);
}

static fallible node_of(struct fold *fold, enum node_kind kind, str text, node_id *out_node)
{
    struct record_node node = {.kind = kind, .hash = hash_of(kind, text)};
    struct log_record record = {.kind = RECORD_NODE, .payload = text};
    struct buf clear = {0};
    enum err err = OK;

    *out_node = identity_find(fold->identity, kind, node.hash);
    if (*out_node != NODE_NONE)
        return OK;
    record_write_node(&clear, &node);
    record.clear = buf_str(&clear);
    record.node = identity_count(fold->identity) + 1;
    err = fold_record(fold, &record);
    buf_done(&clear);
    *out_node = record.node;
    return err;
}

static fallible join(struct fold *fold, node_id a, node_id b, enum join_cause cause)
{
    struct record_join join = {.a = a, .b = b, .cause = cause};
    struct log_record record = {.kind = RECORD_JOIN};
    struct buf clear = {0};
    enum err err;

    record_write_join(&clear, &join);
    record.clear = buf_str(&clear);
    err = fold_record(fold, &record);
    buf_done(&clear);
    return err;
}

/* An identifier's text, absent when there is none; numbers count as their text. */
static str identifier(const struct fold *fold, const struct json *message, str name)
{
    uint32_t at = json_find(message, 0, name);
    str text = {NULL, 0};

    if (at == JSON_ABSENT)
        return text;
    if (json_type_of(message, at) == JSON_NUMBER)
        return json_raw(message, at);
    text = json_string(message, at, fold->mem);
    return text.len ? text : (str){NULL, 0};
}

static enum event_type type_of(const struct json *message)
{
    static const char *const names[] = {"track", "page", "screen", "identify", "group", "alias"};
    uint32_t at = json_find(message, 0, S("type"));

    for (unsigned i = 0; at != JSON_ABSENT && i < sizeof names / sizeof *names; i++)
        if (json_is_string(message, at, str_of(names[i])))
            return EVENT_TRACK + i;
    return EVENT_TRACK;
}

static bool is_repeat(struct fold *fold, const struct json *message)
{
    str id = identifier(fold, message, S("messageId"));
    hash128 hash = hash_of(0, id);

    if (!id.data)
        return false;
    for (size_t i = 0; i < fold->seen_count; i++)
        if (hash_equals(fold->seen[i], hash))
            return true;
    if (fold->seen_count == fold->seen_room) {
        fold->seen_room = fold->seen_room ? fold->seen_room * 2 : 64;
        fold->seen = mem_grow(fold->seen, fold->seen_room * sizeof *fold->seen);
    }
    fold->seen[fold->seen_count++] = hash;
    return false;
}

/* Of nodes that are new with one message the device (or the previous id) is the older, so that it
 * names the person, as the reference has it. */
static fallible nodes_of(struct fold *fold, const struct json *message, enum event_type type,
                         node_id *out_node, node_id *out_anonymous)
{
    str user_text = identifier(fold, message, S("userId"));
    str anonymous_text = identifier(fold, message, S("anonymousId"));
    str previous_text = identifier(fold, message, S("previousId"));
    node_id user = NODE_NONE, anonymous = NODE_NONE, previous = NODE_NONE;

    if (anonymous_text.data)
        TRY(node_of(fold, NODE_ANONYMOUS, anonymous_text, &anonymous));
    if (type == EVENT_ALIAS && !str_equals(previous_text, user_text)) {
        previous = identity_find(fold->identity, NODE_USER, hash_of(NODE_USER, previous_text));
        if (previous == NODE_NONE)
            TRY(node_of(fold, NODE_ANONYMOUS, previous_text, &previous));
    }
    if (user_text.data)
        TRY(node_of(fold, NODE_USER, user_text, &user));
    *out_anonymous = anonymous;
    *out_node = user ? user : anonymous;
    if (type == EVENT_ALIAS) {
        if (previous && (identity_kind(fold->identity, previous) == NODE_USER ||
                         identity_can_claim(fold->identity, previous, user)))
            return join(fold, previous, user, JOIN_ALIAS);
    } else if (user && anonymous && identity_can_claim(fold->identity, anonymous, user)) {
        return join(fold, anonymous, user, JOIN_IDENTIFY);
    }
    return OK;
}

static fallible remember(struct fold *fold, const struct record_event *event)
{
    if (fold->next_seq >= fold->seq_room) {
        fold->seq_room = fold->next_seq * 2;
        fold->by_seq = mem_grow(fold->by_seq, fold->seq_room * sizeof *fold->by_seq);
    }
    if (!fold->by_seq)
        return mem_exhausted();
    fold->by_seq[fold->next_seq] = (struct fold_place){
        fold->lines.len, fold->lines.len + event->json.len, event->time, event->type};
    buf_add(&fold->lines, event->json);
    return OK;
}

fallible fold_take(struct fold *fold, str text)
{
    struct record_event event = {.json = text};
    struct log_record record = {.kind = RECORD_EVENTS};
    struct buf clear = {0}, payload = {0};
    struct json message;
    enum err err;

    arena_reset(fold->mem);
    TRY(json_parse_copy(fold->reader, fold->mem, text, &message));
    if (is_repeat(fold, &message))
        return OK;
    event.type = type_of(&message);
    TRY(time_parse(identifier(fold, &message, S("timestamp")), &event.time));
    TRY(nodes_of(fold, &message, event.type, &record.node, &event.anonymous));
    TRY(remember(fold, &event));
    record_start_events(&clear, event.time);
    record_write_event(&clear, &payload, &event);
    record.clear = buf_str(&clear);
    record.payload = buf_str(&payload);
    if (fold->is_without_events)
        record = (struct log_record){.kind = RECORD_RELEASE, .clear = S("-")};
    err = fold_record(fold, &record);
    buf_done(&clear);
    buf_done(&payload);
    return err;
}

/* One record of up to `part` ranges from `*seq` on. */
static fallible name_part(struct fold *fold, enum record_kind kind, const struct deleted *found,
                          size_t part, struct record_deletion *head, uint64_t *seq)
{
    struct log_record record = {.kind = kind};
    struct buf ranges = {0}, clear = {0};
    uint64_t place = 0, from, to;
    enum err err;

    for (size_t i = 0; i < part && deleted_next(found, *seq, &from, seq); i++)
        record_write_range(&ranges, &place, from, *seq);
    head->is_last = !deleted_next(found, *seq, &from, &to);
    record_start_deletion(&clear, head);
    buf_add(&clear, buf_str(&ranges));
    record.clear = buf_str(&clear);
    err = fold_record(fold, &record);
    head->is_first = false;
    buf_done(&ranges);
    buf_done(&clear);
    return err;
}

static fallible name_all(struct fold *fold, enum record_kind kind, bool is_machine,
                         const struct deleted *found, size_t part)
{
    struct record_deletion head = {.is_first = true, .is_machine = is_machine};
    uint64_t seq = 0;

    while (deleted_count(found, 0, UINT64_MAX) && !head.is_last)
        TRY(name_part(fold, kind, found, part, &head, &seq));
    return OK;
}

fallible fold_delete(struct fold *fold, str request, size_t part, uint64_t *out_count)
{
    struct answer_options options = {.sys = fold->sys};
    struct deleted *found;
    struct source source;
    enum err err;

    TRY(deleted_open(&found));
    events_begin(fold->events, &source);
    err = deletion_find(&source, &options, request, found);
    events_end(fold->events);
    if (!err)
        err = name_all(fold, RECORD_DELETION, false, found, part);
    if (!err)
        *out_count = deleted_count(found, 0, UINT64_MAX);
    deleted_close(found);
    return err;
}

fallible fold_revise(struct fold *fold, str request, size_t part, uint64_t *out_count)
{
    struct answer_options options = {.sys = fold->sys};
    struct deleted *found;
    struct source source;
    enum verdict verdict;
    enum err err;

    TRY(deleted_open(&found));
    events_begin(fold->events, &source);
    err = revision_find(&source, &options, request, found, &verdict);
    events_end(fold->events);
    if (!err)
        err = name_all(fold, RECORD_VERDICTS, verdict == VERDICT_MACHINE, found, part);
    if (!err)
        *out_count = deleted_count(found, 0, UINT64_MAX);
    deleted_close(found);
    return err;
}

fallible fold_ask(struct fold *fold, const struct answer_options *options, str query,
                  struct buf *out)
{
    struct source source;
    enum err err;

    events_begin(fold->events, &source);
    err = answer_query(&source, options, query, out);
    events_end(fold->events);
    return err;
}
