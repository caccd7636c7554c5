/* events.c - folds records into rows, chains and dictionaries, under a readers-writer lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/events_int.h"

#include "base/mem.h"
#include "measure/history.h"
#include "measure/events_settle.h"
#include "people/roster.h"
#include "store/deletions.h"
#include "store/log.h"
#include "sys/thread.h"

#include <string.h>

enum { MESSAGE_BYTES = 64 << 20 }; /* scratch for one message: far above what is accepted */

#define MOST_SEQ ((UINT64_C(1) << 56) - 1)

/* Lock: a waiting writer goes before new readers, so that a row of questions cannot keep events
 * from appearing. */

struct events_lock {
    struct mutex *mutex;
    struct condition *changed;
    uint32_t readers;
    uint32_t writers_waiting; /* those who fold and who combines */
    bool is_writing;
};

static void lock_close(struct events_lock *lock)
{
    if (!lock)
        return;
    condition_close(lock->changed);
    mutex_close(lock->mutex);
    mem_free(lock);
}

static struct events_lock *lock_open(void)
{
    struct events_lock *lock = mem_alloc(sizeof *lock);

    if (!lock)
        return NULL;
    lock->mutex = mutex_open();
    lock->changed = condition_open();
    if (!lock->mutex || !lock->changed) {
        lock_close(lock);
        return NULL;
    }
    return lock;
}

static void lock_write(struct events_lock *lock)
{
    mutex_lock(lock->mutex);
    lock->writers_waiting++;
    while (lock->readers || lock->is_writing)
        condition_wait(lock->changed, lock->mutex);
    lock->writers_waiting--;
    lock->is_writing = true;
    mutex_unlock(lock->mutex);
}

static void unlock_write(struct events_lock *lock)
{
    mutex_lock(lock->mutex);
    lock->is_writing = false;
    condition_broadcast(lock->changed);
    mutex_unlock(lock->mutex);
}

static void lock_read(struct events_lock *lock)
{
    mutex_lock(lock->mutex);
    while (lock->is_writing || lock->writers_waiting)
        condition_wait(lock->changed, lock->mutex);
    lock->readers++;
    mutex_unlock(lock->mutex);
}

static bool try_lock_read(struct events_lock *lock)
{
    bool is_free;

    mutex_lock(lock->mutex);
    is_free = !lock->is_writing && !lock->writers_waiting;
    lock->readers += is_free;
    mutex_unlock(lock->mutex);
    return is_free;
}

static void unlock_read(struct events_lock *lock)
{
    mutex_lock(lock->mutex);
    if (!--lock->readers)
        condition_broadcast(lock->changed);
    mutex_unlock(lock->mutex);
}

/* Life. */

fallible events_name_types(struct events *events)
{
    for (unsigned type = EVENT_PAGE; type <= EVENT_ALIAS; type++)
        TRY(dictionary_add(&events->texts, source_type_name((enum event_type)type),
                           &events->type_names[type]));
    return OK;
}

static fallible open_parts(struct events *events)
{
    if (!events->identity)
        TRY(identity_open(&events->identity));
    TRY(deletions_open(0, &events->deletions));
    TRY(verdicts_open(0, &events->verdicts));
    events->lock = lock_open();
    events->mem = arena_open(MESSAGE_BYTES);
    events->reader = json_reader_open();
    events->shapes = shapes_open();
    events->node_room = 1024;
    events->nodes = mem_alloc(events->node_room * sizeof *events->nodes);
    if (!events->lock || !events->mem || !events->reader || !events->shapes || !events->nodes)
        return mem_exhausted();
    events->node_count = 1;
    return events_name_types(events);
}

/* What was settled of nodes and joins. */
static fallible load_roster(struct events *events);

