/* columns.c - opens a columns file: its head and its directory, which is verified before it is
 * believed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_int.h"

#include "base/mem.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fallible fail_damaged(const struct columns *columns, const char *what)
{
    return fail(ERR_CORRUPT, "%s is damaged: %s", columns->path, what);
}

/* --- Pieces --- */

fallible columns_piece_read(struct columns *columns, const struct columns_piece *piece,
                            struct columns_work *work)
{
    struct buf *stored = &work->stored;

    buf_clear(stored);
    if (!buf_reserve(stored, piece->bytes + COLUMNS_PADDING))
        return mem_exhausted();
    TRY(file_read_all(columns->file, piece->at, stored->data, piece->bytes));
    if (columns_format_checksum(stored->data, piece->bytes, piece->at) != piece->checksum)
        return fail(ERR_CORRUPT, "the checksum does not fit");
    memset(stored->data + piece->bytes, 0, COLUMNS_PADDING);
    work->in.at = (const uint8_t *)stored->data;
    work->in.end = work->in.at + piece->bytes;
    return OK;
}

/* The stripe that the piece is of, or one behind the last. */
static uint32_t stripe_of(const struct columns *columns, const struct columns_piece *piece)
{
    uint32_t at = (uint32_t)(piece - columns->pieces), stripe = 0;

    while (stripe < columns->about.stripes && columns->first_piece[stripe + 1] <= at)
        stripe++;
    return stripe;
}

fallible columns_piece_fail(const struct columns *columns, const struct columns_piece *piece)
{
    static const char *const names[] = {"persons",
                                        "first rows",
                                        "times",
                                        "sequence numbers",
                                        "nodes",
                                        "devices",
                                        "kinds",
                                        "numbers in order of arrival",
                                        "times in order of arrival"};
    uint32_t stripe = stripe_of(columns, piece);
    str name = piece->column < 0 ? str_of(names[-piece->column - 1])
                                 : columns->properties[piece->column].path;
    char why[160], place[32] = "";

    snprintf(why, sizeof why, "%s", err_text());
    if (stripe < columns->about.stripes)
        snprintf(place, sizeof place, " of stripe %u", stripe);
    return fail(ERR_CORRUPT, "%s is damaged at byte %llu (%.*s%s): %s", columns->path,
                (unsigned long long)piece->at, STR_ARG(name), place, why);
}

fallible columns_work_array(struct columns_work *work, unsigned which, size_t count,
                            uint64_t **out_array)
{
    struct buf *array = &work->arrays[which];

    buf_clear(array);
    if (!buf_reserve(array, count * sizeof(uint64_t) + COLUMNS_PADDING))
        return mem_exhausted();
    *out_array = (uint64_t *)(void *)array->data;
    return OK;
}

/* --- Head --- */

static fallible read_head(struct columns *columns, const unsigned char *workspace,
                          struct columns_head *out_head)
{
    struct columns_head head;
    uint64_t size;

    TRY(file_size(columns->file, &size));
    if (size < sizeof head)
        return fail_damaged(columns, "it is shorter than its head");
    TRY(file_read_all(columns->file, 0, &head, sizeof head));
    if (memcmp(head.magic, COLUMNS_MAGIC, COLUMNS_MAGIC_SIZE) != 0)
        return fail(ERR_CORRUPT, "%s is no columns file", columns->path);
    if (head.checksum != columns_format_head_checksum(&head))
        return fail_damaged(columns, "the checksum of its head does not fit");
    if (head.format != COLUMNS_FORMAT && head.format != COLUMNS_FORMAT_WHOLE)
        return fail(ERR_CONFLICT, "%s has format %u; this program knows %u", columns->path,
                    head.format, COLUMNS_FORMAT);
    if (memcmp(head.workspace, workspace, COLUMNS_WORKSPACE) != 0)
        return fail(ERR_CONFLICT, "%s belongs to another workspace", columns->path);
    if (head.size != size)
        return fail(ERR_CORRUPT, "%s is damaged: it has %llu bytes instead of %llu", columns->path,
                    (unsigned long long)size, (unsigned long long)head.size);
    if (head.directory_at < sizeof head || head.directory_at > size ||
        head.directory_bytes > COLUMNS_MOST_DIRECTORY)
        return fail_damaged(columns, "its directory lies outside of it");
    *out_head = head;
    return OK;
}

