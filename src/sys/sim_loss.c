/* sim_loss.c - power loss, and the disk as tests look at it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/hash.h"
#include "sys/sim_disk_int.h"
#include "sys/sim_int.h"

#include <stdlib.h>

/* What decides: of `count` changes the first `cut` survive, or each has its own luck. */
struct luck {
    struct sim *sim;
    enum sim_loss loss;
    uint64_t seed;
    uint64_t count, cut;
};

/* Losing power cannot fail: a test without memory ends here. */
static void must(bool done)
{
    if (!done)
        abort();
}

static uint64_t draw(const struct luck *luck, uint64_t about, uint64_t which, uint64_t bound)
{
    uint64_t key[2] = {about, which};
    random_state state = {hash_checksum_seeded(key, sizeof key, luck->seed)};

    return random_below(&state, bound);
}

/* A sector holds what it held at one instant since the last sync: the changes before it and none
 * after it. Which instant is drawn for each sector and for each file's size. */
static bool reaches(const struct luck *luck, const struct sim_change *change, uint64_t sector)
{
    if (luck->loss == SIM_REORDERED)
        return change->index < draw(luck, change->node->id, sector, luck->count + 1);
    if (change->index + 1 == luck->cut) /* the last piece is torn */
        return draw(luck, change->node->id, sector, 2) == 0;
    return change->index < luck->cut;
}

enum { OF_SIZE = -1 }; /* stands for a sector's number in the draw for a size */

static void survive_write(const struct luck *luck, const struct sim_change *change)
{
    uint64_t at = change->offset, end = change->offset + change->size;

    while (at < end) {
        uint64_t sector = at / SIM_SECTOR, stop = (sector + 1) * SIM_SECTOR;

        stop = stop < end ? stop : end;
        if (reaches(luck, change, sector))
            must(sim_content_write(&change->node->content, at,
                                   change->bytes + (at - change->offset), (size_t)(stop - at)));
        at = stop;
    }
}

static void survive_file(const struct luck *luck, struct sim_node *node)
{
    uint64_t size = node->synced.size;

    for (const struct sim_change *at = node->first_change; at; at = at->next) {
        bool is_sized = reaches(luck, at, (uint64_t)OF_SIZE);
        uint64_t end = at->offset + at->size;

        if (at->kind == SIM_WRITE) {
            survive_write(luck, at);
            if (is_sized && size < end)
                size = end;
        } else if (is_sized) {
            must(sim_content_resize(&node->content, at->size));
            size = at->size;
        }
    }
    must(sim_content_resize(&node->content, size));
}

static void survive_place(const struct luck *luck, const struct sim_change *change)
{
    struct sim_node *node = change->node;
    const struct sim_entry *there;

    if (luck->loss == SIM_REORDERED ? draw(luck, 0, change->index, 2) == 0
                                    : change->index >= luck->cut)
        return;
    if (!change->to) {
        /* Removes the name only if that still leads to the node. */
        there = sim_entries_find(&change->from->entries, change->from_name);
        if (there && there->node == node)
            must(sim_node_place(luck->sim, node, NULL, change->from_name));
        return;
    }
    if (!sim_node_is_within(change->to, node))
        must(sim_node_place(luck->sim, node, change->to, change->to_name));
}

/* Back to what was synced. */
static void go_back(struct sim *sim)
{
    struct sim_node *node;

    for (node = sim->nodes; node; node = node->next)
        for (size_t i = 0; node->is_changed && i < node->entries.count; i++)
            node->entries.list[i].node->parent = NULL;
    for (node = sim->nodes; node; node = node->next) {
        if (!node->is_changed)
            continue;
        must(sim_entries_copy(&node->entries, &node->synced_entries));
        must(sim_content_copy(&node->content, &node->synced));
        for (size_t i = 0; i < node->entries.count; i++)
            node->entries.list[i].node->parent = node;
    }
}