fallible events_open(const struct events_config *config, struct events **out_events)
{
    struct events *events = mem_alloc(sizeof *events);
    enum err err;

    if (!events) {
        identity_close(config->identity);
        return mem_exhausted();
    }
    events->config = *config;
    events->identity = config->identity;
    dictionary_init(&events->texts, config->hash_seed);
    dictionary_init(&events->paths, config->hash_seed + 1);
    events->settled_seq = config->history ? history_next_seq(config->history) : 1;
    events->verdict_path = DICTIONARY_NONE;
    cells_init(&events->cells);
    err = open_parts(events);
    if (!err)
        err = load_roster(events);
    if (err) {
        events_close(events);
        return err;
    }
    events->flatten = (struct flatten){.cells = &events->cells,
                                       .texts = &events->texts,
                                       .paths = &events->paths,
                                       .refused = &events->refused,
                                       .mem = events->mem};
    *out_events = events;
    return OK;
}

void events_close(struct events *events)
{
    if (!events)
        return;
    events_apart_close(events->apart);
    for (uint32_t i = 0; i < events->chunk_made; i++)
        mem_free(events->chunks[i]);
    mem_free(events->chunks);
    mem_free(events->row_nodes);
    mem_free(events->traits);
    mem_free(events->changes);
    mem_free(events->active);
    mem_free(events->nodes);
    flatten_done(&events->flatten);
    shapes_close(events->shapes);
    json_reader_close(events->reader);
    arena_close(events->mem);
    cells_done(&events->cells);
    known_done(&events->values);
    dictionary_done(&events->paths);
    dictionary_done(&events->texts);
    verdicts_close(events->verdicts);
    deletions_close(events->deletions);
    identity_close(events->identity);
    lock_close(events->lock);
    mem_free(events);
}

uint64_t events_first_seq(const struct events *events)
{
    return roster_next_seq(events->config.roster);
}

/* Applying. Everything that can fail comes first, the row is appended last: an event that could
 * not be folded left nothing but garbage in the value store. */

static fallible make_row_node_room(struct events *events)
{
    uint32_t room = events->row_node_room ? events->row_node_room * 2 : EVENTS_CHUNK_ROWS;
    node_id *nodes;

    if (events->row_count < events->row_node_room)
        return OK;
    nodes = mem_grow(events->row_nodes, (size_t)room * sizeof *nodes);
    if (!nodes)
        return mem_exhausted();
    events->row_nodes = nodes;
    events->row_node_room = room;
    return OK;
}

static fallible make_row_room(struct events *events)
{
    uint32_t chunk = events->row_count / EVENTS_CHUNK_ROWS;

    if (events->row_count % EVENTS_CHUNK_ROWS)
        return OK;
    if (events->row_count > EVENTS_NO_ROW - EVENTS_CHUNK_ROWS)
        return fail(ERR_LIMIT, "over four thousand million events in memory");
    if (chunk == events->chunk_room) {
        uint32_t room = events->chunk_room ? events->chunk_room * 2 : 16;
        struct events_row **chunks = mem_grow(events->chunks, room * sizeof *chunks);

        if (!chunks)
            return mem_exhausted();
        events->chunks = chunks;
        events->chunk_room = room;
    }
    TRY(make_row_node_room(events));
    if (chunk < events->chunk_made)
        return OK;
    events->chunks[chunk] = mem_alloc_slab(EVENTS_CHUNK_ROWS * sizeof(struct events_row));
    events->chunk_made += events->chunks[chunk] != NULL;
    return events->chunks[chunk] ? OK : mem_exhausted();
}

static fallible make_trait_room(struct events *events)
{
    uint32_t room = events->trait_room ? events->trait_room + events->trait_room / 2 : 256;
    struct events_traits *traits;

    if (events->trait_count < events->trait_room)
        return OK;
    traits = mem_grow(events->traits, room * sizeof *traits);
    if (!traits)
        return mem_exhausted();
    events->traits = traits;
    events->trait_room = room;
    return OK;
}

static fallible make_node_room(struct events *events, node_id need)
{
    node_id room = events->node_room + events->node_room / 2;
    struct events_node *nodes;

    if (need <= events->node_room)
        return OK;
    room = room > need ? room : need;
    nodes = mem_grow(events->nodes, room * sizeof *nodes);
    if (!nodes)
        return mem_exhausted();
    events->nodes = nodes;
    events->node_room = room;
    return OK;
}

