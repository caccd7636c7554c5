/* sim_change.c - what was done to the simulated disk and is not synced yet.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "sys/sim_disk_int.h"
#include "sys/sim_int.h"

#include <string.h>

static struct sim_change *add(struct sim *sim, struct sim_node *node, enum sim_change_kind kind,
                              size_t bytes)
{
    struct sim_change *change = mem_alloc(sizeof *change + bytes);

    if (!change)
        return NULL;
    change->node = node;
    change->kind = kind;
    change->older = sim->newest;
    if (sim->newest)
        sim->newest->newer = change;
    else
        sim->oldest = change;
    sim->newest = change;
    return change;
}

static bool add_of_file(struct sim *sim, struct sim_node *node, enum sim_change_kind kind,
                        uint64_t offset, uint64_t size, const void *data)
{
    size_t bytes = kind == SIM_WRITE ? (size_t)size : 0;
    struct sim_change *change = add(sim, node, kind, bytes);

    if (!change)
        return false;
    change->offset = offset;
    change->size = size;
    if (bytes)
        memcpy(change->bytes, data, bytes);
    if (node->last_change)
        node->last_change->next = change;
    else
        node->first_change = change;
    node->last_change = change;
    node->is_changed = true;
    return true;
}

static bool add_place(struct sim *sim, struct sim_node *node, struct sim_node *from, str from_name,
                      struct sim_node *to, str to_name)
{
    struct sim_change *change = add(sim, node, SIM_PLACE, from_name.len + to_name.len);

    if (!change)
        return false;
    change->from = from;
    change->to = to;
    if (from_name.len)
        memcpy(change->bytes, from_name.data, from_name.len);
    if (to_name.len)
        memcpy(change->bytes + from_name.len, to_name.data, to_name.len);
    change->from_name = str_from(change->bytes, from_name.len);
    change->to_name = str_from(change->bytes + from_name.len, to_name.len);
    if (from)
        from->is_changed = true;
    if (to)
        to->is_changed = true;
    return true;
}

static void unlink_from_file(struct sim_change *change)
{
    struct sim_node *node = change->node;
    struct sim_change *before = NULL;

    for (struct sim_change *at = node->first_change; at != change; at = at->next)
        before = at;
    if (before)
        before->next = change->next;
    else
        node->first_change = change->next;
    if (node->last_change == change)
        node->last_change = before;
}

void sim_change_drop(struct sim *sim, struct sim_change *change)
{
    if (change->kind != SIM_PLACE)
        unlink_from_file(change);
    if (change->older)
        change->older->newer = change->newer;
    else
        sim->oldest = change->newer;
    if (change->newer)
        change->newer->older = change->older;
    else
        sim->newest = change->older;
    mem_free(change);
}

bool sim_change_place(struct sim *sim, struct sim_node *node, struct sim_node *from, str from_name,
                      struct sim_node *to, str to_name)
{
    if (!add_place(sim, node, from, from_name, to, to_name))
        return false;
    if (sim_node_place(sim, node, to, to_name))
        return true;
    sim_change_drop(sim, sim->newest);
    return false;
}

bool sim_change_write(struct sim *sim, struct sim_node *node, uint64_t offset, const void *data,
                      size_t len)
{
    bool is_written;

    if (!add_of_file(sim, node, SIM_WRITE, offset, len, data))
        return false;
    /* Without memory a part may be written: it counts as unsynced like the whole. */
    is_written = sim_content_write(&node->content, offset, data, len);
    sim_node_charge(sim, node);
    return is_written;
}

bool sim_change_resize(struct sim *sim, struct sim_node *node, uint64_t size)
{
    uint64_t old = node->content.size;

    if (!add_of_file(sim, node, SIM_RESIZE, size < old ? size : old, size, NULL))
        return false;
    if (sim_content_resize(&node->content, size)) {
        sim_node_charge(sim, node);
        return true;
    }
    sim_change_drop(sim, sim->newest);
    return false;
}

/* The pages that a change touched, as they are now. */
static bool take(struct sim_node *node, const struct sim_change *change)
{
    uint64_t end = change->kind == SIM_WRITE ? change->offset + change->size : UINT64_MAX;

    return sim_content_take(&node->synced, &node->content, change->offset, end);
}

bool sim_change_sync_file(struct sim *sim, struct sim_node *node)
{
    for (const struct sim_change *at = node->first_change; at; at = at->next)
        if (!take(node, at))
            return false;
    while (node->first_change)
        sim_change_drop(sim, node->first_change);
    node->synced.size = node->content.size;
    return true;
}

void sim_change_doubt_file(struct sim *sim, struct sim_node *node)
{
    uint64_t size = random_below(&sim->chance, 2) ? node->content.size : node->synced.size;

    while (node->first_change) {
        if (random_below(&sim->chance, 2))
            (void)take(node, node->first_change); /* without memory it is one more that is lost */
        sim_change_drop(sim, node->first_change);
    }
    (void)sim_content_resize(&node->synced, size);
}

static bool is_between_folders(const struct sim_change *change)
{
    return change->kind == SIM_PLACE && change->from && change->to && change->from != change->to;
}

static bool touches(const struct sim_change *change, const struct sim_node *folder)
{
    return change->kind == SIM_PLACE && (change->from == folder || change->to == folder);
}

/* A move between folders must last in both or in neither. As a journal does, it takes along all
 * that was done to any folder. */
static bool is_journaled(const struct sim *sim, const struct sim_node *folder)
{
    for (const struct sim_change *at = sim->oldest; at; at = at->newer)
        if (touches(at, folder) && is_between_folders(at))
            return true;
    return false;
}

static bool copy_places(const struct sim_change *change)
{
    struct sim_node *from = change->from, *to = change->to;

    return (!from || sim_entries_copy(&from->synced_entries, &from->entries)) &&
           (!to || to == from || sim_entries_copy(&to->synced_entries, &to->entries));
}

bool sim_change_sync_folder(struct sim *sim, struct sim_node *folder)
{
    bool all = is_journaled(sim, folder);
    struct sim_change *at, *newer;

    if (!all && !sim_entries_copy(&folder->synced_entries, &folder->entries))
        return false;
    for (at = sim->oldest; all && at; at = at->newer)
        if (at->kind == SIM_PLACE && !copy_places(at))
            return false;
    for (at = sim->oldest; at; at = newer) {
        newer = at->newer;
        if (touches(at, folder) || (all && at->kind == SIM_PLACE))
            sim_change_drop(sim, at);
    }
    sim->loose++; /* what was replaced may be gone for good */
    return true;
}
