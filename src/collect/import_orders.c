/* import_orders.c - rows counted by order, then kept until their order is whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_orders.h"

#include "base/mem.h"
#include "collect/import_table_order.h"
#include "collect/import_text.h"

#include <stdio.h>

enum {
    FIRST_SLOTS = 1 << 12,
    MOST_SLOTS = 1 << 23,   /* of 32 bytes; three quarters of them are used */
    MOST_BYTES = 256 << 20, /* of rows kept */
    REASON_BYTES = 200,
};

/* Rows of one order. */
struct group {
    struct import_table_order_row *rows;
    struct import_table_order_row **end;
    uint32_t count;
};

struct slot {
    hash128 id;      /* of the order */
    uint32_t awaits; /* rows that have not come; 0: there is no such order, or all have come */
    bool is_used;
    struct group *group; /* of those that have */
};

/* What comes next of a group that is whole. */
enum stage { STAGE_READING, STAGE_ORDER, STAGE_CUSTOMER, STAGE_REJECTS, STAGE_END };

struct import_orders {
    struct import_table_order *order;
    struct import_table *table;
    struct import_codec rows;
    bool is_second;
    uint64_t line; /* where the next row starts */
    struct slot *slots;
    size_t slot_count;
    size_t used;
    size_t open; /* groups that are not whole */
    size_t kept_bytes;
    size_t most_bytes;
    /* The group that is whole */
    enum stage stage;
    struct group whole;
    struct import_table_order_row *reject; /* the next */
    struct import_row last;                /* its last row, ... */
    size_t last_len; /* ... of so many bytes, which stay in the text till then */
    struct message customer;
    uint64_t bad_line;
    char reason[REASON_BYTES];
    enum err err; /* why no more can be kept */
};

/* Life */

fallible import_orders_open(struct import_table *table, struct import_orders **out_orders)
{
    struct import_orders *orders = mem_alloc(sizeof *orders);
    enum err err;

    if (!orders)
        return mem_exhausted();
    orders->table = table;
    orders->rows = import_table_codec(table);
    orders->line = 1;
    orders->most_bytes = MOST_BYTES;
    orders->slot_count = FIRST_SLOTS;
    orders->slots = mem_alloc(FIRST_SLOTS * sizeof *orders->slots);
    err = orders->slots ? import_table_order_open(table, &orders->order) : mem_exhausted();
    if (err) {
        import_orders_close(orders);
        return err;
    }
    *out_orders = orders;
    return OK;
}

static void empty_group(struct import_orders *orders, struct group *group)
{
    struct import_table_order_row *row, *next;

    for (row = group->rows; row; row = next) {
        next = row->next;
        orders->kept_bytes -= sizeof *row + row->len;
        mem_free(row);
    }
    *group = (struct group){0};
}

void import_orders_close(struct import_orders *orders)
{
    if (!orders)
        return;
    empty_group(orders, &orders->whole);
    for (size_t i = 0; orders->open && i < orders->slot_count; i++)
        if (orders->slots[i].group) {
            empty_group(orders, orders->slots[i].group);
            mem_free(orders->slots[i].group);
        }
    import_table_order_close(orders->order);
    mem_free(orders->slots);
    mem_free(orders);
}

void import_orders_bound(struct import_orders *orders, size_t bytes)
{
    orders->most_bytes = bytes;
}

/* Counting */

/* Nobody gains by two ids of one hash: rows of an order that differ in their order_id are
 * rejected. */
static hash128 hash_of(str id)
{
    return hash_keyed(&(hash_key){{0}}, id);
}

static struct slot *find_slot(struct slot *slots, size_t count, hash128 id)
{
    size_t at = id.low & (count - 1);

    while (slots[at].is_used && !hash_equals(slots[at].id, id))
        at = (at + 1) & (count - 1);
    return &slots[at];
}

static fallible grow(struct import_orders *orders)
{
    size_t count = 2 * orders->slot_count;
    struct slot *slots;

    if (count > MOST_SLOTS)
        return fail(ERR_LIMIT, "it holds over 6 million orders: split the file");
    slots = mem_alloc(count * sizeof *slots);
    if (!slots)
        return mem_exhausted();
    for (size_t i = 0; i < orders->slot_count; i++)
        if (orders->slots[i].is_used)
            *find_slot(slots, count, orders->slots[i].id) = orders->slots[i];
    mem_free(orders->slots);
    orders->slots = slots;
    orders->slot_count = count;
    return OK;
}

fallible import_orders_scan(struct import_orders *orders)
{
    str id = import_table_order_id(orders->order);
    struct slot *slot;

    import_table_scan(orders->table);
    import_table_order_scan(orders->order);
    if (!id.data)
        return OK;
    slot = find_slot(orders->slots, orders->slot_count, hash_of(id));
    slot->awaits++;
    if (slot->is_used)
        return OK;
    slot->id = hash_of(id);
    slot->is_used = true;
    return ++orders->used > orders->slot_count / 4 * 3 ? grow(orders) : OK;
}

void import_orders_decide(struct import_orders *orders)
{
    import_table_order_decide(orders->order);
    orders->is_second = true;
    orders->line = 1;
}

/* Keeping */

