/* vfs_wal_scan.c - what a write-ahead log holds when it is opened: torn, whole or damaged.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQLite reads frames until one does not fit its chain of checksums and takes that for the end. We
 * find the same place and ask whether anything behind it had been synced, by the guard records
 * (vfs_wal.c). One that starts behind the end proves it: a transaction starts only when the one
 * before it is on the disk. One that covers the end is of the last transaction, whose sync may not
 * have come back: sectors that are still as before it mean that the power went, and the
 * transaction was never acknowledged; a sector that is neither as before nor as after is damage.
 *
 * Behind a last transaction that is whole its guard record need not be: power may go before the
 * sync comes back, and a kill may cut a write off between two pages, so any of its sectors may
 * hold what an earlier round or a longer record left there. But a sector is written whole or not
 * at all: one that names this round was written, and when its sum does not fit it has changed
 * since. No data are missing then: the log opens, and the check reports it.
 *
 * What remains looks like a torn end: damage to the last transaction and to its guard record at
 * once, or together with the loss of the transaction after it; damage that puts back exactly what
 * a sector held before, or of a guard record takes both names; damage to a last transaction of
 * over 8 MB, which has no guard record; and a log that is gone as a whole.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/vfs_int.h"

#include <stddef.h>
#include <string.h>

enum { CHUNK = 64 * VFS_SECTOR };

_Static_assert(sizeof(struct vfs_guard) == VFS_SECTOR, "a part of a guard record fills a sector");

struct scan {
    struct vfs_file *wal;
    uint64_t size;
    bool is_blank;          /* all zeros */
    struct buf guards;      /* offsets (u64) of sectors that name this round as a guard's do */
    bool is_big_endian;     /* the words that are summed */
    uint32_t sum[2];        /* of the chain so far */
    unsigned char salts[8]; /* of this round */
    struct vfs_guard names; /* as a guard of this round has them */
    uint64_t end;           /* behind the last whole transaction */
    /* Of the transaction that is not whole: sectors that were found as they were to be, or not. */
    uint64_t written, torn;
};

static uint32_t read_u32(const unsigned char *at, bool is_big_endian)
{
    if (is_big_endian)
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void add_to_sum(struct scan *scan, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        scan->sum[0] += read_u32(bytes + i, scan->is_big_endian) + scan->sum[1];
        scan->sum[1] += read_u32(bytes + i + 4, scan->is_big_endian) + scan->sum[0];
    }
}

static bool has_sum(const struct scan *scan, const unsigned char *at)
{
    return read_u32(at, true) == scan->sum[0] && read_u32(at + 4, true) == scan->sum[1];
}

static bool names_round(const struct scan *scan, const char *sector)
{
    return memcmp(sector, &scan->names, offsetof(struct vfs_guard, from)) == 0 ||
           memcmp(sector + offsetof(struct vfs_guard, name), &scan->names.name,
                  sizeof scan->names.name) == 0;
}

static fallible look_at_sector(struct scan *scan, uint64_t at, const char *sector, size_t len)
{
    uint64_t sum = vfs_sum_of_sector(sector, len);

    if (!vfs_sums_put(&scan->wal->known, (size_t)(at / VFS_SECTOR), sum))
        return mem_exhausted();
    if (sum != vfs_sum_of_sector("", 0))
        scan->is_blank = false;
    if (len == VFS_SECTOR && names_round(scan, sector))
        buf_add_bytes(&scan->guards, &at, sizeof at);
    return buf_is_broken(&scan->guards) ? mem_exhausted() : OK;
}

static fallible look_at_sectors(struct scan *scan)
{
    char chunk[CHUNK];
    uint64_t at = 0;

    while (at < scan->size) {
        size_t got;

        TRY(file_read(scan->wal->file, at, chunk, sizeof chunk, &got));
        for (size_t i = 0; i < got; i += VFS_SECTOR)
            TRY(look_at_sector(scan, at + i, chunk + i,
                               got - i < VFS_SECTOR ? got - i : VFS_SECTOR));
        if (got < sizeof chunk)
            break;
        at += got;
    }
    return OK;
}

static bool read_header(struct scan *scan, const unsigned char *header)
{
    uint32_t magic = read_u32(header, true);

    if ((magic & ~1u) != 0x377f0682 || read_u32(header + 4, true) != 3007000 ||
        read_u32(header + 8, true) != VFS_PAGE)
        return false;
    scan->is_big_endian = magic & 1;
    add_to_sum(scan, header, 24);
    memcpy(scan->salts, header + 16, sizeof scan->salts);
    vfs_guard_start(scan->salts, &scan->names);
    return has_sum(scan, header + 24);
}

/* Follows the chain as SQLite does. */
static fallible follow_frames(struct scan *scan)
{
    unsigned char frame[WAL_FRAME];

    for (uint64_t at = WAL_HEADER; at + WAL_FRAME <= scan->size; at += WAL_FRAME) {
        TRY(file_read_all(scan->wal->file, at, frame, sizeof frame));
        if (memcmp(frame + 8, scan->salts, sizeof scan->salts) != 0 || read_u32(frame, true) == 0)
            break;
        add_to_sum(scan, frame, 8);
        add_to_sum(scan, frame + WAL_FRAME_HEADER, VFS_PAGE);
        if (!has_sum(scan, frame + 16))
            break;
        if (read_u32(frame + 4, true))
            scan->end = at + WAL_FRAME;
    }
    return OK;
}

