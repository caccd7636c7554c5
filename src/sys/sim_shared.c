/* sim_shared.c - the simulated disk for several threads: one of its verbs at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The order in which threads come to the disk is theirs, so only what one thread does alone is the
 * same in every run.
 */
#include "sys/sim_int.h"
#include "sys/thread.h"

/* The value of `call`, made while nobody else is at the disk. */
#define ALONE(sys, call)                                                                           \
    ({                                                                                             \
        struct mutex *disk_ = sim_of(sys)->disk;                                                   \
        mutex_lock(disk_);                                                                         \
        __typeof__(call) outcome_ = (call);                                                        \
        mutex_unlock(disk_);                                                                       \
        outcome_;                                                                                  \
    })

int sim_shared_file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file)
{
    return ALONE(sys, sim_file_open(sys, path, modes, out_file));
}

int sim_shared_file_read(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len)
{
    return ALONE(file->sys, sim_file_read(file, offset, out, len, out_len));
}

int sim_shared_file_write(struct file *file, uint64_t offset, const void *data, size_t len,
                          size_t *out_len)
{
    return ALONE(file->sys, sim_file_write(file, offset, data, len, out_len));
}

int sim_shared_file_sync(struct file *file)
{
    return ALONE(file->sys, sim_file_sync(file));
}

int sim_shared_file_allocate(struct file *file, uint64_t size)
{
    return ALONE(file->sys, sim_file_allocate(file, size));
}

int sim_shared_file_truncate(struct file *file, uint64_t size)
{
    return ALONE(file->sys, sim_file_truncate(file, size));
}

int sim_shared_file_size(struct file *file, uint64_t *out_size)
{
    return ALONE(file->sys, sim_file_size(file, out_size));
}

int sim_shared_file_lock(struct file *file)
{
    return ALONE(file->sys, sim_file_lock(file));
}

int sim_shared_file_rename(struct sys *sys, const char *from, const char *to)
{
    return ALONE(sys, sim_file_rename(sys, from, to));
}

int sim_shared_file_remove(struct sys *sys, const char *path)
{
    return ALONE(sys, sim_file_remove(sys, path));
}

bool sim_shared_file_exists(struct sys *sys, const char *path)
{
    return ALONE(sys, sim_file_exists(sys, path));
}

int sim_shared_folder_make(struct sys *sys, const char *path)
{
    return ALONE(sys, sim_folder_make(sys, path));
}

int sim_shared_folder_remove(struct sys *sys, const char *path)
{
    return ALONE(sys, sim_folder_remove(sys, path));
}

int sim_shared_folder_sync(struct sys *sys, const char *path)
{
    return ALONE(sys, sim_folder_sync(sys, path));
}

int sim_shared_folder_names(struct sys *sys, const char *path, struct buf *out)
{
    return ALONE(sys, sim_folder_names(sys, path, out));
}

int sim_shared_folder_room(struct sys *sys, const char *path, uint64_t *out_bytes)
{
    return ALONE(sys, sim_folder_room(sys, path, out_bytes));
}

void sim_shared_file_close(struct file *file)
{
    struct mutex *disk = sim_of(file->sys)->disk;

    mutex_lock(disk);
    sim_file_close(file);
    mutex_unlock(disk);
}

void sim_shared_fill(struct sys *sys, void *out, size_t len)
{
    struct sim *sim = sim_of(sys);

    mutex_lock(sim->disk);
    random_bytes(&sim->entropy, out, len);
    mutex_unlock(sim->disk);
}