static fallible keep(struct import_orders *orders, struct group *group, str text, uint64_t line)
{
    size_t len = text.len > IMPORT_LONGEST_ROW ? IMPORT_LONGEST_ROW : text.len;
    struct import_table_order_row *row;

    if (orders->kept_bytes + sizeof *row + len > orders->most_bytes)
        return fail(ERR_LIMIT, "rows of too many orders are apart: sort the file by order_id");
    row = mem_alloc(sizeof *row + len);
    if (!row)
        return mem_exhausted();
    *row = (struct import_table_order_row){.line = line, .is_cut = len < text.len, .len = len};
    import_text_add(row->text, str_slice(text, 0, len));
    if (!group->rows)
        group->end = &group->rows;
    *group->end = row;
    group->end = &row->next;
    group->count++;
    orders->kept_bytes += sizeof *row + len;
    return OK;
}

static fallible changed(void)
{
    return fail(ERR_CORRUPT, "it changed while it was read; what was imported stays");
}

/* Keeps the row that was just cut, and takes its order out when that is whole. */
static fallible take(struct import_orders *orders, str text, uint64_t line)
{
    str id = import_table_order_id(orders->order);
    struct slot *slot;

    if (!id.data)
        return keep(orders, &orders->whole, text, line);
    slot = find_slot(orders->slots, orders->slot_count, hash_of(id));
    if (!slot->is_used || !slot->awaits)
        return changed();
    if (!slot->group) {
        slot->group = mem_alloc(sizeof *slot->group);
        if (!slot->group)
            return mem_exhausted();
        orders->open++;
    }
    TRY(keep(orders, slot->group, text, line));
    if (--slot->awaits)
        return OK;
    orders->whole = *slot->group;
    mem_free(slot->group);
    slot->group = NULL;
    orders->open--;
    return OK;
}

/* The codec */

/* Of a whole order, what there is to read; then the last row is cut off the text. */
static void next_of_whole(struct import_orders *orders, str *rest, struct import_row *out_row)
{
    const struct import_table_order_row *row = orders->whole.rows;

    *out_row = (struct import_row){.text = {NULL, 0}};
    if (orders->stage == STAGE_END) {
        *rest = str_slice(*rest, orders->last_len, rest->len);
        out_row->lines = orders->last.lines;
        empty_group(orders, &orders->whole);
        orders->stage = STAGE_READING;
        return;
    }
    if (orders->stage == STAGE_REJECTS)
        row = orders->reject;
    if (orders->stage == STAGE_ORDER)
        out_row->rows = orders->whole.count;
    out_row->line = row->line;
    out_row->text = str_from(row->text, row->len);
}

static bool next_row(void *state, str *rest, bool is_last, struct import_row *out_row)
{
    struct import_orders *orders = state;
    str before = *rest;
    uint64_t line = orders->line;

    if (orders->stage != STAGE_READING) {
        next_of_whole(orders, rest, out_row);
        return true;
    }
    if (!orders->rows.next(orders->rows.state, rest, is_last, out_row))
        return false;
    if (!orders->is_second)
        return true;
    orders->line += out_row->lines;
    if (!out_row->text.data || !str_trim(out_row->text).len)
        return true;
    orders->err = take(orders, out_row->text, line);
    out_row->text = str_slice(out_row->text, 0, IMPORT_LONGEST_ROW);
    if (orders->err)
        return true; /* reading it fails */
    if (!orders->whole.rows) {
        out_row->text = (str){NULL, 0};
        return true;
    }
    orders->last = *out_row;
    orders->last_len = before.len - rest->len;
    *rest = before;
    orders->stage = STAGE_ORDER;
    next_of_whole(orders, rest, out_row);
    return true;
}

static void give(struct import_out *out, const struct message *message)
{
    *out->message = *message;
    out->at = import_text_keep(out->at, &out->message->user);
    out->at = import_text_keep(out->at, &out->message->anonymous);
    out->at = import_text_keep(out->at, &out->message->message_id);
    out->at = import_text_keep(out->at, &out->message->json);
}

static fallible read_order(struct import_orders *orders, struct import_out *out)
{
    struct message message;
    enum err err = import_table_order_read(orders->order, orders->whole.rows, out->received,
                                           &message, &orders->customer, &orders->bad_line);

    if (err)
        return err;
    give(out, &message);
    orders->stage = orders->customer.json.data ? STAGE_CUSTOMER : STAGE_END;
    return OK;
}

static fallible reject(struct import_orders *orders)
{
    uint64_t line = orders->reject->line;

    orders->reject = orders->reject->next;
    orders->stage = orders->reject ? STAGE_REJECTS : STAGE_END;
    if (line == orders->bad_line)
        return fail(ERR_INVALID, "%s", orders->reason);
    return fail(ERR_INVALID, "its order is rejected for line %llu: %s",
                (unsigned long long)orders->bad_line, orders->reason);
}

static fallible read_row(void *state, const struct import_row *row, struct import_out *out)
{
    struct import_orders *orders = state;
    enum err err;

    (void)row;
    if (orders->err)
        return orders->err;
    if (orders->stage == STAGE_CUSTOMER) {
        give(out, &orders->customer);
        orders->stage = STAGE_END;
        return OK;
    }
    if (orders->stage == STAGE_REJECTS)
        return reject(orders);
    err = read_order(orders, out);
    if (err != ERR_INVALID)
        return err;
    snprintf(orders->reason, sizeof orders->reason, "%s", err_text());
    orders->reject = orders->whole.rows;
    return reject(orders);
}

static fallible finish(void *state)
{
    const struct import_orders *orders = state;

    return orders->is_second && orders->open ? changed() : OK;
}

struct import_codec import_orders_codec(struct import_orders *orders)
{
    size_t overhead = MESSAGE_MOST_BYTES + 3 * MESSAGE_MOST_IDENTIFIER;

    return (struct import_codec){orders, next_row, read_row, finish, overhead};
}
