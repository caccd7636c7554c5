/* sim_file.c - the verbs of simulated files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "sys/sim_disk_int.h"
#include "sys/sim_int.h"

static struct sim_file *sim_file_of(struct file *file)
{
    return (struct sim_file *)file;
}

static int find_or_create(struct sim *sim, const char *path, unsigned modes,
                          struct sim_step *out_step, struct sim_node **out_node)
{
    struct sim_node *folder, *node;
    int error = sim_tree_find(sim, path, &node);
    bool creates = error == ENOENT && (modes & FILE_CREATE);
    struct sim_step step = sim_step(sim, creates ? SIM_ROOM : SIM_ANY);
    str name;

    *out_step = step;
    if (step.error)
        return step.error;
    if (error == 0 && (modes & FILE_CREATE) && (modes & FILE_EXCLUSIVE))
        return EEXIST;
    if (error == 0 && node->is_folder)
        return EISDIR;
    if (!creates) {
        *out_node = node;
        return error;
    }
    error = sim_tree_walk(sim, path, &folder, &name);
    if (error)
        return error;
    node = sim_node_make(sim, false);
    if (!node)
        return ENOMEM;
    sim->loose++; /* to be swept if it finds no place */
    if (!sim_change_place(sim, node, NULL, (str){NULL, 0}, folder, name))
        return ENOMEM;
    *out_node = node;
    return 0;
}

int sim_file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file)
{
    struct sim *sim = sim_of(sys);
    struct sim_file *file = mem_alloc(sizeof *file);
    struct sim_step step;
    int error;

    if (!file)
        return ENOMEM;
    sim_tree_sweep(sim);
    error = find_or_create(sim, path, modes, &step, &file->node);
    if (!error)
        error = sim_outcome(step);
    if (error) {
        mem_free(file);
        return error;
    }
    file->base.sys = sys;
    file->modes = modes;
    file->node->handles++;
    sim_node_charge(sim, file->node);
    file->next = sim->files;
    if (file->next)
        file->next->previous = file;
    sim->files = file;
    *out_file = &file->base;
    return 0;
}

/* From here on the handle is dead. */
static void forget(struct sim *sim, struct sim_file *file)
{
    struct sim_node *node = file->node;

    if (!node)
        return;
    if (file->previous)
        file->previous->next = file->next;
    else
        sim->files = file->next;
    if (file->next)
        file->next->previous = file->previous;
    if (node->holder == file)
        node->holder = NULL;
    node->handles--;
    sim_node_charge(sim, node);
    file->node = NULL;
}

void sim_file_forget_all(struct sim *sim)
{
    while (sim->files)
        forget(sim, sim->files);
}

void sim_file_close(struct file *file)
{
    /* A dead handle may outlive its world. */
    if (sim_file_of(file)->node)
        forget(sim_of(file->sys), sim_file_of(file));
    mem_free(file);
}

/* Counts the operation and refuses a handle that died with the power or was not opened for it. */
static struct sim_step begin(struct file *file, enum sim_need need, unsigned mode)
{
    const struct sim_file *open = sim_file_of(file);
    unsigned modes = open->modes & FILE_WRITE ? open->modes : open->modes | FILE_READ;
    struct sim_step step = sim_step(sim_of(file->sys), need);

    if (!step.error && !open->node)
        step.error = EIO;
    else if (!step.error && mode && !(modes & mode))
        step.error = EBADF;
    return step;
}

static size_t part_of(size_t len, struct sim_step step)
{
    return step.is_short && len > 1 ? len / 2 : len;
}

int sim_file_read(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len)
{
    struct sim_step step = begin(file, SIM_ANY, FILE_READ);
    const struct sim_content *content;

    if (step.error || step.is_last)
        return step.error ? step.error : EIO;
    content = &sim_file_of(file)->node->content;
    if (offset >= content->size)
        len = 0;
    else if (len > content->size - offset)
        len = (size_t)(content->size - offset);
    len = part_of(len, step);
    sim_content_read(content, offset, out, len);
    *out_len = len;
    return 0;
}

static enum sim_need need_of(const struct file *file, uint64_t size)
{
    const struct sim_node *node = ((const struct sim_file *)file)->node;

    return node && size > node->content.size ? SIM_ROOM : SIM_ANY;
}

/* Bytes that the file may still grow by. */
static uint64_t room_left(const struct sim *sim)
{
    if (!sim->room)
        return UINT64_MAX;
    return sim->room > sim->used ? sim->room - sim->used : 0;
}

int sim_file_write(struct file *file, uint64_t offset, const void *data, size_t len,
                   size_t *out_len)
{
    struct sim *sim = sim_of(file->sys);
    struct sim_step step;
    struct sim_node *node;
    uint64_t end;

    if (__builtin_add_overflow(offset, len, &end) || end > INT64_MAX)
        return EFBIG;
    step = begin(file, need_of(file, end), FILE_WRITE);
    if (step.error)
        return step.error;
    node = sim_file_of(file)->node;
    if (end > node->content.size && end - node->content.size > room_left(sim)) {
        end = node->content.size + room_left(sim);
        if (end <= offset)
            return ENOSPC;
        len = (size_t)(end - offset); /* what fits; the next call finds no room */
    }
    len = part_of(len, step);
    if (!sim_change_write(sim, node, offset, data, len))
        return ENOMEM;
    *out_len = len;
    return sim_outcome(step);
}

