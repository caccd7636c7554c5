/* vfs.h - what SQLite needs of an operating system, through the seam and with checksums.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One VFS serves one open database. The database must be opened with locking_mode=EXCLUSIVE (there
 * is no shared memory), pages of VFS_PAGE bytes and VFS_RESERVED bytes left free in each, which
 * this VFS fills with a checksum and verifies at every read: a damaged page is SQLITE_IOERR_DATA.
 *
 * The write-ahead log is guarded as well. SQLite alone takes a damaged frame for the end of the
 * log and so drops what was acknowledged. Here every sync also writes a record with two checksums
 * of each sector, before and after; when the log breaks off, each sector of the last transaction
 * has to be one of the two, or it is damage (see vfs_wal_scan.c). The files stay readable by any
 * SQLite.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { VFS_PAGE = 4096, VFS_RESERVED = 8 };

struct sys;
struct vfs;

fallible vfs_open(struct sys *sys, struct vfs **out_vfs); /* known to SQLite under its name */
void vfs_close(struct vfs *vfs);                          /* no file may be open; NULL is fine */
const char *vfs_name(const struct vfs *vfs);
/* A sync failed: from then on nothing is written, what was not acknowledged is in doubt, and the
 * database has to be opened anew. */
bool vfs_is_broken(const struct vfs *vfs);
/* The first failure of the seam since the last call: its code, with its sentence in err_text().
 * OK when there was none. */
enum err vfs_take_failure(struct vfs *vfs);
/* Whether `page` (VFS_PAGE bytes), the one with this number, counted from 1, is undamaged. */
bool vfs_page_is_sound(const void *page, uint64_t number);
/* Reports each page of the file at `path` that is damaged, but for those that the write-ahead log
 * beside it holds anew; and of that log what is damaged without harm to any data. */
fallible vfs_check_pages(struct sys *sys, const char *path, void (*report)(void *, const char *),
                         void *argument, bool *out_found);
