/* vfs.c - the VFS itself, and files that need no checksums of ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rollback journals carry SQLite's own checksums and exist only while a database is made.
 * Temporary files live in memory: nothing that people gave us is spilled to the disk.
 */
#include "store/vfs.h"

#include "base/mem.h"
#include "store/vfs_int.h"
#include "sys/clock.h"
#include "sys/entropy.h"

#include <stdio.h>
#include <string.h>

enum { PATH_LIMIT = 1024, TEMPORARY_LIMIT = 256 << 20 };

static const int64_t julian_1970_ms = 210866760000000;

static struct vfs *vfs_of(sqlite3_vfs *base)
{
    return (struct vfs *)base;
}

int vfs_note(struct vfs *vfs, enum err err, int other)
{
    if (!vfs->failure) {
        vfs->failure = err;
        snprintf(vfs->sentence, sizeof vfs->sentence, "%s", err_text());
    }
    if (err == ERR_FULL)
        return SQLITE_FULL;
    if (err == ERR_CORRUPT)
        return SQLITE_IOERR_DATA;
    if (err == ERR_CONFLICT)
        return SQLITE_BUSY;
    if (err == ERR_LIMIT)
        return SQLITE_IOERR_NOMEM;
    return other;
}

enum err vfs_take_failure(struct vfs *vfs)
{
    enum err err = vfs->failure;

    vfs->failure = OK;
    return err ? fail(err, "%s", vfs->sentence) : OK;
}

bool vfs_is_broken(const struct vfs *vfs)
{
    return vfs->is_broken;
}

const char *vfs_name(const struct vfs *vfs)
{
    return vfs->name;
}

/* The folder of `path`: "a" of "a/b", "/" of "/b", "." of "b". */
static fallible sync_folder_of(struct sys *sys, const char *path)
{
    char folder[PATH_LIMIT];
    size_t len = str_of(path).len;

    while (len && path[len - 1] != '/')
        len--;
    if (len == 0)
        return folder_sync(sys, ".");
    if (len > 1)
        len--;
    if (len >= sizeof folder)
        return fail(ERR_LIMIT, "the path %s is too long", path);
    memcpy(folder, path, len);
    folder[len] = 0;
    return folder_sync(sys, folder);
}

int vfs_sync_file(struct vfs_file *file)
{
    struct vfs *vfs = file->vfs;
    enum err err;

    if (vfs->is_broken)
        return SQLITE_IOERR_FSYNC;
    err = file_sync(file->file);
    if (!err && file->is_new)
        err = sync_folder_of(vfs->sys, file->path);
    if (err) {
        vfs->is_broken = true;
        return vfs_note(vfs, err, SQLITE_IOERR_FSYNC);
    }
    file->is_new = false;
    return SQLITE_OK;
}

/* The lock is taken once, when the database is opened; see open_real. */
int vfs_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

int vfs_unlock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

int vfs_check_reserved(sqlite3_file *base, int *out_reserved)
{
    (void)base;
    *out_reserved = 0;
    return SQLITE_OK;
}

int vfs_control(sqlite3_file *base, int verb, void *argument)
{
    (void)base;
    (void)verb;
    (void)argument;
    return SQLITE_NOTFOUND;
}

int vfs_sector_size(sqlite3_file *base)
{
    (void)base;
    return VFS_PAGE;
}

int vfs_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* a write harms no byte beside it */
}

static int plain_close(sqlite3_file *base)
{
    struct vfs_file *file = (struct vfs_file *)base;

    file_close(file->file);
    if (file->removes_at_close && file_remove(file->vfs->sys, file->path))
        return SQLITE_IOERR_DELETE;
    return SQLITE_OK;
}