static fallible make_active_room(struct events *events)
{
    uint32_t room = events->active_room ? events->active_room * 2 : 1024;
    node_id *active;

    if (events->active_count < events->active_room)
        return OK;
    active = mem_grow(events->active, room * sizeof *active);
    if (!active)
        return mem_exhausted();
    events->active = active;
    events->active_room = room;
    return OK;
}

static fallible read_name(struct events *events, const struct json *message, enum event_type type,
                          text_code *out_name)
{
    uint32_t at = json_find(message, 0, S("event"));
    str name;

    if (type != EVENT_TRACK) {
        *out_name = events->type_names[type];
        return OK;
    }
    if (at == JSON_ABSENT || json_type_of(message, at) != JSON_STRING)
        return fail(ERR_CORRUPT, "a track event without a name is in the log");
    name = json_string(message, at, events->mem);
    if (!name.data)
        return arena_exhausted();
    return dictionary_add(&events->texts, name, out_name);
}

/* Walks a message whose shape is not known, and learns the shape. */
static fallible read_event(struct events *events, const struct record_event *event,
                           struct events_row *out_row, uint32_t *out_traits)
{
    struct json message;
    bool is_view = event->type == EVENT_PAGE || event->type == EVENT_SCREEN;
    uint64_t refused = events->refused;
    enum err err;

    err = json_parse_copy(events->reader, events->mem, event->json, &message);
    if (err == ERR_INVALID)
        return fail(ERR_CORRUPT, "an event in the log is not JSON");
    TRY(err);
    if (json_type_of(&message, 0) != JSON_OBJECT)
        return fail(ERR_CORRUPT, "an event in the log is no JSON object");
    TRY(read_name(events, &message, event->type, &out_row->name));
    events->flatten.trace = shapes_trace(events->shapes, event->type);
    err = flatten_message(&events->flatten, &message, is_view, &out_row->run);
    if (!err && events->flatten.trace && events->refused == refused)
        shapes_learn(events->shapes, &message, event->type);
    events->flatten.trace = NULL;
    TRY(err);
    if (event->type != EVENT_IDENTIFY)
        return OK;
    TRY(flatten_traits(&events->flatten, &message, out_traits));
    return make_trait_room(events);
}

/* A row and the traits for it, made ready but not yet in the fold. */
static fallible prepare_event(struct events *events, const struct record_event *event,
                              struct events_row *out_row, uint32_t *out_traits)
{
    bool is_known;

    TRY(shapes_fold(events->shapes, &events->flatten, event, &out_row->name, &out_row->run,
                    &is_known));
    if (event->type != EVENT_TRACK)
        out_row->name = events->type_names[event->type];
    if (!is_known)
        TRY(read_event(events, event, out_row, out_traits));
    out_row->is_machine = events_is_machine(events, out_row->run);
    TRY(make_active_room(events));
    return make_row_room(events);
}

static void append_event(struct events *events, node_id node, struct events_row *row,
                         uint32_t traits)
{
    struct events_node *owner = &events->nodes[node];
    uint32_t at = events->row_count++;

    if (at == events->dropped || row->time < events->first)
        events->first = row->time;
    if (at == events->dropped || row->time > events->last)
        events->last = row->time;
    if (!row->is_machine)
        events_see_human(events, row->time);
    if (owner->newest_row == EVENTS_NO_ROW)
        events->active[events->active_count++] = node;
    row->older = owner->newest_row;
    owner->newest_row = at;
    events->chunks[at / EVENTS_CHUNK_ROWS][at % EVENTS_CHUNK_ROWS] = *row;
    events->row_nodes[at] = node;
    if (row->type == EVENT_IDENTIFY) {
        events->traits[events->trait_count] =
            (struct events_traits){.row = at, .run = traits, .older = owner->newest_traits};
        owner->newest_traits = events->trait_count++;
    }
}

