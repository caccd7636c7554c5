/* events_revise.c - whose the rows in memory are: as they came, and as it was revised.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row has a bit for it. Rows in files have none: see mask.h.
 */
#include "measure/events_int.h"

#include "measure/machines.h"

/* Paths are never forgotten, so one that is not there need only be looked for among new ones. */
static uint32_t find_path(struct events *events)
{
    if (events->verdict_path == DICTIONARY_NONE && events->paths_looked_at < events->paths.count) {
        events->paths_looked_at = events->paths.count;
        events->verdict_path = dictionary_find(&events->paths, S(MACHINES_PATH));
    }
    return events->verdict_path;
}

bool events_is_machine(struct events *events, uint32_t run)
{
    uint32_t path = find_path(events);
    const struct cell *cell =
        path == DICTIONARY_NONE ? NULL : cells_find(&events->cells, run, path);

    return cell && cell->type == CELL_TEXT &&
           str_equals(dictionary_text(&events->texts, cell->data), S(MACHINES_VERDICT));
}

void events_see_human(struct events *events, millis time)
{
    struct source_span *humans = &events->humans;

    if (!humans->events || time < humans->first)
        humans->first = time;
    if (!humans->events || time > humans->last)
        humans->last = time;
    humans->events++;
}

void events_count_humans(struct events *events)
{
    events->humans = (struct source_span){0};
    for (uint32_t at = 0; at < events->row_count; at++) {
        const struct events_row *row = events_row_at(events, at);

        if (events->row_nodes[at] && !row->is_machine)
            events_see_human(events, row->time);
    }
}

static void revise_rows(struct events *events)
{
    for (uint32_t at = 0; at < events->row_count; at++) {
        struct events_row *row = &events->chunks[at / EVENTS_CHUNK_ROWS][at % EVENTS_CHUNK_ROWS];
        enum verdict verdict = verdicts_look(events->verdicts, row->seq);

        if (verdict != VERDICT_UNREVISED)
            row->is_machine = verdict == VERDICT_MACHINE;
    }
    events_count_humans(events);
}

fallible events_revise(struct events *events, const struct log_record *record)
{
    uint64_t before = verdicts_version(events->verdicts, events->settled_seq, UINT64_MAX);

    TRY(verdicts_apply(events->verdicts, record));
    if (events->row_count &&
        verdicts_version(events->verdicts, events->settled_seq, UINT64_MAX) > before)
        revise_rows(events);
    return OK;
}
