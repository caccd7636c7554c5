/* columns_world.c - random tables, written to columns files and compared with what is read back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "columns_world.h"

#include "store/columns_ticks.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

const unsigned char world_workspace[COLUMNS_WORKSPACE] = "a workspace's id";

static const char *const paths[WORLD_MOST_PROPERTIES] = {
    "source", "context.device", "product", "revenue", "note", "products", "is_member", "rare"};

/* --- Making --- */

static struct columns_value random_value(random_state *random, uint32_t number, unsigned depth);

static struct columns_value random_children(random_state *random, uint32_t number, unsigned depth)
{
    struct columns_value value = {.type = random_below(random, 2) ? COLUMNS_LIST : COLUMNS_OBJECT,
                                  .count = (uint32_t)random_below(random, 4)};
    struct columns_value *items = arena_array(test_mem, value.count, sizeof *items);
    struct columns_member *members = arena_array(test_mem, value.count, sizeof *members);

    CHECK(items && members);
    for (uint32_t i = 0; i < value.count; i++) {
        items[i] = random_value(random, number * 4 + i, depth + 1);
        members[i] =
            (struct columns_member){arena_print(test_mem, "%c%u", 'a' + i, number), items[i]};
    }
    if (value.type == COLUMNS_LIST)
        value.items = items;
    else
        value.members = members;
    return value;
}

static decimal random_decimal(random_state *random, uint32_t number)
{
    static const int64_t extremes[] = {INT64_MAX, INT64_MIN, -1, 0};

    if (random_below(random, 50) == 0)
        return (decimal){.digits = extremes[number % 4], .is_double = number % 2};
    return (decimal){.digits = (int64_t)number * 7 - 1000,
                     .scale = (int32_t)random_below(random, 37) - 18};
}

static struct columns_value random_value(random_state *random, uint32_t number, unsigned depth)
{
    switch (random_below(random, depth < 3 ? 8 : 6)) {
    case 0:
        return (struct columns_value){.type = (enum columns_type)random_below(random, 3)};
    case 1:
    case 2:
        return (struct columns_value){.type = COLUMNS_NUMBER,
                                      .number = random_decimal(random, number)};
    case 6:
    case 7:
        return random_children(random, number, depth);
    default:
        return (struct columns_value){
            .type = COLUMNS_TEXT,
            .text = random_below(random, 20) ? arena_print(test_mem, "value %u", number) : S("")};
    }
}

static void make_values(struct table *table, random_state *random)
{
    for (uint32_t i = 0; i < table->shape.properties; i++) {
        uint32_t count = i == 6   ? 1
                         : i == 1 ? table->shape.values
                                  : 1 + (uint32_t)random_below(random, table->shape.values);
        struct columns_value *values = arena_array(test_mem, count, sizeof *values);

        CHECK(values);
        for (uint32_t j = 0; j < count; j++)
            values[j] = random_value(random, j, i == 5 ? 0 : 2);
        table->values[i] = values;
        table->value_counts[i] = count;
    }
}

/* One property keeps its values for a while, one stands in all rows, one where the kind wants it,
 * one seldom, one at random, one in ranges of persons, who have a usual value, one always the
 * same, one hardly ever. */
static uint32_t random_code(struct table *table, random_state *random, uint32_t property,
                            const struct table_row *row, const struct table_row *before)
{
    bool is_same_person = before && before->person == row->person;
    uint32_t any = 1 + (uint32_t)random_below(random, table->value_counts[property]);

    switch (property) {
    case 0:
        return is_same_person && random_below(random, 8) ? before->codes[0] : any;
    case 1:
        return any;
    case 2:
        return row->kind % 2 ? any : 0;
    case 3:
        return row->kind == 4 ? any : 0;
    case 4:
        return random_below(random, 3) ? any : 0;
    case 5:
        if (row->person % 512 >= 200 || random_below(random, 2))
            return 0;
        return random_below(random, 8) ? 1 + row->person % table->value_counts[property] : any;
    case 6:
        return any;
    default:
        return random_below(random, 1000) ? 0 : any;
    }
}

