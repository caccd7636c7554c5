/* file.c - files and folders: whole transfers, sentences, and small files at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/file.h"

#include "base/mem.h"
#include "sys/sys_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char beside[] = ".new"; /* what file_replace writes to, behind the name */

fallible file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file)
{
    char *copy = mem_text(path);
    struct file *file;
    int error;

    if (!copy)
        return mem_exhausted();
    error = SYS_UNINTERRUPTED(sys->verbs->file_open(sys, path, modes, &file));
    if (error) {
        mem_free(copy);
        return sys_fail(error, "open", path);
    }
    file->sys = sys;
    file->path = copy;
    *out_file = file;
    return OK;
}

void file_close(struct file *file)
{
    if (!file)
        return;
    mem_free(file->path);
    file->sys->verbs->file_close(file);
}

fallible file_read(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len)
{
    char *at = out;
    size_t done = 0;

    while (done < len) {
        size_t got;
        int error = SYS_UNINTERRUPTED(
            file->sys->verbs->file_read(file, offset + done, at + done, len - done, &got));
        if (error)
            return sys_fail(error, "read", file->path);
        if (got == 0)
            break;
        done += got;
    }
    *out_len = done;
    return OK;
}

size_t file_read_ready(struct file *file, uint64_t offset, void *out, size_t len)
{
    size_t got;

    return file->sys->verbs->file_read_ready(file, offset, out, len, &got) ? 0 : got;
}

fallible file_read_all(struct file *file, uint64_t offset, void *out, size_t len)
{
    size_t got;

    TRY(file_read(file, offset, out, len, &got));
    if (got < len)
        return fail(ERR_CORRUPT, "%s ends %zu bytes early, at %llu", file->path, len - got,
                    (unsigned long long)(offset + got));
    return OK;
}

fallible file_write(struct file *file, uint64_t offset, const void *data, size_t len)
{
    const char *at = data;
    size_t done = 0;

    assert(!file->is_direct || (offset | len | (uintptr_t)data) % FILE_PAGE == 0);
    while (done < len) {
        size_t put;
        int error = SYS_UNINTERRUPTED(
            file->sys->verbs->file_write(file, offset + done, at + done, len - done, &put));
        if (error)
            return sys_fail(error, "write", file->path);
        if (put == 0)
            return fail(ERR_IO, "cannot write %s: nothing is taken", file->path);
        done += put;
    }
    return OK;
}

fallible file_sync(struct file *file)
{
    int error = SYS_UNINTERRUPTED(file->sys->verbs->file_sync(file));

    return error ? sys_fail(error, "sync", file->path) : OK;
}

fallible file_allocate(struct file *file, uint64_t size)
{
    int error = 0;

    if (size)
        error = SYS_UNINTERRUPTED(file->sys->verbs->file_allocate(file, size));
    return error ? sys_fail(error, "reserve room for", file->path) : OK;
}

fallible file_truncate(struct file *file, uint64_t size)
{
    int error = SYS_UNINTERRUPTED(file->sys->verbs->file_truncate(file, size));

    return error ? sys_fail(error, "truncate", file->path) : OK;
}

fallible file_size(struct file *file, uint64_t *out_size)
{
    int error = SYS_UNINTERRUPTED(file->sys->verbs->file_size(file, out_size));

    return error ? sys_fail(error, "read the size of", file->path) : OK;
}

fallible file_lock(struct file *file)
{
    int error = SYS_UNINTERRUPTED(file->sys->verbs->file_lock(file));

    if (error == EWOULDBLOCK)
        return fail(ERR_CONFLICT, "%s is held by another process", file->path);
    return error ? sys_fail(error, "lock", file->path) : OK;
}

void file_write_direct(struct file *file)
{
    file->is_direct = true;
    file->sys->verbs->file_write_direct(file);
}

void file_will_read(struct file *file, uint64_t offset, uint64_t len)
{
    if (len)
        file->sys->verbs->file_will_read(file, offset, len);
}

void file_will_pick(struct file *file, uint64_t offset, uint64_t len)
{
    if (len)
        file->sys->verbs->file_will_pick(file, offset, len);
}

fallible file_rename(struct sys *sys, const char *from, const char *to)
{
    int error = SYS_UNINTERRUPTED(sys->verbs->file_rename(sys, from, to));

    return error ? sys_fail(error, "rename", from) : OK;
}

fallible file_remove(struct sys *sys, const char *path)
{
    int error = SYS_UNINTERRUPTED(sys->verbs->file_remove(sys, path));

    return error ? sys_fail(error, "remove", path) : OK;
}

bool file_exists(struct sys *sys, const char *path)
{
    return sys->verbs->file_exists(sys, path);
}

