/* backup_parts.c - what of an open data folder goes into a backup.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/backup_parts.h"

#include "app/workspace.h"
#include "store/catalog.h"
#include "store/datadir.h"
#include "store/log.h"
#include "sys/file.h"

#include <string.h>

enum { FEW = 8 };

static enum err read_part(void *argument, const struct backup_part *part, uint64_t offset,
                          void *out, size_t len)
{
    struct backup_parts *parts = argument;
    size_t index = (size_t)(part - parts->source.parts);

    if (!parts->file || parts->open_part != index) {
        file_close(parts->file);
        parts->file = NULL;
        TRY(file_open(parts->sys, parts->paths[index], FILE_READ, &parts->file));
        parts->open_part = index;
    }
    return file_read_all(parts->file, offset, out, len);
}

static fallible add_part(struct backup_parts *parts, const char *path, str name, uint64_t size,
                         bool is_key)
{
    if (!path || !name.data)
        return arena_exhausted();
    parts->paths[parts->source.count] = path;
    parts->source.parts[parts->source.count++] = (struct backup_part){name, size, is_key};
    return OK;
}

static fallible add_whole(struct backup_parts *parts, const char *path, str name, bool is_key)
{
    struct file *file;
    uint64_t size;
    enum err err;

    if (!path)
        return arena_exhausted();
    TRY(file_open(parts->sys, path, FILE_READ, &file));
    err = file_size(file, &size);
    file_close(file);
    return err ? err : add_part(parts, path, name, size, is_key);
}

static fallible add_all(struct workspace *workspace, struct arena *mem, struct backup_parts *parts)
{
    const char *root = datadir_root(workspace->datadir);
    const char *keys = datadir_path(workspace->datadir, DATADIR_KEYS, mem);
    const char *folder = datadir_path(workspace->datadir, DATADIR_LOG, mem);
    struct log_extent *extents;
    size_t count;

    if (!keys || !folder)
        return arena_exhausted();
    TRY(log_extents(workspace->log, mem, &extents, &count));
    parts->paths = arena_array(mem, count + FEW, sizeof *parts->paths);
    parts->source.parts = arena_array(mem, count + FEW, sizeof *parts->source.parts);
    parts->catalog_copy = arena_print(mem, "%s/catalog.copy", root).data;
    if (!parts->paths || !parts->source.parts || !parts->catalog_copy)
        return arena_exhausted();
    if (file_exists(parts->sys, parts->catalog_copy))
        TRY(file_remove(parts->sys, parts->catalog_copy));
    TRY(catalog_backup(workspace->catalog, parts->catalog_copy));
    TRY(add_whole(parts, parts->catalog_copy, S("catalog.db"), false));
    for (size_t i = 0; i < count; i++)
        TRY(add_part(parts, arena_print(mem, "%s/%08u.log", folder, extents[i].index).data,
                     arena_print(mem, "log/%08u.log", extents[i].index), extents[i].bytes, false));
    TRY(add_whole(parts, arena_print(mem, "%s/secret", keys).data, S("keys/secret"), true));
    return add_whole(parts, arena_print(mem, "%s/nodes.keys", keys).data, S("keys/nodes.keys"),
                     true);
}

fallible backup_parts_open(struct workspace *workspace, struct arena *mem,
                           struct backup_parts *out_parts)
{
    struct backup_parts *parts = out_parts;

    *parts = (struct backup_parts){.sys = workspace->sys};
    parts->source.read = read_part;
    parts->source.argument = parts;
    memcpy(parts->source.workspace, vault_workspace_id(workspace->vault), VAULT_ID_SIZE);
    return add_all(workspace, mem, parts);
}

void backup_parts_close(struct backup_parts *parts)
{
    file_close(parts->file);
    parts->file = NULL;
    if (parts->catalog_copy && file_exists(parts->sys, parts->catalog_copy) &&
        file_remove(parts->sys, parts->catalog_copy) != OK)
        parts->catalog_copy = NULL; /* the next backup removes it */
}
