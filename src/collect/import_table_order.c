/* import_table_order.c - what rows of an order share is merged, what differs is listed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_table_order.h"

#include "base/decimal.h"
#include "base/mem.h"
#include "collect/import_table_int.h"
#include "collect/import_text.h"

enum {
    ROW_ROOM = IMPORT_GROWTH * IMPORT_LONGEST_ROW + IMPORT_FIXED,
    MOST_ID = MESSAGE_MOST_IDENTIFIER - 18, /* with both prefixes it is an identifier still */
    CODE_LEN = 3,                           /* of a currency, ISO 4217 */
};

#define ORDER_PREFIX S("order-")
#define CUSTOMER_PREFIX S("customer-of-")

struct import_table_order {
    struct import_table *table;
    struct csv_cell *merged; /* a cell a column: what the rows share */
    size_t merged_bytes;
    char *items; /* the list of products */
    char *items_end;
    char *text; /* of both messages */
    /* Of the revenue */
    struct decimal_sum sum;
    bool is_summed; /* every row so far has a price */
    struct import_table_products products;
    struct buf revenue;
    /* In the first pass: the row before */
    uint64_t *hashes; /* of its cells; 0: empty */
    uint64_t id_hash;
};

static str text_of(const struct csv_cell *cell)
{
    return str_trim(str_from(cell->data, cell->len));
}

/* Life */

fallible import_table_order_open(struct import_table *table, struct import_table_order **out_order)
{
    struct import_table_order *order = mem_alloc(sizeof *order);
    size_t overhead = table->plan.overhead;

    if (!order)
        return mem_exhausted();
    order->table = table;
    order->merged = arena_array(table->mem, table->plan.count, sizeof *order->merged);
    order->hashes = arena_array(table->mem, table->plan.count, sizeof *order->hashes);
    order->items = mem_alloc(MESSAGE_MOST_BYTES + ROW_ROOM + overhead);
    order->text = mem_alloc(2 * (MESSAGE_MOST_BYTES + ROW_ROOM + overhead));
    if (!order->merged || !order->hashes || !order->items || !order->text) {
        import_table_order_close(order);
        return mem_exhausted();
    }
    *out_order = order;
    return OK;
}

void import_table_order_close(struct import_table_order *order)
{
    if (!order)
        return;
    buf_done(&order->revenue);
    mem_free(order->items);
    mem_free(order->text);
    mem_free(order);
}

/* The first pass */

str import_table_order_id(const struct import_table_order *order)
{
    const struct import_table *table = order->table;
    uint32_t column = (uint32_t)table->plan.order_id;
    str text;

    /* Of a row with too many cells or a quote gone wrong too: its order must not come without it.
     */
    if (column >= table->row.count)
        return (str){NULL, 0};
    text = text_of(&table->row.cells[column]);
    return text.len ? text : (str){NULL, 0};
}

/* Rows that are apart are not compared: then the order is rejected, and the reason says what to do
 * about it. */
void import_table_order_scan(struct import_table_order *order)
{
    struct import_table *table = order->table;
    str id = import_table_order_id(order);
    uint64_t id_hash = hash_checksum(id.data, id.len);
    bool is_same = id_hash == order->id_hash;

    if (!id.data || table->row.defect || table->row.count != table->plan.count)
        return;
    order->id_hash = id_hash;
    for (uint32_t i = 0; i < table->plan.count; i++) {
        struct import_column *column = &table->plan.columns[i];
        str text = text_of(&table->row.cells[i]);
        uint64_t hash;

        if (!column->may_be || (is_same && !text.len))
            continue;
        hash = text.len ? hash_checksum(text.data, text.len) : 0;
        if (is_same && order->hashes[i] && hash != order->hashes[i])
            column->is_item = true;
        order->hashes[i] = hash;
    }
}

void import_table_order_decide(struct import_table_order *order)
{
    import_table_decide(order->table);
}

/* Rows */

