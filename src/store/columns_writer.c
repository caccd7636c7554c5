/* columns_writer.c - gathers rows to stripes, writes a columns file beside its name and renames it
 * once it is synced.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_writer_int.h"

#include "base/mem.h"
#include "sys/file.h"

#include <assert.h>
#include <string.h>

enum {
    WRITE_AT_ONCE = 1 << 20,
    BETWEEN_SYNCS = 64 << 20, /* on the way, so that the last sync is not for the whole file */
};

uint64_t columns_writer_place(const struct columns_writer *writer)
{
    return writer->written + writer->out.len;
}

static fallible flush(struct columns_writer *writer)
{
    struct buf *out = &writer->out;

    if (buf_is_broken(out))
        return mem_exhausted();
    TRY(file_write(writer->file, writer->written, out->data, out->len));
    writer->written += out->len;
    writer->unsynced += out->len;
    buf_clear(out);
    if (writer->unsynced < BETWEEN_SYNCS)
        return OK;
    writer->unsynced = 0;
    return file_sync(writer->file);
}

fallible columns_writer_piece(struct columns_writer *writer, struct buf *pieces, int32_t column,
                              uint64_t at)
{
    struct buf *out = &writer->out;
    struct columns_piece piece = {
        .at = at, .bytes = columns_writer_place(writer) - at, .column = column};

    if (buf_is_broken(out))
        return mem_exhausted();
    piece.checksum =
        columns_format_checksum(out->data + (at - writer->written), piece.bytes, piece.at);
    columns_writer_put(pieces, &piece, sizeof piece);
    writer->head.pieces++;
    return out->len < WRITE_AT_ONCE ? OK : flush(writer);
}

void columns_writer_choose(struct buf *out, size_t first, size_t second)
{
    size_t former = second - first, latter = out->len - second;

    if (buf_is_broken(out) || latter + former / 32 >= former) {
        out->len = second;
        return;
    }
    memmove(out->data + first, out->data + second, latter);
    out->len -= former;
}

static char *path_of(const char *path, const char *suffix)
{
    struct buf text = {0};
    size_t len;

    buf_print(&text, "%s%s", path, suffix);
    buf_add_byte(&text, 0);
    if (buf_is_broken(&text)) {
        buf_done(&text);
        return NULL;
    }
    return buf_take(&text, &len);
}

static fallible open_parts(struct columns_writer *writer, const char *path)
{
    struct columns_head head = {0};

    writer->path = path_of(path, "");
    writer->new_path = path_of(path, ".new");
    writer->waiting.path = path_of(path, ".seqs.new");
    if (!writer->path || !writer->new_path || !writer->waiting.path)
        return mem_exhausted();
    TRY(columns_packer_init(&writer->packer));
    TRY(file_open(writer->sys, writer->new_path, FILE_READ | FILE_WRITE | FILE_CREATE,
                  &writer->file));
    TRY(file_truncate(writer->file, 0));
    buf_add_bytes(&writer->out, &head, sizeof head); /* its place; filled in at the end */
    return buf_is_broken(&writer->out) ? mem_exhausted() : OK;
}

fallible columns_writer_open(struct sys *sys, const char *path,
                             const unsigned char workspace[COLUMNS_WORKSPACE],
                             uint32_t section_rows, struct columns_writer **out_writer)
{
    struct columns_writer *writer = mem_alloc(sizeof *writer);
    enum err err;

    if (!writer)
        return mem_exhausted();
    writer->sys = sys;
    memcpy(writer->head.workspace, workspace, COLUMNS_WORKSPACE);
    writer->head.section_rows = section_rows;
    err = open_parts(writer, path);
    if (err)
        columns_writer_close(writer);
    else
        *out_writer = writer;
    return err;
}

void columns_writer_close(struct columns_writer *writer)
{
    if (!writer)
        return;
    if (writer->file && !writer->is_renamed) {
        /* Only to give room back: what ends in .new counts for nothing. */
        enum err err = file_remove(writer->sys, writer->new_path);

        (void)err;
    }
    file_close(writer->file);
    columns_packer_done(&writer->packer);
    columns_writer_stripe_done(&writer->stripe);
    columns_writer_waiting_done(&writer->waiting, writer->sys);
    for (uint32_t i = 0; i < writer->head.kinds; i++)
        buf_done(&writer->kind_list[i].name);
    for (uint32_t i = 0; i < writer->head.properties; i++)
        columns_writer_property_done(&writer->property_list[i]);
    mem_free(writer->kind_list);
    mem_free(writer->property_list);
    buf_done(&writer->out);
    buf_done(&writer->stripe_entries);
    buf_done(&writer->stripe_pieces);
    buf_done(&writer->last_pieces);
    mem_free(writer->one);
    mem_free(writer->other);
    mem_free(writer->path);
    mem_free(writer->new_path);
    mem_free(writer);
}

