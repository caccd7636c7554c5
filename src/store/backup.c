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

#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { FORMAT = 1, NAME_MOST = 256, PATHS = 4 << 20, PATH_SIZE = 4096, SENTENCE = 512 };

#define DATA_MAGIC 0x314b43414252594du /* "MYRBACK1" */
#define KEYS_MAGIC 0x3159454b4252594du /* "MYRBKEY1" */
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
    struct file *file;
    uint64_t size; /* when reading */
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
    if (len > in->size - in->offset)
        return fail(ERR_CORRUPT, "the backup is damaged: it ends too early, at byte %llu",
                    (unsigned long long)in->size);
    TRY(file_read_all(in->file, in->offset, bytes, len));
    in->offset += len;
    return OK;
}

/* The last thing in it were keys. */
static void free_piece(char *piece)
{
    if (piece)
        sodium_memzero(piece, BACKUP_PIECE);
    mem_free(piece);
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
        size_t len = part->size - at < BACKUP_PIECE ? (size_t)(part->size - at) : BACKUP_PIECE;

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

/* Files on their way to their names */

static const char *parent_of(struct arena *mem, const char *path)
{
    str text = str_of(path);

    while (text.len && text.data[text.len - 1] != '/')
        text.len--;
    return text.len ? arena_dup(mem, text).data : ".";
}

static fallible write_beside(struct sys *sys, bool keys, const char *beside, millis now,
                             struct progress_of *progress)
{
    struct stream_file out = {.piece = mem_alloc(BACKUP_PIECE)};
    enum err err = out.piece ? OK : mem_exhausted();

    if (!err && file_exists(sys, beside))
        err = file_remove(sys, beside);
    if (!err)
        err = file_open(sys, beside, FILE_READ | FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE,
                        &out.file);
    if (!err)
        err = write_parts(&out, keys, now, progress);
    file_close(out.file);
    free_piece(out.piece);
    return err;
}

static fallible give_name(struct sys *sys, const char *from, const char *to, const char *parent)
{
    TRY(file_rename(sys, from, to));
    return folder_sync(sys, parent);
}

/* The keys get their name first: data that is there has keys at least as new. */
static fallible write_both(struct sys *sys, const char *path, millis now,
                           struct progress_of *progress, struct arena *mem)
{
    const char *keys = arena_print(mem, "%s.keys", path).data, *parent = parent_of(mem, path);
    const char *data_beside = arena_print(mem, "%s.writing", path).data;
    const char *keys_beside = arena_print(mem, "%s.keys.writing", path).data;
    char sentence[SENTENCE];
    enum err err;

    if (!keys || !parent || !data_beside || !keys_beside)
        return arena_exhausted();
    err = write_beside(sys, false, data_beside, now, progress);
    if (!err)
        err = write_beside(sys, true, keys_beside, now, progress);
    if (!err)
        err = give_name(sys, keys_beside, keys, parent);
    if (!err)
        err = give_name(sys, data_beside, path, parent);
    if (!err)
        return OK;
    snprintf(sentence, sizeof sentence, "%s", err_text());
    if ((file_exists(sys, data_beside) && file_remove(sys, data_beside)) ||
        (file_exists(sys, keys_beside) && file_remove(sys, keys_beside)))
        return fail(err, "%s; what was written is still there as %s", sentence, data_beside);
    return fail(err, "%s", sentence);
}

/* Names that could leave the folder are not ours. Keys stand apart from all else. */
static bool is_plain_name(str name, bool is_key)
{
    return name.len && name.len <= NAME_MOST && name.data[0] != '/' &&
           !str_contains(name, S("..")) && str_find(name, 0) < 0 &&
           str_starts(name, S("keys/")) == is_key;
}

fallible backup_write(struct sys *sys, const struct backup_source *source, const char *path,
                      millis now)
{
    struct progress_of progress = {.source = source};
    struct arena *mem;
    enum err err;

    for (size_t i = 0; i < source->count; i++) {
        const struct backup_part *part = &source->parts[i];

        if (!is_plain_name(part->name, part->is_key) || part->size == END_MARK)
            return fail(ERR_INVALID, "%.*s cannot be part of a backup", STR_ARG(part->name));
        progress.total += part->size;
    }
    mem = arena_open(PATHS);
    err = mem ? write_both(sys, path, now, &progress, mem) : arena_exhausted();
    arena_close(mem);
    return err;
}

/* Restoring */

struct restore {
    struct sys *sys;
    struct arena *mem;
    const char *folder; /* under its passing name */
    bool is_begun;      /* the folder under its passing name is ours to remove */
    bool (*progress)(void *argument, uint64_t done, uint64_t of);
    void *argument;
    uint64_t done;
    uint64_t total;
};

/* Copies the part's bytes and verifies them; `checksum` is that of its head and name. */
static fallible copy_part(struct stream_file *in, struct restore *restore, struct file *file,
                          uint64_t size, uint64_t checksum)
{
    uint64_t found;

    for (uint64_t at = 0; at < size;) {
        size_t len = size - at < BACKUP_PIECE ? (size_t)(size - at) : BACKUP_PIECE;

        TRY(take(in, in->piece, len));
        TRY(file_write(file, at, in->piece, len));
        checksum = hash_checksum_seeded(in->piece, len, checksum);
        at += len;
        restore->done += len;
        if (restore->progress &&
            !restore->progress(restore->argument, restore->done, restore->total))
            return fail(ERR_EXPIRED, "stopped: nothing was restored");
    }
    TRY(take(in, &found, sizeof found));
    return found == checksum ? OK : fail(ERR_CORRUPT, "the backup is damaged: a checksum is wrong");
}

static fallible read_part(struct stream_file *in, struct restore *restore,
                          const struct part_head *head, str name)
{
    uint64_t checksum = hash_checksum(head, sizeof *head);
    char path[PATH_SIZE];
    struct file *file;
    enum err err;

    if (snprintf(path, sizeof path, "%s/%.*s", restore->folder, STR_ARG(name)) >= PATH_SIZE)
        return fail(ERR_INVALID, "the folder's name is too long");
    if (file_exists(restore->sys, path))
        return fail(ERR_CORRUPT, "the backup is damaged: %.*s cannot be in it", STR_ARG(name));
    TRY(file_open(restore->sys, path, FILE_READ | FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE,
                  &file));
    err = copy_part(in, restore, file, head->size,
                    hash_checksum_seeded(name.data, name.len, checksum));
    if (!err)
        err = file_sync(file);
    file_close(file);
    return err;
}

static fallible read_parts(struct stream_file *in, struct restore *restore, bool keys)
{
    struct tail tail = {0};
    struct part_head head;
    char name[NAME_MOST];
    uint64_t parts = 0;

    for (;; parts++) {
        TRY(take(in, &head, sizeof head));
        if (head.size == END_MARK)
            break;
        if (head.name_bytes > NAME_MOST || head.reserved || head.size > in->size - in->offset)
            return fail(ERR_CORRUPT, "the backup is damaged: a part's head is wrong");
        TRY(take(in, name, head.name_bytes));
        if (!is_plain_name(str_from(name, head.name_bytes), keys))
            return fail(ERR_CORRUPT, "the backup is damaged: a part's name is wrong");
        TRY(read_part(in, restore, &head, str_from(name, head.name_bytes)));
    }
    memcpy(&tail, &head, sizeof head);
    TRY(take(in, &tail.checksum, sizeof tail.checksum));
    if (tail.parts != parts || in->offset != in->size ||
        tail.checksum != hash_checksum(&tail, offsetof(struct tail, checksum)))
        return fail(ERR_CORRUPT, "the backup is damaged: its end is wrong");
    return OK;
}

static fallible open_file(struct sys *sys, struct stream_file *in, const char *path, bool keys,
                          struct head *out_head)
{
    struct head head;

    TRY(file_open(sys, path, FILE_READ, &in->file));
    TRY(file_size(in->file, &in->size));
    TRY(take(in, &head, sizeof head));
    if (head.magic != (keys ? KEYS_MAGIC : DATA_MAGIC))
        return fail(ERR_INVALID, "%s is no %s of Myriad", path, keys ? "key backup" : "backup");
    if (head.checksum != hash_checksum(&head, offsetof(struct head, checksum)))
        return fail(ERR_CORRUPT, "%s is damaged: its head has a wrong checksum", path);
    if (head.format > FORMAT)
        return fail(ERR_CONFLICT, "%s was written by a newer Myriad (format %u)", path,
                    head.format);
    *out_head = head;
    return OK;
}

static fallible read_both(struct restore *restore, struct stream_file *data,
                          struct stream_file *keys, const char *path, const char *keys_path)
{
    struct head data_head, keys_head;

    data->piece = keys->piece = mem_alloc(BACKUP_PIECE);
    if (!data->piece)
        return mem_exhausted();
    TRY(open_file(restore->sys, data, path, false, &data_head));
    TRY(open_file(restore->sys, keys, keys_path, true, &keys_head));
    if (memcmp(data_head.workspace, keys_head.workspace, VAULT_ID_SIZE) != 0)
        return fail(ERR_CONFLICT, "%s holds the keys of another workspace", keys_path);
    restore->total = data->size + keys->size;
    restore->is_begun = true;
    TRY(datadir_create(restore->sys, restore->folder));
    TRY(read_parts(data, restore, false));
    return read_parts(keys, restore, true);
}

/* Every part is synced by now, and so are the folders that stay empty. */
static fallible sync_folders(struct restore *restore)
{
    static const char *const folders[] = {"/log", "/keys", ""};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const char *path = arena_print(restore->mem, "%s%s", restore->folder, folders[i]).data;

        if (!path)
            return arena_exhausted();
        TRY(folder_sync(restore->sys, path));
    }
    return OK;
}

