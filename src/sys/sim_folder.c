/* sim_folder.c - the verbs of simulated folders.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/sim_disk_int.h"
#include "sys/sim_int.h"

static const uint64_t endless_room = UINT64_C(1) << 40;

/* The folder at `path`, for an operation that changes nothing by itself. */
static int begin(struct sim *sim, const char *path, struct sim_node **out_folder)
{
    struct sim_step step = sim_step(sim, SIM_ANY);
    struct sim_node *node;
    int error = step.error ? step.error : sim_outcome(step);

    if (!error)
        error = sim_tree_find(sim, path, &node);
    if (!error && !node->is_folder)
        error = ENOTDIR;
    if (!error)
        *out_folder = node;
    return error;
}

int sim_folder_make(struct sys *sys, const char *path)
{
    struct sim *sim = sim_of(sys);
    struct sim_step step = sim_step(sim, SIM_ROOM);
    struct sim_node *folder, *node;
    str name;
    int error = step.error;

    if (error)
        return error;
    error = sim_tree_find(sim, path, &node);
    if (error == 0)
        return node->is_folder ? sim_outcome(step) : EEXIST;
    if (error != ENOENT)
        return error;
    error = sim_tree_walk(sim, path, &folder, &name);
    if (error)
        return error;
    node = sim_node_make(sim, true);
    if (!node)
        return ENOMEM;
    sim->loose++; /* to be swept if it finds no place */
    if (!sim_change_place(sim, node, NULL, (str){NULL, 0}, folder, name))
        return ENOMEM;
    return sim_outcome(step);
}

int sim_folder_remove(struct sys *sys, const char *path)
{
    struct sim *sim = sim_of(sys);
    struct sim_step step = sim_step(sim, SIM_ANY);
    struct sim_node *folder, *node;
    str name;
    int error = step.error;

    if (!error)
        error = sim_tree_find(sim, path, &node);
    if (!error && !node->is_folder)
        error = ENOTDIR;
    if (!error && node == sim->root)
        error = EBUSY;
    if (!error && node->entries.count)
        error = ENOTEMPTY;
    if (!error)
        error = sim_tree_walk(sim, path, &folder, &name);
    if (error)
        return error;
    if (!sim_change_place(sim, node, folder, name, NULL, (str){NULL, 0}))
        return ENOMEM;
    return sim_outcome(step);
}

int sim_folder_sync(struct sys *sys, const char *path)
{
    struct sim *sim = sim_of(sys);
    struct sim_node *folder;
    int error = begin(sim, path, &folder);

    if (error || sim->folder_syncs_ignored)
        return error;
    if (!sim_change_sync_folder(sim, folder))
        return ENOMEM;
    sim_tree_sweep(sim);
    return 0;
}

int sim_folder_names(struct sys *sys, const char *path, struct buf *out)
{
    struct sim_node *folder;
    int error = begin(sim_of(sys), path, &folder);

    for (size_t i = 0; !error && i < folder->entries.count; i++) {
        buf_add(out, str_of(folder->entries.list[i].name));
        buf_add_byte(out, 0);
    }
    return error;
}

int sim_folder_room(struct sys *sys, const char *path, uint64_t *out_bytes)
{
    const struct sim *sim = sim_of(sys);
    struct sim_node *folder;
    int error = begin(sim_of(sys), path, &folder);

    if (error)
        return error;
    if (!sim->room)
        *out_bytes = endless_room;
    else
        *out_bytes = sim->room > sim->used ? sim->room - sim->used : 0;
    return 0;
}
