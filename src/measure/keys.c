/* keys.c - a hash table of values in an arena.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/keys.h"

#include "base/json.h"
#include "measure/operator.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 32, FEW_ROWS = 16 };

void keys_init(struct keys *keys, struct arena *mem)
{
    *keys = (struct keys){.mem = mem};
}

static uint64_t mix(uint64_t bits)
{
    bits ^= bits >> 33;
    bits *= 0xff51afd7ed558ccdu;
    return bits ^ bits >> 29;
}

static bool is_same(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == VALUE_NUMBER)
        return decimal_compare(a->number, b->number) == 0;
    return a->type == VALUE_NULL || a->code == b->code;
}

/* Equal numbers have equal decimals, so hashing their parts is sound. */
static uint64_t hash_key_of(const struct value *key)
{
    if (key->type == VALUE_NUMBER)
        return mix((uint64_t)key->number.digits * 31 + (uint16_t)key->number.scale + 7);
    return mix((uint64_t)key->type << 32 | (key->type == VALUE_NULL ? 0 : key->code));
}

static uint32_t *slot_of(const struct keys *keys, const struct value *key)
{
    uint32_t mask = keys->slot_count - 1;
    uint32_t at = (uint32_t)hash_key_of(key) & mask;

    while (keys->slots[at] && !is_same(&keys->values[keys->slots[at] - 1], key))
        at = (at + 1) & mask;
    return &keys->slots[at];
}

static fallible make_room(struct keys *keys)
{
    uint32_t room = keys->room ? keys->room * 2 : FIRST_ROOM;
    struct value *values;
    uint32_t *slots;

    if (keys->count < keys->room)
        return OK;
    values = arena_array(keys->mem, room, sizeof *values);
    slots = arena_array(keys->mem, (size_t)room * 2, sizeof *slots);
    if (!values || !slots || room > UINT32_MAX / 4)
        return operator_exhausted();
    if (keys->count)
        memcpy(values, keys->values, keys->count * sizeof *values);
    keys->values = values;
    keys->room = room;
    keys->slots = slots;
    keys->slot_count = room * 2;
    for (uint32_t row = 0; row < keys->count; row++)
        *slot_of(keys, &values[row]) = row + 1;
    return OK;
}

static fallible look_up(struct keys *keys, const struct value *key, uint32_t *out_row)
{
    uint32_t *slot;

    TRY(make_room(keys));
    slot = slot_of(keys, key);
    if (!*slot) {
        keys->values[keys->count++] = *key;
        *slot = keys->count;
    }
    *out_row = *slot - 1;
    return OK;
}

fallible keys_get(struct keys *keys, const struct value *key, uint32_t *out_row)
{
    uint32_t at = key->code % KEYS_RECENT;

    if (key->type != VALUE_TEXT)
        return look_up(keys, key, out_row);
    if (!keys->recent[at].row || keys->recent[at].code != key->code) {
        uint32_t row;

        TRY(look_up(keys, key, &row));
        keys->recent[at].code = key->code;
        keys->recent[at].row = row + 1;
    }
    *out_row = keys->recent[at].row - 1;
    return OK;
}

