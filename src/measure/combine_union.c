/* combine_union.c - kinds, properties and values of several files under one numbering.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A number of a file is translated once, when it is first met; what no row uses is left behind.
 * Where codes take two bytes, values are counted before and the frequent ones come first: then the
 * higher bytes say much the same, and lower ones hardly depend on them, so that each apart packs as
 * well as both together.
 */
#include "measure/combine_int.h"

#include "base/mem.h"
#include "measure/events.h"

#include <stdlib.h>
#include <string.h>

/* Sorts of things; the upper half of a place is the property, of values. */
enum { SORT_KIND = 1, SORT_PROPERTY, SORT_VALUE, SORTS = 256 };

static uint32_t *new_map(uint32_t count)
{
    uint32_t *map = mem_grow(NULL, (count + 1ull) * sizeof *map);

    if (map)
        memset(map, 0xff, (count + 1ull) * sizeof *map);
    return map;
}

fallible combine_union_init(struct combine_union *combined, struct columns_writer *writer,
                            const struct combine_job *job)
{
    *combined = (struct combine_union){.writer = writer, .count = job->count, .key = job->key};
    combined->sources = mem_alloc(job->count * sizeof *combined->sources);
    if (!combined->sources)
        return mem_exhausted();
    for (size_t i = 0; i < job->count; i++) {
        const struct columns_about *about = columns_about(job->files[i]);
        struct combine_source *source = &combined->sources[i];

        source->columns = job->files[i];
        source->kinds = new_map(about->kinds);
        source->properties = mem_alloc((about->properties + 1ull) * sizeof *source->properties);
        if (!source->kinds || !source->properties)
            return mem_exhausted();
        for (uint32_t k = 0; k < about->properties; k++)
            source->properties[k].number = COLUMNS_NONE;
    }
    return known_init(&combined->known);
}

void combine_union_done(struct combine_union *combined)
{
    for (size_t i = 0; combined->sources && i < combined->count; i++) {
        struct combine_source *source = &combined->sources[i];

        for (uint32_t k = 0; source->properties && k < columns_about(source->columns)->properties;
             k++)
            mem_free(source->properties[k].codes);
        mem_free(source->properties);
        mem_free(source->kinds);
    }
    mem_free(combined->sources);
    known_done(&combined->known);
    buf_done(&combined->text);
}

fallible combine_union_kind(struct combine_union *combined, struct combine_source *source,
                            uint32_t kind, uint32_t *out_kind)
{
    const struct columns_kind *what = columns_kind(source->columns, kind);
    struct known_thing wanted = {.place = (uint64_t)what->type * SORTS + SORT_KIND,
                                 .content = hash_keyed(&combined->key, what->name)};
    struct known_thing *slot;

    TRY(known_find(&combined->known, &wanted, &slot));
    if (!slot->place) {
        TRY(columns_writer_kind(combined->writer, what, &wanted.code));
        *slot = wanted;
        known_added(&combined->known);
    }
    source->kinds[kind] = slot->code;
    *out_kind = slot->code;
    return OK;
}

fallible combine_union_property(struct combine_union *combined, struct combine_source *source,
                                uint32_t number)
{
    struct combine_property *property = &source->properties[number];
    str path = columns_path(source->columns, number);
    struct known_thing wanted = {.place = SORT_PROPERTY,
                                 .content = hash_keyed(&combined->key, path)};
    struct known_thing *slot;

    TRY(columns_dictionary(source->columns, number, &property->values, &property->count));
    if (!property->codes)
        property->codes = new_map(property->count);
    if (!property->codes)
        return mem_exhausted();
    TRY(known_find(&combined->known, &wanted, &slot));
    if (!slot->place) {
        TRY(columns_writer_property(combined->writer, path, &wanted.code));
        *slot = wanted;
        known_added(&combined->known);
    }
    property->number = slot->code;
    return OK;
}

/* Values */

static void spell_text(struct buf *out, str text)
{
    buf_add_bytes(out, &text.len, sizeof text.len);
    buf_add(out, text);
}

/* Appends bytes that are the same for equal values and no others. Recursion follows the nesting of
 * a value, which the reader of the file bounds. */