static fallible differs(const struct import_column *column, str text, str before)
{
    text = str_slice(text, 0, 40);
    before = str_slice(before, 0, 40);
    if (column->may_be)
        return fail(ERR_INVALID,
                    "\"%.*s\" is \"%.*s\", but \"%.*s\" in another line of the order: name the "
                    "column products.%.*s if it is the line item's",
                    STR_ARG(column->name), STR_ARG(text), STR_ARG(before), STR_ARG(column->name));
    return fail(ERR_INVALID, "\"%.*s\" is \"%.*s\", but \"%.*s\" in another line of the order",
                STR_ARG(column->name), STR_ARG(text), STR_ARG(before));
}

static fallible merge_row(struct import_table_order *order)
{
    const struct import_table *table = order->table;

    for (uint32_t i = 0; i < table->plan.count; i++) {
        const struct import_column *column = &table->plan.columns[i];
        const struct csv_cell *cell = &table->row.cells[i];
        str text = text_of(cell), before = text_of(&order->merged[i]);

        if (column->is_item || !column->name.len || !text.len)
            continue;
        if (before.len && !str_equals(text, before))
            return differs(column, text, before);
        if (before.len)
            continue;
        order->merged[i] = *cell;
        order->merged_bytes += cell->len;
        if (order->merged_bytes > IMPORT_LONGEST_ROW)
            return fail(ERR_INVALID, "the order is larger than 32 KB");
    }
    return OK;
}

/* The number that was written behind `key` at `at`, if there is one. */
static bool number_at(const char *at, const char *behind, str key, decimal *out_number)
{
    size_t skipped = key.len + (at[-1] != '{');

    return behind > at &&
           decimal_parse(str_from(at + skipped, (size_t)(behind - at) - skipped), out_number) ==
               OK &&
           !out_number->is_double;
}

static fallible add_price(struct import_table_order *order, decimal price, decimal quantity)
{
    decimal line = {.scale = price.scale + quantity.scale};

    if (__builtin_mul_overflow(price.digits, quantity.digits, &line.digits) || line.scale > 18 ||
        line.scale < -18)
        return fail(ERR_INVALID, "price times quantity is beyond what is kept exactly");
    decimal_sum_add(&order->sum, line);
    return OK;
}

static fallible add_item(struct import_table_order *order)
{
    const struct import_table *table = order->table;
    const struct import_columns *plan = &table->plan;
    decimal price, quantity = {.digits = 1};
    bool has_price = false;
    char *start = order->items_end, *at = start;

    if (start > order->items)
        *at++ = ',';
    *at++ = '{';
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct import_column *column = &plan->columns[i];
        char *behind;

        if (!column->is_item)
            continue;
        behind = import_table_add_cell(column, &table->row.cells[i], column->key, at);
        if (!behind)
            return import_table_not_its_type(column, &table->row.cells[i]);
        if ((int32_t)i == plan->price)
            has_price = number_at(at, behind, column->key, &price);
        if ((int32_t)i == plan->quantity && behind > at &&
            !number_at(at, behind, column->key, &quantity))
            order->is_summed = false;
        at = behind;
    }
    order->is_summed &= has_price;
    if (order->is_summed)
        TRY(add_price(order, price, quantity));
    if (at[-1] == '{')
        return OK; /* it says nothing of an item */
    *at++ = '}';
    order->items_end = at;
    if (at - order->items > MESSAGE_MOST_BYTES)
        return fail(ERR_INVALID, "the order is larger than 32 KB");
    return OK;
}

static fallible take_row(struct import_table_order *order, const struct import_table_order_row *row)
{
    struct import_table *table = order->table;

    if (row->is_cut)
        return fail(ERR_INVALID, "the line is longer than 64 KiB");
    if (!csv_next(table->map->delimiter, str_from(row->text, row->len), true, &table->row))
        return fail(ERR_INVALID, "the line does not end");
    TRY(import_table_check_row(table));
    if (!import_table_order_id(order).data)
        return fail(ERR_INVALID, "\"order_id\" is empty");
    TRY(merge_row(order));
    return add_item(order);
}

/* The order */

static bool is_code(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)((text.data[i] | 0x20) - 'a') > 'z' - 'a')
            return false;
    return text.len == CODE_LEN;
}

