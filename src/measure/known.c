/* known.c - which things a column file in the making has a code for already.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/known.h"

#include "base/mem.h"

#include <string.h>

enum { FIRST_ROOM = 1 << 12 };

fallible known_init(struct known *known)
{
    *known = (struct known){.room = FIRST_ROOM};
    known->slots = mem_alloc(FIRST_ROOM * sizeof *known->slots);
    return known->slots ? OK : mem_exhausted();
}

void known_done(struct known *known)
{
    mem_free(known->slots);
    *known = (struct known){0};
}

fallible known_clear(struct known *known)
{
    if (!known->slots)
        return known_init(known);
    memset(known->slots, 0, known->room * sizeof *known->slots);
    known->count = 0;
    return OK;
}

static uint64_t hash_of(const struct known_thing *wanted)
{
    return (wanted->place * 0x9e3779b97f4a7c15u) ^ (wanted->content.low * 0xc2b2ae3d27d4eb4fu) ^
           wanted->content.high;
}

static uint32_t start_of(const struct known *known, const struct known_thing *wanted)
{
    uint64_t hash = hash_of(wanted);

    return (uint32_t)(hash ^ hash >> 29) & (known->room - 1);
}

void known_warm(const struct known *known, const struct known_thing *wanted)
{
    __builtin_prefetch(&known->slots[start_of(known, wanted)]);
}

static struct known_thing *find(const struct known *known, const struct known_thing *wanted)
{
    uint32_t at = start_of(known, wanted);

    while (known->slots[at].place && (known->slots[at].place != wanted->place ||
                                      !hash_equals(known->slots[at].content, wanted->content)))
        at = (at + 1) & (known->room - 1);
    return &known->slots[at];
}

static fallible grow(struct known *known)
{
    struct known larger = {.room = known->room * 2, .count = known->count};

    if (known->count < known->room / 2)
        return OK;
    if (known->room > UINT32_MAX / 4)
        return fail(ERR_LIMIT, "over a thousand million values in one column file");
    larger.slots = mem_alloc((size_t)larger.room * sizeof *larger.slots);
    if (!larger.slots)
        return mem_exhausted();
    for (uint32_t i = 0; i < known->room; i++)
        if (known->slots[i].place)
            *find(&larger, &known->slots[i]) = known->slots[i];
    mem_free(known->slots);
    *known = larger;
    return OK;
}

fallible known_find(struct known *known, const struct known_thing *wanted,
                    struct known_thing **out_slot)
{
    TRY(grow(known));
    *out_slot = find(known, wanted);
    return OK;
}

void known_added(struct known *known)
{
    known->count++;
}
