/* real_int.h - the verbs of the real world.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "sys/sys_int.h"

millis real_now(struct sys *sys);
int64_t real_mono_ns(struct sys *sys);
void real_sleep(struct sys *sys, millis span);
void real_fill(struct sys *sys, void *out, size_t len);

int real_file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file);
void real_file_close(struct file *file);
int real_file_read(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len);
int real_file_write(struct file *file, uint64_t offset, const void *data, size_t len,
                    size_t *out_len);
int real_file_sync(struct file *file);
int real_file_allocate(struct file *file, uint64_t size);
int real_file_truncate(struct file *file, uint64_t size);
int real_file_size(struct file *file, uint64_t *out_size);
int real_file_lock(struct file *file);
void real_file_will_read(struct file *file, uint64_t offset, uint64_t len);
int real_file_rename(struct sys *sys, const char *from, const char *to);
int real_file_remove(struct sys *sys, const char *path);
bool real_file_exists(struct sys *sys, const char *path);
int real_folder_make(struct sys *sys, const char *path);
int real_folder_remove(struct sys *sys, const char *path);
int real_folder_sync(struct sys *sys, const char *path);
int real_folder_names(struct sys *sys, const char *path, struct buf *out);
int real_folder_room(struct sys *sys, const char *path, uint64_t *out_bytes);
