/* events_apart.c - the events in memory set apart, to be written while others are folded.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * There are two memories for rows, which change places: one is folded into, the other is written
 * out and emptied. What both need while the fold goes on is copied: the names of paths, and whose
 * each row is, since a join that is folded meanwhile must not part the rows of a person.
 */
#include "measure/events_int.h"

#include "base/mem.h"
#include "measure/events_settle.h"
#include "measure/history.h"

#include <assert.h>
#include <string.h>

enum { PATHS = 64 << 10 };

static fallible open_apart(struct events *events)
{
    struct events *apart = mem_alloc(sizeof *apart);

    if (!apart)
        return mem_exhausted();
    apart->mem = arena_open(PATHS);
    if (!apart->mem) {
        mem_free(apart);
        return mem_exhausted();
    }
    apart->config.hash_seed = events->config.hash_seed;
    dictionary_init(&apart->texts, events->config.hash_seed);
    dictionary_init(&apart->paths, events->config.hash_seed + 1);
    cells_init(&apart->cells);
    events->apart = apart;
    return OK;
}

void events_apart_close(struct events *apart)
{
    if (!apart)
        return;
    for (uint32_t i = 0; i < apart->chunk_made; i++)
        mem_free(apart->chunks[i]);
    mem_free(apart->chunks);
    mem_free(apart->row_nodes);
    mem_free(apart->traits);
    mem_free(apart->persons);
    cells_done(&apart->cells);
    known_done(&apart->values);
    dictionary_done(&apart->paths);
    dictionary_done(&apart->texts);
    arena_close(apart->mem);
    mem_free(apart);
}

static fallible copy_paths(const struct events *events, struct events *apart)
{
    uint32_t code;

    dictionary_clear(&apart->paths);
    for (uint32_t i = 0; i < events->paths.count; i++)
        TRY(dictionary_add(&apart->paths, dictionary_text(&events->paths, i), &code));
    return OK;
}

/* Rows and all that they point to. */
static void exchange(struct events *events, struct events *apart)
{
    struct events was = *events;

    events->texts = apart->texts;
    events->cells = apart->cells;
    events->chunks = apart->chunks;
    events->chunk_made = apart->chunk_made;
    events->chunk_room = apart->chunk_room;
    events->row_nodes = apart->row_nodes;
    events->row_node_room = apart->row_node_room;
    events->traits = apart->traits;
    events->trait_room = apart->trait_room;
    memcpy(events->type_names, apart->type_names, sizeof events->type_names);
    apart->texts = was.texts;
    apart->cells = was.cells;
    apart->chunks = was.chunks;
    apart->chunk_made = was.chunk_made;
    apart->chunk_room = was.chunk_room;
    apart->row_nodes = was.row_nodes;
    apart->row_node_room = was.row_node_room;
    apart->traits = was.traits;
    apart->trait_room = was.trait_room;
    apart->trait_count = was.trait_count;
    apart->row_count = was.row_count;
    apart->node_count = was.node_count;
    apart->settled_seq = was.settled_seq;
    apart->next_seq = was.next_seq;
    events->row_count = 0;
    events->dropped = 0;
    events->humans = (struct source_span){0};
    events->trait_count = 0;
    events->settled_seq = was.next_seq;
}

fallible events_set_apart(struct events *events)
{
    struct events *apart;

    assert(!events->is_apart);
    if (!events->row_count)
        return OK;
    if (!events->apart)
        TRY(open_apart(events));
    apart = events->apart;
    dictionary_clear(&apart->texts);
    TRY(events_name_types(apart));
    TRY(copy_paths(events, apart));
    TRY(events_settle_roster(events));
    TRY(events_settle_persons(events, &apart->persons));
    events_begin_apply(events);
    exchange(events, apart);
    events_unchain(events);
    events->is_apart = true;
    events_end_apply(events);
    return OK;
}

static void empty(struct events *apart)
{
    mem_free(apart->persons);
    apart->persons = NULL;
    apart->row_count = 0;
    apart->trait_count = 0;
    cells_clear(&apart->cells);
    dictionary_clear(&apart->texts);
}

fallible events_write_apart(struct events *events, struct sys *sys)
{
    struct history *history = events->config.history;
    struct events *apart = events->apart;
    struct columns_about about;
    uint32_t number;
    enum err err;
    str path;

    if (!events->is_apart)
        return OK;
    arena_reset(apart->mem);
    number = history_next_number(history);
    TRY(history_path(history, number, apart->mem, &path));
    TRY(events_settle_write(apart, sys, path.data, history_workspace(history), &about));
    empty(apart);
    events_begin_apply(events);
    err = history_replace(history, number, history_count(history), 0);
    if (!err) {
        events->is_apart = false;
        events_drop_changes(events);
    }
    events_end_apply(events);
    return err;
}
