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
 * What remains looks like a torn end: damage to the last transaction and to its guard record at
 * once, or together with the loss of the transaction after it; damage that puts back exactly what
 * a sector held before; damage to a last transaction of over 8 MB, which has no guard record; and
 * a log that is gone as a whole.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/vfs_int.h"

#include <string.h>

enum { CHUNK = 64 * VFS_SECTOR, GUARD_HEADER = 48, GUARD_FIXED = GUARD_HEADER + 8 };

struct guard {
    uint64_t at; /* in the file */
    uint64_t from;
    uint64_t to;
    uint64_t count; /* sectors, from the one that holds `from` */
};

struct scan {
    struct vfs_file *wal;
    uint64_t size;
    bool is_blank;          /* all zeros */
    struct buf guards;      /* offsets (u64) where a record may stand */
    bool is_big_endian;     /* the words that are summed */
    uint32_t sum[2];        /* of the chain so far */
    unsigned char salts[8]; /* of this round */
    uint64_t end;           /* behind the last whole transaction */
};

static uint32_t read_u32(const unsigned char *at, bool is_big_endian)
{
    if (is_big_endian)
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static uint64_t read_u64(const char *at)
{
    uint64_t number;

    memcpy(&number, at, sizeof number);
    return number;
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

static fallible look_at_sector(struct scan *scan, uint64_t at, const char *sector, size_t len)
{
    uint64_t sum = vfs_sum_of_sector(sector, len);

    if (!vfs_sums_put(&scan->wal->known, (size_t)(at / VFS_SECTOR), sum))
        return mem_exhausted();
    if (sum != vfs_sum_of_sector("", 0))
        scan->is_blank = false;
    if (str_starts(str_from(sector, len), S("MyriadWG")))
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

/* False when there is no whole record of this round. */
static bool read_guard(const struct scan *scan, str record, uint64_t at, struct guard *out)
{
    if (record.len < GUARD_FIXED || memcmp(record.data + 16, scan->salts, 8) != 0)
        return false;
    *out = (struct guard){
        .at = at,
        .from = read_u64(record.data + 24),
        .to = read_u64(record.data + 32),
        .count = read_u64(record.data + 40),
    };
    if (out->count > (record.len - GUARD_FIXED) / 16)
        return false;
    if ((out->from / VFS_SECTOR + out->count) * VFS_SECTOR != at || out->to > at)
        return false;
    return hash_checksum(record.data, GUARD_HEADER + out->count * 16) ==
           read_u64(record.data + GUARD_HEADER + out->count * 16);
}

static fallible damaged(const struct scan *scan, uint64_t at)
{
    return fail(ERR_CORRUPT, "%s is damaged at %llu: a transaction there was complete and is not",
                scan->wal->path, (unsigned long long)at);
}

/* The last transaction is not whole: fine if what is missing had not been written yet. */
static fallible judge_last(const struct scan *scan, const struct guard *guard, const char *sums)
{
    uint64_t first = guard->from / VFS_SECTOR;
    bool is_torn = false;

    for (uint64_t i = 0; i < guard->count; i++) {
        uint64_t is = vfs_sums_get(&scan->wal->known, (size_t)(first + i));

        if (is == read_u64(sums + i * 16 + 8))
            continue;
        if (is != read_u64(sums + i * 16))
            return damaged(scan, (first + i) * VFS_SECTOR);
        is_torn = true;
    }
    return is_torn ? OK : damaged(scan, guard->from);
}

static fallible judge_guard(const struct scan *scan, uint64_t at)
{
    size_t room = (size_t)(scan->size - at), got;
    char *record;
    struct guard guard;
    enum err err;

    /* Of the longest transaction: two sums for each of 8 MB of sectors, and the one they end in. */
    if (room > GUARD_FIXED + 16 * (size_t)((8 << 20) / VFS_SECTOR + 8))
        room = GUARD_FIXED + 16 * (size_t)((8 << 20) / VFS_SECTOR + 8);
    record = mem_alloc(room);
    if (!record)
        return mem_exhausted();
    err = file_read(scan->wal->file, at, record, room, &got);
    if (err || !read_guard(scan, str_from(record, got), at, &guard) || guard.to <= scan->end)
        goto done;
    if (guard.from > scan->end)
        err = damaged(scan, scan->end);
    else
        err = judge_last(scan, &guard, record + GUARD_HEADER);
done:
    mem_free(record);
    return err;
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
    size_t got;

    TRY(look_at_sectors(scan));
    TRY(file_read(wal->file, 0, header, sizeof header, &got));
    if (!read_header(scan, header)) {
        /* The header is synced before the first frame: without it there may be nothing else. */
        if (scan->size > WAL_HEADER && !scan->is_blank)
            return fail(ERR_CORRUPT, "%s is damaged: its header is wrong", wal->path);
        scan->end = 0;
        return OK;
    }
    scan->end = WAL_HEADER;
    TRY(follow_frames(scan));
    for (size_t i = 0; i < scan->guards.len; i += sizeof(uint64_t))
        TRY(judge_guard(scan, read_u64(scan->guards.data + i)));
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
    wal->has_tail = scan.size > scan.end;
    wal->tail_at = scan.end;
    return OK;
}