static uint64_t sectors_up_to(uint64_t at)
{
    return (at + VFS_SECTOR - 1) / VFS_SECTOR;
}

/* Of the whole transaction. */
static uint64_t count_sectors(const struct vfs_guard *guard)
{
    return sectors_up_to(guard->to) - guard->from / VFS_SECTOR;
}

static uint64_t count_sums(const struct vfs_guard *guard)
{
    uint64_t left = count_sectors(guard) - guard->first;

    return left < GUARD_SUMS ? left : GUARD_SUMS;
}

static bool is_sound(const struct scan *scan, const struct vfs_guard *guard, uint64_t at)
{
    return memcmp(guard, &scan->names, offsetof(struct vfs_guard, from)) == 0 &&
           guard->name == scan->names.name && guard->sum == vfs_guard_sum(guard) &&
           guard->from < guard->to && guard->first % GUARD_SUMS == 0 &&
           guard->first < count_sectors(guard) &&
           sectors_up_to(guard->to) + guard->first / GUARD_SUMS == at / VFS_SECTOR;
}

static fallible damaged(const struct scan *scan, uint64_t at)
{
    return fail(ERR_CORRUPT, "%s is damaged at %llu: a transaction there was complete and is not",
                scan->wal->path, (unsigned long long)at);
}

/* Compares the sectors with their sums. The last transaction need not be whole: fine if what is
 * missing had not been written yet. */
static fallible judge_sectors(struct scan *scan, const struct vfs_guard *guard)
{
    uint64_t first = guard->from / VFS_SECTOR + guard->first;

    for (uint64_t i = 0; i < count_sums(guard); i++) {
        uint64_t is = vfs_sums_get(&scan->wal->known, (size_t)(first + i));

        if (is == guard->sums[i].after)
            scan->written++;
        else if (is == guard->sums[i].before)
            scan->torn++;
        else
            return damaged(scan, (first + i) * VFS_SECTOR);
    }
    return OK;
}

static fallible judge_guard(struct scan *scan, uint64_t at)
{
    struct vfs_guard guard;

    if (at < scan->end)
        return OK;
    TRY(file_read_all(scan->wal->file, at, &guard, sizeof guard));
    if (!is_sound(scan, &guard, at)) {
        if (!scan->wal->damaged_guard)
            scan->wal->damaged_guard = at;
        return OK;
    }
    if (guard.to <= scan->end)
        return OK;
    if (guard.from > scan->end)
        return damaged(scan, scan->end);
    TRY(judge_sectors(scan, &guard));
    /* All of it is as it was to be, and yet it is not whole? */
    if (!scan->torn && scan->written == count_sectors(&guard))
        return damaged(scan, guard.from);
    return OK;
}

static fallible judge_guards(struct scan *scan)
{
    for (size_t i = 0; i < scan->guards.len; i += sizeof(uint64_t)) {
        uint64_t at;

        memcpy(&at, scan->guards.data + i, sizeof at);
        TRY(judge_guard(scan, at));
    }
    return OK;
}

/* The same proof from the frames, for when the guard records are torn as well: a frame that goes on
 * where a commit frame ended was written after that commit was synced. */
static fallible judge_frames(struct scan *scan)
{
    unsigned char frame[WAL_FRAME];
    bool follows_commit = false;

    for (uint64_t at = scan->end; at + WAL_FRAME <= scan->size; at += WAL_FRAME) {
        bool is_current;

        TRY(file_read_all(scan->wal->file, at, frame, sizeof frame));
        is_current = memcmp(frame + 8, scan->salts, sizeof scan->salts) == 0;
        if (is_current && follows_commit) {
            add_to_sum(scan, frame, 8);
            add_to_sum(scan, frame + WAL_FRAME_HEADER, VFS_PAGE);
            if (has_sum(scan, frame + 16))
                return damaged(scan, scan->end);
        }
        follows_commit = is_current && read_u32(frame + 4, true) != 0;
        scan->sum[0] = read_u32(frame + 16, true);
        scan->sum[1] = read_u32(frame + 20, true);
    }
    return OK;
}

static fallible scan_all(struct scan *scan)
{
    struct vfs_file *wal = scan->wal;
    unsigned char header[WAL_HEADER] = {0};
    bool has_header;
    size_t got;

    TRY(file_read(wal->file, 0, header, sizeof header, &got));
    has_header = read_header(scan, header);
    TRY(look_at_sectors(scan));
    if (!has_header) {
        /* The header is synced before the first frame: without it there may be nothing else. */
        if (scan->size > WAL_HEADER && !scan->is_blank)
            return fail(ERR_CORRUPT, "%s is damaged: its header is wrong", wal->path);
        scan->end = 0;
        return OK;
    }
    scan->end = WAL_HEADER;
    TRY(follow_frames(scan));
    TRY(judge_guards(scan));
    TRY(judge_frames(scan));
    memcpy(wal->salts, scan->salts, sizeof wal->salts);
    return OK;
}

fallible vfs_wal_scan(struct vfs_file *wal)
{
    struct scan scan = {.wal = wal, .is_blank = true};
    enum err err;

    TRY(file_size(wal->file, &scan.size));
    err = scan_all(&scan);
    buf_done(&scan.guards);
    if (err)
        return err;
    wal->allocated = scan.size;
    wal->is_inherited = scan.size > 0;
    wal->has_tail = scan.size > scan.end;
    wal->tail_at = scan.end;
    return OK;
}