static void make_row(struct table *table, random_state *random, node_id person, uint64_t seq)
{
    struct table_row *row = &table->rows[table->count], *before = table->count ? row - 1 : NULL;
    bool is_same = before && before->person == person;
    static const millis spans[] = {0, 1, 1000, 1000000, 10000000000};

    *row = (struct table_row){.person = person, .seq = seq, .node = person};
    row->time = is_same
                    ? before->time +
                          (millis)random_below(random, (uint64_t)spans[random_below(random, 5)] + 1)
                    : (millis)random_below(random, 1u << 30) - 1000;
    row->node = is_same && random_below(random, 4) ? before->node
                : random_below(random, 3)          ? person
                                                   : person + (node_id)random_below(random, 1000);
    row->device = is_same && random_below(random, 4) ? before->device
                  : random_below(random, 2)          ? 0
                  : random_below(random, 2)          ? row->node
                                                     : (node_id)random_below(random, UINT32_MAX);
    row->kind = (uint32_t)random_below(random, WORLD_KINDS);
    for (uint32_t i = 0; i < table->shape.properties; i++)
        row->codes[i] = random_code(table, random, i, row, before);
    table->count++;
}

struct table table_make(uint64_t seed, const struct table_shape *shape)
{
    struct table table = {.shape = *shape};
    random_state random = {seed};
    node_id person = 0;

    make_values(&table, &random);
    table.rows = arena_array(test_mem, (size_t)shape->persons * shape->most_rows + shape->huge_rows,
                             sizeof *table.rows);
    CHECK(table.rows);
    for (uint32_t i = 0; i < shape->persons; i++) {
        uint32_t rows = 1 + (uint32_t)random_below(&random, shape->most_rows);

        person += 1 + (node_id)(random_below(&random, 10) ? random_below(&random, 3)
                                                          : random_below(&random, 5000));
        if (shape->huge_rows && i == shape->persons / 2)
            rows = shape->huge_rows;
        for (uint32_t row = 0; row < rows; row++)
            make_row(&table, &random, person, 1000000 + table.count * 3);
        table.persons++;
    }
    return table;
}

/* --- Writing --- */

static enum err add_names(const struct table *table, struct columns_writer *writer)
{
    for (uint32_t i = 0; i < WORLD_KINDS; i++) {
        struct columns_kind kind = {i ? EVENT_TRACK : EVENT_PAGE, S("")};
        uint32_t number;

        if (i)
            kind.name = arena_print(test_mem, "event %u", i);
        TRY(columns_writer_kind(writer, &kind, &number));
        CHECK_INT(number, i);
    }
    for (uint32_t i = 0; i < table->shape.properties; i++) {
        uint32_t number;

        TRY(columns_writer_property(writer, str_of(paths[i]), &number));
        CHECK_INT(number, i);
    }
    return OK;
}

static enum err add_values(const struct table *table, struct columns_writer *writer)
{
    for (uint32_t i = 0; i < table->shape.properties; i++)
        for (uint32_t j = 0; j < table->value_counts[i]; j++) {
            uint32_t code;

            TRY(columns_writer_value(writer, i, &table->values[i][j], &code));
            CHECK_INT(code, j);
        }
    return OK;
}

static enum err add_rows(const struct table *table, struct columns_writer *writer)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        struct columns_cell cells[WORLD_MOST_PROPERTIES];
        struct columns_row out = {row->time, row->seq, row->node, row->device, row->kind, cells, 0};

        if (!i || row->person != row[-1].person)
            TRY(columns_writer_person(writer, row->person));
        for (uint32_t j = table->shape.properties; j-- > 0;)
            if (row->codes[j])
                cells[out.cell_count++] = (struct columns_cell){j, row->codes[j] - 1};
        TRY(columns_writer_row(writer, &out));
    }
    return OK;
}

