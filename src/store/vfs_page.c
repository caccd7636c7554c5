/* vfs_page.c - the database file: a checksum at the end of every page.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The checksum is seeded with the page's number, so that a page which landed in the wrong place
 * is found too.
 */
#include "base/hash.h"
#include "store/vfs_int.h"

#include <string.h>

enum { SUMMED = VFS_PAGE - VFS_RESERVED, HEADER_RESERVED = 20 };

static uint64_t page_sum(const void *page, uint64_t number)
{
    return hash_checksum_seeded(page, SUMMED, number);
}

bool vfs_page_is_sound(const void *page, uint64_t number)
{
    uint64_t sum = page_sum(page, number);

    return memcmp(&sum, (const char *)page + SUMMED, sizeof sum) == 0;
}

static int page_close(sqlite3_file *base)
{
    file_close(((struct vfs_file *)base)->file);
    return SQLITE_OK;
}

static int damaged(struct vfs_file *file, uint64_t number)
{
    return vfs_note(file->vfs,
                    fail(ERR_CORRUPT, "page %llu of %s is damaged: its checksum is wrong",
                         (unsigned long long)number, file->path),
                    SQLITE_IOERR_DATA);
}

/* Part of the first page, before SQLite has looked into the write-ahead log. A crash may have torn
 * the page while the log still has it whole, so damage is no error yet: zeros make SQLite take its
 * defaults, which are ours, and read the whole page next, from the log or through here. */
static int read_part(struct vfs_file *file, void *out, size_t amount, uint64_t offset)
{
    char page[VFS_PAGE];
    size_t got;
    enum err err = file_read(file->file, 0, page, sizeof page, &got);

    if (err)
        return vfs_note(file->vfs, err, SQLITE_IOERR_READ);
    memset(out, 0, amount);
    if (got < offset + amount)
        return SQLITE_IOERR_SHORT_READ;
    if (got == sizeof page && vfs_page_is_sound(page, 1))
        memcpy(out, page + offset, amount);
    return SQLITE_OK;
}

static int page_read(sqlite3_file *base, void *out, int amount, sqlite3_int64 offset)
{
    struct vfs_file *file = (struct vfs_file *)base;
    uint64_t at = (uint64_t)offset;
    size_t len = (size_t)amount, got;
    enum err err;

    if (at + len <= VFS_PAGE && len < VFS_PAGE)
        return read_part(file, out, len, at);
    if (at % VFS_PAGE || len % VFS_PAGE)
        return damaged(file, at / VFS_PAGE + 1); /* only a false page size asks for this */
    err = file_read(file->file, at, out, len, &got);
    if (err)
        return vfs_note(file->vfs, err, SQLITE_IOERR_READ);
    for (size_t i = 0; i < got; i += VFS_PAGE) {
        uint64_t number = (at + i) / VFS_PAGE + 1;

        if (got - i < VFS_PAGE || !vfs_page_is_sound((char *)out + i, number))
            return damaged(file, number);
    }
    /* SQLite reads whole pages only where the file ought to have them; left to itself it would take
     * zeros for the ones that are missing. */
    return got == len ? SQLITE_OK : damaged(file, (at + got) / VFS_PAGE + 1);
}

static int page_write(sqlite3_file *base, const void *data, int amount, sqlite3_int64 offset)
{
    struct vfs_file *file = (struct vfs_file *)base;
    char page[VFS_PAGE];
    uint64_t sum;
    enum err err;

    if (file->vfs->is_broken)
        return SQLITE_IOERR_WRITE;
    if (amount != VFS_PAGE || offset % VFS_PAGE)
        return SQLITE_IOERR_WRITE;
    memcpy(page, data, VFS_PAGE);
    if (offset == 0 && page[HEADER_RESERVED] != VFS_RESERVED)
        return SQLITE_IOERR_WRITE; /* there is no room for a checksum: never overwrite data */
    sum = page_sum(page, (uint64_t)offset / VFS_PAGE + 1);
    memcpy(page + SUMMED, &sum, sizeof sum);
    err = file_write(file->file, (uint64_t)offset, page, sizeof page);
    return err ? vfs_note(file->vfs, err, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int page_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct vfs_file *file = (struct vfs_file *)base;
    enum err err;

    if (file->vfs->is_broken)
        return SQLITE_IOERR_TRUNCATE;
    err = file_truncate(file->file, (uint64_t)size);
    return err ? vfs_note(file->vfs, err, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
}

static int page_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    return vfs_sync_file((struct vfs_file *)base);
}

static int page_size(sqlite3_file *base, sqlite3_int64 *out_size)
{
    struct vfs_file *file = (struct vfs_file *)base;
    uint64_t size;
    enum err err = file_size(file->file, &size);

    if (err)
        return vfs_note(file->vfs, err, SQLITE_IOERR_FSTAT);
    *out_size = (sqlite3_int64)size;
    return SQLITE_OK;
}

const sqlite3_io_methods vfs_page_methods = {
    .iVersion = 1,
    .xClose = page_close,
    .xRead = page_read,
    .xWrite = page_write,
    .xTruncate = page_truncate,
    .xSync = page_sync,
    .xFileSize = page_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
};