static void survive(const struct luck *luck)
{
    for (struct sim_change *at = luck->sim->oldest; at; at = at->newer)
        if (at->kind == SIM_PLACE)
            survive_place(luck, at);
    for (struct sim_node *node = luck->sim->nodes; node; node = node->next)
        if (node->first_change)
            survive_file(luck, node);
}

/* What is there now has come back from the disk: it is synced. */
static void settle(struct sim *sim)
{
    while (sim->oldest)
        sim_change_drop(sim, sim->oldest);
    for (struct sim_node *node = sim->nodes; node; node = node->next) {
        if (node->is_changed) {
            must(sim_entries_copy(&node->synced_entries, &node->entries));
            must(sim_content_copy(&node->synced, &node->content));
            node->is_changed = false;
            sim->loose++;
        }
        sim_node_charge(sim, node);
    }
}

void sim_lose_power(struct sys *sys, enum sim_loss loss, uint64_t seed)
{
    struct sim *sim = sim_of(sys);
    struct luck luck = {.sim = sim, .loss = loss, .seed = seed};

    sim->is_stopped = false;
    sim->stop_at = 0;
    sim_file_forget_all(sim);
    sim_net_reset_all(sim);
    sim_renew_entropy(sim);
    if (loss == SIM_KEPT)
        return; /* the system lives on, and with it what it has not written yet */
    for (struct sim_change *at = sim->oldest; at; at = at->newer)
        at->index = luck.count++;
    if (loss == SIM_TORN)
        luck.cut = draw(&luck, 0, 0, luck.count + 1);
    go_back(sim);
    if (loss != SIM_CLEAN)
        survive(&luck);
    settle(sim);
    sim_tree_sweep(sim);
}

static bool flip(struct sim_content *content, uint64_t offset, unsigned bit)
{
    unsigned char byte;

    if (offset >= content->size)
        return true;
    sim_content_read(content, offset, &byte, 1);
    byte = (unsigned char)(byte ^ (1u << (bit & 7)));
    return sim_content_write(content, offset, &byte, 1);
}

fallible sim_flip(struct sys *sys, const char *path, uint64_t offset, unsigned bit)
{
    struct sim_node *node;

    if (sim_tree_find(sim_of(sys), path, &node) || offset >= node->content.size)
        return fail(ERR_ABSENT, "%s has no byte %llu", path, (unsigned long long)offset);
    must(flip(&node->content, offset, bit));
    must(flip(&node->synced, offset, bit));
    return OK;
}

struct visit {
    void (*file)(struct visit *visit, const struct sim_node *node);
    struct buf path;
    struct buf *list;
    uint64_t digest;
};

static void walk(struct visit *visit, const struct sim_node *folder)
{
    size_t len = visit->path.len;

    for (size_t i = 0; i < folder->entries.count; i++) {
        const struct sim_entry *entry = &folder->entries.list[i];
        if (len)
            buf_add_byte(&visit->path, '/');
        buf_add(&visit->path, str_of(entry->name));
        if (entry->node->is_folder)
            walk(visit, entry->node);
        else
            visit->file(visit, entry->node);
        visit->path.len = len;
    }
}

static void list_file(struct visit *visit, const struct sim_node *node)
{
    buf_print(visit->list, "%.*s %llu\n", STR_ARG(buf_str(&visit->path)),
              (unsigned long long)node->content.size);
}

static void digest_file(struct visit *visit, const struct sim_node *node)
{
    visit->digest = hash_checksum_seeded(visit->path.data, visit->path.len, visit->digest);
    visit->digest = sim_content_digest(&node->content, visit->digest);
}

void sim_list(const struct sys *sys, struct buf *out)
{
    struct visit visit = {.file = list_file, .list = out};

    walk(&visit, ((const struct sim *)sys)->root);
    must(!buf_is_broken(&visit.path));
    buf_done(&visit.path);
}

uint64_t sim_digest(const struct sys *sys)
{
    struct visit visit = {.file = digest_file};

    walk(&visit, ((const struct sim *)sys)->root);
    must(!buf_is_broken(&visit.path));
    buf_done(&visit.path);
    return visit.digest;
}
