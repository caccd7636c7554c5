/* outfile.c - a result on its way to a file or to standard output.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/outfile.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sys/file.h"
#include "sys/stream.h"

/* Of two exports into one file the second is refused, and leaves the first its part. */
static fallible open_part(struct sys *sys, const char *part, struct file **out_file)
{
    struct file *file;
    enum err err;

    TRY(file_open(sys, part, FILE_READ | FILE_WRITE | FILE_CREATE, &file));
    err = file_lock(file);
    if (err) {
        file_close(file);
        return err;
    }
    *out_file = file;
    return OK;
}

fallible outfile_init(struct sys *sys, const char *path, struct outfile *out)
{
    struct buf part = {0};
    size_t len;

    *out = (struct outfile){.sys = sys, .path = path};
    if (!path)
        return OK;
    buf_print(&part, "%s.part", path);
    buf_add_byte(&part, '\0');
    if (buf_is_broken(&part)) {
        buf_done(&part);
        return mem_exhausted();
    }
    out->part = buf_take(&part, &len);
    TRY(open_part(sys, out->part, &out->file));
    return file_truncate(out->file, 0);
}

fallible outfile_write(void *argument, str bytes)
{
    struct outfile *out = argument;

    if (!out->path)
        TRY(stream_write(STREAM_OUT, bytes));
    else
        TRY(file_write(out->file, out->size, bytes.data, bytes.len));
    out->size += bytes.len;
    return OK;
}

/* Makes the new name last. */
static fallible sync_folder(const struct outfile *out)
{
    str path = str_of(out->path);
    struct buf folder = {0};
    enum err err;

    while (path.len && path.data[path.len - 1] != '/')
        path.len--;
    buf_add(&folder, path.len ? path : S("."));
    buf_add_byte(&folder, '\0');
    err = buf_is_broken(&folder) ? mem_exhausted() : folder_sync(out->sys, folder.data);
    buf_done(&folder);
    return err;
}

fallible outfile_finish(struct outfile *out)
{
    if (!out->path)
        return OK;
    TRY(file_sync(out->file));
    TRY(file_rename(out->sys, out->part, out->path));
    mem_free(out->part);
    out->part = NULL;
    return sync_folder(out);
}

void outfile_done(struct outfile *out)
{
    if (out->file && out->part && file_remove(out->sys, out->part) != OK) {
        /* It stays, under a name that says what it is. */
    }
    file_close(out->file);
    mem_free(out->part);
    *out = (struct outfile){.sys = out->sys};
}
