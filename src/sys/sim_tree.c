/* sim_tree.c - the folders of the simulated disk and what lies in them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "sys/sim_disk_int.h"
#include "sys/sim_int.h"

#include <string.h>

enum { LONGEST_NAME = 255, SWEEP_AT = 64 };

struct sim_node *sim_node_make(struct sim *sim, bool is_folder)
{
    struct sim_node *node = mem_alloc(sizeof *node);

    if (!node)
        return NULL;
    node->is_folder = is_folder;
    node->id = ++sim->nodes_made;
    node->next = sim->nodes;
    sim->nodes = node;
    sim->node_count++;
    return node;
}

void sim_node_charge(struct sim *sim, struct sim_node *node)
{
    uint64_t bytes = node->parent || node->handles ? node->content.size : 0;

    sim->used += bytes - node->charged;
    node->charged = bytes;
}

/* The position of the name, or where it would stand. */
static size_t position(const struct sim_entries *entries, str name)
{
    size_t low = 0, high = entries->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(str_of(entries->list[middle].name), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct sim_entry *sim_entries_find(const struct sim_entries *entries, str name)
{
    size_t at = position(entries, name);

    if (at < entries->count && str_equals(str_of(entries->list[at].name), name))
        return &entries->list[at];
    return NULL;
}

static bool reserve(struct sim_entries *entries, size_t count)
{
    size_t room = entries->room ? entries->room : 4;
    struct sim_entry *list;

    if (count <= entries->room)
        return true;
    while (room < count)
        room *= 2;
    list = mem_grow(entries->list, room * sizeof *list);
    if (!list)
        return false;
    entries->list = list;
    entries->room = room;
    return true;
}

static char *copy_name(str name)
{
    char *copy = mem_alloc(name.len + 1);

    return copy ? memcpy(copy, name.data, name.len) : NULL;
}

static void empty(struct sim_entries *entries)
{
    while (entries->count)
        mem_free(entries->list[--entries->count].name);
    mem_free(entries->list);
    *entries = (struct sim_entries){0};
}

bool sim_entries_copy(struct sim_entries *entries, const struct sim_entries *from)
{
    struct sim_entries copy = {0};

    if (!reserve(&copy, from->count))
        return false;
    for (; copy.count < from->count; copy.count++) {
        const struct sim_entry *entry = &from->list[copy.count];
        char *name = copy_name(str_of(entry->name));
        if (!name) {
            empty(&copy);
            return false;
        }
        copy.list[copy.count] = (struct sim_entry){name, entry->node};
    }
    empty(entries);
    *entries = copy;
    return true;
}

static void take_away(struct sim *sim, struct sim_node *node)
{
    struct sim_entries *entries = &node->parent->entries;
    size_t at = 0;

    while (entries->list[at].node != node)
        at++;
    mem_free(entries->list[at].name);
    entries->count--;
    memmove(entries->list + at, entries->list + at + 1,
            (entries->count - at) * sizeof *entries->list);
    node->parent = NULL;
    sim_node_charge(sim, node);
    sim->loose++;
}

bool sim_node_place(struct sim *sim, struct sim_node *node, struct sim_node *to, str name)
{
    struct sim_entry *there = to ? sim_entries_find(&to->entries, name) : NULL;
    char *copy = NULL;
    size_t at;

    if (there && there->node == node)
        return true;
    if (to) {
        copy = reserve(&to->entries, to->entries.count + 1) ? copy_name(name) : NULL;
        if (!copy)
            return false;
        there = sim_entries_find(&to->entries, name); /* the list may have moved */
    }
    if (there)
        take_away(sim, there->node);
    if (node->parent)
        take_away(sim, node);
    if (to) {
        at = position(&to->entries, name);
        memmove(to->entries.list + at + 1, to->entries.list + at,
                (to->entries.count - at) * sizeof *to->entries.list);
        to->entries.list[at] = (struct sim_entry){copy, node};
        to->entries.count++;
        node->parent = to;
    }
    sim_node_charge(sim, node);
    return true;
}

bool sim_node_is_within(const struct sim_node *node, const struct sim_node *folder)
{
    while (node && node != folder)
        node = node->parent;
    return node != NULL;
}

int sim_tree_walk(const struct sim *sim, const char *path, struct sim_node **out_folder,
                  str *out_name)
{
    struct sim_node *folder = NULL, *at = sim->root;
    str rest = str_of(path), name = {NULL, 0};

    if (rest.len == 0)
        return ENOENT;
    while (rest.data) {
        str part = str_cut(&rest, '/');
        const struct sim_entry *entry;

        if (part.len == 0 || str_equals(part, S(".")))
            continue;
        if (str_equals(part, S("..")))
            return EINVAL;
        if (part.len > LONGEST_NAME)
            return ENAMETOOLONG;
        if (!at)
            return ENOENT;
        if (!at->is_folder)
            return ENOTDIR;
        folder = at;
        name = part;
        entry = sim_entries_find(&folder->entries, name);
        at = entry ? entry->node : NULL;
    }
    *out_folder = folder;
    *out_name = name;
    return 0;
}

int sim_tree_find(const struct sim *sim, const char *path, struct sim_node **out_node)
{
    struct sim_node *folder;
    const struct sim_entry *entry;
    str name;
    int error = sim_tree_walk(sim, path, &folder, &name);

    if (error)
        return error;
    if (!folder) {
        *out_node = sim->root;
        return 0;
    }
    entry = sim_entries_find(&folder->entries, name);
    if (!entry)
        return ENOENT;
    *out_node = entry->node;
    return 0;
}

static void free_node(struct sim *sim, struct sim_node *node)
{
    while (node->first_change)
        sim_change_drop(sim, node->first_change);
    sim->used -= node->charged;
    sim->node_count--;
    empty(&node->entries);
    empty(&node->synced_entries);
    sim_content_done(&node->content);
    sim_content_done(&node->synced);
    mem_free(node);
}

static void want_all(const struct sim_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        entries->list[i].node->is_wanted = true;
}

/* Children of a folder that is freed here go with the next sweep. */
void sim_tree_sweep(struct sim *sim)
{
    struct sim_node **link = &sim->nodes;

    if (sim->loose < SWEEP_AT + sim->node_count / 2)
        return;
    sim->loose = 0;
    for (struct sim_node *node = sim->nodes; node; node = node->next)
        node->is_wanted = node == sim->root || node->parent || node->handles;
    for (struct sim_node *node = sim->nodes; node; node = node->next) {
        want_all(&node->entries);
        want_all(&node->synced_entries);
    }
    for (struct sim_change *change = sim->oldest; change; change = change->newer) {
        if (change->kind != SIM_PLACE)
            continue; /* bytes of a file that no name leads to do not matter */
        change->node->is_wanted = true;
        if (change->from)
            change->from->is_wanted = true;
        if (change->to)
            change->to->is_wanted = true;
    }
    while (*link) {
        struct sim_node *node = *link;
        if (node->is_wanted) {
            link = &node->next;
        } else {
            *link = node->next;
            free_node(sim, node);
        }
    }
}

void sim_tree_done(struct sim *sim)
{
    while (sim->oldest)
        sim_change_drop(sim, sim->oldest);
    while (sim->nodes) {
        struct sim_node *node = sim->nodes;
        sim->nodes = node->next;
        free_node(sim, node);
    }
}
