/* vfs_wal.c - the write-ahead log: written once per sync, verified at every read.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What SQLite writes is gathered in memory and goes to the file in one piece when it syncs, with a
 * guard record behind it (vfs_wal_scan.c reads it after a crash). So each sector changes once
 * between two syncs, and after a power loss it is either as it was or as it was to be. Room is
 * reserved first: a full disk is told before a byte is written, never in the middle.
 *
 * A guard record starts at the first sector behind the frames, where the next transaction
 * overwrites it. It is a row of struct vfs_guard, with two sums for each sector that was written.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/vfs_int.h"

#include <stddef.h>
#include <string.h>

enum { PENDING_LIMIT = 8 << 20, ROOM_STEP = 256 << 10 };

static uint64_t down(uint64_t at)
{
    return at / VFS_SECTOR * VFS_SECTOR;
}

static uint64_t up(uint64_t at)
{
    return down(at + VFS_SECTOR - 1);
}

uint64_t vfs_sum_of_sector(const void *sector, size_t len)
{
    char whole[VFS_SECTOR] = {0};

    memcpy(whole, sector, len);
    return hash_checksum(whole, sizeof whole);
}

uint64_t vfs_sums_get(const struct vfs_sums *sums, size_t at)
{
    return at < sums->count ? sums->sums[at] : vfs_sum_of_sector("", 0);
}

static bool reserve_sums(struct vfs_sums *sums, size_t count)
{
    size_t room = sums->room ? sums->room : 64;
    uint64_t *grown;

    while (room < count)
        room *= 2;
    if (room == sums->room)
        return true;
    grown = mem_grow(sums->sums, room * sizeof *grown);
    if (!grown)
        return false;
    sums->sums = grown;
    sums->room = room;
    return true;
}

bool vfs_sums_put(struct vfs_sums *sums, size_t at, uint64_t sum)
{
    if (!reserve_sums(sums, at + 1))
        return false;
    while (sums->count <= at)
        sums->sums[sums->count++] = vfs_sum_of_sector("", 0);
    sums->sums[at] = sum;
    return true;
}

void vfs_wal_done(struct vfs_file *wal)
{
    buf_done(&wal->bytes);
    mem_free(wal->known.sums);
}

/* The file alone, without what is pending: `len` bytes, those behind the end as zeros. */
static fallible read_verified(struct vfs_file *wal, uint64_t offset, void *out, size_t len,
                              uint64_t *out_end)
{
    char chunk[16 * VFS_SECTOR];
    uint64_t end = offset;

    while (len) {
        uint64_t start = down(offset);
        size_t skip = (size_t)(offset - start), part, got;

        TRY(file_read(wal->file, start, chunk, sizeof chunk, &got));
        memset(chunk + got, 0, sizeof chunk - got);
        part = sizeof chunk - skip < len ? sizeof chunk - skip : len;
        for (size_t i = 0; i < skip + part; i += VFS_SECTOR) {
            if (vfs_sum_of_sector(chunk + i, VFS_SECTOR) !=
                vfs_sums_get(&wal->known, (size_t)((start + i) / VFS_SECTOR)))
                return fail(ERR_CORRUPT, "%s is damaged at %llu: its bytes have changed", wal->path,
                            (unsigned long long)(start + i));
        }
        memcpy(out, chunk + skip, part);
        if (start + got > end)
            end = start + got;
        out = (char *)out + part;
        offset += part;
        len -= part;
    }
    *out_end = end;
    return OK;
}

void vfs_guard_start(const unsigned char *salts, struct vfs_guard *out_guard)
{
    *out_guard = (struct vfs_guard){.magic = "MyriadWG"};
    memcpy(out_guard->salts, salts, sizeof out_guard->salts);
    out_guard->name = hash_checksum(out_guard, offsetof(struct vfs_guard, from));
}

uint64_t vfs_guard_sum(const struct vfs_guard *guard)
{
    return hash_checksum(guard, offsetof(struct vfs_guard, sum));
}

/* Adds the guard record of `wal->bytes`, which end at the end of a sector. */
static void add_guard(struct vfs_file *wal, uint64_t to)
{
    struct buf *bytes = &wal->bytes;
    size_t count = bytes->len / VFS_SECTOR, first = (size_t)(wal->bytes_at / VFS_SECTOR);
    struct vfs_guard guard;

    for (size_t i = 0; i < count && !buf_is_broken(bytes); i++) {
        size_t place = i % GUARD_SUMS;

        if (place == 0) {
            vfs_guard_start(wal->salts, &guard);
            guard.from = wal->from;
            guard.to = to;
            guard.first = i;
        }
        guard.sums[place].before = vfs_sums_get(&wal->known, first + i);
        guard.sums[place].after = vfs_sum_of_sector(bytes->data + i * VFS_SECTOR, VFS_SECTOR);
        if (place == GUARD_SUMS - 1 || i == count - 1) {
            guard.sum = vfs_guard_sum(&guard);
            buf_add_bytes(bytes, &guard, sizeof guard);
        }
    }
}