enum err table_write(const struct table *table, struct sys *sys, const char *path)
{
    struct columns_about about = {
        .first_seq = 1, .next_seq = 1u << 30, .identity_seq = 7, .rows = 99};
    struct columns_writer *writer;
    enum err err;

    TRY(columns_writer_open(sys, path, world_workspace, table->shape.section_rows, &writer));
    err = add_names(table, writer);
    if (!err)
        err = add_rows(table, writer);
    if (!err)
        err = add_values(table, writer);
    if (!err)
        err = columns_writer_finish(writer, &about);
    columns_writer_close(writer);
    if (!err) {
        CHECK_INT(about.rows, table->count);
        CHECK_INT(about.persons, table->persons);
        CHECK_INT(about.properties, table->shape.properties);
    }
    return err;
}

/* --- Comparing --- */

static void compare_values(const struct columns_value *got, const struct columns_value *want)
{
    CHECK_INT(got->type, want->type);
    switch (want->type) {
    case COLUMNS_NULL:
    case COLUMNS_FALSE:
    case COLUMNS_TRUE:
        break;
    case COLUMNS_NUMBER:
        CHECK(memcmp(&got->number, &want->number, sizeof got->number) == 0);
        break;
    case COLUMNS_TEXT:
        CHECK(str_equals(got->text, want->text));
        break;
    case COLUMNS_LIST:
        CHECK_INT(got->count, want->count);
        for (uint32_t i = 0; i < want->count; i++)
            compare_values(&got->items[i], &want->items[i]);
        break;
    case COLUMNS_OBJECT:
        CHECK_INT(got->count, want->count);
        for (uint32_t i = 0; i < want->count; i++) {
            CHECK(str_equals(got->members[i].path, want->members[i].path));
            compare_values(&got->members[i].value, &want->members[i].value);
        }
        break;
    }
}

static enum err compare_names(const struct table *table, struct columns *columns)
{
    CHECK_INT(columns_about(columns)->kinds, WORLD_KINDS);
    CHECK_INT(columns_kind(columns, 0)->type, EVENT_PAGE);
    CHECK_STR(columns_kind(columns, 0)->name, "");
    CHECK_INT(columns_kind(columns, 3)->type, EVENT_TRACK);
    CHECK_STR(columns_kind(columns, 3)->name, "event 3");
    CHECK_INT(columns_find(columns, S("nowhere")), COLUMNS_NONE);
    for (uint32_t i = 0; i < table->shape.properties; i++) {
        const struct columns_value *values;
        uint32_t count;

        CHECK_STR(columns_path(columns, i), paths[i]);
        CHECK_INT(columns_find(columns, str_of(paths[i])), i);
        TRY(columns_dictionary(columns, i, &values, &count));
        CHECK_INT(count, table->value_counts[i]);
        for (uint32_t j = 0; j < count; j++)
            compare_values(&values[j], &table->values[i][j]);
    }
    return OK;
}

/* What of the stripe is to be seen from outside, next to its blocks. */
static void compare_stripe(const struct table_row *rows, const struct columns_stripe *stripe)
{
    millis first = rows[0].time, last = rows[0].time;

    CHECK_INT(stripe->first_person, rows[0].person);
    CHECK_INT(stripe->last_person, rows[stripe->rows - 1].person);
    for (uint32_t i = 0; i < stripe->rows; i++) {
        first = rows[i].time < first ? rows[i].time : first;
        last = rows[i].time > last ? rows[i].time : last;
    }
    CHECK_INT(stripe->first_time, first);
    CHECK_INT(stripe->last_time, last);
}

static void compare_persons(const struct table_row *rows, const struct columns_stripe *stripe,
                            const struct columns_block *blocks)
{
    const uint32_t *persons = blocks[-COLUMNS_PERSONS].data, *first = blocks[-COLUMNS_FIRST].data;

    CHECK_INT(first[stripe->persons], stripe->rows);
    for (uint32_t i = 0; i < stripe->persons; i++) {
        CHECK(!i || rows[first[i] - 1].person != persons[i]);
        for (uint32_t row = first[i]; row < first[i + 1]; row++)
            CHECK_INT(rows[row].person, persons[i]);
    }
}

