/* roster_load.c - what is durable read into memory at once, by all cores.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file is cut where blocks begin, and each part read by whoever is free. Nodes go where their
 * ids say, so that the order of the parts does not matter; the other records, of which there are
 * few, are kept part by part.
 */
#include "base/mem.h"
#include "people/roster_int.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { PART_BYTES = 256 << 10, AT_ONCE = 64, REASON_BYTES = 512, MOST_THREADS = 8 };

struct part {
    struct roster_extent from;
    uint64_t to;
    struct buf others; /* struct other and clear part, one behind the other */
};

struct other {
    uint64_t seq;
    node_id node;
    uint32_t kind;
    uint32_t clear_bytes;
};

struct roster_loaded {
    struct roster_nodes nodes;
    struct part *parts;
    size_t part_count;
};

struct loading {
    const struct roster *roster;
    struct roster_loaded *loaded;
    atomic_size_t next; /* part */
    atomic_bool is_failed;
    enum err err; /* of the first that failed, with its sentence */
    char reason[REASON_BYTES];
};

struct taking {
    const struct roster *roster;
    struct roster_nodes *nodes;
    struct buf *others;
};

static fallible damaged(const struct roster *roster, const struct log_record *record)
{
    return fail(ERR_CORRUPT, "%s is damaged: record %llu is not what can stand there", roster->path,
                (unsigned long long)record->seq);
}

static fallible take_node(struct taking *taking, const struct roster_entry *entry)
{
    const struct log_record *record = &entry->record;
    struct roster_nodes *nodes = taking->nodes;
    struct record_node node;

    TRY(record_read_node(record->clear, &node));
    if (!record->node || record->node > nodes->count || nodes->kinds[record->node])
        return damaged(taking->roster, record);
    nodes->hashes[record->node] = node.hash;
    nodes->kinds[record->node] = (uint8_t)node.kind;
    nodes->places[record->node] = record->payload.data ? entry->place : 0;
    return OK;
}

static fallible take_other(struct taking *taking, const struct log_record *record)
{
    struct other other = {.seq = record->seq,
                          .node = record->node,
                          .kind = record->kind,
                          .clear_bytes = (uint32_t)record->clear.len};

    buf_add_bytes(taking->others, &other, sizeof other);
    buf_add(taking->others, record->clear);
    return buf_is_broken(taking->others) ? mem_exhausted() : OK;
}

static enum err take(void *argument, const struct roster_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(entries[i].record.kind == RECORD_NODE ? take_node(argument, &entries[i])
                                                  : take_other(argument, &entries[i].record));
    return OK;
}

static void read_parts(void *argument)
{
    struct loading *loading = argument;
    struct roster_loaded *loaded = loading->loaded;
    size_t at;

    while (!atomic_load(&loading->is_failed) &&
           (at = atomic_fetch_add(&loading->next, 1)) < loaded->part_count) {
        struct part *part = &loaded->parts[at];
        struct taking taking = {loading->roster, &loaded->nodes, &part->others};
        enum err err = roster_read_span(loading->roster, &part->from, part->to, take, &taking);

        if (err && !atomic_exchange(&loading->is_failed, true)) {
            loading->err = err;
            snprintf(loading->reason, sizeof loading->reason, "%s", err_text());
        }
    }
}

/* Cuts the file where blocks begin. */
static fallible cut(const struct roster *roster, struct roster_loaded *loaded)
{
    size_t room = (size_t)(roster->durable.bytes / PART_BYTES) + 2;
    struct roster_extent at = roster->head;

    loaded->parts = mem_alloc(room * sizeof *loaded->parts);
    if (!loaded->parts)
        return mem_exhausted();
    while (at.bytes < roster->durable.bytes) {
        struct part *part = &loaded->parts[loaded->part_count++];

        part->from = at;
        while (at.bytes < roster->durable.bytes && at.bytes - part->from.bytes < PART_BYTES)
            TRY(roster_step_over(roster, &at));
        part->to = at.bytes;
    }
    return OK;
}

static fallible make_room(struct roster_nodes *nodes, node_id count)
{
    nodes->count = count;
    nodes->hashes = mem_grow(NULL, (count + (size_t)1) * sizeof *nodes->hashes);
    nodes->kinds = mem_alloc(count + (size_t)1);
    nodes->places = mem_alloc((count + (size_t)1) * sizeof *nodes->places);
    return nodes->hashes && nodes->kinds && nodes->places ? OK : mem_exhausted();
}

static void free_loaded(struct roster_loaded *loaded)
{
    if (!loaded)
        return;
    for (size_t i = 0; i < loaded->part_count; i++)
        buf_done(&loaded->parts[i].others);
    mem_free(loaded->parts);
    mem_free(loaded->nodes.hashes);
    mem_free(loaded->nodes.kinds);
    mem_free(loaded->nodes.places);
    mem_free(loaded);
}

static fallible load(const struct roster *roster, struct roster_loaded *loaded)
{
    struct loading loading = {.roster = roster, .loaded = loaded};

    TRY(make_room(&loaded->nodes, roster->durable.nodes));
    TRY(cut(roster, loaded));
    thread_gather(loaded->part_count < MOST_THREADS ? (int)loaded->part_count : MOST_THREADS,
                  read_parts, &loading);
    return loading.err ? fail(loading.err, "%s", loading.reason) : OK;
}

fallible roster_load(struct roster *roster, struct roster_nodes **out_nodes)
{
    struct roster_loaded *loaded = roster->loaded;
    enum err err = OK;

    if (!loaded) {
        loaded = mem_alloc(sizeof *loaded);
        err = loaded ? load(roster, loaded) : mem_exhausted();
    }
    if (err) {
        free_loaded(loaded);
        return err;
    }
    roster->loaded = loaded;
    *out_nodes = &loaded->nodes;
    return OK;
}

static fallible give_others(str bytes, roster_taker *each, void *argument)
{
    struct roster_entry entries[AT_ONCE];
    size_t count = 0;

    while (bytes.len) {
        struct other other;

        memcpy(&other, bytes.data, sizeof other);
        bytes = str_slice(bytes, sizeof other, bytes.len);
        entries[count++] =
            (struct roster_entry){.record = {.seq = other.seq,
                                             .count = 1,
                                             .kind = (enum record_kind)other.kind,
                                             .node = other.node,
                                             .clear = str_slice(bytes, 0, other.clear_bytes)}};
        bytes = str_slice(bytes, other.clear_bytes, bytes.len);
        if (count == AT_ONCE || !bytes.len) {
            TRY(each(argument, entries, count));
            count = 0;
        }
    }
    return OK;
}

fallible roster_read_others(const struct roster *roster, roster_taker *each, void *argument)
{
    const struct roster_loaded *loaded = roster->loaded;

    for (size_t i = 0; loaded && i < loaded->part_count; i++)
        TRY(give_others(buf_str(&loaded->parts[i].others), each, argument));
    return OK;
}

void roster_unload(struct roster *roster)
{
    free_loaded(roster->loaded);
    roster->loaded = NULL;
}