int sim_file_sync(struct file *file)
{
    struct sim *sim = sim_of(file->sys);
    struct sim_step step = begin(file, SIM_ANY, 0);
    struct sim_node *node = sim_file_of(file)->node;

    if (step.is_fault && step.error == EIO && node && !sim->file_syncs_ignored)
        sim_change_doubt_file(sim, node);
    if (step.error || step.is_last)
        return step.error ? step.error : EIO;
    if (sim->file_syncs_ignored)
        return 0;
    return sim_change_sync_file(sim, node) ? 0 : ENOMEM;
}

static int resize(struct file *file, uint64_t size, struct sim_step step)
{
    struct sim *sim = sim_of(file->sys);
    struct sim_node *node = sim_file_of(file)->node;
    uint64_t old = node->content.size;

    if (size > old && size - old > room_left(sim))
        return ENOSPC;
    return sim_change_resize(sim, node, size) ? sim_outcome(step) : ENOMEM;
}

int sim_file_allocate(struct file *file, uint64_t size)
{
    struct sim_step step = begin(file, need_of(file, size), FILE_WRITE);

    if (step.error)
        return step.error;
    if (size <= sim_file_of(file)->node->content.size)
        return sim_outcome(step);
    return resize(file, size, step);
}

int sim_file_truncate(struct file *file, uint64_t size)
{
    struct sim_step step = begin(file, need_of(file, size), FILE_WRITE);

    return step.error ? step.error : resize(file, size, step);
}

int sim_file_size(struct file *file, uint64_t *out_size)
{
    struct sim_step step = begin(file, SIM_ANY, 0);

    if (step.error || step.is_last)
        return step.error ? step.error : EIO;
    *out_size = sim_file_of(file)->node->content.size;
    return 0;
}

int sim_file_lock(struct file *file)
{
    struct sim_file *open = sim_file_of(file);
    struct sim_step step = begin(file, SIM_ANY, FILE_WRITE);

    if (step.error || step.is_last)
        return step.error ? step.error : EIO;
    if (open->node->holder && open->node->holder != open)
        return EWOULDBLOCK;
    open->node->holder = open;
    return 0;
}

void sim_file_write_direct(struct file *file)
{
    (void)file; /* there is no cache to pass */
}

void sim_file_will_read(struct file *file, uint64_t offset, uint64_t len)
{
    (void)file;
    (void)offset;
    (void)len;
}

static int may_replace(const struct sim_node *node, const struct sim_node *there)
{
    if (!node->is_folder)
        return there->is_folder ? EISDIR : 0;
    if (!there->is_folder)
        return ENOTDIR;
    return there->entries.count ? ENOTEMPTY : 0;
}

int sim_file_rename(struct sys *sys, const char *from, const char *to)
{
    struct sim *sim = sim_of(sys);
    struct sim_step step = sim_step(sim, SIM_ROOM);
    struct sim_node *from_folder, *to_folder;
    struct sim_entry *source = NULL, *target;
    struct sim_node *node;
    str from_name, to_name;
    int error = step.error;

    if (!error)
        error = sim_tree_walk(sim, from, &from_folder, &from_name);
    if (!error)
        error = sim_tree_walk(sim, to, &to_folder, &to_name);
    if (error)
        return error;
    if (!from_folder || !to_folder)
        return EBUSY;
    source = sim_entries_find(&from_folder->entries, from_name);
    if (!source)
        return ENOENT;
    node = source->node;
    target = sim_entries_find(&to_folder->entries, to_name);
    if (target && target->node == node)
        return sim_outcome(step);
    if (sim_node_is_within(to_folder, node))
        return EINVAL;
    if (target && sim_node_is_within(node, target->node))
        error = ENOTEMPTY;
    else if (target)
        error = may_replace(node, target->node);
    if (error)
        return error;
    if (!sim_change_place(sim, node, from_folder, from_name, to_folder, to_name))
        return ENOMEM;
    return sim_outcome(step);
}

int sim_file_remove(struct sys *sys, const char *path)
{
    struct sim *sim = sim_of(sys);
    struct sim_step step = sim_step(sim, SIM_ANY);
    struct sim_node *folder, *node;
    str name;
    int error = step.error;

    if (!error)
        error = sim_tree_find(sim, path, &node);
    if (!error && node->is_folder)
        error = EISDIR;
    if (!error)
        error = sim_tree_walk(sim, path, &folder, &name);
    if (error)
        return error;
    if (!sim_change_place(sim, node, folder, name, NULL, (str){NULL, 0}))
        return ENOMEM;
    sim_tree_sweep(sim);
    return sim_outcome(step);
}

bool sim_file_exists(struct sys *sys, const char *path)
{
    struct sim_node *node;

    (void)sim_step(sim_of(sys), SIM_ANY); /* counts; nothing can fail */
    return sim_tree_find(sim_of(sys), path, &node) == 0;
}