static enum err hold_all(struct columns *columns, uint32_t stripe, struct columns_block *blocks,
                         uint32_t properties)
{
    for (int column = COLUMNS_KINDS; column < (int)properties; column++)
        TRY(columns_hold(columns, stripe, column, &blocks[column < 0 ? -column : 8 + column]));
    return OK;
}

static void compare_rows(const struct table *table, const struct table_row *rows, uint32_t count,
                         const struct columns_block *blocks)
{
    for (uint32_t i = 0; i < count; i++) {
        CHECK_INT(((const millis *)blocks[-COLUMNS_TIMES].data)[i], rows[i].time);
        CHECK_INT(((const uint64_t *)blocks[-COLUMNS_SEQS].data)[i], rows[i].seq);
        CHECK_INT(((const uint32_t *)blocks[-COLUMNS_NODES].data)[i], rows[i].node);
        CHECK_INT(((const uint32_t *)blocks[-COLUMNS_DEVICES].data)[i], rows[i].device);
        CHECK_INT(columns_item(&blocks[-COLUMNS_KINDS], i), rows[i].kind);
        for (uint32_t j = 0; j < table->shape.properties; j++)
            CHECK_INT(columns_code(&blocks[8 + j], i), rows[i].codes[j]);
    }
}

/* Sparse where the header says so, and readable beyond the end. */
static void compare_forms(const struct table *table, const struct table_row *rows, uint32_t count,
                          const struct columns_block *blocks)
{
    for (uint32_t j = 0; j < table->shape.properties; j++) {
        const struct columns_block *block = &blocks[8 + j];
        volatile char last;
        uint32_t cells = 0;

        for (uint32_t i = 0; i < count; i++)
            cells += rows[i].codes[j] != 0;
        CHECK_INT(block->data == NULL, cells == 0);
        if (!cells)
            continue;
        CHECK_INT(block->bits != NULL, cells < count / 8);
        last = ((const char *)block->data)[(block->bits ? cells : count) * block->width + 63];
        (void)last;
    }
}

static enum err compare_ticks(const struct table_row *rows, uint32_t stripe,
                              struct columns *columns)
{
    struct columns_ticks ticks;
    struct columns_block block;

    TRY(columns_ticks_hold(columns, stripe, &ticks, &block));
    CHECK_INT(block.width, 2);
    for (uint32_t i = 0; i < columns_stripe(columns, stripe)->rows; i++)
        CHECK_INT(columns_item(&block, i), columns_ticks_of(&ticks, rows[i].time));
    columns_release(columns, &block);
    return OK;
}

enum err table_read(const struct table *table, struct columns *columns)
{
    const struct columns_about *about = columns_about(columns);
    uint32_t from = 0;

    CHECK_INT(about->rows, table->count);
    CHECK_INT(about->persons, table->persons);
    CHECK_INT(about->identity_seq, 7);
    TRY(compare_names(table, columns));
    for (uint32_t i = 0; i < about->stripes; i++) {
        const struct columns_stripe *stripe = columns_stripe(columns, i);
        struct columns_block blocks[8 + WORLD_MOST_PROPERTIES] = {0};
        enum err err = hold_all(columns, i, blocks, table->shape.properties);

        if (!err) {
            CHECK(from + stripe->rows <= table->count);
            compare_stripe(table->rows + from, stripe);
            compare_persons(table->rows + from, stripe, blocks);
            compare_rows(table, table->rows + from, stripe->rows, blocks);
            compare_forms(table, table->rows + from, stripe->rows, blocks);
            err = compare_ticks(table->rows + from, i, columns);
            from += stripe->rows;
        }
        for (size_t j = 0; j < sizeof blocks / sizeof *blocks; j++)
            columns_release(columns, &blocks[j]);
        TRY(err);
    }
    CHECK_INT(from, table->count);
    return OK;
}

void table_compare(const struct table *table, struct columns *columns)
{
    CHECK_OK(table_read(table, columns));
}