static fallible apply_events(struct events *events, const struct log_record *record)
{
    struct record_events it;
    struct record_event event;
    uint64_t seq = record->seq;

    if (record->node == 0 || record->node >= events->node_count)
        return fail(ERR_CORRUPT, "events of node %u, which the log does not know", record->node);
    __builtin_prefetch(&events->nodes[record->node]); /* by the time it is wanted it is there */
    TRY(record_events_start(&it, record->clear, record->payload));
    for (; record_events_next(&it, &event); seq++) {
        struct events_row row = {.time = event.time,
                                 .seq = seq & MOST_SEQ,
                                 .type = event.type & 0x7f,
                                 .device = event.anonymous};
        uint32_t traits = 0;

        if (seq < events->next_seq)
            continue;
        if (event.anonymous >= events->node_count)
            return fail(ERR_CORRUPT, "an event of device %u, which the log does not know",
                        event.anonymous);
        arena_reset(events->mem);
        TRY(prepare_event(events, &event, &row, &traits));
        append_event(events, record->node, &row, traits);
        events->next_seq = seq + 1;
    }
    return record_events_finish(&it);
}

/* A node for every id that is taken; there must be room. */
static void add_nodes(struct events *events)
{
    static const struct events_node none = {0, EVENTS_NO_ROW, EVENTS_NO_ROW};

    while (events->node_count <= identity_count(events->identity))
        events->nodes[events->node_count++] = none;
}

static fallible apply_node(struct events *events, const struct log_record *record)
{
    TRY(make_node_room(events, record->node + 1));
    TRY(identity_apply(events->identity, record));
    add_nodes(events);
    return OK;
}

static fallible make_change_room(struct events *events)
{
    uint32_t room = events->change_room ? events->change_room * 2 : 256;
    struct source_change *changes;

    if (events->change_count < events->change_room)
        return OK;
    changes = mem_grow(events->changes, room * sizeof *changes);
    if (!changes)
        return mem_exhausted();
    events->changes = changes;
    events->change_room = room;
    return OK;
}

/* What a join or an undo changes for files written before it, which know nothing of it. */
static fallible read_change(const struct events *events, const struct log_record *record,
                            struct source_change *out_change)
{
    struct source_change change = {.seq = record->seq};
    struct record_undo undo;
    struct record_join join;

    if (record->kind == RECORD_JOIN) {
        TRY(record_read_join(record->clear, &join));
        change.a = join.a;
        change.b = join.b;
    } else {
        TRY(record_read_undo(record->clear, &undo));
        (void)identity_ends(events->identity, undo.join_seq, &change.a, &change.b);
    }
    *out_change = change;
    return OK;
}

static bool files_lack(const struct events *events, const struct log_record *record)
{
    return events->is_apart ||
           (events->config.history && record->seq >= history_identity_seq(events->config.history));
}

static fallible apply_change(struct events *events, const struct log_record *record)
{
    struct source_change change = {0};

    if (files_lack(events, record)) {
        TRY(make_change_room(events));
        TRY(read_change(events, record, &change));
    }
    TRY(identity_apply(events->identity, record));
    if (change.a && change.b)
        events->changes[events->change_count++] = change;
    return OK;
}

static uint64_t memory_of(const struct events *events)
{
    uint64_t chunks = (events->row_count + (uint64_t)EVENTS_CHUNK_ROWS - 1) / EVENTS_CHUNK_ROWS;

    return roster_waiting(events->config.roster) +
           chunks * EVENTS_CHUNK_ROWS * sizeof(struct events_row) +
           (uint64_t)events->row_node_room * sizeof *events->row_nodes +
           (uint64_t)events->trait_room * sizeof *events->traits +
           (uint64_t)events->node_room * sizeof *events->nodes +
           (uint64_t)events->active_room * sizeof *events->active +
           (uint64_t)events->change_room * sizeof *events->changes + events->texts.bytes +
           events->paths.bytes + events->cells.bytes + shapes_bytes(events->shapes);
}