static void spell(const struct columns_value *value, struct buf *out)
{
    buf_add_byte(out, (char)value->type);
    switch (value->type) {
    case COLUMNS_NULL:
    case COLUMNS_FALSE:
    case COLUMNS_TRUE:
        break;
    case COLUMNS_NUMBER:
        buf_add_bytes(out, &value->number, sizeof value->number);
        break;
    case COLUMNS_TEXT:
        spell_text(out, value->text);
        break;
    case COLUMNS_LIST:
        buf_add_bytes(out, &value->count, sizeof value->count);
        for (uint32_t i = 0; i < value->count; i++)
            spell(&value->items[i], out);
        break;
    case COLUMNS_OBJECT:
        buf_add_bytes(out, &value->count, sizeof value->count);
        for (uint32_t i = 0; i < value->count; i++) {
            spell_text(out, value->members[i].path);
            spell(&value->members[i].value, out);
        }
        break;
    }
}

static fallible content_of(struct combine_union *combined, const struct columns_value *value,
                           hash128 *out_content)
{
    if (value->type == COLUMNS_TEXT) {
        *out_content = hash_keyed(&combined->key, value->text);
    } else if (value->type == COLUMNS_NUMBER) {
        memcpy(out_content, &value->number, sizeof *out_content);
    } else {
        buf_clear(&combined->text);
        spell(value, &combined->text);
        if (buf_is_broken(&combined->text))
            return mem_exhausted();
        *out_content = hash_keyed(&combined->key, buf_str(&combined->text));
    }
    return OK;
}

_Static_assert(sizeof(decimal) == sizeof(hash128), "a number says all by itself");

static fallible find_value(struct combine_union *combined, uint32_t number,
                           const struct columns_value *value, struct known_thing *out_wanted,
                           struct known_thing **out_slot)
{
    *out_wanted = (struct known_thing){.place = (uint64_t)number << 32 |
                                                (uint64_t)value->type * SORTS | SORT_VALUE};
    TRY(content_of(combined, value, &out_wanted->content));
    return known_find(&combined->known, out_wanted, out_slot);
}

fallible combine_union_value(struct combine_union *combined, struct combine_property *property,
                             uint32_t code, uint32_t *out_code)
{
    const struct columns_value *value = &property->values[code];
    struct known_thing wanted, *slot;

    TRY(find_value(combined, property->number, value, &wanted, &slot));
    if (!slot->place) {
        TRY(columns_writer_value(combined->writer, property->number, value, &wanted.code));
        *slot = wanted;
        known_added(&combined->known);
    }
    property->codes[code] = slot->code;
    *out_code = slot->code;
    return OK;
}

/* Order */

enum { ONE_BYTE = 1 << 8, TWO_BYTES = 1 << 16 };

/* A value, and in how many rows. */
struct use {
    const struct columns_value *value;
    uint32_t number; /* of the property */
    uint32_t at;     /* among all, before they are sorted */
    uint64_t rows;
};

/* Until they are sorted, codes are places in the list. */
struct uses {
    struct use *list;
    size_t count;
    size_t room;
};

/* Items of the block by their codes + 1; those without a value may come to counts[0]. */
static void count_items(const struct columns_block *block, uint32_t rows, uint32_t *counts)
{
    uint32_t last = (rows - 1) / 64, items = rows;

    if (block->bits)
        items = block->before[last] + (uint32_t)__builtin_popcountll(block->bits[last]);
    for (uint32_t i = 0; block->width == 1 && i < items; i++)
        counts[((const uint8_t *)block->data)[i]]++;
    for (uint32_t i = 0; block->width == 2 && i < items; i++)
        counts[((const uint16_t *)block->data)[i]]++;
    for (uint32_t i = 0; block->width == 4 && i < items; i++)
        counts[((const uint32_t *)block->data)[i]]++;
}

static fallible count_stripe(const struct combine_job *job, struct columns *columns,
                             uint32_t stripe, uint32_t property, uint32_t *counts)
{
    struct columns_block block = {0}, seqs = {0};
    uint32_t rows = columns_stripe(columns, stripe)->rows;
    enum err err = columns_hold(columns, stripe, (int)property, &block);

    if (!err && block.data && job->deletes)
        err = columns_hold(columns, stripe, COLUMNS_SEQS, &seqs);
    if (!err && block.data && !job->deletes)
        count_items(&block, rows, counts);
    for (uint32_t row = 0; !err && seqs.data && row < rows; row++)
        counts[columns_code(&block, row)] +=
            !events_is_deleted(job->deletes, ((const uint64_t *)seqs.data)[row]);
    columns_release(columns, &block);
    columns_release(columns, &seqs);
    return err;
}

