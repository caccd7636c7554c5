/* seen_table.c - the newest ids: cells in order of arrival, found through an open table.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The home of an id in the table is given by its highest bits and steps are linear, so the table
 * read from one end to the other is sorted but for each cluster of filled slots: to write it out
 * in order, only clusters are sorted, in place. A cluster sorted by id keeps every id at or behind
 * its home, so look-ups go on meanwhile.
 */
#include "store/seen_int.h"

#include "base/mem.h"

#include <assert.h>

enum { AHEAD = 32 }; /* slots whose cells are fetched before their turn */

struct cell {
    hash128 id;
    uint64_t body_hash;
    uint32_t received_low;
    uint32_t seq_low;
};

/* The upper halves of times and sequence numbers, for the cells from `first` on. */
struct epoch {
    uint32_t first;
    uint32_t received_high;
    uint32_t seq_high;
};

struct seen_table {
    struct cell *cells;
    struct epoch *epochs;
    uint32_t cell_count;
    uint32_t cell_room;
    uint32_t epoch_count;
    uint32_t epoch_room;
    uint32_t filled; /* slots in use */
    uint8_t *tags;   /* 0 for an empty slot, else bits of the id */
    uint32_t *slots; /* places of cells */
    uint64_t slot_count;
    unsigned shift; /* home = id.high >> shift */
};

_Static_assert(sizeof(struct cell) == 32, "two to a cache line");

struct seen_table *seen_table_open(void)
{
    return mem_alloc(sizeof(struct seen_table));
}

void seen_table_close(struct seen_table *table)
{
    if (!table)
        return;
    mem_free(table->cells);
    mem_free(table->epochs);
    mem_free(table->tags);
    mem_free(table->slots);
    mem_free(table);
}

static uint8_t tag_of(hash128 id)
{
    uint8_t tag = (uint8_t)id.low;

    return tag ? tag : 1;
}

static uint64_t home_at(const struct seen_table *table, uint64_t at)
{
    return table->cells[table->slots[at]].id.high >> table->shift;
}

static uint64_t step(const struct seen_table *table, uint64_t at)
{
    return (at + 1) & (table->slot_count - 1);
}

static void put_slot(struct seen_table *table, hash128 id, uint32_t cell)
{
    uint64_t at = id.high >> table->shift;

    while (table->tags[at])
        at = step(table, at);
    table->tags[at] = tag_of(id);
    table->slots[at] = cell;
}

/* Makes the slots fit for `cells`: at most 3/4 full. */
static fallible grow_slots(struct seen_table *table, uint64_t cells)
{
    struct seen_table grown = *table;

    if (!grown.slot_count) {
        grown.slot_count = 64;
        grown.shift = 64 - 6;
    }
    for (; cells > grown.slot_count - grown.slot_count / 4; grown.shift--)
        grown.slot_count *= 2;
    if (grown.slot_count == table->slot_count)
        return OK;
    grown.tags = mem_alloc(grown.slot_count);
    grown.slots = mem_alloc(grown.slot_count * sizeof *grown.slots);
    if (!grown.tags || !grown.slots) {
        mem_free(grown.tags);
        mem_free(grown.slots);
        return mem_exhausted();
    }
    for (uint64_t at = 0; at < table->slot_count; at++)
        if (table->tags[at])
            put_slot(&grown, table->cells[table->slots[at]].id, table->slots[at]);
    mem_free(table->tags);
    mem_free(table->slots);
    *table = grown;
    return OK;
}

fallible seen_table_reserve(struct seen_table *table, uint32_t more)
{
    uint64_t need = (uint64_t)table->cell_count + more;
    uint64_t epochs = (uint64_t)table->epoch_count + more;
    void *grown;

    if (need > INT32_MAX)
        return fail(ERR_LIMIT, "too many message ids wait to be written");
    if (need > table->cell_room) {
        uint64_t room = table->cell_room + table->cell_room / 2;

        room = room > need ? room : need;
        grown = mem_grow(table->cells, room * sizeof *table->cells);
        if (!grown)
            return mem_exhausted();
        table->cells = grown;
        table->cell_room = (uint32_t)room;
    }
    if (epochs > table->epoch_room) {
        grown = mem_grow(table->epochs, 2 * epochs * sizeof *table->epochs);
        if (!grown)
            return mem_exhausted();
        table->epochs = grown;
        table->epoch_room = (uint32_t)(2 * epochs);
    }
    return grow_slots(table, need);
}

uint32_t seen_table_count(const struct seen_table *table)
{
    return table->filled;
}

static const struct epoch *epoch_of(const struct seen_table *table, uint32_t cell)
{
    uint32_t low = 0, high = table->epoch_count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (table->epochs[middle].first <= cell)
            low = middle;
        else
            high = middle;
    }
    return &table->epochs[low];
}

static millis received_of(const struct seen_table *table, uint32_t cell)
{
    uint64_t high = epoch_of(table, cell)->received_high;

    return (millis)(high << 32 | table->cells[cell].received_low);
}

static uint64_t seq_of(const struct seen_table *table, uint32_t cell)
{
    uint64_t high = epoch_of(table, cell)->seq_high;

    return high << 32 | table->cells[cell].seq_low;
}

static struct seen_entry entry_of(const struct seen_table *table, uint32_t cell)
{
    return (struct seen_entry){.id = table->cells[cell].id,
                               .body_hash = table->cells[cell].body_hash,
                               .received = received_of(table, cell)};
}

