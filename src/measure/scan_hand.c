/* scan_hand.c - holding the blocks of a stripe, and finding one's way in a file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_hand.h"

#include "base/mem.h"

enum { NO_STRIPE = -1 };

fallible scan_hand_open(struct scan_hand *hand, const struct scan_files *files, uint32_t file)
{
    *hand = (struct scan_hand){.files = files,
                               .plan = files->plan,
                               .view = &files->views[file],
                               .file = file,
                               .stripe = NO_STRIPE};
    hand->blocks = mem_alloc((hand->view->property_count + 1u) * sizeof *hand->blocks);
    return hand->blocks ? OK : mem_exhausted();
}

static void release(struct scan_hand *hand)
{
    struct columns *columns = hand->view->columns;

    columns_release(columns, &hand->persons);
    columns_release(columns, &hand->first);
    columns_release(columns, &hand->kinds);
    columns_release(columns, &hand->times);
    columns_release(columns, &hand->ticks);
    columns_release(columns, &hand->seqs);
    columns_release(columns, &hand->devices);
    for (uint32_t i = 0; i < hand->view->property_count; i++)
        columns_release(columns, &hand->blocks[i]);
    hand->stripe = NO_STRIPE;
}

void scan_hand_close(struct scan_hand *hand)
{
    if (hand->blocks && hand->stripe != NO_STRIPE)
        release(hand);
    mem_free(hand->blocks);
}

static fallible hold(struct scan_hand *hand, uint32_t stripe)
{
    struct columns *columns = hand->view->columns;

    TRY(columns_hold(columns, stripe, COLUMNS_PERSONS, &hand->persons));
    TRY(columns_hold(columns, stripe, COLUMNS_FIRST, &hand->first));
    TRY(columns_hold(columns, stripe, COLUMNS_KINDS, &hand->kinds));
    if (hand->takes_ticks)
        TRY(columns_ticks_hold(columns, stripe, &hand->scale, &hand->ticks));
    else
        TRY(columns_hold(columns, stripe, COLUMNS_TIMES, &hand->times));
    if (hand->plan->gives_seqs)
        TRY(columns_hold(columns, stripe, COLUMNS_SEQS, &hand->seqs));
    if (hand->plan->gives_devices)
        TRY(columns_hold(columns, stripe, COLUMNS_DEVICES, &hand->devices));
    for (uint32_t i = 0; i < hand->view->property_count; i++)
        TRY(columns_hold(columns, stripe, (int)hand->view->properties[i], &hand->blocks[i]));
    return OK;
}

fallible scan_hand_turn(struct scan_hand *hand, uint32_t stripe)
{
    enum err err;

    if (hand->stripe == (int64_t)stripe)
        return OK;
    if (hand->stripe != NO_STRIPE)
        release(hand);
    err = hold(hand, stripe);
    hand->stripe = stripe;
    hand->masked = scan_files_masked(hand->files, hand->file, stripe);
    if (err)
        release(hand);
    return err;
}

fallible scan_hand_times(struct scan_hand *hand)
{
    return hand->times.data ? OK
                            : columns_hold(hand->view->columns, (uint32_t)hand->stripe,
                                           COLUMNS_TIMES, &hand->times);
}

uint32_t scan_hand_find_stripe(const struct scan_hand *hand, node_id id)
{
    const struct columns_stripe *held =
        hand->stripe == NO_STRIPE ? NULL : scan_hand_stripe(hand, (uint32_t)hand->stripe);

    if (held && id >= held->first_person && id <= held->last_person)
        return (uint32_t)hand->stripe;
    return columns_find_stripe(hand->view->columns, id);
}

uint32_t scan_hand_find_person(struct scan_hand *hand, node_id id)
{
    const node_id *persons = hand->persons.data;
    uint32_t count = scan_hand_stripe(hand, (uint32_t)hand->stripe)->persons;

    /* Mostly she is the one asked for last, or comes right behind. */
    for (uint32_t at = hand->last; at < count && at < hand->last + 2; at++)
        if (persons[at] >= id && (!at || persons[at - 1] < id))
            return hand->last = at;
    return hand->last = columns_find_person(persons, count, id);
}