static fallible check_currency(const struct import_table_order *order)
{
    int32_t column = order->table->plan.currency;
    str text;

    if (column < 0)
        return OK;
    text = text_of(&order->merged[column]);
    return !text.len || is_code(text)
               ? OK
               : fail(ERR_INVALID, "\"currency\" is \"%.*s\", not a code of ISO 4217 such as EUR",
                      STR_ARG(str_slice(text, 0, 40)));
}

static fallible settle_products(struct import_table_order *order)
{
    const struct import_columns *plan = &order->table->plan;
    bool is_said =
        plan->has_revenue || (plan->revenue >= 0 && text_of(&order->merged[plan->revenue]).len);

    order->products = (struct import_table_products){
        .json = str_from(order->items, (size_t)(order->items_end - order->items))};
    if (is_said || !order->is_summed)
        return OK;
    buf_clear(&order->revenue);
    decimal_sum_write(&order->revenue, &order->sum);
    if (buf_is_broken(&order->revenue))
        return mem_exhausted();
    order->products.revenue = buf_str(&order->revenue);
    return OK;
}

/* Behind a prefix, at `*at`. */
static str write_id(str prefix, str id, char **at)
{
    char *start = *at;

    *at = import_text_add(import_text_add(start, prefix), id);
    return str_from(start, prefix.len + id.len);
}

static bool has_traits(const struct import_table_order *order)
{
    const struct import_columns *plan = &order->table->plan;

    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct import_step *step = &plan->steps[i];

        if (step->group != IMPORT_TRAITS)
            continue;
        if (step->kind == IMPORT_CONSTANT ||
            (step->kind == IMPORT_CELL && text_of(&order->merged[step->column]).len))
            return true;
    }
    return false;
}

/* The table's row is what the order's rows share. */
static fallible write_messages(struct import_table_order *order, const struct import_out *out,
                               struct message *out_order, struct message *out_customer)
{
    const struct import_table *table = order->table;
    struct import_table_fields fields = {0};
    char *at = order->text;
    str id;

    TRY(check_currency(order));
    TRY(settle_products(order));
    TRY(import_table_read_fields(table, &at, &fields));
    id = import_table_cell(&table->row.cells[table->plan.order_id], &at);
    if (id.len > MOST_ID || fields.message_id.len > MOST_ID)
        return fail(ERR_INVALID, "the order's id is longer than %d bytes", MOST_ID);
    if (!fields.message_id.data)
        fields.message_id = write_id(ORDER_PREFIX, str_trim(id), &at);
    TRY(import_table_write(table, &fields, 1 << IMPORT_PROPERTIES | 1 << IMPORT_CONTEXT, out, &at,
                           out_order));
    *out_customer = (struct message){0};
    if (!has_traits(order))
        return OK;
    fields.type = S("identify");
    fields.kind = EVENT_IDENTIFY;
    fields.event = (str){NULL, 0};
    fields.message_id = write_id(CUSTOMER_PREFIX, fields.message_id, &at);
    return import_table_write(table, &fields, 1 << IMPORT_TRAITS, out, &at, out_customer);
}

fallible import_table_order_read(struct import_table_order *order,
                                 const struct import_table_order_row *rows, millis received,
                                 struct message *out_order, struct message *out_customer,
                                 uint64_t *out_bad_line)
{
    struct import_table *table = order->table;
    struct import_out out = {.line = rows->line, .received = received};
    struct csv_cell *cells = table->row.cells;
    enum err err;

    for (uint32_t i = 0; i < table->plan.count; i++)
        order->merged[i] = (struct csv_cell){.data = ""};
    order->merged_bytes = 0;
    order->items_end = order->items;
    order->sum = (decimal_sum){0};
    order->is_summed = true;
    for (const struct import_table_order_row *row = rows; row; row = row->next) {
        *out_bad_line = row->line;
        TRY(take_row(order, row));
    }
    *out_bad_line = rows->line;
    table->row.cells = order->merged;
    table->products = &order->products;
    err = write_messages(order, &out, out_order, out_customer);
    table->row.cells = cells;
    return err;
}
