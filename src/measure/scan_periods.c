/* scan_periods.c - cuts the ticks of a file where the periods of a question begin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_periods.h"

#include <string.h>

enum { CELL = 1 << 8, MOST_UNSURE_CELLS = 2 };

/* Ticks filled from the first on. */
struct filling {
    const struct columns_about *about;
    const struct columns_ticks *ticks;
    struct pick_periods *periods;
    uint32_t filled;
    uint8_t current; /* what those that follow are in */
};

static void fill(struct filling *filling, uint32_t end)
{
    if (end > filling->filled) {
        memset(filling->periods->of + filling->filled, filling->current, end - filling->filled);
        filling->filled = end;
    }
}

/* From `start` on it is another period. */
static void cut(struct filling *filling, millis start, uint8_t period)
{
    uint32_t tick = columns_ticks_of(filling->ticks, start);

    if (start > filling->about->last_time)
        return;
    if (start > filling->about->first_time) {
        fill(filling, tick);
        filling->current = PICK_UNSURE;
        fill(filling, tick + 1);
    }
    filling->current = period;
}

/* Tells a cell of ticks by where it is cut; false if that makes all of it unsure. */
static bool tell_cell(struct pick_periods *periods, uint32_t cell)
{
    const uint8_t *of = periods->of + cell * CELL;
    uint8_t before = of[0], behind = of[CELL - 1];
    uint32_t split = 0, end;
    bool is_whole, is_cut;

    while (split < CELL && of[split] == before && before != PICK_UNSURE)
        split++;
    is_whole = split == CELL;
    /* Else one tick alone is to be unsure, between two different periods. */
    end = split + 1;
    while (end < CELL && of[end] == behind && behind != PICK_UNSURE)
        end++;
    is_cut = before != behind && end == CELL && of[split] == PICK_UNSURE;
    periods->before[cell] = is_whole || is_cut ? before : PICK_UNSURE;
    periods->behind[cell] = is_whole || is_cut ? behind : PICK_UNSURE;
    periods->split[cell] = is_cut ? (uint8_t)split : 0;
    return is_whole || is_cut;
}

static void tell_cells(struct pick_periods *periods)
{
    uint32_t unsure = 0;

    for (uint32_t cell = 0; cell < COLUMNS_TICKS / CELL; cell++)
        unsure += !tell_cell(periods, cell);
    periods->is_coarse = unsure <= MOST_UNSURE_CELLS;
    for (uint32_t cell = 0; cell < COLUMNS_TICKS / CELL && periods->is_coarse; cell++)
        if (periods->before[cell] == PICK_UNSURE && periods->behind[cell] == PICK_UNSURE)
            memset(periods->of + cell * CELL, PICK_UNSURE, CELL);
}

void scan_periods_make(const struct scan_plan *plan, const struct columns_about *about,
                       const struct columns_ticks *ticks, struct pick_periods *out_periods)
{
    const struct scan_bounds *bounds = &plan->bounds;
    struct filling filling = {
        .about = about, .ticks = ticks, .periods = out_periods, .current = SCAN_OUTSIDE};

    if (plan->period_count && bounds->from < bounds->to)
        cut(&filling, bounds->from, 0);
    for (uint32_t i = 1; i < plan->period_count && bounds->from < bounds->to; i++)
        cut(&filling, plan->periods[i], (uint8_t)i);
    if (bounds->to > bounds->from)
        cut(&filling, bounds->to, SCAN_OUTSIDE);
    fill(&filling, COLUMNS_TICKS);
    tell_cells(out_periods);
}

uint8_t scan_periods_of(const struct scan_plan *plan, millis time)
{
    uint32_t low = 0, high = plan->period_count;

    if (time < plan->bounds.from || time >= plan->bounds.to)
        return SCAN_OUTSIDE;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (plan->periods[middle] <= time)
            low = middle;
        else
            high = middle;
    }
    return (uint8_t)low;
}
