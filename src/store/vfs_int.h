/* vfs_int.h - shared by the files of the VFS.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"
#include "store/vfs.h"
#include "sys/file.h"

#include <sqlite3.h>

enum { VFS_SECTOR = 512, WAL_HEADER = 32, WAL_FRAME_HEADER = 24 };
enum { WAL_FRAME = WAL_FRAME_HEADER + VFS_PAGE, GUARD_SUMS = 28 };

struct vfs {
    sqlite3_vfs base;
    struct sys *sys;
    bool is_broken;
    enum err failure; /* the first one since vfs_take_failure */
    char sentence[256];
    char name[40];
};

/* The checksum of each sector of a file, the last one filled up with zeros. */
struct vfs_sums {
    uint64_t *sums;
    size_t count;
    size_t room;
};

/* One sector of a guard record (vfs_wal.c). Power may tear a record but not a sector, so each one
 * names the round of the log at both ends and stands for itself: a sector that bears one of the
 * two names was written whole, and when it does not fit its sum it was damaged, not torn. */
struct vfs_guard {
    char magic[8];
    uint64_t zero; /* where a frame has its salts */
    unsigned char salts[8];
    uint64_t from;  /* first byte of the transaction */
    uint64_t to;    /* behind its last one */
    uint64_t first; /* which of the transaction's sectors the first sums are of, from 0 */
    struct {
        uint64_t before, after;
    } sums[GUARD_SUMS]; /* zeros behind the last sector */
    uint64_t name;      /* checksum of magic, zero and salts */
    uint64_t sum;       /* of all before */
};

/* A file as SQLite sees it; which members count depends on the methods in `base`. */
struct vfs_file {
    sqlite3_file base;
    struct vfs *vfs;
    struct file *file; /* NULL for a temporary file, which lives in `bytes` */
    const char *path;  /* SQLite's, alive while the file is open */
    bool is_new;       /* its folder entry is not known to last */
    bool removes_at_close;

    struct buf bytes; /* temporary: all; write-ahead log: what is not in the file yet */
    /* The write-ahead log only. */
    uint64_t bytes_at;  /* where `bytes` belong, at the start of a sector */
    uint64_t from;      /* the first byte that was written since the last sync */
    bool is_unguarded;  /* bytes since the last sync reached the file without a guard record */
    uint64_t allocated; /* bytes for which there is room */
    struct vfs_sums known;
    bool is_inherited; /* an earlier process wrote what is before tail_at; it may not last yet */
    bool has_tail;     /* behind tail_at stands what a crash left; it goes before the first write */
    uint64_t tail_at;
    uint64_t damaged_guard; /* where the scan found one; 0: nowhere. No data are missing. */
    unsigned char salts[8]; /* of this round of the log */
};

extern const sqlite3_io_methods vfs_page_methods;
extern const sqlite3_io_methods vfs_wal_methods;

/* Remembers the failure and gives SQLite's code for it, `other` if there is no closer one. */
int vfs_note(struct vfs *vfs, enum err err, int other);
/* What every kind of file does alike. */
int vfs_sync_file(struct vfs_file *file);
int vfs_lock(sqlite3_file *base, int level);
int vfs_unlock(sqlite3_file *base, int level);
int vfs_check_reserved(sqlite3_file *base, int *out_reserved);
int vfs_control(sqlite3_file *base, int verb, void *argument);
int vfs_sector_size(sqlite3_file *base);
int vfs_characteristics(sqlite3_file *base);

/* Reads the whole log: fills `known`, `salts` and the tail. ERR_CORRUPT when something is missing
 * that was once synced. */
fallible vfs_wal_scan(struct vfs_file *wal);
void vfs_wal_done(struct vfs_file *wal);
void vfs_guard_start(const unsigned char *salts, struct vfs_guard *out_guard); /* names, zeros */
uint64_t vfs_guard_sum(const struct vfs_guard *guard);

uint64_t vfs_sum_of_sector(const void *sector, size_t len);        /* of up to VFS_SECTOR bytes */
bool vfs_sums_put(struct vfs_sums *sums, size_t at, uint64_t sum); /* false without memory */
uint64_t vfs_sums_get(const struct vfs_sums *sums, size_t at);
