/* datadir.c - making and taking the data folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The format file is written last: a folder without it is not finished, and can be made again.
 */
#include "store/datadir.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "sys/file.h"
#include "sys/process.h"

#include <string.h>

enum { FORMAT_LIMIT = 4096, LOCK_LIMIT = 64, SCRATCH = 1 << 20 };

static const char format_name[] = "myriad.format";
static const char lock_name[] = "lock";

static const char *const part_names[] = {
    [DATADIR_CATALOG] = "catalog.db", [DATADIR_LOG] = "log",   [DATADIR_COLUMNS] = "columns",
    [DATADIR_KEYS] = "keys",          [DATADIR_SEEN] = "seen",
};

struct datadir {
    struct sys *sys;
    char *root; /* owned */
    struct file *lock;
};

static const char *join(struct arena *mem, const char *root, const char *name)
{
    return arena_print(mem, "%s/%s", root, name).data;
}

/* "made by" is for people; the number alone decides. */
static fallible write_format(struct sys *sys, const char *path)
{
    struct buf text = {0};
    enum err err;

    buf_print(&text, "myriad data folder\nformat %d\nmade by myriad %s\n", DATADIR_FORMAT,
              MYRIAD_VERSION);
    if (!buf_is_broken(&text))
        buf_print(&text, "checksum %016llx\n",
                  (unsigned long long)hash_checksum(text.data, text.len));
    err = buf_is_broken(&text) ? mem_exhausted() : file_replace(sys, path, buf_str(&text));
    buf_done(&text);
    return err;
}

/* A later program may add lines between the number and the checksum. */
static fallible read_format(struct sys *sys, const char *path, struct arena *mem)
{
    str text, line, rest, sum;
    int64_t format;

    TRY(file_load(sys, path, FORMAT_LIMIT, mem, &text));
    rest = text;
    if (!str_equals(str_cut(&rest, '\n'), S("myriad data folder")))
        return fail(ERR_CORRUPT, "%s is not what it should be: its first line is wrong", path);
    line = str_cut(&rest, '\n');
    if (!str_starts(line, S("format ")) ||
        !str_to_i64(str_slice(line, S("format ").len, line.len), &format))
        return fail(ERR_CORRUPT, "%s is damaged: it gives no format", path);
    while (rest.len && !str_starts(rest, S("checksum ")))
        (void)str_cut(&rest, '\n');
    sum = arena_print(mem, "checksum %016llx\n",
                      (unsigned long long)hash_checksum(text.data, text.len - rest.len));
    if (!sum.data)
        return arena_exhausted();
    if (!str_equals(rest, sum))
        return fail(ERR_CORRUPT, "%s is damaged: its checksum is wrong", path);
    if (format > DATADIR_FORMAT)
        return fail(ERR_CONFLICT,
                    "the data was written by a newer Myriad (format %lld, this program knows up "
                    "to %d): use that version",
                    (long long)format, DATADIR_FORMAT);
    return OK;
}

static bool is_folder_part(str name)
{
    for (size_t i = DATADIR_LOG; i < sizeof part_names / sizeof part_names[0]; i++) {
        if (str_equals(name, str_of(part_names[i])))
            return true;
    }
    return false;
}

/* Fine when there is nothing, or only what a call that was interrupted leaves: empty parts, an
 * empty lock, a format file that was not in place yet. */
static fallible expect_empty(struct sys *sys, const char *path, struct arena *mem)
{
    str *names, *inner;
    size_t count, inner_count;

    TRY(folder_list(sys, path, mem, &names, &count));
    for (size_t i = 0; i < count; i++) {
        bool is_ours =
            str_equals(names[i], str_of(lock_name)) ||
            (str_starts(names[i], str_of(format_name)) && names[i].len > str_of(format_name).len);

        if (!is_ours && is_folder_part(names[i])) {
            const char *part = join(mem, path, names[i].data);

            if (!part)
                return arena_exhausted();
            TRY(folder_list(sys, part, mem, &inner, &inner_count));
            is_ours = inner_count == 0;
        }
        if (!is_ours)
            return fail(ERR_CONFLICT, "%s is not empty: it has %.*s", path, STR_ARG(names[i]));
    }
    return OK;
}

