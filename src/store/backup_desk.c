/* backup_desk.c - a backup of a served folder, fetched piece by piece: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/backup_desk.h"

#include "base/mem.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <sodium.h>
#include <string.h>

#define IDLE_NS (BACKUP_DESK_IDLE_MS * INT64_C(1000000))

enum { ID_BYTES = 16, LISTING_MOST = 64 << 20 };

struct backup_desk {
    struct backup_stock stock;
    struct mutex *lock;
    struct arena *mem; /* of the backup under way; NULL: there is none */
    struct backup_parts parts;
    char id[2 * ID_BYTES + 1];
    int64_t used_ns; /* when it was begun or read from last */
};

static void drop(struct backup_desk *desk)
{
    if (!desk->mem)
        return;
    backup_parts_close(&desk->parts);
    arena_close(desk->mem);
    desk->mem = NULL;
}

static void drop_idle(struct backup_desk *desk)
{
    if (desk->mem && clock_mono_ns(desk->stock.sys) - desk->used_ns >= IDLE_NS)
        drop(desk);
}

fallible backup_desk_open(const struct backup_stock *stock, struct backup_desk **out_desk)
{
    struct backup_desk *desk;

    TRY(backup_parts_sweep(stock));
    desk = mem_alloc(sizeof *desk);
    if (!desk)
        return mem_exhausted();
    desk->stock = *stock;
    desk->lock = mutex_open();
    if (!desk->lock) {
        mem_free(desk);
        return mem_exhausted();
    }
    *out_desk = desk;
    return OK;
}

void backup_desk_close(struct backup_desk *desk)
{
    if (!desk)
        return;
    drop(desk);
    mutex_close(desk->lock);
    mem_free(desk);
}

static fallible start(struct backup_desk *desk)
{
    unsigned char id[ID_BYTES];
    enum err err;

    drop_idle(desk);
    if (desk->mem)
        return fail(ERR_CONFLICT,
                    "another backup is under way: it ends when it is complete, or when nothing "
                    "was read from it for %d minutes",
                    BACKUP_DESK_IDLE_MS / 60000);
    desk->mem = arena_open(LISTING_MOST);
    if (!desk->mem)
        return mem_exhausted();
    err = backup_parts_open(&desk->stock, desk->mem, &desk->parts);
    if (err) {
        drop(desk);
        return err;
    }
    entropy_fill(desk->stock.sys, id, sizeof id);
    sodium_bin2hex(desk->id, sizeof desk->id, id, sizeof id);
    desk->used_ns = clock_mono_ns(desk->stock.sys);
    return OK;
}

/* The caller's own: the backup may be ended while the listing is still being told. */
static fallible list(const struct backup_desk *desk, struct arena *mem,
                     struct backup_listing *out_listing)
{
    const struct backup_source *source = &desk->parts.source;
    struct backup_listing listing = {.id = arena_dup(mem, str_of(desk->id)),
                                     .count = source->count};

    listing.parts = arena_array(mem, source->count, sizeof *listing.parts);
    if (!listing.id.data || !listing.parts)
        return arena_exhausted();
    memcpy(listing.workspace, source->workspace, sizeof listing.workspace);
    for (size_t i = 0; i < source->count; i++) {
        listing.parts[i] = source->parts[i];
        listing.parts[i].name = arena_dup(mem, source->parts[i].name);
        if (!listing.parts[i].name.data)
            return arena_exhausted();
    }
    *out_listing = listing;
    return OK;
}

fallible backup_desk_begin(struct backup_desk *desk, struct arena *mem,
                           struct backup_listing *out_listing)
{
    enum err err;

    mutex_lock(desk->lock);
    err = start(desk);
    if (!err) {
        err = list(desk, mem, out_listing);
        if (err)
            drop(desk);
    }
    mutex_unlock(desk->lock);
    return err;
}

static fallible find(struct backup_desk *desk, str id)
{
    drop_idle(desk);
    if (!desk->mem || !str_equals(id, str_of(desk->id)))
        return fail(ERR_ABSENT, "there is no such backup, or it has ended: begin a new one");
    return OK;
}

static fallible read_part(struct backup_desk *desk, uint64_t part, uint64_t offset, void *out,
                          size_t len)
{
    const struct backup_source *source = &desk->parts.source;

    if (part >= source->count)
        return fail(ERR_ABSENT, "the backup has no part %llu", (unsigned long long)part);
    if (offset > source->parts[part].size || len > source->parts[part].size - offset)
        return fail(ERR_INVALID, "the part has %llu bytes",
                    (unsigned long long)source->parts[part].size);
    desk->used_ns = clock_mono_ns(desk->stock.sys);
    return source->read(source->argument, &source->parts[part], offset, out, len);
}

fallible backup_desk_read(struct backup_desk *desk, str id, uint64_t part, uint64_t offset,
                          void *out, size_t len)
{
    enum err err;

    mutex_lock(desk->lock);
    err = find(desk, id);
    if (!err)
        err = read_part(desk, part, offset, out, len);
    mutex_unlock(desk->lock);
    return err;
}

fallible backup_desk_end(struct backup_desk *desk, str id)
{
    enum err err;

    mutex_lock(desk->lock);
    err = find(desk, id);
    if (!err)
        drop(desk);
    mutex_unlock(desk->lock);
    return err;
}

void backup_desk_tend(struct backup_desk *desk)
{
    mutex_lock(desk->lock);
    drop_idle(desk);
    mutex_unlock(desk->lock);
}