static fallible apply(struct events *events, const struct log_record *record)
{
    if (events->config.memory_bytes && memory_of(events) > events->config.memory_bytes)
        return fail(ERR_LIMIT, "the events in memory have reached their bound of %llu MiB",
                    (unsigned long long)(events->config.memory_bytes >> 20));
    if (record->kind == RECORD_NODE)
        return apply_node(events, record);
    if (record->kind == RECORD_JOIN || record->kind == RECORD_UNDO)
        return apply_change(events, record);
    if (record->kind == RECORD_DELETION)
        return events_delete(events, record);
    if (record->kind == RECORD_VERDICTS)
        return events_revise(events, record);
    if (record->kind != RECORD_EVENTS)
        return identity_apply(events->identity, record);
    if (record->seq < events->settled_seq)
        return OK;
    return record->payload.data && !record->is_erased ? apply_events(events, record) : OK;
}

static bool has_text(const struct log_record *record)
{
    return record->kind == RECORD_NODE && record->payload.data && !record->is_erased;
}

static void keep_record(struct events *events, const struct log_record *record)
{
    uint64_t place = roster_add(events->config.roster, record);

    if (has_text(record))
        events->nodes[record->node].place = place;
}

fallible events_apply_next(struct events *events, const struct log_record *record)
{
    enum err err = OK;

    if (record->seq + record->count > events->next_seq) {
        err = roster_reserve(events->config.roster, record);
        if (!err)
            err = apply(events, record);
        if (!err)
            keep_record(events, record);
    }
    if (!err && record->seq + record->count > events->next_seq)
        events->next_seq = record->seq + record->count;
    return err;
}

void events_begin_apply(struct events *events)
{
    lock_write(events->lock);
}

void events_end_apply(struct events *events)
{
    unlock_write(events->lock);
}

fallible events_apply(struct events *events, const struct log_record *record)
{
    enum err err;

    events_begin_apply(events);
    err = events_apply_next(events, record);
    events_end_apply(events);
    return err;
}

/* Loading */

/* Identity has it all already. */
static enum err take_settled(void *argument, const struct roster_entry *entries, size_t count)
{
    struct events *events = argument;

    for (size_t i = 0; i < count; i++) {
        const struct log_record *record = &entries[i].record;
        struct source_change change = {0};

        if (record->kind == RECORD_DELETION)
            TRY(events_delete(events, record));
        if (record->kind == RECORD_VERDICTS)
            TRY(events_revise(events, record));
        if ((record->kind != RECORD_JOIN && record->kind != RECORD_UNDO) ||
            !files_lack(events, record))
            continue;
        TRY(make_change_room(events));
        TRY(read_change(events, record, &change));
        if (change.a && change.b)
            events->changes[events->change_count++] = change;
    }
    return OK;
}

static fallible load_roster(struct events *events)
{
    struct roster *roster = events->config.roster;
    struct roster_nodes *nodes;

    TRY(roster_load(roster, &nodes));
    TRY(make_node_room(events, identity_count(events->identity) + 1));
    add_nodes(events);
    for (node_id node = 1; node < events->node_count && node <= nodes->count; node++)
        events->nodes[node].place = nodes->places[node];
    TRY(roster_read_others(roster, take_settled, events));
    roster_unload(roster);
    events->next_seq = roster_next_seq(roster);
    return OK;
}

/* Settling */

void events_unchain(struct events *events)
{
    for (uint32_t i = 0; i < events->active_count; i++) {
        events->nodes[events->active[i]].newest_row = EVENTS_NO_ROW;
        events->nodes[events->active[i]].newest_traits = EVENTS_NO_ROW;
    }
    events->active_count = 0;
}

/* What the new file holds is forgotten; names and paths stay, as they come again, and so does the
 * memory: touched for the first time it costs more than what is done with it. */
static void forget(struct events *events)
{
    events_unchain(events);
    events->row_count = 0;
    events->dropped = 0;
    events->humans = (struct source_span){0};
    events->trait_count = 0;
    cells_clear(&events->cells);
    dictionary_clear(&events->texts);
    events->settled_seq = events->next_seq;
}

/* Only those that some file does not know of are of use. */
void events_drop_changes(struct events *events)
{
    uint64_t since = history_identity_seq(events->config.history);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < events->change_count; i++)
        if (events->changes[i].seq >= since)
            events->changes[kept++] = events->changes[i];
    events->change_count = kept;
}

