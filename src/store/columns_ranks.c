/* columns_ranks.c - pages of bits, found by a table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_ranks.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_BITS = 16, WORDS = (1 << PAGE_BITS) / 64, FIRST_ROOM = 16 };

struct columns_rank_page {
    uint64_t number;
    uint32_t before; /* in the pages ahead of it */
    uint32_t ahead[WORDS];
    uint64_t words[WORDS];
};

void columns_ranks_done(struct columns_ranks *ranks)
{
    for (uint32_t i = 0; i < ranks->count; i++)
        mem_free(ranks->pages[i]);
    mem_free(ranks->pages);
    mem_free(ranks->slots);
    *ranks = (struct columns_ranks){0};
}

/* Where the page stands in the table, or would. */
static uint32_t *slot_of(const struct columns_ranks *ranks, uint64_t number)
{
    uint32_t at = (uint32_t)(number * 0x9e3779b97f4a7c15ULL >> 32);

    while (ranks->slots[at &= ranks->room - 1] &&
           ranks->pages[ranks->slots[at] - 1]->number != number)
        at++;
    return &ranks->slots[at];
}

static void fill_slots(struct columns_ranks *ranks)
{
    memset(ranks->slots, 0, ranks->room * sizeof *ranks->slots);
    for (uint32_t i = 0; i < ranks->count; i++)
        *slot_of(ranks, ranks->pages[i]->number) = i + 1;
}

static fallible grow(struct columns_ranks *ranks)
{
    uint32_t room = ranks->room ? ranks->room * 2 : FIRST_ROOM;
    void *pages = mem_grow(ranks->pages, room / 2 * sizeof *ranks->pages), *slots;

    if (!pages)
        return mem_exhausted();
    ranks->pages = pages;
    slots = mem_grow(ranks->slots, room * sizeof *ranks->slots);
    if (!slots)
        return mem_exhausted();
    ranks->slots = slots;
    ranks->room = room;
    fill_slots(ranks);
    return OK;
}

static fallible add_page(struct columns_ranks *ranks, uint64_t number)
{
    struct columns_rank_page *page;

    if (ranks->count == ranks->room / 2)
        TRY(grow(ranks));
    page = mem_alloc(sizeof *page);
    if (!page)
        return mem_exhausted();
    page->number = number;
    ranks->pages[ranks->count++] = page;
    *slot_of(ranks, number) = ranks->count;
    return OK;
}

fallible columns_ranks_add(struct columns_ranks *ranks, const uint64_t *seqs, size_t count)
{
    if (!ranks->room)
        TRY(grow(ranks));
    for (size_t i = 0; i < count; i++) {
        uint64_t number = seqs[i] >> PAGE_BITS;
        uint32_t slot = *slot_of(ranks, number);
        struct columns_rank_page *page;

        if (!slot) {
            TRY(add_page(ranks, number));
            slot = ranks->count;
        }
        page = ranks->pages[slot - 1];
        page->words[seqs[i] / 64 % WORDS] |= 1ull << seqs[i] % 64;
    }
    return OK;
}

static int compare_pages(const void *a, const void *b)
{
    const struct columns_rank_page *x = *(struct columns_rank_page *const *)a;
    const struct columns_rank_page *y = *(struct columns_rank_page *const *)b;

    return x->number < y->number ? -1 : x->number > y->number;
}

uint64_t columns_ranks_count(struct columns_ranks *ranks)
{
    uint64_t total = 0;

    if (!ranks->count)
        return 0;
    qsort(ranks->pages, ranks->count, sizeof(struct columns_rank_page *), compare_pages);
    fill_slots(ranks);
    for (uint32_t i = 0; i < ranks->count; i++) {
        struct columns_rank_page *page = ranks->pages[i];
        uint32_t here = 0;

        page->before = (uint32_t)total;
        for (uint32_t j = 0; j < WORDS; j++) {
            page->ahead[j] = here;
            here += (uint32_t)__builtin_popcountll(page->words[j]);
        }
        total += here;
    }
    return total;
}

void columns_ranks_find(const struct columns_ranks *ranks, const uint64_t *seqs,
                        uint32_t *out_places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct columns_rank_page *page =
            ranks->pages[*slot_of(ranks, seqs[i] >> PAGE_BITS) - 1];
        uint32_t word = (uint32_t)(seqs[i] / 64 % WORDS);

        out_places[i] =
            page->before + page->ahead[word] +
            (uint32_t)__builtin_popcountll(page->words[word] & ((1ull << seqs[i] % 64) - 1));
    }
}

uint32_t columns_ranks_next(const struct columns_ranks *ranks, struct columns_rank_walk *walk,
                            uint64_t *out_seqs, uint32_t most)
{
    uint32_t used = 0;

    for (; walk->page < ranks->count; walk->page++, walk->at = 0) {
        const struct columns_rank_page *page = ranks->pages[walk->page];

        for (; walk->at < 1u << PAGE_BITS; walk->at++) {
            if (!page->words[walk->at / 64]) {
                walk->at |= 63;
                continue;
            }
            if (!(page->words[walk->at / 64] >> walk->at % 64 & 1))
                continue;
            if (used == most)
                return used;
            out_seqs[used++] = page->number << PAGE_BITS | walk->at;
        }
    }
    return used;
}