/* Room for one more item of `size` bytes in a list. */
static fallible grow_list(void **list, uint32_t count, uint32_t *room, size_t size)
{
    uint32_t more = *room ? *room * 2 : 16;
    void *grown;

    if (count < *room)
        return OK;
    if (count >= (uint32_t)INT32_MAX / 2)
        return fail(ERR_LIMIT, "over a thousand million names in one columns file");
    grown = mem_grow(*list, more * size);
    if (!grown)
        return mem_exhausted();
    *list = grown;
    *room = more;
    return OK;
}

fallible columns_writer_kind(struct columns_writer *writer, const struct columns_kind *kind,
                             uint32_t *out_kind)
{
    struct columns_writer_kind copy = {.type = kind->type};
    void *list = writer->kind_list;

    TRY(grow_list(&list, writer->head.kinds, &writer->kind_room, sizeof copy));
    writer->kind_list = list;
    buf_add(&copy.name, kind->name);
    if (buf_is_broken(&copy.name))
        return mem_exhausted();
    writer->kind_list[writer->head.kinds] = copy;
    *out_kind = writer->head.kinds++;
    return OK;
}

fallible columns_writer_property(struct columns_writer *writer, str path, uint32_t *out_property)
{
    struct columns_writer_property property = {0};
    void *list = writer->property_list;

    TRY(grow_list(&list, writer->head.properties, &writer->property_room, sizeof property));
    writer->property_list = list;
    buf_add(&property.path, path);
    if (buf_is_broken(&property.path))
        return mem_exhausted();
    writer->property_list[writer->head.properties] = property;
    *out_property = writer->head.properties++;
    return OK;
}

fallible columns_writer_person(struct columns_writer *writer, node_id person)
{
    assert(person > writer->person);
    if (writer->stripe.rows >= COLUMNS_STRIPE_ROWS)
        TRY(columns_writer_end_stripe(writer));
    writer->person = person;
    writer->person_has_rows = false;
    return OK;
}

static bool has_row(const struct columns_writer_property *property, uint32_t row)
{
    const struct buf *rows = &property->rows;

    return rows->len && memcmp(rows->data + rows->len - sizeof row, &row, sizeof row) == 0;
}

fallible columns_writer_row(struct columns_writer *writer, const struct columns_row *row)
{
    struct columns_writer_stripe *stripe = &writer->stripe;

    assert(writer->person);
    if (stripe->rows == COLUMNS_MOST_ROWS)
        return fail(ERR_LIMIT, "a person with over %d events", COLUMNS_MOST_ROWS);
    if (writer->head.rows == UINT32_MAX)
        return fail(ERR_LIMIT, "over four thousand million events in one columns file");
    if (!writer->person_has_rows) {
        columns_writer_put32(&stripe->persons, writer->person);
        columns_writer_put32(&stripe->firsts, stripe->rows);
        writer->person_has_rows = true;
        writer->head.persons++;
    }
    columns_writer_put64(&stripe->times, (uint64_t)row->time);
    columns_writer_put64(&stripe->seqs, row->seq);
    columns_writer_put32(&stripe->nodes, row->node);
    columns_writer_put32(&stripe->devices, row->device);
    columns_writer_put32(&stripe->kinds, row->kind);
    writer->kinds_end = row->kind >= writer->kinds_end ? row->kind + 1ull : writer->kinds_end;
    for (uint32_t i = 0; i < row->cell_count; i++) {
        const struct columns_cell *cell = &row->cells[i];
        struct columns_writer_property *property = &writer->property_list[cell->property];

        assert(cell->property < writer->head.properties);
        assert(!has_row(property, stripe->rows));
        columns_writer_put32(&property->rows, stripe->rows);
        columns_writer_put32(&property->codes, cell->code);
        if (cell->code >= property->codes_end)
            property->codes_end = cell->code + 1ull;
    }
    stripe->rows++;
    writer->head.rows++;
    return OK;
}

/* --- Finishing --- */

static fallible check_codes(const struct columns_writer *writer)
{
    if (writer->kinds_end > writer->head.kinds)
        return fail(ERR_INVALID, "a row has a kind that was never added");
    for (uint32_t i = 0; i < writer->head.properties; i++) {
        const struct columns_writer_property *property = &writer->property_list[i];

        if (property->codes_end > property->values)
            return fail(ERR_INVALID, "a row has a value that was never added");
    }
    return OK;
}

