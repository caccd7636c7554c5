/* combine_union.c - kinds, properties and values of several files under one numbering.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A number of a file is translated once, when it is first met; what no row uses is left behind.
 */
#include "measure/combine_int.h"

#include "base/mem.h"

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
    uint32_t count;

    TRY(columns_dictionary(source->columns, number, &property->values, &count));
    if (!property->codes)
        property->codes = new_map(count);
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

fallible combine_union_value(struct combine_union *combined, struct combine_property *property,
                             uint32_t code, uint32_t *out_code)
{
    const struct columns_value *value = &property->values[code];
    struct known_thing wanted = {.place = (uint64_t)property->number << 32 |
                                          (uint64_t)value->type * SORTS | SORT_VALUE};
    struct known_thing *slot;

    TRY(content_of(combined, value, &wanted.content));
    TRY(known_find(&combined->known, &wanted, &slot));
    if (!slot->place) {
        TRY(columns_writer_value(combined->writer, property->number, value, &wanted.code));
        *slot = wanted;
        known_added(&combined->known);
    }
    property->codes[code] = slot->code;
    *out_code = slot->code;
    return OK;
}