/* The folder that holds `path`; slashes at the end do not count. */
static const char *parent_of(const char *path, struct arena *mem)
{
    size_t len = str_of(path).len;

    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    return len ? arena_dup(mem, str_from(path, len)).data : ".";
}

static fallible make_lock(struct sys *sys, const char *path)
{
    struct file *file;
    enum err err;

    TRY(file_open(sys, path, FILE_READ | FILE_WRITE | FILE_CREATE, &file));
    err = file_sync(file);
    file_close(file);
    return err;
}

static fallible create(struct sys *sys, const char *path, struct arena *mem)
{
    const char *parent = parent_of(path, mem), *lock = join(mem, path, lock_name);
    const char *format = join(mem, path, format_name);

    if (!parent || !lock || !format)
        return arena_exhausted();
    TRY(folder_make(sys, path));
    TRY(expect_empty(sys, path, mem));
    for (size_t i = DATADIR_LOG; i < sizeof part_names / sizeof part_names[0]; i++) {
        const char *part = join(mem, path, part_names[i]);

        if (!part)
            return arena_exhausted();
        TRY(folder_make(sys, part));
        TRY(folder_sync(sys, part));
    }
    TRY(make_lock(sys, lock));
    TRY(folder_sync(sys, path));
    TRY(folder_sync(sys, parent));
    return write_format(sys, format);
}

fallible datadir_create(struct sys *sys, const char *path)
{
    struct arena *mem = arena_open(SCRATCH);
    enum err err = mem ? create(sys, path, mem) : mem_exhausted();

    arena_close(mem);
    return err;
}

/* Says who holds the folder, as far as the lock file tells. */
static fallible fail_held(struct datadir *datadir)
{
    char text[LOCK_LIMIT];
    size_t len;
    str id;

    if (file_read(datadir->lock, 0, text, sizeof text, &len))
        len = 0;
    id = str_from(text, len);
    id = str_cut(&id, '\n');
    if (id.len == 0)
        return fail(ERR_CONFLICT, "another process holds %s", datadir->root);
    return fail(ERR_CONFLICT, "process %.*s holds %s", STR_ARG(id), datadir->root);
}

static fallible take_lock(struct datadir *datadir, struct arena *mem)
{
    const char *path = join(mem, datadir->root, lock_name);
    str id = arena_print(mem, "%d\n", process_id());
    enum err err;

    if (!path || !id.data)
        return arena_exhausted();
    TRY(file_open(datadir->sys, path, FILE_READ | FILE_WRITE | FILE_CREATE, &datadir->lock));
    err = file_lock(datadir->lock);
    if (err)
        return err == ERR_CONFLICT ? fail_held(datadir) : err;
    TRY(file_truncate(datadir->lock, 0));
    return file_write(datadir->lock, 0, id.data, id.len);
}

static fallible open_folder(struct datadir *datadir, struct arena *mem)
{
    const char *format = join(mem, datadir->root, format_name);
    enum err err;

    if (!format)
        return arena_exhausted();
    err = read_format(datadir->sys, format, mem);
    if (err == ERR_ABSENT)
        return fail(ERR_ABSENT, "%s is no data folder of Myriad: make one with `myriad init`",
                    datadir->root);
    TRY(err);
    return take_lock(datadir, mem);
}

fallible datadir_open(struct sys *sys, const char *path, struct datadir **out_datadir)
{
    struct datadir *datadir = mem_alloc(sizeof *datadir);
    struct arena *mem = arena_open(SCRATCH);
    enum err err = OK;

    if (datadir) {
        datadir->sys = sys;
        datadir->root = mem_text(path);
    }
    if (!datadir || !datadir->root || !mem)
        err = mem_exhausted();
    if (!err)
        err = open_folder(datadir, mem);
    arena_close(mem);
    if (err)
        datadir_close(datadir);
    else
        *out_datadir = datadir;
    return err;
}

void datadir_close(struct datadir *datadir)
{
    if (!datadir)
        return;
    file_close(datadir->lock); /* and with it the lock */
    mem_free(datadir->root);
    mem_free(datadir);
}

const char *datadir_root(const struct datadir *datadir)
{
    return datadir->root;
}

const char *datadir_path(const struct datadir *datadir, enum datadir_part part, struct arena *mem)
{
    return join(mem, datadir->root, part_names[part]);
}
