/* backup.c - a folder's data in one file, its keys in another, and back.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * File: head (magic 8, format u32, reserved u32, workspace 16, made i64, checksum u64); then for
 * each part: size u64, name length u32, reserved u32, name, bytes, checksum u64 over all of that;
 * at the end size UINT64_MAX, the number of parts and a checksum of both.
 */
#include "store/backup.h"

#include "base/mem.h"
#include "store/datadir.h"
#include "sys/file.h"

#include <stddef.h>
#include <string.h>

enum { FORMAT = 1, PIECE = 1 << 20, NAME_MOST = 256, PATHS = 1 << 20 };

#define DATA_MAGIC 0x314b434142525948u /* "HYRBACK1" */
#define KEYS_MAGIC 0x3153594b5259584du /* "MXYRKYS1" */
#define END_MARK UINT64_MAX

struct head {
    uint64_t magic;
    uint32_t format;
    uint32_t reserved;
    unsigned char workspace[VAULT_ID_SIZE];
    int64_t made;
    uint64_t checksum;
};

struct part_head {
    uint64_t size;
    uint32_t name_bytes;
    uint32_t reserved;
};

struct tail {
    uint64_t mark;
    uint64_t parts;
    uint64_t checksum;
};

_Static_assert(sizeof(struct head) == 48 && sizeof(struct part_head) == 16, "no padding");

/* One file being written or read, in order. */
struct stream_file {
    struct sys *sys;
    struct file *file;
    uint64_t offset;
    char *piece;
};

static fallible put(struct stream_file *out, const void *bytes, size_t len)
{
    TRY(file_write(out->file, out->offset, bytes, len));
    out->offset += len;
    return OK;
}

static fallible take(struct stream_file *in, void *bytes, size_t len)
{
    if (file_read_all(in->file, in->offset, bytes, len) != OK)
        return fail(ERR_CORRUPT, "the backup ends too early, at byte %llu",
                    (unsigned long long)in->offset);
    in->offset += len;
    return OK;
}

/* Writing */

struct progress_of {
    const struct backup_source *source;
    uint64_t done;
    uint64_t total;
};

static fallible write_part(struct stream_file *out, const struct backup_part *part,
                           struct progress_of *progress)
{
    const struct backup_source *source = progress->source;
    struct part_head head = {.size = part->size, .name_bytes = (uint32_t)part->name.len};
    uint64_t checksum = hash_checksum(&head, sizeof head);

    checksum = hash_checksum_seeded(part->name.data, part->name.len, checksum);
    TRY(put(out, &head, sizeof head));
    TRY(put(out, part->name.data, part->name.len));
    for (uint64_t at = 0; at < part->size;) {
        size_t len = part->size - at < PIECE ? (size_t)(part->size - at) : PIECE;

        TRY(source->read(source->argument, part, at, out->piece, len));
        checksum = hash_checksum_seeded(out->piece, len, checksum);
        TRY(put(out, out->piece, len));
        at += len;
        progress->done += len;
        if (source->progress &&
            !source->progress(source->progress_argument, progress->done, progress->total))
            return fail(ERR_EXPIRED, "stopped: no backup was written");
    }
    return put(out, &checksum, sizeof checksum);
}

static fallible write_parts(struct stream_file *out, bool keys, millis now,
                            struct progress_of *progress)
{
    const struct backup_source *source = progress->source;
    struct head head = {.magic = keys ? KEYS_MAGIC : DATA_MAGIC, .format = FORMAT, .made = now};
    struct tail tail = {.mark = END_MARK};

    memcpy(head.workspace, source->workspace, sizeof head.workspace);
    head.checksum = hash_checksum(&head, offsetof(struct head, checksum));
    TRY(put(out, &head, sizeof head));
    for (size_t i = 0; i < source->count; i++) {
        if (source->parts[i].is_key != keys)
            continue;
        TRY(write_part(out, &source->parts[i], progress));
        tail.parts++;
    }
    tail.checksum = hash_checksum(&tail, offsetof(struct tail, checksum));
    TRY(put(out, &tail, sizeof tail));
    return file_sync(out->file);
}