/* The slot of the id; false if there is none. */
static bool find_slot(const struct seen_table *table, hash128 id, uint64_t *out_at)
{
    uint8_t tag = tag_of(id);

    if (!table->slot_count)
        return false;
    for (uint64_t at = id.high >> table->shift; table->tags[at]; at = step(table, at))
        if (table->tags[at] == tag && hash_equals(table->cells[table->slots[at]].id, id)) {
            *out_at = at;
            return true;
        }
    return false;
}

void seen_table_warm(const struct seen_table *table, hash128 id)
{
    if (!table->slot_count)
        return;
    __builtin_prefetch(&table->tags[id.high >> table->shift]);
    __builtin_prefetch(&table->slots[id.high >> table->shift], 1);
}

bool seen_table_find(const struct seen_table *table, hash128 id, struct seen_entry *out_entry)
{
    uint64_t at;

    if (!find_slot(table, id, &at))
        return false;
    *out_entry = entry_of(table, table->slots[at]);
    return true;
}

void seen_table_add(struct seen_table *table, const struct seen_entry *entry, uint64_t seq)
{
    struct epoch epoch = {.first = table->cell_count,
                          .received_high = (uint32_t)((uint64_t)entry->received >> 32),
                          .seq_high = (uint32_t)(seq >> 32)};
    const struct epoch *last = table->epochs + table->epoch_count - (table->epoch_count > 0);
    uint64_t at;

    assert(table->cell_count < table->cell_room && table->epoch_count < table->epoch_room);
    assert(seq >= seen_table_last_seq(table));
    if (!table->epoch_count || last->received_high != epoch.received_high ||
        last->seq_high != epoch.seq_high)
        table->epochs[table->epoch_count++] = epoch;
    table->cells[table->cell_count] = (struct cell){.id = entry->id,
                                                    .body_hash = entry->body_hash,
                                                    .received_low = (uint32_t)entry->received,
                                                    .seq_low = (uint32_t)seq};
    if (find_slot(table, entry->id, &at)) {
        table->slots[at] = table->cell_count;
    } else {
        put_slot(table, entry->id, table->cell_count);
        table->filled++;
    }
    table->cell_count++;
}

/* Empties a slot and moves back what had to step over it. */
static void remove_slot(struct seen_table *table, uint64_t hole)
{
    uint64_t mask = table->slot_count - 1;

    for (uint64_t at = step(table, hole); table->tags[at]; at = step(table, at)) {
        if (((at - home_at(table, at)) & mask) < ((at - hole) & mask))
            continue;
        table->tags[hole] = table->tags[at];
        table->slots[hole] = table->slots[at];
        hole = at;
    }
    table->tags[hole] = 0;
    table->filled--;
}

void seen_table_forget_from(struct seen_table *table, uint64_t seq)
{
    while (table->cell_count && seen_table_last_seq(table) >= seq) {
        uint32_t cell = table->cell_count - 1;
        uint64_t at;

        if (find_slot(table, table->cells[cell].id, &at) && table->slots[at] == cell)
            remove_slot(table, at);
        table->cell_count = cell;
        if (table->epochs[table->epoch_count - 1].first == cell)
            table->epoch_count--;
    }
}

uint64_t seen_table_last_seq(const struct seen_table *table)
{
    return table->cell_count ? seq_of(table, table->cell_count - 1) : 0;
}

millis seen_table_first_received(const struct seen_table *table)
{
    assert(table->cell_count);
    return received_of(table, 0);
}

/* Sorts the cluster that begins at `start`. Keys are taken relative to its first home, since the
 * last cluster may go on at the beginning of the table. */
static void sort_cluster(struct seen_table *table, uint64_t start)
{
    uint64_t mask = table->slot_count - 1, base = start << table->shift;

    for (uint64_t at = step(table, start); table->tags[at] && at != start; at = step(table, at)) {
        uint32_t slot = table->slots[at];
        uint8_t tag = table->tags[at];
        hash128 id = table->cells[slot].id;
        uint64_t to = at;

        id.high -= base;
        while (to != start) {
            uint64_t before = (to - 1) & mask;
            hash128 other = table->cells[table->slots[before]].id;

            other.high -= base;
            if (seen_run_compare(other, id) < 0)
                break;
            table->slots[to] = table->slots[before];
            table->tags[to] = table->tags[before];
            to = before;
        }
        table->slots[to] = slot;
        table->tags[to] = tag;
    }
}

void seen_table_cursor_start(struct seen_table_cursor *cursor, struct seen_table *table)
{
    uint64_t mask = table->slot_count - 1, start = 0, at = 0;

    *cursor = (struct seen_table_cursor){.table = table};
    if (!table->slot_count || !table->tags[0])
        return;
    while (table->tags[(start - 1) & mask])
        start = (start - 1) & mask;
    sort_cluster(table, start);
    /* The greatest ids may have stepped over the end: the walk begins behind them. */
    while (start && table->tags[at] && home_at(table, at) >= start)
        at++;
    cursor->start = at;
}

bool seen_table_cursor_next(struct seen_table_cursor *cursor, struct seen_entry *out_entry)
{
    struct seen_table *table = cursor->table;
    uint64_t mask = table->slot_count - 1;

    while (cursor->steps < table->slot_count) {
        uint64_t at = (cursor->start + cursor->steps++) & mask, ahead = (at + AHEAD) & mask;

        /* Cells stand in order of arrival: each would be waited for. */
        if (table->tags[ahead])
            __builtin_prefetch(&table->cells[table->slots[ahead]]);
        if (!table->tags[at])
            continue;
        if (at && !table->tags[at - 1])
            sort_cluster(table, at);
        *out_entry = entry_of(table, table->slots[at]);
        return true;
    }
    return false;
}
