/* columns_dictionary.c - the values of a property, unpacked once.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The layout stands in columns_writer_value.c. All values with their children lie in one piece of
 * memory, all texts in another.
 */
#include "store/columns_int.h"

#include "base/mem.h"
#include "sys/thread.h"

#include <string.h>

enum { MOST_PER_BYTE = 4096 }; /* values that a stored byte can tell: a bound for hostile counts */

/* A list of what the values consist of, taken one by one. */
struct list {
    uint64_t *items;
    size_t count;
    size_t at;
};

struct reading {
    struct columns_unpacker *in;
    size_t stored;
    struct list types, counts, digits, scales, lengths;
    char *texts;
    size_t text_bytes;
    size_t text_at;
    char *pool;
    size_t pool_room; /* children that it has room for */
    size_t pool_at;
    uint32_t values;
};

static fallible fail_unfit(void)
{
    return fail(ERR_CORRUPT, "its values do not fit");
}

static fallible unpack_list(struct reading *reading, struct list *list)
{
    if (list->count > (reading->stored + 1) * MOST_PER_BYTE)
        return fail_unfit();
    list->items = mem_grow(NULL, list->count * sizeof *list->items);
    if (!list->items)
        return mem_exhausted();
    return columns_unpack(reading->in, list->items, list->count);
}

static fallible read_list(struct reading *reading, struct list *list)
{
    uint64_t count;

    TRY(columns_unpack_number(reading->in, UINT32_MAX, &count));
    list->count = count;
    return unpack_list(reading, list);
}

static fallible read_lists(struct reading *reading)
{
    size_t total = 0;

    TRY(read_list(reading, &reading->types));
    TRY(read_list(reading, &reading->counts));
    TRY(read_list(reading, &reading->digits));
    reading->scales.count = reading->digits.count;
    TRY(unpack_list(reading, &reading->scales));
    TRY(read_list(reading, &reading->lengths));
    for (size_t i = 0; i < reading->lengths.count; i++)
        if (reading->lengths.items[i] > UINT32_MAX ||
            __builtin_add_overflow(total, reading->lengths.items[i], &total))
            return fail_unfit();
    TRY(columns_unpack_bytes(reading->in, total, &reading->texts, &reading->text_bytes));
    if (reading->text_bytes != total)
        return fail_unfit();
    return columns_unpack_end(reading->in);
}

static bool next(struct list *list, uint64_t *out_item)
{
    if (list->at == list->count)
        return false;
    *out_item = list->items[list->at++];
    return true;
}

static bool read_text(struct reading *reading, str *out_text)
{
    uint64_t len;

    if (!next(&reading->lengths, &len))
        return false;
    *out_text = (str){reading->texts + reading->text_at, len};
    reading->text_at += len;
    return true;
}

static bool read_number(struct reading *reading, decimal *out_number)
{
    uint64_t digits, scale;

    if (!next(&reading->digits, &digits) || !next(&reading->scales, &scale))
        return false;
    out_number->digits = columns_format_unzigzag(digits);
    out_number->is_double = scale == COLUMNS_SCALE_DOUBLE;
    out_number->scale = out_number->is_double ? 0 : (int32_t)scale - COLUMNS_SCALE_ZERO;
    return out_number->is_double ||
           (scale <= UINT8_MAX && out_number->scale >= -18 && out_number->scale <= 18);
}

/* Memory for `count` children. */
static void *take_children(struct reading *reading, uint64_t count, size_t size)
{
    char *at = reading->pool + reading->values * sizeof(struct columns_value) + reading->pool_at;

    if (count > reading->pool_room)
        return NULL;
    reading->pool_room -= count;
    reading->pool_at += count * size;
    return at;
}

static bool read_value(struct reading *reading, struct columns_value *out, unsigned depth);

static bool read_items(struct reading *reading, struct columns_value *out, unsigned depth)
{
    struct columns_value *items;
    uint64_t count;

    if (!next(&reading->counts, &count))
        return false;
    items = take_children(reading, count, sizeof *items);
    if (!items)
        return false;
    for (uint64_t i = 0; i < count; i++)
        if (!read_value(reading, &items[i], depth + 1))
            return false;
    out->count = (uint32_t)count;
    out->items = items;
    return true;
}

