/* test_keys.c - values as rows, and the order of rows in an answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/keys.h"

#include "base/json.h"
#include "support/test.h"

/* A source of texts and of one list. */

static const char *const texts[] = {"b", "true", "1", "a"};
static const struct value elements[] = {
    {.type = VALUE_TEXT, .code = 3},
    {.type = VALUE_LIST},
    {.type = VALUE_NULL},
    {.type = VALUE_TEXT, .code = 3},
};

static str text(const void *store, text_code code)
{
    (void)store;
    return str_of(texts[code]);
}

/* The list 9 holds 1000 numbers, each of ten values. */
static void element(const void *store, uint32_t list, uint32_t index, struct value *out_value)
{
    (void)store;
    *out_value = elements[index % 4];
    if (list == 9)
        *out_value = (struct value){.type = VALUE_NUMBER, .number = {.digits = index % 10}};
}

static const struct source_calls calls = {.text = text, .element = element};
static const struct source source = {.calls = &calls};

#define TEXT(text_code) ((struct value){.type = VALUE_TEXT, .code = (text_code)})
#define BOOL(is_true) ((struct value){.type = VALUE_BOOL, .code = (is_true)})
#define NUMBER(n) ((struct value){.type = VALUE_NUMBER, .number = {.digits = (n)}})
#define LIST(handle, length)                                                                       \
    ((struct value){.type = VALUE_LIST, .code = (handle), .count = (length)})

TEST(keys_keep_their_type_and_their_row)
{
    struct keys keys;
    struct value values[] = {TEXT(2), NUMBER(1), BOOL(1), TEXT(1), {.type = VALUE_NULL}};
    uint32_t row;

    keys_init(&keys, test_mem);
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < sizeof values / sizeof *values; i++) {
            CHECK_OK(keys_get(&keys, &values[i], &row));
            CHECK_INT(row, i);
        }
    CHECK_INT(keys.count, 5);
}

TEST(thousands_of_keys_are_found_again)
{
    struct keys keys;
    uint32_t row;

    keys_init(&keys, test_mem);
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 5000; i++) {
            struct value key = i % 2 ? TEXT(i) : NUMBER(i);

            CHECK_OK(keys_get(&keys, &key, &row));
            CHECK_INT(row, i);
        }
}

TEST(a_value_counts_once_for_each_of_its_keys)
{
    static const struct {
        struct value value;
        uint32_t count;
        enum value_type first;
    } cases[] = {
        {{.type = VALUE_NULL}, 1, VALUE_NULL},
        {{.type = VALUE_OBJECT}, 1, VALUE_NULL},
        {{.type = VALUE_BOOL, .code = 1}, 1, VALUE_BOOL},
        {{.type = VALUE_LIST, .count = 0}, 1, VALUE_NULL},
        {{.type = VALUE_LIST, .count = 1}, 1, VALUE_TEXT},
        {{.type = VALUE_LIST, .count = 2}, 1, VALUE_TEXT},
        {{.type = VALUE_LIST, .count = 4}, 2, VALUE_TEXT},
        {{.type = VALUE_LIST, .code = 9, .count = 1000}, 10, VALUE_NUMBER},
    };

    EACH_CASE(c, cases)
    {
        struct keys keys;
        const uint32_t *rows;
        uint32_t count;

        keys_init(&keys, test_mem);
        CHECK_OK(keys_of(&keys, &source, &c->value, &rows, &count));
        CHECK_INT(count, c->count);
        CHECK_INT(keys.values[rows[0]].type, c->first);
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t k = 0; k < i; k++)
                CHECK(rows[i] != rows[k]);
    }
}

TEST(rows_of_hits_are_those_of_their_values)
{
    static const struct value values[] = {
        {.type = VALUE_NULL},
        {.type = VALUE_TEXT, .code = 3},
        {.type = VALUE_LIST, .count = 4},
        {.type = VALUE_TEXT, .code = 3}, /* another number of the same value */
        {.type = VALUE_LIST, .count = 1},
    };
    static const struct value met[] = {{.type = VALUE_BOOL, .code = 1}};
    uint32_t numbers[] = {5, 1, 2, 3, 0, 4, 1, 5, 2, 0};
    uint32_t *slots[] = {numbers};
    struct scan_values slot = {.filed = values, .filed_count = 5, .met = met};
    struct scan_batch batch = {.slots = slots, .values = &slot};
    struct keys keys, plain;

    keys_init(&keys, test_mem);
    keys_init(&plain, test_mem);
    for (uint32_t hit = 0; hit < sizeof numbers / sizeof *numbers; hit++) {
        struct keys_hit at = {&batch, 0, hit};
        const uint32_t *rows, *want;
        uint32_t count, want_count;

        CHECK_OK(keys_of_hit(&keys, &source, &at, &rows, &count));
        CHECK_OK(keys_of(&plain, &source, scan_value(&batch, 0, hit), &want, &want_count));
        CHECK_INT(count, want_count);
        for (uint32_t i = 0; i < count; i++)
            CHECK_INT(rows[i], want[i]);
        CHECK_INT(keys_known(&keys, numbers[hit]), count == 1 ? rows[0] : UINT32_MAX);
    }
}

static int by_total(const void *totals, uint32_t row_a, uint32_t row_b)
{
    const int *figures = totals;

    return figures[row_a] - figures[row_b];
}

TEST(rows_stand_by_total_then_by_bytes_then_by_type)
{
    struct value values[] = {TEXT(0), TEXT(1), BOOL(1), NUMBER(1), TEXT(2), {.type = VALUE_NULL},
                             TEXT(3)};
    int totals[] = {5, 5, 5, 5, 5, 4, 9};
    struct buf out = {0};
    struct json_writer writer = {.out = &out};
    struct keys keys;
    uint32_t *order;
    uint32_t row;

    keys_init(&keys, test_mem);
    EACH_CASE(value, values)
    CHECK_OK(keys_get(&keys, value, &row));
    CHECK_OK(keys_rank(&keys, &source, test_mem, by_total, totals, &order));
    json_open(&writer, '[');
    for (uint32_t i = 0; i < keys.count; i++)
        keys_write(&keys, order[i], &source, &writer);
    json_shut(&writer, ']');
    CHECK_STR(buf_str(&out), "[\"a\",1,\"1\",\"b\",true,\"true\",null]");
    buf_done(&out);
}

TEST(keys_without_memory_say_so)
{
    struct arena *small = arena_open(4096);
    struct keys keys;
    enum err err = OK;
    uint32_t row;

    keys_init(&keys, small);
    for (uint32_t i = 0; i < 1000 && !err; i++)
        err = keys_get(&keys, &NUMBER(i), &row);
    CHECK_INT(err, ERR_LIMIT);
    arena_close(small);
}