static void tell(struct columns *columns, const struct columns_head *head)
{
    columns->directory_at = head->directory_at;
    columns->about = (struct columns_about){
        .first_seq = head->first_seq,
        .next_seq = head->next_seq,
        .identity_seq = head->identity_seq,
        .rows = head->rows,
        .persons = head->persons,
        .stripes = head->stripes,
        .kinds = head->kinds,
        .properties = head->properties,
        .first_time = head->first_time,
        .last_time = head->last_time,
        .bytes = head->size,
    };
}

/* --- Directory --- */

static fallible unpack_directory(struct columns *columns, const struct columns_head *head,
                                 const struct buf *stored)
{
    struct buf *out = &columns->directory;

    if (!buf_reserve(out, head->directory_bytes + COLUMNS_PADDING))
        return mem_exhausted();
    out->len = head->directory_bytes;
    if (stored->len == head->directory_bytes)
        memcpy(out->data, stored->data, stored->len);
    else if (ZSTD_decompress(out->data, out->len, stored->data, stored->len) != out->len)
        return fail_damaged(columns, "its directory does not unpack");
    return OK;
}

static fallible read_directory(struct columns *columns, const struct columns_head *head)
{
    struct buf stored = {0};
    enum err err;

    stored.len = head->size - head->directory_at;
    stored.data = mem_grow(NULL, stored.len);
    if (!stored.data)
        return mem_exhausted();
    err = file_read_all(columns->file, head->directory_at, stored.data, stored.len);
    if (!err && columns_format_checksum(stored.data, stored.len, head->directory_at) !=
                    head->directory_checksum)
        err = fail_damaged(columns, "the checksum of its directory does not fit");
    if (!err)
        err = unpack_directory(columns, head, &stored);
    mem_free(stored.data);
    return err;
}

/* What is left of the directory. */
struct rest {
    const char *at;
    size_t len;
};

static bool take(struct rest *rest, void *out, size_t count, size_t size)
{
    if (count > rest->len / size)
        return false;
    if (count)
        memcpy(out, rest->at, count * size);
    rest->at += count * size;
    rest->len -= count * size;
    return true;
}

static bool take_text(struct rest *rest, size_t len, str *out_text)
{
    if (len > rest->len)
        return false;
    *out_text = (str){rest->at, len};
    rest->at += len;
    rest->len -= len;
    return true;
}

/* So many things of these sizes cannot stand in the directory. */
static bool is_too_short(const struct columns *columns, const struct columns_head *head)
{
    uint64_t least = (uint64_t)head->stripes * sizeof(struct columns_stripe_entry) +
                     (uint64_t)head->pieces * sizeof(struct columns_piece) +
                     (uint64_t)head->kinds * sizeof(struct columns_kind_entry) +
                     (uint64_t)head->properties * sizeof(struct columns_property_entry);

    return least > columns->directory.len || head->properties > INT32_MAX ||
           head->rows > UINT32_MAX || head->stripes > COLUMNS_MOST_STRIPES;
}

static fallible take_memory(struct columns *columns, const struct columns_head *head)
{
    columns->stripes = mem_alloc(head->stripes * sizeof *columns->stripes);
    columns->first_piece = mem_alloc((head->stripes + 1ull) * sizeof *columns->first_piece);
    columns->sections = mem_alloc(head->stripes * sizeof *columns->sections);
    columns->pieces = mem_alloc(head->pieces * sizeof *columns->pieces);
    columns->slots = mem_alloc((head->pieces + (size_t)head->stripes) * sizeof *columns->slots);
    columns->kinds = mem_alloc(head->kinds * sizeof *columns->kinds);
    columns->properties = mem_alloc(head->properties * sizeof *columns->properties);
    columns->by_path = mem_alloc(head->properties * sizeof *columns->by_path);
    if (!columns->stripes || !columns->first_piece || !columns->sections || !columns->pieces ||
        !columns->slots || !columns->kinds || !columns->properties || !columns->by_path)
        return mem_exhausted();
    return OK;
}

