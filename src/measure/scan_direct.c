/* scan_direct.c - gives hits as they lie in a file, where their kinds alone decide.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is copied: a batch points to the blocks of the stripe. Time cuts off the same marks of
 * all a person's hits before an instant or behind one, so it only moves where her hits begin.
 *
 * Who needs no more of times than their periods gets these, from ticks of two bytes. Times are
 * looked at only of the few rows whose ticks a period begins or ends in.
 */
#include "measure/scan_direct.h"

#include "base/mem.h"
#include "measure/scan_periods.h"

#include <string.h>

enum { MOST_UNSURE = 16 }; /* one of so many rows: else times are as good */

static fallible make_kinds(const struct scan_view *view, struct scan_kinds *out)
{
    uint32_t count = columns_about(view->columns)->kinds;
    scan_marks *marks;
    text_code *names;

    if (!view->is_sure || count > SCAN_KINDS)
        return OK;
    marks = mem_alloc(SCAN_KINDS * sizeof *marks);
    names = mem_alloc(SCAN_KINDS * sizeof *names);
    out->marks = marks;
    out->names = names;
    if (!marks || !names)
        return mem_exhausted();
    for (uint32_t i = 0; i < SCAN_KINDS; i++) {
        marks[i] = i < count ? view->kinds[i].sure : 0;
        names[i] = i < count ? view->names[i] : SOURCE_UNKNOWN;
    }
    out->count = count;
    return OK;
}

/* A batch of kinds tells of hits their times, kinds and values of their own properties. */
static bool is_enough(const struct scan_plan *plan)
{
    for (uint32_t i = 0; i < plan->slot_count; i++)
        if (plan->slots[i].property.is_trait)
            return false;
    return plan->takes_kinds && !plan->audience && !plan->gives_seqs && !plan->gives_devices &&
           !plan->gives_everyone;
}

fallible scan_direct_init(struct scan_direct *direct, const struct scan_files *files,
                          const struct scan_values *values)
{
    const struct scan_plan *plan = files->plan;

    *direct = (struct scan_direct){.files = files, .values = values};
    if (!is_enough(plan))
        return OK;
    direct->kinds = mem_alloc((files->count + 1u) * sizeof *direct->kinds);
    direct->filed = mem_alloc((plan->slot_count + 1u) * sizeof *direct->filed);
    direct->periods = mem_alloc((files->count + 1u) * sizeof *direct->periods);
    if (!direct->kinds || !direct->filed || !direct->periods)
        return mem_exhausted();
    for (uint32_t i = 0; i < files->count; i++)
        TRY(make_kinds(&files->views[i], &direct->kinds[i]));
    return OK;
}

void scan_direct_done(struct scan_direct *direct)
{
    for (uint32_t i = 0; direct->kinds && i < direct->files->count; i++) {
        mem_free((void *)direct->kinds[i].marks);
        mem_free((void *)direct->kinds[i].names);
    }
    for (uint32_t i = 0; direct->periods && i < direct->files->count; i++)
        mem_free(direct->periods[i]);
    mem_free(direct->periods);
    mem_free(direct->period_of);
    mem_free(direct->blanked);
    mem_free(direct->unsure);
    mem_free(direct->kinds);
    mem_free(direct->filed);
    mem_free(direct->first);
    mem_free(direct->end);
    mem_free(direct->since);
    *direct = (struct scan_direct){0};
}

/* What the range of the question cuts off. */
struct cut {
    bool is_early; /* marks in range of hits before its start */
    bool is_late;  /* hits from its end on */
    bool is_clean; /* it takes all marks of those or none */
};

static struct cut find_cut(const struct scan_hand *hand, const struct columns_stripe *held)
{
    const struct scan_plan *plan = hand->plan;
    scan_marks all = hand->view->all_sure, late = plan->in_range | plan->before_end;
    struct cut cut = {
        .is_early = held->first_time < plan->bounds.from && all & plan->in_range,
        .is_late = held->last_time >= plan->bounds.to && all & late,
    };

    cut.is_clean = !cut.is_late || !(all & ~late);
    return cut;
}

