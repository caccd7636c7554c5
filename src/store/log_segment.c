/* log_segment.c - segment files: listed, made, loaded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "store/log_int.h"

#include <stdio.h>
#include <string.h>

void log_segment_path(const struct log_config *config, uint32_t index, char *out_path)
{
    snprintf(out_path, LOG_PATH, "%s/%08u.log", config->folder, index);
}

fallible log_segments_list(const struct log_config *config, struct arena *mem,
                           uint32_t **out_indexes, size_t *out_count)
{
    uint32_t *indexes;
    size_t names, count = 0;
    str *name;

    TRY(folder_list(config->sys, config->folder, mem, &name, &names));
    indexes = arena_array(mem, names + 1, sizeof *indexes);
    if (!indexes)
        return arena_exhausted();
    for (size_t i = 0; i < names; i++) {
        uint64_t index;

        if (!str_ends(name[i], S(".log")) || name[i].len != 12 ||
            !str_to_u64(str_slice(name[i], 0, 8), &index))
            continue;
        if (index != count + 1)
            return fail(ERR_CORRUPT, "log segment %08zu is missing", count + 1);
        indexes[count++] = (uint32_t)index;
    }
    *out_indexes = indexes;
    *out_count = count;
    return OK;
}

fallible log_segment_make(const struct log_config *config, uint32_t index, struct file **out_file)
{
    char path[LOG_PATH];
    struct file *file;
    enum err err;

    log_segment_path(config, index, path);
    TRY(file_open(config->sys, path, FILE_READ | FILE_WRITE | FILE_CREATE, &file));
    err = file_allocate(file, config->segment_bytes);
    if (!err && (file_sync(file) != OK || folder_sync(config->sys, config->folder) != OK))
        err = fail(ERR_IO, "log segment %08u was made but could not be synced", index);
    if (!err) {
        file_write_direct(file);
        *out_file = file;
        return OK;
    }
    file_close(file);
    if (err == ERR_FULL && file_remove(config->sys, path) != OK)
        return fail(ERR_IO, "a log segment that found no room could not be removed either");
    return err == ERR_FULL ? fail(ERR_FULL, "no room for the next log segment") : err;
}

static fallible check_head(const struct log_config *config, struct log_segment *segment)
{
    struct log_segment_head *head = &segment->head;

    if (segment->size < sizeof *head || log_is_zero(segment->bytes, sizeof *head)) {
        /* The first group's head shares a sector with the segment's: both are there, or none. */
        if (log_has_group(str_from(segment->bytes, segment->size), LOG_SECTOR, 0))
            return fail(ERR_CORRUPT, "the head of log segment %08u is missing", segment->index);
        return OK;
    }
    memcpy(head, segment->bytes, sizeof *head);
    if (!log_segment_head_is_sound(head))
        return fail(ERR_CORRUPT, "the head of log segment %08u is damaged", segment->index);
    if (head->format > LOG_FORMAT)
        return fail(ERR_CONFLICT, "log segment %08u was written by a newer Myriad (format %u)",
                    segment->index, head->format);
    if (head->index != segment->index ||
        memcmp(head->workspace, vault_workspace_id(config->vault), VAULT_ID_SIZE) != 0)
        return fail(ERR_CONFLICT, "log segment %08u belongs elsewhere", segment->index);
    segment->has_head = true;
    return OK;
}

fallible log_segment_load(const struct log_config *config, uint32_t index, unsigned modes,
                          struct log_segment *out_segment)
{
    struct log_segment *segment = out_segment;
    uint64_t size;
    enum err err;

    *segment = (struct log_segment){.index = index};
    log_segment_path(config, index, segment->path);
    TRY(file_open(config->sys, segment->path, modes, &segment->file));
    err = file_size(segment->file, &size);
    if (!err) {
        segment->size = (size_t)size;
        segment->bytes = mem_grow(NULL, segment->size);
        err = segment->bytes ? OK : mem_exhausted();
    }
    if (!err)
        err = file_read_all(segment->file, 0, segment->bytes, segment->size);
    if (!err)
        err = check_head(config, segment);
    if (err && err != ERR_CORRUPT)
        log_segment_unload(segment); /* salvage goes on with a damaged head */
    return err;
}

void log_segment_unload(struct log_segment *segment)
{
    file_close(segment->file);
    mem_free(segment->bytes);
    segment->file = NULL;
    segment->bytes = NULL;
}
