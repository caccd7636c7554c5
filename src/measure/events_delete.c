/* events_delete.c - deletions: the set that says what files hold in vain, and the rows in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Deleted rows in memory are taken out of their chains, which all readers follow; their places are
 * given back when events settle.
 */
#include "measure/events_int.h"

#include "store/deletions.h"

static bool is_deleted(const struct events *events, uint32_t row)
{
    return deleted_has(deletions_set(events->deletions), events_row_at(events, row)->seq);
}

static void see_time(struct events *events, millis time)
{
    if (events->first > events->last) {
        events->first = events->last = time;
        return;
    }
    if (time < events->first)
        events->first = time;
    if (time > events->last)
        events->last = time;
}

static void drop_rows(struct events *events, uint32_t *link)
{
    while (*link != EVENTS_NO_ROW) {
        uint32_t at = *link;
        struct events_row *row = &events->chunks[at / EVENTS_CHUNK_ROWS][at % EVENTS_CHUNK_ROWS];

        if (is_deleted(events, at)) {
            *link = row->older;
            events->row_nodes[at] = 0; /* it does not settle */
            events->dropped++;
            continue;
        }
        see_time(events, row->time);
        link = &row->older;
    }
}

static void drop_traits(struct events *events, uint32_t *link)
{
    while (*link != EVENTS_NO_ROW) {
        struct events_traits *traits = &events->traits[*link];

        if (is_deleted(events, traits->row))
            *link = traits->older;
        else
            link = &traits->older;
    }
}

static void drop_all(struct events *events)
{
    uint32_t kept = 0;

    events->first = INT64_MAX; /* until one is seen */
    events->last = INT64_MIN;
    for (uint32_t i = 0; i < events->active_count; i++) {
        struct events_node *node = &events->nodes[events->active[i]];

        drop_traits(events, &node->newest_traits);
        drop_rows(events, &node->newest_row);
        if (node->newest_row != EVENTS_NO_ROW)
            events->active[kept++] = events->active[i];
    }
    events->active_count = kept;
    events_count_humans(events);
}

fallible events_delete(struct events *events, const struct log_record *record)
{
    uint64_t before = deletions_count(events->deletions, events->settled_seq, UINT64_MAX);

    TRY(deletions_apply(events->deletions, record));
    if (deletions_count(events->deletions, events->settled_seq, UINT64_MAX) > before)
        drop_all(events);
    return OK;
}

uint64_t events_deleted(struct events *events, uint64_t from, uint64_t to)
{
    return deletions_count(events->deletions, from, to);
}

bool events_is_deleted(struct events *events, uint64_t seq)
{
    return deletions_has(events->deletions, seq);
}