/* The folder that holds `path`, for syncing its entry. */
static const char *parent_of(struct arena *mem, const char *path)
{
    str text = str_of(path);

    while (text.len && text.data[text.len - 1] != '/')
        text.len--;
    return text.len ? arena_dup(mem, text).data : ".";
}

static fallible write_file(struct sys *sys, bool keys, const char *path, millis now,
                           struct progress_of *progress, struct arena *mem)
{
    const char *beside = arena_print(mem, "%s.writing", path).data, *parent = parent_of(mem, path);
    struct stream_file out = {.sys = sys};
    enum err err;

    if (!beside || !parent)
        return arena_exhausted();
    out.piece = mem_alloc(PIECE);
    if (!out.piece)
        return mem_exhausted();
    if (file_exists(sys, beside))
        TRY(file_remove(sys, beside));
    err = file_open(sys, beside, FILE_READ | FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &out.file);
    if (!err)
        err = write_parts(&out, keys, now, progress);
    file_close(out.file);
    mem_free(out.piece);
    if (!err)
        err = file_rename(sys, beside, path);
    if (!err)
        return folder_sync(sys, parent);
    if (file_exists(sys, beside) && file_remove(sys, beside) != OK)
        return ERR_IO;
    return err;
}

fallible backup_write(struct sys *sys, const struct backup_source *source, const char *path,
                      millis now)
{
    struct progress_of progress = {.source = source};
    struct arena *mem = arena_open(PATHS);
    const char *keys = mem ? arena_print(mem, "%s.keys", path).data : NULL;
    enum err err = keys ? OK : arena_exhausted();

    for (size_t i = 0; i < source->count; i++)
        progress.total += source->parts[i].size;
    if (!err)
        err = write_file(sys, false, path, now, &progress, mem);
    if (!err)
        err = write_file(sys, true, keys, now, &progress, mem);
    arena_close(mem);
    return err;
}

/* Restoring */

struct restore {
    struct sys *sys;
    struct arena *mem;
    const char *folder; /* under its passing name */
    bool (*progress)(void *argument, uint64_t done, uint64_t of);
    void *argument;
    uint64_t done;
    uint64_t total;
};

/* Names that could leave the folder were not written by us. */
static bool is_plain_name(str name)
{
    return name.len && name.data[0] != '/' && !str_contains(name, S("..")) && str_find(name, 0) < 0;
}

static fallible read_part(struct stream_file *in, struct restore *restore,
                          const struct part_head *head, uint64_t checksum, const char *name)
{
    const char *path = arena_print(restore->mem, "%s/%s", restore->folder, name).data;
    struct file *file;
    uint64_t found;
    enum err err = OK;

    if (!path)
        return arena_exhausted();
    TRY(file_open(restore->sys, path, FILE_READ | FILE_WRITE | FILE_CREATE, &file));
    for (uint64_t at = 0; !err && at < head->size;) {
        size_t len = head->size - at < PIECE ? (size_t)(head->size - at) : PIECE;

        err = take(in, in->piece, len);
        if (!err)
            err = file_write(file, at, in->piece, len);
        checksum = hash_checksum_seeded(in->piece, len, checksum);
        at += len;
        restore->done += len;
        if (!err && restore->progress &&
            !restore->progress(restore->argument, restore->done, restore->total))
            err = fail(ERR_EXPIRED, "stopped: nothing was restored");
    }
    if (!err)
        err = take(in, &found, sizeof found);
    if (!err && found != checksum)
        err = fail(ERR_CORRUPT, "the backup is damaged: %s has a wrong checksum", name);
    if (!err)
        err = file_sync(file);
    file_close(file);
    return err;
}

