/* file.h - files and folders through the seam.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Paths are C strings, relative to the working folder or absolute. Reads and writes retry EINTR
 * and short transfers by themselves: they do all or fail. Errors: ERR_ABSENT (no such file),
 * ERR_CONFLICT (exists, locked), ERR_FULL (no room), ERR_DENIED, ERR_LIMIT (out of descriptors
 * or memory), ERR_IO (everything else). The sentence names the path. A sync that failed is final:
 * the file must not be trusted any more.
 */
#pragma once
#include "base/arena.h"

struct sys;
struct file;

enum { FILE_PAGE = 4096 };

enum file_mode {
    FILE_READ = 1,
    FILE_WRITE = 2,     /* with FILE_READ for both */
    FILE_CREATE = 4,    /* if it is not there; mode 0600 */
    FILE_EXCLUSIVE = 8, /* with FILE_CREATE: ERR_CONFLICT if it is there */
};

fallible file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file);
void file_close(struct file *file); /* NULL is fine; does not sync */
/* Reads up to `len` bytes at `offset`; fewer only at the end of the file. */
fallible file_read(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len);
/* Reads as much of it as the system has in memory, without waiting for the disk: none where that
 * cannot be told. Never fails. */
size_t file_read_ready(struct file *file, uint64_t offset, void *out, size_t len);
/* Reads exactly `len` bytes; ERR_CORRUPT if the file is shorter. */
fallible file_read_all(struct file *file, uint64_t offset, void *out, size_t len);
fallible file_write(struct file *file, uint64_t offset, const void *data, size_t len);
fallible file_sync(struct file *file); /* data and what is needed to read it back (fdatasync) */
/* Reserves room so that writes below `size` cannot fail with ERR_FULL; new bytes read as zero. */
fallible file_allocate(struct file *file, uint64_t size);
fallible file_truncate(struct file *file, uint64_t size);
fallible file_size(struct file *file, uint64_t *out_size);
/* Takes the file for this handle alone until it is closed. ERR_CONFLICT if another handle holds it,
 * of this process or another. Needs FILE_WRITE. */
fallible file_lock(struct file *file);
/* From now on this handle only writes, and offsets, lengths and addresses are multiples of
 * FILE_PAGE: bytes go past the page cache, where the file system knows how, and cost no memory that
 * nobody reads. Never fails. */
void file_write_direct(struct file *file);
/* An advance notice that [offset, offset + len) will be read once, in order. Never fails. */
void file_will_read(struct file *file, uint64_t offset, uint64_t len);
/* The same for one of several places here and there: the disk may fetch them side by side. */
void file_will_pick(struct file *file, uint64_t offset, uint64_t len);

fallible file_rename(struct sys *sys, const char *from, const char *to); /* replaces `to` */
fallible file_remove(struct sys *sys, const char *path);
bool file_exists(struct sys *sys, const char *path);

fallible folder_make(struct sys *sys, const char *path);   /* with mode 0700; fine if it is there */
fallible folder_remove(struct sys *sys, const char *path); /* ERR_CONFLICT if it is not empty */
fallible folder_sync(struct sys *sys,
                     const char *path); /* makes creations, renames, removals last */
/* Names in the folder, sorted by bytes, without "." and ".."; ERR_ABSENT. */
fallible folder_list(struct sys *sys, const char *path, struct arena *mem, str **out_names,
                     size_t *out_count);
/* Bytes free for this process on the disk that holds `path`. */
fallible folder_room(struct sys *sys, const char *path, uint64_t *out_bytes);

/* Small whole files; a longer one than `limit` is ERR_LIMIT. `replace` writes beside (NAME.new),
 * syncs, renames over and syncs the folder: after a crash either the old or the new content is
 * there. */
fallible file_load(struct sys *sys, const char *path, size_t limit, struct arena *mem,
                   str *out_content);
fallible file_replace(struct sys *sys, const char *path, str content);