static int plain_read(sqlite3_file *base, void *out, int amount, sqlite3_int64 offset)
{
    struct vfs_file *file = (struct vfs_file *)base;
    size_t got;
    enum err err = file_read(file->file, (uint64_t)offset, out, (size_t)amount, &got);

    if (err)
        return vfs_note(file->vfs, err, SQLITE_IOERR_READ);
    if (got == (size_t)amount)
        return SQLITE_OK;
    memset((char *)out + got, 0, (size_t)amount - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int plain_write(sqlite3_file *base, const void *data, int amount, sqlite3_int64 offset)
{
    struct vfs_file *file = (struct vfs_file *)base;
    enum err err;

    if (file->vfs->is_broken)
        return SQLITE_IOERR_WRITE;
    err = file_write(file->file, (uint64_t)offset, data, (size_t)amount);
    return err ? vfs_note(file->vfs, err, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int plain_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct vfs_file *file = (struct vfs_file *)base;
    enum err err;

    if (file->vfs->is_broken)
        return SQLITE_IOERR_TRUNCATE;
    err = file_truncate(file->file, (uint64_t)size);
    return err ? vfs_note(file->vfs, err, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
}

static int plain_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    return vfs_sync_file((struct vfs_file *)base);
}

static int plain_size(sqlite3_file *base, sqlite3_int64 *out_size)
{
    struct vfs_file *file = (struct vfs_file *)base;
    uint64_t size;
    enum err err = file_size(file->file, &size);

    if (err)
        return vfs_note(file->vfs, err, SQLITE_IOERR_FSTAT);
    *out_size = (sqlite3_int64)size;
    return SQLITE_OK;
}

static const sqlite3_io_methods plain_methods = {
    .iVersion = 1,
    .xClose = plain_close,
    .xRead = plain_read,
    .xWrite = plain_write,
    .xTruncate = plain_truncate,
    .xSync = plain_sync,
    .xFileSize = plain_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
};

static int temporary_close(sqlite3_file *base)
{
    buf_done(&((struct vfs_file *)base)->bytes);
    return SQLITE_OK;
}

static int temporary_read(sqlite3_file *base, void *out, int amount, sqlite3_int64 offset)
{
    str part = str_slice(buf_str(&((struct vfs_file *)base)->bytes), (size_t)offset,
                         (size_t)offset + (size_t)amount);

    if (part.len)
        memcpy(out, part.data, part.len);
    if (part.len == (size_t)amount)
        return SQLITE_OK;
    memset((char *)out + part.len, 0, (size_t)amount - part.len);
    return SQLITE_IOERR_SHORT_READ;
}

static int temporary_write(sqlite3_file *base, const void *data, int amount, sqlite3_int64 offset)
{
    struct buf *bytes = &((struct vfs_file *)base)->bytes;
    size_t end = (size_t)offset + (size_t)amount;

    if (end > TEMPORARY_LIMIT)
        return SQLITE_FULL;
    if (end > bytes->len) {
        if (!buf_reserve(bytes, end - bytes->len))
            return SQLITE_IOERR_NOMEM;
        memset(bytes->data + bytes->len, 0, end - bytes->len);
        bytes->len = end;
    }
    memcpy(bytes->data + offset, data, (size_t)amount);
    return SQLITE_OK;
}

static int temporary_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct buf *bytes = &((struct vfs_file *)base)->bytes;

    if ((size_t)size < bytes->len)
        bytes->len = (size_t)size;
    return SQLITE_OK;
}

static int temporary_sync(sqlite3_file *base, int flags)
{
    (void)base;
    (void)flags;
    return SQLITE_OK;
}

static int temporary_size(sqlite3_file *base, sqlite3_int64 *out_size)
{
    *out_size = (sqlite3_int64)((struct vfs_file *)base)->bytes.len;
    return SQLITE_OK;
}

static const sqlite3_io_methods temporary_methods = {
    .iVersion = 1,
    .xClose = temporary_close,
    .xRead = temporary_read,
    .xWrite = temporary_write,
    .xTruncate = temporary_truncate,
    .xSync = temporary_sync,
    .xFileSize = temporary_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
};

static fallible open_log(struct vfs_file *file)
{
    TRY(vfs_wal_scan(file));
    /* What a killed process wrote and did not sync is read now, so it has to last now. */
    if (file->allocated && vfs_sync_file(file))
        return fail(ERR_IO, "%s", file->vfs->sentence);
    return OK;
}

static fallible open_real(struct vfs_file *file, int flags)
{
    struct sys *sys = file->vfs->sys;
    unsigned modes = FILE_READ;

    if (flags & SQLITE_OPEN_READWRITE)
        modes |= FILE_WRITE;
    if (flags & SQLITE_OPEN_CREATE) {
        modes |= FILE_CREATE;
        /* An entry that was there may still not last: a process that died left it. */
        file->is_new = true;
    }
    if (flags & SQLITE_OPEN_EXCLUSIVE)
        modes |= FILE_EXCLUSIVE;
    TRY(file_open(sys, file->path, modes, &file->file));
    if (flags & SQLITE_OPEN_MAIN_DB)
        return file_lock(file->file);
    if (flags & SQLITE_OPEN_WAL)
        return open_log(file);
    return OK;
}

static int open_file(sqlite3_vfs *base, const char *path, sqlite3_file *out, int flags,
                     int *out_flags)
{
    struct vfs_file *file = (struct vfs_file *)out;
    enum err err;

    memset(file, 0, sizeof *file);
    file->vfs = vfs_of(base);
    if (out_flags)
        *out_flags = flags;
    if (!path) {
        file->base.pMethods = &temporary_methods;
        return SQLITE_OK;
    }
    file->path = path;
    file->removes_at_close = flags & SQLITE_OPEN_DELETEONCLOSE;
    err = open_real(file, flags);
    if (err) {
        int code = vfs_note(file->vfs, err, SQLITE_CANTOPEN);

        vfs_wal_done(file);
        file_close(file->file);
        return code;
    }
    if (flags & SQLITE_OPEN_MAIN_DB)
        file->base.pMethods = &vfs_page_methods;
    else if (flags & SQLITE_OPEN_WAL)
        file->base.pMethods = &vfs_wal_methods;
    else
        file->base.pMethods = &plain_methods;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *base, const char *path, int sync)
{
    struct vfs *vfs = vfs_of(base);
    enum err err;

    (void)sync; /* always: a log that comes back after a power loss would be taken for a new one */
    if (vfs->is_broken)
        return SQLITE_IOERR_DELETE;
    err = file_remove(vfs->sys, path);
    if (err == ERR_ABSENT)
        return SQLITE_IOERR_DELETE_NOENT;
    if (err)
        return vfs_note(vfs, err, SQLITE_IOERR_DELETE);
    err = sync_folder_of(vfs->sys, path);
    if (err) {
        vfs->is_broken = true;
        return vfs_note(vfs, err, SQLITE_IOERR_DIR_FSYNC);
    }
    return SQLITE_OK;
}

static int access_file(sqlite3_vfs *base, const char *path, int flags, int *out_is)
{
    (void)flags;
    *out_is = file_exists(vfs_of(base)->sys, path);
    return SQLITE_OK;
}

static int full_path(sqlite3_vfs *base, const char *path, int room, char *out)
{
    (void)base;
    return snprintf(out, (size_t)room, "%s", path) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int fill_random(sqlite3_vfs *base, int amount, char *out)
{
    entropy_fill(vfs_of(base)->sys, out, (size_t)amount);
    return amount;
}

static int sleep_for(sqlite3_vfs *base, int microseconds)
{
    clock_sleep(vfs_of(base)->sys, (microseconds + 999) / 1000);
    return microseconds;
}

static int now_int64(sqlite3_vfs *base, sqlite3_int64 *out_ms)
{
    *out_ms = julian_1970_ms + clock_now(vfs_of(base)->sys);
    return SQLITE_OK;
}

static int now_days(sqlite3_vfs *base, double *out_days)
{
    *out_days = (double)(julian_1970_ms + clock_now(vfs_of(base)->sys)) / (double)MILLIS_DAY;
    return SQLITE_OK;
}

static int last_error(sqlite3_vfs *base, int room, char *out)
{
    struct vfs *vfs = vfs_of(base);

    if (room > 0)
        snprintf(out, (size_t)room, "%s", vfs->sentence);
    return 0;
}

/* SQLite draws the salts of its write-ahead log from one generator of the process. Seeded through
 * the seam, a simulation gives the same bytes each time. */
static void seed_sqlite(struct sys *sys)
{
    unsigned seed;

    entropy_fill(sys, &seed, sizeof seed);
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(seed | 1), (sqlite3 *)NULL);
}

fallible vfs_open(struct sys *sys, struct vfs **out_vfs)
{
    struct vfs *vfs = mem_alloc(sizeof *vfs);

    if (!vfs)
        return mem_exhausted();
    vfs->sys = sys;
    snprintf(vfs->name, sizeof vfs->name, "myriad-%p", (void *)vfs);
    vfs->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct vfs_file),
        .mxPathname = PATH_LIMIT,
        .zName = vfs->name,
        .xOpen = open_file,
        .xDelete = delete_file,
        .xAccess = access_file,
        .xFullPathname = full_path,
        .xRandomness = fill_random,
        .xSleep = sleep_for,
        .xCurrentTime = now_days,
        .xGetLastError = last_error,
        .xCurrentTimeInt64 = now_int64,
    };
    if (sqlite3_vfs_register(&vfs->base, 0)) {
        mem_free(vfs);
        return mem_exhausted();
    }
    seed_sqlite(sys);
    *out_vfs = vfs;
    return OK;
}

void vfs_close(struct vfs *vfs)
{
    if (!vfs)
        return;
    sqlite3_vfs_unregister(&vfs->base);
    mem_free(vfs);
}
