/* columns_writer_value.c - a property's values as they come, and its dictionary as it is written.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Dictionary: total of values with all children (number); types; counts of children; digits,
 * scales; lengths of texts, texts. All in the order in which values stand, each list or object
 * before its children; of a member the path comes before what its value says.
 */
#include "store/columns_writer_int.h"

#include "base/mem.h"

#include <string.h>

static fallible add_text(struct columns_writer_property *property, str text)
{
    if (text.len > UINT32_MAX)
        return fail(ERR_LIMIT, "a text of over 4 GiB");
    columns_writer_put32(&property->lengths, (uint32_t)text.len);
    buf_add(&property->texts, text);
    return OK;
}

static void add_number(struct columns_writer_property *property, decimal number)
{
    uint8_t scale =
        number.is_double ? COLUMNS_SCALE_DOUBLE : (uint8_t)(number.scale + COLUMNS_SCALE_ZERO);

    columns_writer_put64(&property->digits, (uint64_t)number.digits);
    columns_writer_put(&property->scales, &scale, 1);
}

static fallible add_value(struct columns_writer_property *property,
                          const struct columns_value *value, unsigned depth)
{
    uint8_t type = (uint8_t)value->type;

    if (depth > COLUMNS_DEPTH)
        return fail(ERR_LIMIT, "a value is nested deeper than %d", COLUMNS_DEPTH);
    columns_writer_put(&property->types, &type, 1);
    switch (value->type) {
    case COLUMNS_NULL:
    case COLUMNS_FALSE:
    case COLUMNS_TRUE:
        break;
    case COLUMNS_NUMBER:
        add_number(property, value->number);
        break;
    case COLUMNS_TEXT:
        return add_text(property, value->text);
    case COLUMNS_LIST:
        columns_writer_put32(&property->counts, value->count);
        for (uint32_t i = 0; i < value->count; i++)
            TRY(add_value(property, &value->items[i], depth + 1));
        break;
    case COLUMNS_OBJECT:
        columns_writer_put32(&property->counts, value->count);
        for (uint32_t i = 0; i < value->count; i++) {
            TRY(add_text(property, value->members[i].path));
            TRY(add_value(property, &value->members[i].value, depth + 1));
        }
        break;
    }
    return OK;
}

static bool is_broken(const struct columns_writer_property *property)
{
    return buf_is_broken(&property->types) || buf_is_broken(&property->counts) ||
           buf_is_broken(&property->digits) || buf_is_broken(&property->scales) ||
           buf_is_broken(&property->lengths) || buf_is_broken(&property->texts);
}

fallible columns_writer_value(struct columns_writer *writer, uint32_t number,
                              const struct columns_value *value, uint32_t *out_code)
{
    struct columns_writer_property *property = &writer->property_list[number];

    if (property->values == INT32_MAX)
        return fail(ERR_LIMIT, "over two thousand million values of one property");
    TRY(add_value(property, value, 0));
    if (is_broken(property))
        return mem_exhausted();
    *out_code = property->values++;
    return OK;
}

void columns_writer_property_done(struct columns_writer_property *property)
{
    buf_done(&property->path);
    buf_done(&property->types);
    buf_done(&property->counts);
    buf_done(&property->digits);
    buf_done(&property->scales);
    buf_done(&property->lengths);
    buf_done(&property->texts);
    buf_done(&property->rows);
    buf_done(&property->codes);
}

/* Packs a list of items of `size` bytes. */
static fallible pack_list(struct columns_writer *writer, const struct buf *list, size_t size)
{
    size_t count = list->len / size;
    uint64_t *wide = mem_alloc(count * sizeof *wide);

    if (!wide)
        return mem_exhausted();
    for (size_t i = 0; i < count; i++)
        memcpy(&wide[i], list->data + i * size, size);
    columns_pack(&writer->packer, &writer->out, wide, count);
    mem_free(wide);
    return OK;
}

static fallible pack_digits(struct columns_writer *writer, const struct buf *list)
{
    size_t count = list->len / sizeof(int64_t);
    uint64_t *wide = mem_alloc(count * sizeof *wide);

    if (!wide)
        return mem_exhausted();
    for (size_t i = 0; i < count; i++) {
        int64_t digits;

        memcpy(&digits, list->data + i * sizeof digits, sizeof digits);
        wide[i] = columns_format_zigzag(digits);
    }
    columns_pack(&writer->packer, &writer->out, wide, count);
    mem_free(wide);
    return OK;
}

fallible columns_writer_dictionary(struct columns_writer *writer,
                                   const struct columns_writer_property *property)
{
    struct buf *out = &writer->out;
    uint64_t at = columns_writer_place(writer);
    uint32_t number = (uint32_t)(property - writer->property_list);

    columns_pack_number(out, property->types.len);
    TRY(pack_list(writer, &property->types, 1));
    columns_pack_number(out, property->counts.len / sizeof(uint32_t));
    TRY(pack_list(writer, &property->counts, sizeof(uint32_t)));
    columns_pack_number(out, property->scales.len);
    TRY(pack_digits(writer, &property->digits));
    TRY(pack_list(writer, &property->scales, 1));
    columns_pack_number(out, property->lengths.len / sizeof(uint32_t));
    TRY(pack_list(writer, &property->lengths, sizeof(uint32_t)));
    columns_pack_bytes(&writer->packer, out, property->texts.data, property->texts.len);
    return columns_writer_piece(writer, &writer->last_pieces, (int32_t)number, at);
}
