/* tally_file.c - counts a column file: the names once, then one property after the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/tally.h"

#include "base/mem.h"
#include "measure/events_settle.h"
#include "measure/mask.h"
#include "sys/thread.h"

/* Bits for the values that one property has with each name; beyond it they are not told apart. */
#define MOST_BITS ((size_t)64 << 20)

struct counting {
    struct tally *tally;
    struct columns *columns;
    const struct mask_rows *mask;
    tally_opener *open;
    const void *argument;
    uint32_t property;
    const struct columns_value *values; /* of the property */
    uint32_t value_count;
    uint8_t *types;                  /* [code + 1] enum tally_type */
    uint64_t **seen;                 /* [kind] a bit a code + 1; NULL: none yet, or no room */
    size_t seen_bytes;               /* of all kinds */
    uint64_t (*counts)[TALLY_TYPES]; /* [kind] */
};

static const uint64_t *masked_in(const struct counting *counting, uint32_t stripe)
{
    return counting->mask->masked ? counting->mask->stripes[stripe] : NULL;
}

static uint32_t kinds_of(const struct counting *counting)
{
    return columns_about(counting->columns)->kinds;
}

/* Names */

static fallible see_stripe(struct counting *counting, uint32_t stripe)
{
    const uint64_t *masked = masked_in(counting, stripe);
    uint32_t rows = columns_stripe(counting->columns, stripe)->rows;
    struct columns_block kinds = {0}, times = {0};
    enum err err = columns_hold(counting->columns, stripe, COLUMNS_KINDS, &kinds);

    if (!err)
        err = columns_hold(counting->columns, stripe, COLUMNS_TIMES, &times);
    for (uint32_t row = 0; !err && row < rows; row++)
        if (!mask_has(masked, row))
            tally_see(&counting->tally->events[columns_item(&kinds, row)],
                      ((const millis *)times.data)[row]);
    columns_release(counting->columns, &times);
    columns_release(counting->columns, &kinds);
    return err;
}

static fallible see_names(struct counting *counting)
{
    for (uint32_t i = 0; i < kinds_of(counting); i++) {
        const struct columns_kind *kind = columns_kind(counting->columns, i);
        struct tally_event *event;

        TRY(tally_add_event(counting->tally, &event));
        event->type = kind->type;
        event->name = kind->name;
    }
    for (uint32_t i = 0; i < columns_about(counting->columns)->stripes; i++)
        TRY(see_stripe(counting, i));
    return OK;
}

/* Values */

static enum tally_type type_of(enum columns_type type)
{
    switch (type) {
    case COLUMNS_NULL:
        return TALLY_NULL;
    case COLUMNS_FALSE:
    case COLUMNS_TRUE:
        return TALLY_BOOLEAN;
    case COLUMNS_NUMBER:
        return TALLY_NUMBER;
    case COLUMNS_TEXT:
        return TALLY_TEXT;
    case COLUMNS_LIST:
        return TALLY_LIST;
    case COLUMNS_OBJECT:
        return TALLY_OBJECT;
    }
    return TALLY_NULL;
}

/* Recursion is bounded by COLUMNS_DEPTH. */
static uint64_t hash_of(const struct columns_value *value)
{
    enum tally_type type = type_of(value->type);
    uint64_t hash = TALLY_MARK;
    char truth = value->type == COLUMNS_TRUE;

    switch (type) {
    case TALLY_TEXT:
        return tally_hash_atom(type, value->text.data, value->text.len);
    case TALLY_NUMBER:
        return tally_hash_atom(type, &value->number, sizeof value->number);
    case TALLY_BOOLEAN:
        return tally_hash_atom(type, &truth, 1);
    case TALLY_NULL:
        return tally_hash_atom(type, "", 0);
    case TALLY_LIST:
        for (uint32_t i = 0; i < value->count; i++)
            hash = tally_hash_item(hash, hash_of(&value->items[i]));
        return tally_hash_item(hash, value->count);
    case TALLY_OBJECT:
        for (uint32_t i = 0; i < value->count; i++)
            hash =
                tally_hash_member(hash, value->members[i].path, hash_of(&value->members[i].value));
        return hash;
    }
    return hash;
}

static void make_bits(struct counting *counting, uint32_t kind)
{
    size_t bytes = (counting->value_count / 64 + 1u) * sizeof(uint64_t);

    if (counting->seen_bytes + bytes > MOST_BITS)
        return;
    counting->seen[kind] = mem_alloc(bytes);
    counting->seen_bytes += counting->seen[kind] ? bytes : 0;
}

static void count_row(struct counting *counting, uint32_t kind, uint32_t code)
{
    enum tally_type type = counting->types[code];
    uint64_t *counts = counting->counts[kind];
    uint64_t *seen = counting->seen[kind];

    if (!seen) {
        make_bits(counting, kind);
        seen = counting->seen[kind];
    }
    counts[type]++;
    if (seen)
        seen[code / 64] |= UINT64_C(1) << code % 64;
}

