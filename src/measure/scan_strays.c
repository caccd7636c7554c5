/* scan_strays.c - a person's runs in one file, merged by time and sequence number.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each of her clusters is in order by itself, so rows are added in the longest stretches that no
 * other cluster has a row between. Sequence numbers are only looked at where times are equal.
 */
#include "measure/scan_strays.h"

#include "base/mem.h"

#include <string.h>

/* Persons ascend, so one of a person's clusters mostly stands where the last one's did. */
enum { HANDS = 8 };

/* Runs of one cluster, and where in them we are. */
struct cursor {
    struct columns *columns;
    const struct strays_run *run;
    const struct strays_run *last; /* behind them */
    uint32_t row;
    struct columns_block times, seqs;
};

struct scan_strays {
    const struct scan_files *files;
    struct scan_hits *hits;
    struct scan_hand *hands; /* [file][stripe % HANDS], opened when first wanted */
    struct cursor *cursors;
    size_t count, room;
};

/* Hands */

fallible scan_strays_hand(struct scan_strays *strays, uint32_t file, uint32_t stripe,
                          struct scan_hand **out_hand)
{
    struct scan_hand *hand;

    if (!strays->hands)
        strays->hands = mem_alloc((size_t)strays->files->count * HANDS * sizeof *strays->hands);
    if (!strays->hands)
        return mem_exhausted();
    hand = &strays->hands[file * HANDS + stripe % HANDS];
    if (!hand->blocks)
        TRY(scan_hand_open(hand, strays->files, file));
    TRY(scan_hand_turn(hand, stripe));
    *out_hand = hand;
    return OK;
}

/* Cursors */

static fallible add_cursor(struct scan_strays *strays, uint32_t file, const struct strays_run *run,
                           const struct strays_run *last)
{
    struct cursor *cursor;

    if (strays->count == strays->room) {
        size_t room = strays->room ? strays->room * 2 : 16;
        struct cursor *larger = mem_grow(strays->cursors, room * sizeof *larger);

        if (!larger)
            return mem_exhausted();
        strays->cursors = larger;
        strays->room = room;
    }
    cursor = &strays->cursors[strays->count++];
    *cursor = (struct cursor){
        .columns = strays->files->views[file].columns, .run = run, .last = last, .row = run->first};
    return columns_hold(cursor->columns, run->stripe, COLUMNS_TIMES, &cursor->times);
}

static void drop_cursor(struct scan_strays *strays, struct cursor *cursor)
{
    columns_release(cursor->columns, &cursor->times);
    columns_release(cursor->columns, &cursor->seqs);
    *cursor = strays->cursors[--strays->count];
}

static fallible hold_seqs(struct cursor *cursor)
{
    return cursor->seqs.data
               ? OK
               : columns_hold(cursor->columns, cursor->run->stripe, COLUMNS_SEQS, &cursor->seqs);
}

static millis time_of(const struct cursor *cursor, uint32_t row)
{
    return ((const millis *)cursor->times.data)[row];
}

/* Does the row of one come before the row that the other stands at? */
static fallible is_before(struct cursor *cursor, uint32_t row, struct cursor *other, bool *out)
{
    millis time = time_of(cursor, row), other_time = time_of(other, other->row);

    if (time != other_time) {
        *out = time < other_time;
        return OK;
    }
    TRY(hold_seqs(cursor));
    TRY(hold_seqs(other));
    *out = ((const uint64_t *)cursor->seqs.data)[row] <
           ((const uint64_t *)other->seqs.data)[other->row];
    return OK;
}

/* Who comes first, and who then; NULL: there is only one. */
static fallible find_first(struct scan_strays *strays, struct cursor **out_first,
                           struct cursor **out_second)
{
    struct cursor *first = strays->cursors, *second = NULL;