fallible events_settle_roster(struct events *events)
{
    struct roster *roster = events->config.roster;
    enum err err;

    lock_write(events->lock);
    err = roster_begin_commit(roster, events->next_seq, identity_count(events->identity));
    unlock_write(events->lock);
    TRY(err);
    TRY(roster_write(roster));
    lock_write(events->lock);
    roster_end_commit(roster);
    unlock_write(events->lock);
    return OK;
}

fallible events_settle(struct events *events, struct sys *sys)
{
    struct history *history = events->config.history;
    struct columns_about about;
    uint32_t number;
    enum err err;
    str path;

    if (!events->row_count)
        return OK;
    arena_reset(events->mem);
    number = history_next_number(history);
    TRY(history_path(history, number, events->mem, &path));
    /* This thread alone changes what is in memory, so it needs no lock to read it. */
    TRY(events_settle_write(events, sys, path.data, history_workspace(history), &about));
    TRY(events_settle_roster(events));
    lock_write(events->lock);
    err = history_replace(history, number, history_count(history), 0);
    if (!err) {
        forget(events);
        events_drop_changes(events);
        err = events_name_types(events);
    }
    unlock_write(events->lock);
    return err;
}

struct history *events_history(const struct events *events)
{
    return events->config.history;
}

fallible events_swap(struct events *events, uint32_t number, size_t at, size_t count,
                     int64_t spent_ns)
{
    enum err err;

    lock_write(events->lock);
    err = history_replace(events->config.history, number, at, count);
    if (!err) {
        events_drop_changes(events);
        events->combines++;
        events->combine_ns += (uint64_t)spent_ns;
    }
    unlock_write(events->lock);
    return err;
}

uint64_t events_in_memory(const struct events *events)
{
    return events->row_count;
}

bool events_wait(struct events *events, uint64_t next_seq, int64_t timeout_ms)
{
    struct events_lock *lock = events->lock;
    bool goes_on = true, is_there;

    mutex_lock(lock->mutex);
    while (lock->is_writing || (events->next_seq < next_seq && goes_on))
        goes_on = condition_wait_for(lock->changed, lock->mutex, timeout_ms);
    is_there = events->next_seq >= next_seq;
    mutex_unlock(lock->mutex);
    return is_there;
}

static void give_source(struct events *events, struct source *out_source)
{
    *out_source = (struct source){
        .calls = &events_source,
        .store = events,
        .history = events->config.history,
        .without = {.deleted = deletions_set(events->deletions), .verdicts = events->verdicts},
        .human = &events_source_human,
        .identity = events->identity,
        .changes = events->changes,
        .change_count = events->change_count,
        .next_seq = events->next_seq,
        .active = events->active,
        .active_count = events->active_count};
}

void events_begin(struct events *events, struct source *out_source)
{
    lock_read(events->lock);
    give_source(events, out_source);
}

bool events_try_begin(struct events *events, struct source *out_source)
{
    if (!try_lock_read(events->lock))
        return false;
    give_source(events, out_source);
    return true;
}

void events_end(struct events *events)
{
    unlock_read(events->lock);
}

static void add_files(const struct history *history, struct events_stats *stats)
{
    stats->files = history ? history_count(history) : 0;
    stats->cache_bytes = history ? history_cache_bytes(history) : 0;
    for (size_t i = 0; i < stats->files; i++) {
        const struct columns_about *about = columns_about(history_file(history, i));

        stats->settled += about->rows;
        stats->file_bytes += about->bytes;
    }
}

void events_stats_read(struct events *events, struct events_stats *out_stats)
{
    lock_read(events->lock);
    *out_stats = (struct events_stats){
        .events = events->row_count - events->dropped,
        .combines = events->combines,
        .combine_ns = events->combine_ns,
        .nodes = events->node_count - 1,
        .properties = events->paths.count,
        .properties_refused = events->refused,
        .texts = events->texts.count,
        .bytes = memory_of(events),
        .next_seq = events->next_seq,
    };
    add_files(events->config.history, out_stats);
    unlock_read(events->lock);
}