static bool is_stripe_sound(const struct columns_stripe *stripe,
                            const struct columns_stripe *before)
{
    return stripe->persons && stripe->rows >= stripe->persons &&
           stripe->rows <= COLUMNS_MOST_ROWS && stripe->first_person <= stripe->last_person &&
           (!before || before->last_person < stripe->first_person) &&
           stripe->first_time <= stripe->last_time;
}

static bool take_stripes(struct columns *columns, const struct columns_head *head,
                         struct rest *rest)
{
    uint64_t rows = 0, persons = 0, pieces = 0;
    struct columns_section section = {0};
    uint32_t spans;

    for (uint32_t i = 0; i < head->stripes; i++) {
        struct columns_stripe *stripe = &columns->stripes[i];
        struct columns_stripe_entry entry;

        if (!take(rest, &entry, 1, sizeof entry) || entry.reserved)
            return false;
        *stripe = entry.stripe;
        if (!is_stripe_sound(stripe, i ? stripe - 1 : NULL))
            return false;
        rows += stripe->rows;
        persons += stripe->persons;
        pieces += entry.pieces;
        if (pieces > head->pieces)
            return false;
        columns->first_piece[i + 1] = (uint32_t)pieces;
        columns->section_count += columns_sections_add(&section, head->section_rows, stripe->rows);
        columns->sections[columns->section_count] = section;
    }
    columns->section_count += head->stripes > 0;
    spans = section.first_span + section.spans;
    if (rows != head->rows || persons != head->persons ||
        pieces + 2ull * spans + head->properties != head->pieces)
        return false;
    columns->spans = spans;
    return true;
}

/* In a stripe: those that every stripe has, then properties, ascending. */
static bool are_columns_sound(const struct columns *columns, uint32_t stripe)
{
    uint32_t from = columns->first_piece[stripe], to = columns->first_piece[stripe + 1];

    if (to - from < COLUMNS_FIXED)
        return false;
    for (uint32_t i = from; i < to; i++) {
        int64_t column = columns->pieces[i].column;

        if (i - from < COLUMNS_FIXED ? column != COLUMNS_LOWEST + (int64_t)(i - from)
                                     : column < 0 || column >= columns->about.properties ||
                                           column <= columns->pieces[i - 1].column)
            return false;
    }
    return true;
}

static bool take_pieces(struct columns *columns, const struct columns_head *head, struct rest *rest)
{
    uint32_t last = columns->first_piece[head->stripes];

    if (!take(rest, columns->pieces, head->pieces, sizeof *columns->pieces))
        return false;
    for (uint32_t i = 0; i < head->pieces; i++) {
        const struct columns_piece *piece = &columns->pieces[i];

        if (piece->reserved || piece->at < sizeof *head || piece->at > head->directory_at ||
            piece->bytes > head->directory_at - piece->at)
            return false;
    }
    for (uint32_t i = 0; i < head->stripes; i++)
        if (!are_columns_sound(columns, i))
            return false;
    for (uint32_t i = 0; i < columns->spans; i++, last += 2)
        if (columns->pieces[last].column != COLUMNS_ARRIVED_TIMES ||
            columns->pieces[last + 1].column != COLUMNS_ARRIVED_SEQS)
            return false;
    for (uint32_t i = 0; i < head->properties; i++)
        if (columns->pieces[last + i].column != (int64_t)i)
            return false;
    return true;
}

static bool take_names(struct columns *columns, const struct columns_head *head, struct rest *rest)
{
    for (uint32_t i = 0; i < head->kinds; i++) {
        struct columns_kind_entry entry;

        if (!take(rest, &entry, 1, sizeof entry) || entry.type < EVENT_TRACK ||
            entry.type > EVENT_ALIAS || !take_text(rest, entry.name_bytes, &columns->kinds[i].name))
            return false;
        columns->kinds[i].type = entry.type;
    }
    for (uint32_t i = 0; i < head->properties; i++) {
        struct columns_property_entry entry;

        if (!take(rest, &entry, 1, sizeof entry) ||
            !take_text(rest, entry.path_bytes, &columns->properties[i].path))
            return false;
        columns->properties[i].values = entry.values;
        columns->by_path[i] = i;
    }
    return true;
}

static int compare_paths(const void *a, const void *b, void *argument)
{
    const struct columns_property *properties = argument;

    return str_compare(properties[*(const uint32_t *)a].path,
                       properties[*(const uint32_t *)b].path);
}