static fallible read_parts(struct stream_file *in, struct restore *restore)
{
    struct tail tail = {0};
    uint64_t parts = 0;

    for (;; parts++) {
        struct part_head head;
        char name[NAME_MOST + 1] = {0};

        TRY(take(in, &head, sizeof head));
        if (head.size == END_MARK) {
            memcpy(&tail, &head, sizeof head);
            break;
        }
        if (head.name_bytes > NAME_MOST || head.reserved)
            return fail(ERR_CORRUPT, "the backup is damaged: a part's head is wrong");
        TRY(take(in, name, head.name_bytes));
        if (!is_plain_name(str_from(name, head.name_bytes)))
            return fail(ERR_CORRUPT, "the backup is damaged: a part's name is wrong");
        TRY(read_part(
            in, restore, &head,
            hash_checksum_seeded(name, head.name_bytes, hash_checksum(&head, sizeof head)), name));
    }
    TRY(take(in, &tail.checksum, sizeof tail.checksum));
    if (tail.parts != parts ||
        tail.checksum != hash_checksum(&tail, offsetof(struct tail, checksum)))
        return fail(ERR_CORRUPT, "the backup is damaged: its end is wrong");
    return OK;
}

static fallible open_file(struct stream_file *in, const char *path, bool keys,
                          struct head *out_head, uint64_t *out_size)
{
    TRY(file_open(in->sys, path, FILE_READ, &in->file));
    TRY(file_size(in->file, out_size));
    TRY(take(in, out_head, sizeof *out_head));
    if (out_head->magic != (keys ? KEYS_MAGIC : DATA_MAGIC))
        return fail(ERR_INVALID, "%s is no %s of Myriad", path, keys ? "key backup" : "backup");
    if (out_head->checksum != hash_checksum(out_head, offsetof(struct head, checksum)))
        return fail(ERR_CORRUPT, "%s is damaged: its head has a wrong checksum", path);
    if (out_head->format > FORMAT)
        return fail(ERR_CONFLICT, "%s was written by a newer Myriad (format %u)", path,
                    out_head->format);
    return OK;
}

static fallible read_both(struct restore *restore, struct stream_file *data,
                          struct stream_file *keys, const char *path, const char *keys_path)
{
    struct head data_head, keys_head;
    uint64_t data_size, keys_size;

    data->piece = keys->piece = mem_alloc(PIECE);
    if (!data->piece)
        return mem_exhausted();
    TRY(open_file(data, path, false, &data_head, &data_size));
    TRY(open_file(keys, keys_path, true, &keys_head, &keys_size));
    if (memcmp(data_head.workspace, keys_head.workspace, VAULT_ID_SIZE) != 0)
        return fail(ERR_CONFLICT, "%s holds the keys of another workspace", keys_path);
    restore->total = data_size + keys_size;
    TRY(datadir_create(restore->sys, restore->folder));
    TRY(read_parts(data, restore));
    return read_parts(keys, restore);
}

static fallible sync_folders(struct restore *restore)
{
    static const char *const folders[] = {"", "/log", "/keys"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const char *path = arena_print(restore->mem, "%s%s", restore->folder, folders[i]).data;

        if (!path)
            return arena_exhausted();
        TRY(folder_sync(restore->sys, path));
    }
    return OK;
}

fallible backup_restore(struct sys *sys, const char *path, const char *keys_path,
                        const char *folder,
                        bool (*progress)(void *argument, uint64_t done, uint64_t of),
                        void *argument)
{
    struct restore restore = {
        .sys = sys, .mem = arena_open(PATHS), .progress = progress, .argument = argument};
    struct stream_file data = {.sys = sys}, keys = {.sys = sys};
    enum err err;

    if (!restore.mem)
        return arena_exhausted();
    restore.folder = arena_print(restore.mem, "%s.restoring", folder).data;
    if (!restore.folder)
        err = arena_exhausted();
    else if (file_exists(sys, folder))
        err = fail(ERR_CONFLICT, "%s is there already: restore into a new folder", folder);
    else if (file_exists(sys, restore.folder))
        err = fail(ERR_CONFLICT, "%s is left of a restore that was interrupted: remove it first",
                   restore.folder);
    else
        err = read_both(&restore, &data, &keys, path, keys_path);
    if (!err)
        err = sync_folders(&restore);
    if (!err)
        err = file_rename(sys, restore.folder, folder);
    if (!err)
        err = folder_sync(sys, parent_of(restore.mem, folder));
    file_close(data.file);
    file_close(keys.file);
    mem_free(data.piece);
    arena_close(restore.mem);
    return err;
}