static fallible make_room(struct scan_direct *direct, uint32_t persons)
{
    uint32_t **arrays[] = {&direct->first, &direct->end, &direct->since};

    if (persons <= direct->room)
        return OK;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        uint32_t *larger = mem_grow(*arrays[i], persons * 2 * sizeof *larger);

        if (!larger)
            return mem_exhausted();
        *arrays[i] = larger;
    }
    direct->room = persons * 2;
    return OK;
}

/* Tells of each person where her hits begin, which of them are in range, and where they end. */
static fallible cut_persons(struct scan_direct *direct, const struct scan_hand *hand,
                            const struct cut *cut, struct scan_batch *batch)
{
    millis from = cut->is_early ? hand->plan->bounds.from : INT64_MIN;
    millis to = cut->is_late ? hand->plan->bounds.to : INT64_MAX;
    const millis *times = batch->times;

    TRY(make_room(direct, (uint32_t)batch->persons));
    for (size_t i = 0; i < batch->persons; i++) {
        uint32_t since = batch->first[i], end = batch->end[i];

        scan_fetch_times(batch, since, end);
        while (end > since && times[end - 1] >= to)
            end--;
        while (since < end && times[since] < from)
            since++;
        direct->first[i] = batch->first[i];
        direct->since[i] = since;
        direct->end[i] = end;
    }
    batch->first = direct->first;
    batch->since = direct->since;
    batch->end = direct->end;
    return OK;
}

static fallible give_times(struct scan_direct *direct, struct scan_hand *hand,
                           const struct cut *cut, struct scan_batch *batch)
{
    TRY(scan_hand_times(hand));
    batch->times = hand->times.data;
    return cut->is_early || cut->is_late ? cut_persons(direct, hand, cut, batch) : OK;
}

/* Rows that do not count get a kind of no mark, which no kind of the file has. */
static fallible blank(struct scan_direct *direct, const struct scan_hand *hand, uint32_t from,
                      uint32_t to, struct scan_batch *batch)
{
    uint32_t rows = scan_hand_stripe(hand, (uint32_t)hand->stripe)->rows, at = from / 64 * 64;

    if (rows > direct->blanked_room) {
        uint8_t *larger = mem_grow(direct->blanked, rows * (size_t)2 + 2 * PICK_BYTES_SLACK);

        if (!larger)
            return mem_exhausted();
        direct->blanked = larger;
        direct->blanked_room = rows * 2;
    }
    pick_best()->blank((const uint8_t *)hand->kinds.data + at, to - at, hand->masked + at / 64,
                       direct->blanked + at);
    batch->kinds = direct->blanked;
    return OK;
}

/* Periods. */

bool scan_direct_takes_ticks(const struct scan_direct *direct, uint32_t file)
{
    const struct scan_plan *plan = direct->files->plan;

    return direct->kinds && direct->kinds[file].count && plan->period_count &&
           !(direct->files->views[file].all_sure & ~plan->in_range);
}

static fallible make_period_room(struct scan_direct *direct, uint32_t rows)
{
    uint8_t *periods;
    uint64_t *unsure;

    if (rows <= direct->period_room)
        return OK;
    periods = mem_grow(direct->period_of, rows * (size_t)2 + 2 * PICK_BYTES_SLACK);
    if (periods)
        direct->period_of = periods;
    unsure = mem_grow(direct->unsure, pick_words(rows) * (size_t)4 * sizeof *unsure);
    if (unsure)
        direct->unsure = unsure;
    if (!periods || !unsure)
        return mem_exhausted();
    direct->period_room = rows * 2;
    return OK;
}

static fallible find_periods(struct scan_direct *direct, const struct scan_hand *hand,
                             const struct pick_periods **out_periods)
{
    struct pick_periods **periods = &direct->periods[hand->file];

    if (!*periods) {
        *periods = mem_alloc(sizeof **periods);
        if (!*periods)
            return mem_exhausted();
        scan_periods_make(hand->plan, columns_about(hand->view->columns), &hand->scale, *periods);
    }
    *out_periods = *periods;
    return OK;
}