static fallible take_directory(struct columns *columns, const struct columns_head *head)
{
    struct rest rest = {columns->directory.data, columns->directory.len};

    if (is_too_short(columns, head))
        return fail_damaged(columns, "its directory is too short");
    TRY(take_memory(columns, head));
    if (!take_stripes(columns, head, &rest))
        return fail_damaged(columns, "the stripes in its directory contradict each other");
    if (!take_pieces(columns, head, &rest))
        return fail_damaged(columns, "the blocks in its directory contradict each other");
    if (!take_names(columns, head, &rest) || rest.len)
        return fail_damaged(columns, "the names in its directory do not fit");
    qsort_r(columns->by_path, head->properties, sizeof *columns->by_path, compare_paths,
            columns->properties);
    return OK;
}

/* --- Opening --- */

static fallible open_parts(struct columns *columns, const char *path,
                           const unsigned char *workspace)
{
    struct columns_head head = {0};

    columns->path = mem_text(path);
    columns->mutex = mutex_open();
    if (!columns->path || !columns->mutex)
        return mem_exhausted();
    TRY(file_open(columns->sys, path, FILE_READ, &columns->file));
    TRY(read_head(columns, workspace, &head));
    tell(columns, &head);
    TRY(read_directory(columns, &head));
    return take_directory(columns, &head);
}

fallible columns_open(struct sys *sys, const char *path,
                      const unsigned char workspace[COLUMNS_WORKSPACE], struct columns_cache *cache,
                      struct columns **out_columns)
{
    struct columns *columns = mem_alloc(sizeof *columns);
    enum err err;

    if (!columns)
        return mem_exhausted();
    columns->sys = sys;
    columns->cache = cache;
    err = open_parts(columns, path, workspace);
    if (err)
        columns_close(columns);
    else
        *out_columns = columns;
    return err;
}

void columns_close(struct columns *columns)
{
    if (!columns)
        return;
    columns_seqs_done(columns);
    if (columns->slots && columns->first_piece)
        columns_cache_forget(columns->cache, columns->slots,
                             columns->first_piece[columns->about.stripes] + 2ull * columns->spans +
                                 columns->about.stripes);
    for (uint32_t i = 0; columns->properties && i < columns->about.properties; i++) {
        mem_free(columns->properties[i].dictionary.pool);
        mem_free(columns->properties[i].dictionary.texts);
    }
    mem_free(columns->stripes);
    mem_free(columns->first_piece);
    mem_free(columns->sections);
    mem_free(columns->pieces);
    mem_free(columns->slots);
    mem_free(columns->kinds);
    mem_free(columns->properties);
    mem_free(columns->by_path);
    buf_done(&columns->directory);
    file_close(columns->file);
    if (columns->mutex)
        mutex_close(columns->mutex);
    mem_free(columns->path);
    mem_free(columns);
}

uint64_t columns_span_bytes(const struct columns *columns)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < columns->section_count; i++) {
        const struct columns_section *section = &columns->sections[i];
        uint64_t bytes = section->spans *
                         columns_arrivals_bytes(section->stripes, COLUMNS_SPAN, sizeof(uint32_t));

        most = bytes > most ? bytes : most;
    }
    return 2 * most; /* of times and of numbers */
}

const struct columns_about *columns_about(const struct columns *columns)
{
    return &columns->about;
}

const struct columns_kind *columns_kind(const struct columns *columns, uint32_t kind)
{
    return &columns->kinds[kind];
}

str columns_path(const struct columns *columns, uint32_t property)
{
    return columns->properties[property].path;
}

uint32_t columns_find(const struct columns *columns, str path)
{
    uint32_t low = 0, high = columns->about.properties;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_compare(columns->properties[columns->by_path[middle]].path, path);

        if (!order)
            return columns->by_path[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return COLUMNS_NONE;
}

const struct columns_stripe *columns_stripe(const struct columns *columns, uint32_t stripe)
{
    return &columns->stripes[stripe];
}

uint32_t columns_find_stripe(const struct columns *columns, node_id id)
{
    uint32_t low = 0, high = columns->about.stripes;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (columns->stripes[middle].last_person < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t columns_find_person(const node_id *persons, uint32_t count, node_id id)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (persons[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