    for (size_t i = 1; i < strays->count; i++) {
        struct cursor *cursor = &strays->cursors[i];
        bool goes_first, goes_second = true;

        TRY(is_before(cursor, cursor->row, first, &goes_first));
        if (!goes_first && second)
            TRY(is_before(cursor, cursor->row, second, &goes_second));
        if (goes_first) {
            second = first;
            first = cursor;
        } else if (goes_second) {
            second = cursor;
        }
    }
    *out_first = first;
    *out_second = second;
    return OK;
}

/* Adds what comes before anybody else's rows. */
static fallible add_stretch(struct scan_strays *strays, uint32_t file, struct scan_piece *piece)
{
    struct cursor *first, *second;
    uint32_t from, to, end;
    struct scan_hand *hand;

    TRY(find_first(strays, &first, &second));
    from = to = first->row;
    end = first->run->end;
    if (!second || time_of(first, end - 1) < time_of(second, second->row)) {
        to = end;
    } else {
        bool is_first = true;

        for (to++; is_first && to < end; to += is_first)
            TRY(is_before(first, to, second, &is_first));
    }
    TRY(scan_strays_hand(strays, file, first->run->stripe, &hand));
    TRY(scan_hits_add_rows(strays->hits, hand, from, to, piece));
    first->row = to;
    if (to < end)
        return OK;
    if (++first->run == first->last)
        drop_cursor(strays, first);
    else
        first->row = first->run->first;
    return OK;
}

/* Persons */

static const struct strays_run *end_of_cluster(const struct strays_run *run,
                                               const struct strays_run *end)
{
    const struct strays_run *at = run;

    while (at < end && at->cluster == run->cluster)
        at++;
    return at;
}

static fallible add_person(struct scan_strays *strays, uint32_t file, const struct strays_run *runs,
                           const struct strays_run *end, struct scan_piece *piece)
{
    uint64_t before = strays->hits->events_read;
    enum err err = OK;

    TRY(scan_piece_reserve(piece, 1, 0));
    scan_piece_begin(piece, runs->person);
    matcher_enter(strays->hits->scope, runs->person);
    matcher_warm(strays->hits->scope); /* now: it may turn the hands to other stripes */
    while (!err && runs < end) {
        const struct strays_run *last = end_of_cluster(runs, end);

        err = add_cursor(strays, file, runs, last);
        runs = last;
    }
    while (!err && strays->count)
        err = add_stretch(strays, file, piece);
    while (strays->count)
        drop_cursor(strays, strays->cursors);
    if (strays->hits->events_read == before)
        piece->persons--; /* all are deleted, or too late */
    return err;
}

fallible scan_strays_add(struct scan_strays *strays, uint32_t file, node_id from, node_id to,
                         struct scan_piece *piece)
{
    const struct strays_rows *rows = strays->files->strays[file];
    size_t at, end;

    if (!rows->count)
        return OK;
    for (at = strays_find(rows, from); at < rows->count && rows->runs[at].person < to; at = end) {
        for (end = at; end < rows->count && rows->runs[end].person == rows->runs[at].person;)
            end++;
        if (scan_sets_may_be(strays->hits->sets, rows->runs[at].person))
            TRY(add_person(strays, file, rows->runs + at, rows->runs + end, piece));
    }
    return OK;
}

/* Life */

fallible scan_strays_open(const struct scan_files *files, struct scan_hits *hits,
                          struct scan_strays **out_strays)
{
    struct scan_strays *strays = mem_alloc(sizeof *strays);

    if (!strays)
        return mem_exhausted();
    *strays = (struct scan_strays){.files = files, .hits = hits};
    *out_strays = strays;
    return OK;
}

void scan_strays_close(struct scan_strays *strays)
{
    if (!strays)
        return;
    for (uint32_t i = 0; strays->hands && i < strays->files->count * HANDS; i++)
        scan_hand_close(&strays->hands[i]);
    mem_free(strays->hands);
    mem_free(strays->cursors);
    mem_free(strays);
}