/* Fills the last sector of the pending bytes with what the file has there. */
static fallible fill_sector(struct vfs_file *wal)
{
    uint64_t end = wal->bytes_at + wal->bytes.len, ignored;
    size_t missing = (size_t)(up(end) - end);
    char rest[VFS_SECTOR];

    TRY(read_verified(wal, end, rest, missing, &ignored));
    buf_add_bytes(&wal->bytes, rest, missing);
    return OK;
}

static fallible allocate(struct vfs_file *wal, uint64_t end)
{
    uint64_t size = (end + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
    enum err err;

    if (end <= wal->allocated)
        return OK;
    err = file_allocate(wal->file, size);
    if (err == ERR_FULL)
        return err;
    if (!err) /* a disk that cannot reserve is written to without */
        wal->allocated = size;
    return OK;
}

static fallible write_pending(struct vfs_file *wal)
{
    size_t first = (size_t)(wal->bytes_at / VFS_SECTOR);
    size_t count = (wal->bytes.len + VFS_SECTOR - 1) / VFS_SECTOR;

    if (buf_is_broken(&wal->bytes) || !reserve_sums(&wal->known, first + count))
        return mem_exhausted();
    TRY(allocate(wal, wal->bytes_at + wal->bytes.len));
    wal->vfs->is_broken = true; /* until it is known that all was written */
    TRY(file_write(wal->file, wal->bytes_at, wal->bytes.data, wal->bytes.len));
    for (size_t i = 0; i < count; i++) {
        size_t at = i * VFS_SECTOR;
        size_t len = wal->bytes.len - at < VFS_SECTOR ? wal->bytes.len - at : VFS_SECTOR;

        if (!vfs_sums_put(&wal->known, first + i, vfs_sum_of_sector(wal->bytes.data + at, len)))
            return mem_exhausted();
    }
    wal->vfs->is_broken = false;
    return OK;
}

/* Gives the pending bytes to the file; on failure they are forgotten, as SQLite does. */
static fallible flush(struct vfs_file *wal, bool at_sync)
{
    uint64_t to = wal->bytes_at + wal->bytes.len;
    enum err err = OK;

    if (wal->bytes.len == 0)
        return OK;
    err = fill_sector(wal);
    if (!err && at_sync && !wal->is_unguarded && wal->from >= WAL_HEADER)
        add_guard(wal, to);
    if (!err)
        err = write_pending(wal);
    buf_clear(&wal->bytes);
    if (!at_sync)
        wal->is_unguarded = true;
    return err;
}

/* Ends the file at `at`, and makes that last. */
static fallible cut(struct vfs_file *wal, uint64_t at)
{
    char rest[VFS_SECTOR];
    uint64_t start = down(at), ignored;
    size_t len = (size_t)(at - start);

    TRY(read_verified(wal, start, rest, len, &ignored));
    wal->vfs->is_broken = true; /* until it is known to last */
    TRY(file_truncate(wal->file, at));
    TRY(file_sync(wal->file));
    wal->known.count = (size_t)(start / VFS_SECTOR);
    if (len && !vfs_sums_put(&wal->known, wal->known.count, vfs_sum_of_sector(rest, len)))
        return mem_exhausted();
    wal->vfs->is_broken = false;
    wal->allocated = at;
    wal->has_tail = false;
    return OK;
}

/* Before anything is built upon what an earlier process left: a sync that failed it may have left
 * in the page cache alone, looking whole to us and clean to the system. It is written once more;
 * what a crash left behind it goes, for no guard record of it may remain. */
static fallible settle(struct vfs_file *wal)
{
    char chunk[32 * VFS_SECTOR];
    uint64_t ignored;

    if (!wal->is_inherited)
        return OK;
    wal->vfs->is_broken = true; /* until it is known to last */
    for (uint64_t at = 0; at < wal->tail_at; at += sizeof chunk) {
        uint64_t left = wal->tail_at - at;
        size_t len = left < sizeof chunk ? (size_t)left : sizeof chunk;

        TRY(read_verified(wal, at, chunk, len, &ignored));
        TRY(file_write(wal->file, at, chunk, len));
    }
    if (wal->has_tail)
        TRY(cut(wal, wal->tail_at));
    else
        TRY(file_sync(wal->file));
    wal->vfs->is_broken = false;
    wal->is_inherited = false;
    return OK;
}

static fallible add_pending(struct vfs_file *wal, uint64_t at, const void *data, size_t len)
{
    struct buf *bytes = &wal->bytes;
    uint64_t end = wal->bytes_at + bytes->len, ignored;
    size_t skip;

    TRY(settle(wal));
    if (bytes->len && (at < wal->from || at > end || at + len > wal->bytes_at + PENDING_LIMIT))
        TRY(flush(wal, false));
    if (bytes->len == 0) {
        char before[VFS_SECTOR];

        wal->from = at;
        wal->bytes_at = down(at);
        TRY(read_verified(wal, wal->bytes_at, before, (size_t)(at - wal->bytes_at), &ignored));
        buf_add_bytes(bytes, before, (size_t)(at - wal->bytes_at));
    }
    skip = (size_t)(at - wal->bytes_at);
    if (skip + len > bytes->len && buf_reserve(bytes, skip + len - bytes->len))
        bytes->len = skip + len;
    if (buf_is_broken(bytes) || skip + len > bytes->len) {
        buf_clear(bytes);
        return mem_exhausted();
    }
    memcpy(bytes->data + skip, data, len);
    if (at == 0 && len == WAL_HEADER)
        memcpy(wal->salts, (const char *)data + 16, sizeof wal->salts);
    return OK;
}

static int wal_close(sqlite3_file *base)
{
    struct vfs_file *wal = (struct vfs_file *)base;

    vfs_wal_done(wal);
    file_close(wal->file);
    return SQLITE_OK;
}

static int wal_read(sqlite3_file *base, void *out, int amount, sqlite3_int64 offset)
{
    struct vfs_file *wal = (struct vfs_file *)base;
    uint64_t from = (uint64_t)offset, to = from + (uint64_t)amount, end;
    uint64_t pending_end = wal->bytes_at + wal->bytes.len;
    enum err err = read_verified(wal, from, out, (size_t)amount, &end);

    if (err)
        return vfs_note(wal->vfs, err, SQLITE_IOERR_READ);
    if (wal->bytes.len && from < pending_end && to > wal->bytes_at) {
        uint64_t start = from > wal->bytes_at ? from : wal->bytes_at;
        uint64_t stop = to < pending_end ? to : pending_end;

        memcpy((char *)out + (start - from), wal->bytes.data + (start - wal->bytes_at),
               (size_t)(stop - start));
        end = end > stop ? end : stop;
    }
    return end >= to ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int wal_write(sqlite3_file *base, const void *data, int amount, sqlite3_int64 offset)
{
    struct vfs_file *wal = (struct vfs_file *)base;
    enum err err;

    if (wal->vfs->is_broken)
        return SQLITE_IOERR_WRITE;
    err = add_pending(wal, (uint64_t)offset, data, (size_t)amount);
    return err ? vfs_note(wal->vfs, err, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int wal_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct vfs_file *wal = (struct vfs_file *)base;
    enum err err;

    if (wal->vfs->is_broken)
        return SQLITE_IOERR_TRUNCATE;
    buf_clear(&wal->bytes);
    err = settle(wal);
    if (!err)
        err = cut(wal, (uint64_t)size);
    return err ? vfs_note(wal->vfs, err, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
}

static int wal_sync(sqlite3_file *base, int flags)
{
    struct vfs_file *wal = (struct vfs_file *)base;
    enum err err;

    (void)flags;
    if (wal->vfs->is_broken)
        return SQLITE_IOERR_FSYNC;
    err = settle(wal);
    if (!err)
        err = flush(wal, true);
    if (err)
        return vfs_note(wal->vfs, err, SQLITE_IOERR_WRITE);
    wal->is_unguarded = false;
    return vfs_sync_file(wal);
}

static int wal_size(sqlite3_file *base, sqlite3_int64 *out_size)
{
    struct vfs_file *wal = (struct vfs_file *)base;
    uint64_t size, pending_end = wal->bytes_at + wal->bytes.len;
    enum err err = file_size(wal->file, &size);

    if (err)
        return vfs_note(wal->vfs, err, SQLITE_IOERR_FSTAT);
    if (wal->has_tail && size > wal->tail_at)
        size = wal->tail_at;
    *out_size = (sqlite3_int64)(wal->bytes.len && pending_end > size ? pending_end : size);
    return SQLITE_OK;
}

const sqlite3_io_methods vfs_wal_methods = {
    .iVersion = 1,
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
};
