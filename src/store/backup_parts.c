/* backup_parts.c - what of an open data folder goes into a backup.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/backup_parts.h"

#include "store/catalog.h"
#include "store/datadir.h"
#include "store/log.h"
#include "sys/file.h"

#include <string.h>

enum { BESIDES_LOG = 3, PATHS = 64 << 10 }; /* catalog, secret, node keys */

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

static const char *copy_path(const struct backup_stock *stock, struct arena *mem)
{
    return arena_print(mem, "%s/catalog.copy", datadir_root(stock->datadir)).data;
}

static fallible add_catalog(const struct backup_stock *stock, struct arena *mem,
                            struct backup_parts *parts)
{
    const char *path = copy_path(stock, mem);

    if (!path)
        return arena_exhausted();
    TRY(backup_parts_sweep(stock));
    TRY(catalog_backup(stock->catalog, path));
    parts->catalog_copy = path;
    return add_whole(parts, path, S("catalog.db"), false);
}

/* The log's end is read before the keys' end: so all that it holds has its keys. */
static fallible add_all(const struct backup_stock *stock, struct arena *mem,
                        struct backup_parts *parts)
{
    const char *keys = datadir_path(stock->datadir, DATADIR_KEYS, mem);
    const char *folder = datadir_path(stock->datadir, DATADIR_LOG, mem);
    struct log_extent *extents;
    size_t count;

    if (!keys || !folder)
        return arena_exhausted();
    TRY(log_extents(stock->log, mem, &extents, &count));
    parts->paths = arena_array(mem, count + BESIDES_LOG, sizeof *parts->paths);
    parts->source.parts = arena_array(mem, count + BESIDES_LOG, sizeof *parts->source.parts);
    if (!parts->paths || !parts->source.parts)
        return arena_exhausted();
    TRY(add_catalog(stock, mem, parts));
    for (size_t i = 0; i < count; i++)
        if (extents[i].bytes)
            TRY(add_part(parts, arena_print(mem, "%s/%08u.log", folder, extents[i].index).data,
                         arena_print(mem, "log/%08u.log", extents[i].index), extents[i].bytes,
                         false));
    TRY(add_whole(parts, arena_print(mem, "%s/secret", keys).data, S("keys/secret"), true));
    return add_part(parts, arena_print(mem, "%s/nodes.keys", keys).data, S("keys/nodes.keys"),
                    vault_bytes(stock->vault), true);
}

fallible backup_parts_open(const struct backup_stock *stock, struct arena *mem,
                           struct backup_parts *out_parts)
{
    struct backup_parts *parts = out_parts;

    *parts = (struct backup_parts){.sys = stock->sys};
    parts->source.read = read_part;
    parts->source.argument = parts;
    memcpy(parts->source.workspace, vault_workspace_id(stock->vault), VAULT_ID_SIZE);
    return add_all(stock, mem, parts);
}

void backup_parts_close(struct backup_parts *parts)
{
    file_close(parts->file);
    parts->file = NULL;
    if (parts->catalog_copy && file_remove(parts->sys, parts->catalog_copy) == OK)
        parts->catalog_copy = NULL; /* else the next one sweeps it away */
}

fallible backup_parts_sweep(const struct backup_stock *stock)
{
    struct arena *mem = arena_open(PATHS);
    const char *path = mem ? copy_path(stock, mem) : NULL;
    enum err err = path ? OK : arena_exhausted();

    if (!err && file_exists(stock->sys, path))
        err = file_remove(stock->sys, path);
    arena_close(mem);
    return err;
}