static int by_row(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

static bool is_among(const uint32_t *rows, uint32_t count, uint32_t row)
{
    for (uint32_t i = 0; i < count; i++)
        if (rows[i] == row)
            return true;
    return false;
}

/* Each row once; a list may be long, so many are sorted first. */
static uint32_t drop_repeated(uint32_t *rows, uint32_t count)
{
    uint32_t kept = 0;
    bool are_few = count <= FEW_ROWS;

    if (!are_few)
        qsort(rows, count, sizeof *rows, by_row);
    for (uint32_t i = 0; i < count; i++)
        if (are_few ? !is_among(rows, kept, rows[i]) : !i || rows[i] != rows[i - 1])
            rows[kept++] = rows[i];
    return kept;
}

static fallible make_rows_room(struct keys *keys, uint32_t count)
{
    if (count <= keys->rows_room)
        return OK;
    keys->rows_room = 0;
    keys->rows = arena_array(keys->mem, (size_t)count * 2, sizeof *keys->rows);
    if (!keys->rows)
        return operator_exhausted();
    keys->rows_room = count * 2;
    return OK;
}

fallible keys_of(struct keys *keys, const struct source *source, const struct value *value,
                 const uint32_t **out_rows, uint32_t *out_count)
{
    static const struct value none = {.type = VALUE_NULL};
    uint32_t length = value->type == VALUE_LIST ? value->count : 0;
    uint32_t count = 0;

    TRY(make_rows_room(keys, length + 1));
    if (value->type == VALUE_TEXT) {
        *out_rows = keys->rows;
        *out_count = 1;
        return keys_get(keys, value, keys->rows);
    }
    for (uint32_t i = 0; i < length; i++) {
        struct value element;

        source_element(source, value, i, &element);
        if (element.type != VALUE_LIST && element.type != VALUE_OBJECT)
            TRY(keys_get(keys, &element, &keys->rows[count++]));
    }
    if (!count) {
        bool is_key = value->type != VALUE_LIST && value->type != VALUE_OBJECT;

        TRY(keys_get(keys, is_key ? value : &none, &keys->rows[count++]));
    }
    *out_count = drop_repeated(keys->rows, count);
    *out_rows = keys->rows;
    return OK;
}

/* Remembers the only row of a value by its number. */
static fallible remember(struct keys *keys, uint32_t number, uint32_t row)
{
    size_t room = keys->number_room ? keys->number_room : FIRST_ROOM;
    uint32_t *by_number;

    while (room <= number)
        room *= 2;
    if (room > keys->number_room) {
        by_number = arena_array(keys->mem, room, sizeof *by_number);
        if (!by_number)
            return operator_exhausted();
        if (keys->number_room)
            memcpy(by_number, keys->by_number, keys->number_room * sizeof *by_number);
        keys->by_number = by_number;
        keys->number_room = (uint32_t)room;
    }
    keys->by_number[number] = row + 1;
    return OK;
}

fallible keys_of_hit(struct keys *keys, const struct source *source, const struct keys_hit *at,
                     const uint32_t **out_rows, uint32_t *out_count)
{
    uint32_t number = scan_number(at->batch, at->slot, at->hit), known = keys_known(keys, number);

    if (known != UINT32_MAX) {
        keys->rows[0] = known;
        *out_rows = keys->rows;
        *out_count = 1;
        return OK;
    }
    TRY(keys_of(keys, source, scan_value(at->batch, at->slot, at->hit), out_rows, out_count));
    return *out_count == 1 ? remember(keys, number, **out_rows) : OK;
}

/* Rank. */

struct ranking {
    const struct keys *keys;
    keys_comparison compare;
    const void *totals;
};

struct ranked {
    const struct ranking *ranking;
    str text; /* bytes of the key */
    uint32_t row;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    const struct ranking *ranking = left->ranking;
    int order = ranking->compare(ranking->totals, right->row, left->row);

    if (!order)
        order = str_compare(left->text, right->text);
    return order ? order
                 : (int)ranking->keys->values[left->row].type -
                       (int)ranking->keys->values[right->row].type;
}

static fallible text_of(const struct value *key, const struct source *source, struct arena *mem,
                        str *out_text)
{
    struct buf text = {0};

    *out_text = S("");
    if (key->type == VALUE_BOOL)
        *out_text = key->code ? S("true") : S("false");
    if (key->type == VALUE_TEXT)
        *out_text = source_text(source, key->code);
    if (key->type != VALUE_NUMBER)
        return OK;
    decimal_write(&text, key->number);
    *out_text = arena_dup(mem, buf_str(&text));
    buf_done(&text);
    return out_text->data ? OK : operator_exhausted();
}

fallible keys_rank(const struct keys *keys, const struct source *source, struct arena *mem,
                   keys_comparison compare, const void *totals, uint32_t **out_order)
{
    struct ranking ranking = {keys, compare, totals};
    struct ranked *ranks = arena_array(mem, keys->count + (size_t)1, sizeof *ranks);
    uint32_t *order = arena_array(mem, keys->count + (size_t)1, sizeof *order);

    if (!ranks || !order)
        return operator_exhausted();
    for (uint32_t row = 0; row < keys->count; row++) {
        ranks[row] = (struct ranked){.ranking = &ranking, .row = row};
        TRY(text_of(&keys->values[row], source, mem, &ranks[row].text));
    }
    if (keys->count)
        qsort(ranks, keys->count, sizeof *ranks, by_rank);
    for (uint32_t i = 0; i < keys->count; i++)
        order[i] = ranks[i].row;
    *out_order = order;
    return OK;
}

void keys_write(const struct keys *keys, uint32_t row, const struct source *source,
                struct json_writer *out)
{
    const struct value *key = &keys->values[row];

    if (key->type == VALUE_TEXT)
        json_text(out, source_text(source, key->code));
    else if (key->type == VALUE_BOOL)
        json_bool(out, key->code);
    else if (key->type == VALUE_NUMBER)
        operator_write_number(out, key->number);
    else
        json_null(out);
}
