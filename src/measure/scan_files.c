/* scan_files.c - makes ready for a question what its scanners share: views, strays, who is where.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_files.h"

#include "measure/history.h"
#include "people/identity.h"

struct maker {
    struct scan_files *files;
    struct arena *mem;
    const struct source *source;
};

static uint64_t *new_bits(const struct maker *maker)
{
    return arena_array(maker->mem, maker->files->end / 64 + 1u, sizeof(uint64_t));
}

static void set(uint64_t *bits, node_id node)
{
    bits[node / 64] |= UINT64_C(1) << node % 64;
}

/* The persons of the nodes that have events in memory. */
static fallible find_in_memory(struct maker *maker)
{
    const struct source *source = maker->source;
    uint64_t *bits = new_bits(maker);

    if (!bits)
        return arena_exhausted();
    for (size_t i = 0; i < source->active_count; i++)
        set(bits, identity_person(source->identity, source->active[i]));
    maker->files->in_memory = bits;
    return OK;
}

/* Room for what the dictionaries of all files have of each slot. */
static fallible make_values(struct maker *maker)
{
    struct scan_files *files = maker->files;
    const struct scan_plan *plan = files->plan;

    files->values = arena_array(maker->mem, plan->slot_count + 1u, sizeof *files->values);
    if (!files->values)
        return arena_exhausted();
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const struct scan_slot *slot = &plan->slots[i];
        size_t room = 1;

        for (uint32_t k = 0; k < files->count && !slot->property.is_trait; k++) {
            struct columns *columns = history_file(maker->source->history, k);
            uint32_t property = columns_find(columns, matcher_path(slot->path));
            const struct columns_value *values;
            uint32_t count = 0;

            if (property != COLUMNS_NONE)
                TRY(columns_dictionary(columns, property, &values, &count));
            room += count;
        }
        if (room > UINT32_MAX / 2)
            return fail(ERR_LIMIT, "a property has too many different values for one question");
        files->values[i].values = arena_array(maker->mem, room, sizeof *files->values[i].values);
        if (!files->values[i].values)
            return arena_exhausted();
        files->values[i].count = 1; /* null */
    }
    return OK;
}

fallible scan_files_prepare(const struct scan_plan *plan, const struct scan_files **out_files)
{
    const struct source *source = plan->source;
    struct scan_files *files = arena_take(plan->mem, sizeof *files);
    struct maker maker = {.files = files, .mem = plan->mem, .source = source};

    if (!files)
        return arena_exhausted();
    *files = (struct scan_files){
        .plan = plan, .count = (uint32_t)history_count(source->history), .end = source_end(source)};
    if (files->count > SCAN_MOST_FILES)
        return fail(ERR_LIMIT, "over %d column files: they are being put together, ask again",
                    SCAN_MOST_FILES);
    files->views = arena_array(plan->mem, files->count + 1u, sizeof *files->views);
    files->masks = arena_array(plan->mem, files->count + 1u, sizeof *files->masks);
    files->strays = arena_array(plan->mem, files->count + 1u, sizeof *files->strays);
    if (!files->views || !files->masks || !files->strays)
        return arena_exhausted();
    TRY(make_values(&maker));
    for (uint32_t i = 0; i < files->count; i++) {
        TRY(scan_view_make(plan, history_file(source->history, i), files->values,
                           &files->views[i]));
        TRY(history_mask(source->history, i, source, &files->masks[i]));
        TRY(history_strays(source->history, i, source, &files->strays[i]));
    }
    TRY(find_in_memory(&maker));
    *out_files = files;
    return OK;
}