fallible folder_make(struct sys *sys, const char *path)
{
    int error = SYS_UNINTERRUPTED(sys->verbs->folder_make(sys, path));

    return error ? sys_fail(error, "make folder", path) : OK;
}

fallible folder_remove(struct sys *sys, const char *path)
{
    int error = SYS_UNINTERRUPTED(sys->verbs->folder_remove(sys, path));

    return error ? sys_fail(error, "remove folder", path) : OK;
}

fallible folder_sync(struct sys *sys, const char *path)
{
    int error = SYS_UNINTERRUPTED(sys->verbs->folder_sync(sys, path));

    return error ? sys_fail(error, "sync folder", path) : OK;
}

static int by_bytes(const void *a, const void *b)
{
    return str_compare(*(const str *)a, *(const str *)b);
}

/* Cuts "name\0name\0" into the arena. */
static fallible split_names(str names, struct arena *mem, str **out_names, size_t *out_count)
{
    size_t count = 0, at = 0;
    str *sorted;

    for (size_t i = 0; i < names.len; i++)
        count += names.data[i] == 0;
    sorted = arena_array(mem, count ? count : 1, sizeof *sorted);
    if (!sorted)
        return arena_exhausted();
    while (at < count) {
        sorted[at] = arena_dup(mem, str_cut(&names, 0));
        if (!sorted[at++].data)
            return arena_exhausted();
    }
    qsort(sorted, count, sizeof *sorted, by_bytes);
    *out_names = sorted;
    *out_count = count;
    return OK;
}

fallible folder_list(struct sys *sys, const char *path, struct arena *mem, str **out_names,
                     size_t *out_count)
{
    struct buf names = {0};
    enum err err;
    int error;

    error = SYS_UNINTERRUPTED((buf_clear(&names), sys->verbs->folder_names(sys, path, &names)));
    if (error)
        err = sys_fail(error, "list folder", path);
    else if (buf_is_broken(&names))
        err = mem_exhausted();
    else
        err = split_names(buf_str(&names), mem, out_names, out_count);
    buf_done(&names);
    return err;
}

fallible folder_room(struct sys *sys, const char *path, uint64_t *out_bytes)
{
    int error = SYS_UNINTERRUPTED(sys->verbs->folder_room(sys, path, out_bytes));

    return error ? sys_fail(error, "find the room of", path) : OK;
}

static fallible load_open(struct file *file, size_t limit, struct arena *mem, str *out_content)
{
    uint64_t size;
    size_t got;
    char *bytes;

    TRY(file_size(file, &size));
    if (size > limit)
        return fail(ERR_LIMIT, "%s has %llu bytes, more than the %zu allowed", file->path,
                    (unsigned long long)size, limit);
    bytes = arena_take(mem, (size_t)size + 1);
    if (!bytes)
        return arena_exhausted();
    TRY(file_read(file, 0, bytes, (size_t)size, &got));
    bytes[got] = 0;
    *out_content = str_from(bytes, got);
    return OK;
}

fallible file_load(struct sys *sys, const char *path, size_t limit, struct arena *mem,
                   str *out_content)
{
    struct file *file;
    enum err err;

    TRY(file_open(sys, path, FILE_READ, &file));
    err = load_open(file, limit, mem, out_content);
    file_close(file);
    return err;
}

/* Of "a/b" it makes "a", of "/b" it makes "/", of "b" it makes ".". */
static void cut_to_folder(char *path, size_t len)
{
    while (len && path[len - 1] != '/')
        len--;
    if (len == 0)
        path[len++] = '.';
    else if (len > 1)
        len--;
    path[len] = 0;
}

static fallible write_fresh(struct sys *sys, const char *path, str content)
{
    struct file *file;
    enum err err;

    TRY(file_open(sys, path, FILE_WRITE | FILE_CREATE, &file));
    err = file_truncate(file, 0); /* one may be left from a crash */
    if (!err)
        err = file_write(file, 0, content.data, content.len);
    if (!err)
        err = file_sync(file);
    file_close(file);
    return err;
}

fallible file_replace(struct sys *sys, const char *path, str content)
{
    size_t len = str_of(path).len;
    char *other = mem_alloc(len + sizeof beside);
    enum err err;

    if (!other)
        return mem_exhausted();
    memcpy(other, path, len);
    memcpy(other + len, beside, sizeof beside);
    err = write_fresh(sys, other, content);
    if (!err)
        err = file_rename(sys, other, path);
    if (err) {
        /* By the verb, so that the sentence of the failure stays. */
        (void)SYS_UNINTERRUPTED(sys->verbs->file_remove(sys, other));
        goto done;
    }
    cut_to_folder(other, len);
    err = folder_sync(sys, other);
done:
    mem_free(other);
    return err;
}