static fallible count_stripe(struct counting *counting, uint32_t stripe)
{
    const uint64_t *masked = masked_in(counting, stripe);
    uint32_t rows = columns_stripe(counting->columns, stripe)->rows;
    struct columns_block kinds = {0}, values = {0};
    enum err err = columns_hold(counting->columns, stripe, (int)counting->property, &values);

    if (!err && values.data)
        err = columns_hold(counting->columns, stripe, COLUMNS_KINDS, &kinds);
    for (uint32_t row = 0; !err && values.data && row < rows; row++) {
        uint32_t code = columns_code(&values, row);

        if (code && !mask_has(masked, row))
            count_row(counting, columns_item(&kinds, row), code);
    }
    columns_release(counting->columns, &kinds);
    columns_release(counting->columns, &values);
    return err;
}

static fallible see_values(const struct counting *counting, const uint64_t *seen,
                           struct tally_values *out)
{
    uint64_t count = 0;

    for (uint32_t word = 0; seen && word <= counting->value_count / 64; word++)
        count += (uint64_t)__builtin_popcountll(seen[word]);
    if (!seen || count > TALLY_VALUES) {
        tally_values_overflow(out, seen ? count : 1);
        return OK;
    }
    for (uint32_t word = 0; word <= counting->value_count / 64; word++)
        for (uint64_t left = seen[word]; left; left &= left - 1)
            TRY(tally_values_add(
                out, hash_of(&counting->values[word * 64 + (uint32_t)__builtin_ctzll(left) - 1])));
    return OK;
}

static fallible keep_counts(struct counting *counting)
{
    str path = columns_path(counting->columns, counting->property);
    bool is_trait = str_starts(path, S(EVENTS_SETTLE_TRAIT));

    for (uint32_t kind = 0; kind < kinds_of(counting); kind++) {
        struct tally_property *property;
        uint64_t all = 0;

        for (int i = 0; i < TALLY_TYPES; i++)
            all += counting->counts[kind][i];
        if (!all)
            continue;
        TRY(tally_add_property(&counting->tally->events[kind], &property));
        property->is_trait = is_trait;
        property->name = is_trait ? str_slice(path, 1, path.len) : path;
        for (int i = 0; i < TALLY_TYPES; i++)
            property->types[i] = counting->counts[kind][i];
        TRY(see_values(counting, counting->seen[kind], &property->values));
    }
    return OK;
}

static fallible count_values(struct counting *counting, struct columns *dictionaries)
{
    TRY(columns_dictionary(dictionaries, counting->property, &counting->values,
                           &counting->value_count));
    counting->types = mem_alloc(counting->value_count + 1u);
    if (!counting->types)
        return mem_exhausted();
    for (uint32_t i = 0; i < counting->value_count; i++)
        counting->types[i + 1] = (uint8_t)type_of(counting->values[i].type);
    for (uint32_t i = 0; i < columns_about(counting->columns)->stripes; i++)
        TRY(count_stripe(counting, i));
    return keep_counts(counting);
}

static fallible count_property(struct counting *counting, uint32_t property)
{
    uint32_t kinds = kinds_of(counting);
    struct columns *dictionaries = NULL;
    enum err err;

    counting->property = property;
    counting->seen_bytes = 0;
    counting->seen = mem_alloc((kinds + 1u) * sizeof *counting->seen);
    counting->counts = mem_alloc((kinds + 1u) * sizeof *counting->counts);
    err = counting->seen && counting->counts ? counting->open(counting->argument, &dictionaries)
                                             : mem_exhausted();
    if (!err)
        err = count_values(counting, dictionaries);
    columns_close(dictionaries);
    for (uint32_t i = 0; counting->seen && i < kinds; i++)
        mem_free(counting->seen[i]);
    mem_free(counting->counts);
    mem_free(counting->seen);
    mem_free(counting->types);
    counting->types = NULL;
    return err;
}

static fallible count_all(struct counting *counting)
{
    TRY(see_names(counting));
    for (uint32_t i = 0; i < columns_about(counting->columns)->properties; i++)
        TRY(count_property(counting, i));
    return OK;
}

/* Keeping */

struct tally_cache {
    struct mutex *lock;
    bool is_made;
    uint64_t masked; /* rows, when it was made */
    struct tally tally;
};

struct tally_cache *tally_file_open(void)
{
    struct tally_cache *cache = mem_alloc(sizeof *cache);

    if (!cache)
        return NULL;
    cache->lock = mutex_open();
    if (cache->lock)
        return cache;
    mem_free(cache);
    return NULL;
}

void tally_file_close(struct tally_cache *cache)
{
    if (!cache)
        return;
    tally_done(&cache->tally);
    mutex_close(cache->lock);
    mem_free(cache);
}

fallible tally_file_read(struct tally_cache *cache, struct columns *columns,
                         const struct mask_rows *mask, tally_opener *open, const void *argument,
                         const struct tally **out_tally)
{
    struct counting counting = {.tally = &cache->tally,
                                .columns = columns,
                                .mask = mask,
                                .open = open,
                                .argument = argument};
    enum err err = OK;

    mutex_lock(cache->lock);
    if (!cache->is_made || cache->masked != mask->masked) {
        tally_done(&cache->tally);
        err = count_all(&counting);
        cache->masked = mask->masked;
        cache->is_made = !err;
    }
    mutex_unlock(cache->lock);
    if (!err)
        *out_tally = &cache->tally;
    return err;
}