static void list_names(const struct columns_writer *writer, struct buf *out)
{
    for (uint32_t i = 0; i < writer->head.kinds; i++) {
        const struct columns_writer_kind *kind = &writer->kind_list[i];
        struct columns_kind_entry entry = {kind->type, (uint32_t)kind->name.len};

        buf_add_bytes(out, &entry, sizeof entry);
        buf_add(out, buf_str(&kind->name));
    }
    for (uint32_t i = 0; i < writer->head.properties; i++) {
        const struct columns_writer_property *property = &writer->property_list[i];
        struct columns_property_entry entry = {property->values, (uint32_t)property->path.len};

        buf_add_bytes(out, &entry, sizeof entry);
        buf_add(out, buf_str(&property->path));
    }
}

static fallible write_directory(struct columns_writer *writer)
{
    struct buf directory = {0}, *out = &writer->out;
    struct columns_head *head = &writer->head;
    size_t start, got;

    buf_add(&directory, buf_str(&writer->stripe_entries));
    buf_add(&directory, buf_str(&writer->stripe_pieces));
    buf_add(&directory, buf_str(&writer->last_pieces));
    list_names(writer, &directory);
    head->directory_at = columns_writer_place(writer);
    head->directory_bytes = directory.len;
    start = out->len;
    if (buf_is_broken(&directory) || buf_is_broken(&writer->stripe_entries) ||
        buf_is_broken(&writer->stripe_pieces) || buf_is_broken(&writer->last_pieces) ||
        !buf_reserve(out, ZSTD_compressBound(directory.len))) {
        buf_done(&directory);
        return mem_exhausted();
    }
    got = ZSTD_compressCCtx(writer->packer.zstd, out->data + start, out->room - start,
                            directory.data, directory.len, 1);
    if (!ZSTD_isError(got) && got < directory.len)
        out->len += got;
    else
        buf_add(out, buf_str(&directory));
    buf_done(&directory);
    head->directory_checksum =
        columns_format_checksum(out->data + start, out->len - start, head->directory_at);
    head->size = columns_writer_place(writer);
    if (head->directory_bytes > COLUMNS_MOST_DIRECTORY)
        return fail(ERR_LIMIT, "the directory of a columns file is over 1 GiB");
    return OK;
}

static fallible write_head(struct columns_writer *writer, const struct columns_about *about)
{
    struct columns_head *head = &writer->head;

    memcpy(head->magic, COLUMNS_MAGIC, COLUMNS_MAGIC_SIZE);
    head->format = COLUMNS_FORMAT;
    head->first_seq = about->first_seq;
    head->next_seq = about->next_seq;
    head->identity_seq = about->identity_seq;
    head->checksum = columns_format_head_checksum(head);
    return file_write(writer->file, 0, head, sizeof *head);
}

static fallible rename_file(struct columns_writer *writer)
{
    str path = str_of(writer->path);
    const char *slash = memrchr(path.data, '/', path.len);
    struct buf folder = {0};
    enum err err;

    buf_add(&folder, slash ? str_slice(path, 0, (size_t)(slash - path.data) + 1) : S("."));
    buf_add_byte(&folder, 0);
    if (buf_is_broken(&folder)) {
        err = mem_exhausted();
        goto done;
    }
    err = file_rename(writer->sys, writer->new_path, writer->path);
    if (err)
        goto done;
    writer->is_renamed = true;
    err = folder_sync(writer->sys, folder.data);

done:
    buf_done(&folder);
    return err;
}

fallible columns_writer_finish(struct columns_writer *writer, struct columns_about *about)
{
    const struct columns_head *head = &writer->head;

    TRY(check_codes(writer));
    TRY(columns_writer_end_stripe(writer));
    TRY(columns_writer_arrivals(writer));
    for (uint32_t i = 0; i < head->properties; i++)
        TRY(columns_writer_dictionary(writer, &writer->property_list[i]));
    TRY(write_directory(writer));
    TRY(flush(writer));
    TRY(write_head(writer, about));
    TRY(file_sync(writer->file));
    TRY(rename_file(writer));
    about->rows = head->rows;
    about->persons = head->persons;
    about->stripes = head->stripes;
    about->kinds = head->kinds;
    about->properties = head->properties;
    about->first_time = head->first_time;
    about->last_time = head->last_time;
    about->bytes = head->size;
    return OK;
}