static bool read_members(struct reading *reading, struct columns_value *out, unsigned depth)
{
    struct columns_member *members;
    uint64_t count;

    if (!next(&reading->counts, &count))
        return false;
    members = take_children(reading, count, sizeof *members);
    if (!members)
        return false;
    for (uint64_t i = 0; i < count; i++)
        if (!read_text(reading, &members[i].path) ||
            (i && str_compare(members[i - 1].path, members[i].path) >= 0) ||
            !read_value(reading, &members[i].value, depth + 1))
            return false;
    out->count = (uint32_t)count;
    out->members = members;
    return true;
}

static bool read_value(struct reading *reading, struct columns_value *out, unsigned depth)
{
    uint64_t type;

    if (depth > COLUMNS_DEPTH || !next(&reading->types, &type))
        return false;
    *out = (struct columns_value){.type = (enum columns_type)type};
    switch (type) {
    case COLUMNS_NULL:
    case COLUMNS_FALSE:
    case COLUMNS_TRUE:
        return true;
    case COLUMNS_NUMBER:
        return read_number(reading, &out->number);
    case COLUMNS_TEXT:
        return read_text(reading, &out->text);
    case COLUMNS_LIST:
        return read_items(reading, out, depth);
    case COLUMNS_OBJECT:
        return read_members(reading, out, depth);
    default:
        return false;
    }
}

static bool is_all_taken(const struct reading *reading)
{
    return reading->types.at == reading->types.count &&
           reading->counts.at == reading->counts.count &&
           reading->digits.at == reading->digits.count &&
           reading->lengths.at == reading->lengths.count;
}

static fallible read_values(struct reading *reading)
{
    struct columns_value *values;

    TRY(read_lists(reading));
    if (reading->types.count < reading->values)
        return fail_unfit();
    reading->pool_room = reading->types.count - reading->values;
    reading->pool = mem_grow(NULL, reading->values * sizeof *values +
                                       reading->pool_room * sizeof(struct columns_member));
    if (!reading->pool)
        return mem_exhausted();
    values = (struct columns_value *)(void *)reading->pool;
    for (uint32_t i = 0; i < reading->values; i++)
        if (!read_value(reading, &values[i], 0))
            return fail_unfit();
    return is_all_taken(reading) ? OK : fail_unfit();
}

static fallible load(struct columns *columns, struct columns_property *property,
                     const struct columns_piece *piece)
{
    struct reading reading = {.values = property->values, .stored = piece->bytes};
    struct columns_work *work;
    enum err err;

    TRY(columns_cache_lend(columns->cache, &work));
    reading.in = &work->in;
    err = columns_piece_read(columns, piece, work);
    if (!err)
        err = read_values(&reading);
    columns_cache_give_back(columns->cache, work);
    mem_free(reading.types.items);
    mem_free(reading.counts.items);
    mem_free(reading.digits.items);
    mem_free(reading.scales.items);
    mem_free(reading.lengths.items);
    if (err) {
        mem_free(reading.pool);
        mem_free(reading.texts);
        return err;
    }
    property->dictionary.pool = reading.pool;
    property->dictionary.texts = reading.texts;
    atomic_store_explicit(&property->dictionary.values,
                          (const struct columns_value *)(void *)reading.pool, memory_order_release);
    return OK;
}

static fallible load_locked(struct columns *columns, struct columns_property *property)
{
    uint32_t number = (uint32_t)(property - columns->properties);
    const struct columns_piece *piece = columns_dictionary_pieces(columns) + number;
    enum err err = OK;

    mutex_lock(columns->mutex);
    if (!atomic_load_explicit(&property->dictionary.values, memory_order_relaxed))
        err = load(columns, property, piece);
    mutex_unlock(columns->mutex);
    return err == ERR_CORRUPT ? columns_piece_fail(columns, piece) : err;
}

fallible columns_dictionary(struct columns *columns, uint32_t number,
                            const struct columns_value **out_values, uint32_t *out_count)
{
    struct columns_property *property = &columns->properties[number];
    const struct columns_value *values =
        atomic_load_explicit(&property->dictionary.values, memory_order_acquire);

    if (!values) {
        TRY(load_locked(columns, property));
        values = atomic_load_explicit(&property->dictionary.values, memory_order_acquire);
    }
    *out_values = values;
    *out_count = property->values;
    return OK;
}