/* Decides for the rows that are unsure: by their times, which the processor fetches meanwhile.
 * Those of kinds that nobody wants go with the row before, as they must not part two of one period.
 */
static fallible decide(const struct scan_direct *direct, struct scan_hand *hand, uint32_t row,
                       uint32_t rows)
{
    uint32_t words = pick_words(rows);
    uint64_t *wanted = direct->unsure + words;
    const millis *times;

    TRY(scan_hand_times(hand));
    times = hand->times.data;
    pick_best()->find((const uint8_t *)hand->kinds.data + row, rows, hand->view->wanted, wanted);
    for (uint32_t word = 0; word < words; word++)
        for (uint64_t left = wanted[word] & direct->unsure[word]; left; left &= left - 1)
            __builtin_prefetch(times + row + word * 64 + __builtin_ctzll(left));
    for (uint32_t word = 0; word < words; word++)
        for (uint64_t left = direct->unsure[word]; left; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            uint32_t at = word * 64 + bit;

            if (wanted[word] >> bit & 1)
                direct->period_of[at] = scan_periods_of(hand->plan, times[row + at]);
            else
                direct->period_of[at] = at ? direct->period_of[at - 1] : SCAN_OUTSIDE;
        }
    return OK;
}

/* Tells periods of the batch's rows, but for too many that are unsure. */
static fallible tell_periods(struct scan_direct *direct, struct scan_hand *hand,
                             const struct cut *cut, struct scan_batch *batch)
{
    uint32_t row = *batch->first, rows = batch->end[batch->persons - 1] - row, unsure = 0;
    uint32_t words = pick_words(rows);
    const struct pick_periods *periods;

    TRY(make_period_room(direct, rows));
    TRY(find_periods(direct, hand, &periods));
    pick_best()->periods((const uint16_t *)hand->ticks.data + row, rows, periods, direct->period_of,
                         direct->unsure);
    for (uint32_t word = 0; word < words; word++)
        unsure += (uint32_t)__builtin_popcountll(direct->unsure[word]);
    if (unsure > rows / MOST_UNSURE + 1)
        return OK;
    if (unsure)
        TRY(decide(direct, hand, row, rows));
    batch->timely = NULL;
    if (cut->is_early || cut->is_late) {
        pick_best()->others(direct->period_of, rows, SCAN_OUTSIDE, direct->unsure);
        batch->timely = direct->unsure;
    }
    batch->periods = direct->period_of;
    batch->row = row;
    return OK;
}

fallible scan_direct_batch(struct scan_direct *direct, struct scan_hand *hand, uint32_t from,
                           uint32_t to, struct scan_batch *out_batch)
{
    const struct columns_stripe *held = scan_hand_stripe(hand, (uint32_t)hand->stripe);
    const struct scan_plan *plan = hand->plan;
    const uint32_t *first = hand->first.data;
    struct cut cut = find_cut(hand, held);
    struct scan_batch batch = {.persons = to - from,
                               .ids = (const node_id *)hand->persons.data + from,
                               .first = first + from,
                               .end = first + from + 1,
                               .kinds_of = direct->kinds ? &direct->kinds[hand->file] : NULL,
                               .kinds = hand->kinds.data,
                               .since = first + from,
                               .filed = direct->filed,
                               .values = direct->values};

    *out_batch = (struct scan_batch){0};
    if (!batch.kinds_of || !batch.kinds_of->count || hand->kinds.width != 1 ||
        held->last_time > plan->bounds.as_of || !cut.is_clean)
        return OK;
    if (hand->masked && batch.kinds_of->count > PICK_BLANK)
        return OK;
    if (hand->masked)
        TRY(blank(direct, hand, first[from], first[to], &batch));
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const struct view_slot *slot = &hand->view->slots[i];

        direct->filed[i] = (struct scan_filed){
            slot->block == COLUMNS_NONE ? (struct columns_block){0} : hand->blocks[slot->block],
            slot->base};
    }
    if (hand->takes_ticks)
        TRY(tell_periods(direct, hand, &cut, &batch));
    if (!batch.periods)
        TRY(give_times(direct, hand, &cut, &batch));
    *out_batch = batch;
    return OK;
}