static fallible add_use(struct combine_union *combined, struct uses *uses,
                        struct combine_property *property, uint32_t code, uint32_t rows)
{
    const struct columns_value *value = &property->values[code];
    struct known_thing wanted, *slot;

    if (uses->count == uses->room) {
        size_t room = uses->room ? uses->room * 2 : TWO_BYTES;
        struct use *list = mem_grow(uses->list, room * sizeof *list);

        if (!list)
            return mem_exhausted();
        uses->list = list;
        uses->room = room;
    }
    TRY(find_value(combined, property->number, value, &wanted, &slot));
    if (!slot->place) {
        wanted.code = (uint32_t)uses->count;
        *slot = wanted;
        known_added(&combined->known);
        uses->list[uses->count++] = (struct use){value, property->number, wanted.code, 0};
    }
    property->codes[code] = slot->code;
    uses->list[slot->code].rows += rows;
    return OK;
}

static fallible count_property(struct combine_union *combined, const struct combine_job *job,
                               struct combine_source *source, uint32_t number, struct uses *uses)
{
    const struct columns_value *values;
    uint32_t count, *counts;
    enum err err = OK;

    TRY(columns_dictionary(source->columns, number, &values, &count));
    if (count <= ONE_BYTE || count > TWO_BYTES)
        return OK;
    counts = mem_alloc((count + 1) * sizeof *counts);
    if (!counts)
        return mem_exhausted();
    for (uint32_t i = 0; !err && i < columns_about(source->columns)->stripes; i++) {
        err = count_stripe(job, source->columns, i, number, counts);
        if (!err && job->pace && !job->pace(job->argument))
            err = fail(ERR_EXPIRED, "stopped while combining column files");
    }
    for (uint32_t code = 0; !err && code < count; code++) {
        if (counts[code + 1] && source->properties[number].number == COLUMNS_NONE)
            err = combine_union_property(combined, source, number);
        if (!err && counts[code + 1])
            err = add_use(combined, uses, &source->properties[number], code, counts[code + 1]);
    }
    mem_free(counts);
    return err;
}

static int by_rows(const void *a, const void *b)
{
    const struct use *left = a, *right = b;

    if (left->rows != right->rows)
        return left->rows > right->rows ? -1 : 1;
    return left->at < right->at ? -1 : left->at > right->at;
}

/* Adds the values; `codes` become theirs, by their places. */
static fallible add_values(struct combine_union *combined, const struct uses *uses, uint32_t *codes)
{
    for (size_t i = 0; i < uses->count; i++) {
        const struct use *use = &uses->list[i];
        struct known_thing wanted, *slot;

        TRY(find_value(combined, use->number, use->value, &wanted, &slot));
        TRY(columns_writer_value(combined->writer, use->number, use->value, &slot->code));
        codes[use->at] = slot->code;
    }
    return OK;
}

static void translate(struct combine_property *property, const uint32_t *codes)
{
    for (uint32_t code = 0; property->codes && code < property->count; code++)
        if (property->codes[code] != COLUMNS_NONE)
            property->codes[code] = codes[property->codes[code]];
}

static fallible add_in_order(struct combine_union *combined, struct uses *uses)
{
    uint32_t *codes = mem_grow(NULL, (uses->count + 1) * sizeof *codes);
    enum err err;

    if (!codes)
        return mem_exhausted();
    if (uses->count)
        qsort(uses->list, uses->count, sizeof *uses->list, by_rows);
    err = add_values(combined, uses, codes);
    for (size_t i = 0; !err && i < combined->count; i++)
        for (uint32_t k = 0; k < columns_about(combined->sources[i].columns)->properties; k++)
            translate(&combined->sources[i].properties[k], codes);
    mem_free(codes);
    return err;
}

fallible combine_union_order(struct combine_union *combined, const struct combine_job *job)
{
    struct uses uses = {0};
    enum err err = OK;

    for (size_t i = 0; !err && i < combined->count; i++) {
        struct combine_source *source = &combined->sources[i];

        for (uint32_t k = 0; !err && k < columns_about(source->columns)->properties; k++)
            err = count_property(combined, job, source, k, &uses);
    }
    if (!err)
        err = add_in_order(combined, &uses);
    mem_free(uses.list);
    return err;
}