static fallible remove_all(struct sys *sys, const char *folder, struct arena *mem, bool has_folders)
{
    str *names;
    size_t count;

    TRY(folder_list(sys, folder, mem, &names, &count));
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_print(mem, "%s/%.*s", folder, STR_ARG(names[i])).data;

        if (!path)
            return arena_exhausted();
        if (has_folders && remove_all(sys, path, mem, false) == OK)
            continue; /* it was a folder */
        TRY(file_remove(sys, path));
    }
    return folder_remove(sys, folder);
}

/* What a failed restore made goes again; its own sentence stays. */
static fallible give_up(struct restore *restore, enum err err)
{
    char sentence[SENTENCE];

    if (!restore->is_begun || !file_exists(restore->sys, restore->folder))
        return err;
    snprintf(sentence, sizeof sentence, "%s", err_text());
    if (remove_all(restore->sys, restore->folder, restore->mem, true) != OK)
        return fail(err, "%s; remove what is left as %s", sentence, restore->folder);
    return fail(err, "%s", sentence);
}

static fallible restore_as(struct restore *restore, const char *path, const char *keys_path,
                           str folder)
{
    struct stream_file data = {0}, keys = {0};
    const char *name;
    enum err err;

    while (folder.len > 1 && str_ends(folder, S("/")))
        folder.len--;
    name = arena_dup(restore->mem, folder).data;
    restore->folder = arena_print(restore->mem, "%.*s.restoring", STR_ARG(folder)).data;
    if (!name || !restore->folder)
        return arena_exhausted();
    if (file_exists(restore->sys, name))
        return fail(ERR_CONFLICT, "%s is there already: restore into a new folder", name);
    if (file_exists(restore->sys, restore->folder))
        return fail(ERR_CONFLICT, "%s is left of a restore that was interrupted: remove it first",
                    restore->folder);
    err = read_both(restore, &data, &keys, path, keys_path);
    file_close(data.file);
    file_close(keys.file);
    free_piece(data.piece);
    if (!err)
        err = sync_folders(restore);
    if (!err)
        err = file_rename(restore->sys, restore->folder, name);
    return err ? give_up(restore, err) : folder_sync(restore->sys, parent_of(restore->mem, name));
}

fallible backup_restore(struct sys *sys, const char *path, const char *keys_path,
                        const char *folder,
                        bool (*progress)(void *argument, uint64_t done, uint64_t of),
                        void *argument)
{
    struct restore restore = {
        .sys = sys, .mem = arena_open(PATHS), .progress = progress, .argument = argument};
    enum err err =
        restore.mem ? restore_as(&restore, path, keys_path, str_of(folder)) : arena_exhausted();

    arena_close(restore.mem);
    return err;
}
