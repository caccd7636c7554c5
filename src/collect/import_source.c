/* import_source.c - a file read in order, through unpack.h where needed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_source.h"

#include "base/mem.h"
#include "proto/unpack.h"
#include "sys/file.h"

enum { PIECE = 256 << 10, HEAD = 4 };

struct import_source {
    const char *path;
    struct file *file;
    uint64_t size;
    uint64_t offset;
    struct unpack *unpack; /* NULL: the file is the content */
    char *piece;           /* of the packed file */
    str packed;            /* what is left of it */
};

str import_source_name(str path)
{
    if (str_ends(path, S(".gz")))
        path.len -= 3;
    else if (str_ends(path, S(".zst")))
        path.len -= 4;
    return path;
}

static fallible open_unpack(struct import_source *source)
{
    str path = str_of(source->path);
    enum unpack_kind kind;
    char head[HEAD];
    size_t len;

    TRY(file_read(source->file, 0, head, sizeof head, &len));
    kind = unpack_recognise(str_from(head, len));
    if (kind == UNPACK_NOTHING && str_ends(path, S(".gz")))
        return fail(ERR_CORRUPT, "%s is not a gzip archive", source->path);
    if (kind == UNPACK_NOTHING && str_ends(path, S(".zst")))
        return fail(ERR_CORRUPT, "%s is not a zstd archive", source->path);
    if (kind == UNPACK_NOTHING)
        return OK;
    source->piece = mem_alloc(PIECE);
    if (!source->piece)
        return mem_exhausted();
    return unpack_open(kind, &source->unpack);
}

fallible import_source_open(struct sys *sys, const char *path, struct import_source **out_source)
{
    struct import_source *source = mem_alloc(sizeof *source);
    enum err err;

    if (!source)
        return mem_exhausted();
    source->path = path;
    err = file_open(sys, path, FILE_READ, &source->file);
    if (!err)
        err = file_size(source->file, &source->size);
    if (!err)
        err = open_unpack(source);
    if (err) {
        import_source_close(source);
        return err;
    }
    file_will_read(source->file, 0, source->size);
    *out_source = source;
    return OK;
}

void import_source_close(struct import_source *source)
{
    if (!source)
        return;
    unpack_close(source->unpack);
    file_close(source->file);
    mem_free(source->piece);
    mem_free(source);
}

static fallible refill(struct import_source *source)
{
    size_t len;

    if (source->packed.len)
        return OK;
    TRY(file_read(source->file, source->offset, source->piece, PIECE, &len));
    source->offset += len;
    source->packed = str_from(source->piece, len);
    return OK;
}

/* The sentence of what is wrong with the archive, with the file's name. */
static fallible damaged(const struct import_source *source, enum err err)
{
    char reason[256];
    str text = str_slice(str_of(err_text()), 0, sizeof reason - 1);

    for (size_t i = 0; i < text.len; i++)
        reason[i] = text.data[i];
    return fail(err, "%s: %.*s; what was imported before stays", source->path, (int)text.len,
                reason);
}

fallible import_source_read(struct import_source *source, void *out, size_t room, size_t *out_len)
{
    size_t len = 0;
    enum err err;

    if (!source->unpack) {
        TRY(file_read(source->file, source->offset, out, room, out_len));
        source->offset += *out_len;
        return OK;
    }
    while (len == 0) {
        bool is_end;

        TRY(refill(source));
        is_end = source->packed.len == 0;
        err = unpack_step(source->unpack, &source->packed, out, room, &len);
        if (err)
            return damaged(source, err);
        if (is_end && len == 0 && !unpack_is_whole(source->unpack))
            return fail(ERR_CORRUPT, "%s: the archive is cut short; what was imported before stays",
                        source->path);
        if (is_end)
            break;
    }
    *out_len = len;
    return OK;
}

void import_source_place(const struct import_source *source, uint64_t *out_done, uint64_t *out_of)
{
    *out_done = source->offset - source->packed.len;
    *out_of = source->size;
}
