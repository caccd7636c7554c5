/* fuzz_columns.c - a columns file with any bytes of it changed: no fault, no end without end.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Input: edits of six bytes each: what, where (3), two bytes more. Checksums are made anew behind
 * them, and the directory stands unpacked, so that what lies behind both is reached.
 */
#include "store/columns.h"
#include "store/columns_format.h"
#include "store/columns_writer.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 16, MOST_EDITS = 32, MOST_ROWS_HELD = 1 << 20, PERSONS = 60, PER_PERSON = 5 };

static const unsigned char workspace[COLUMNS_WORKSPACE] = "a workspace's id";

/* The disk, and the file with its directory unpacked. */
static struct {
    struct sys *sys;
    char bytes[MOST];
    size_t size;
} pristine;

static void must(bool done)
{
    if (!done)
        abort();
}

static void add_values(struct columns_writer *writer)
{
    struct columns_value text = {.type = COLUMNS_TEXT, .text = S("a text")};
    struct columns_value number = {.type = COLUMNS_NUMBER, .number = {125, 2, 0}};
    struct columns_value items[2] = {text, number};
    struct columns_value list = {.type = COLUMNS_LIST, .count = 2, .items = items};
    struct columns_member members[2] = {{S("a"), list}, {S("b"), number}};
    struct columns_value object = {.type = COLUMNS_OBJECT, .count = 2, .members = members};
    const struct columns_value *values[] = {&text, &number, &list, &object};
    uint32_t code;

    for (uint32_t property = 0; property < 3; property++)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            must(columns_writer_value(writer, property, values[i], &code) == OK);
}

static void add_rows(struct columns_writer *writer)
{
    uint64_t seq = 1;

    for (node_id person = 1; person <= PERSONS; person++) {
        must(columns_writer_person(writer, person * 3) == OK);
        for (uint32_t i = 0; i < PER_PERSON; i++, seq += 3) {
            struct columns_cell cells[3] = {{0, person % 4}, {1, i % 4}, {2, 0}};
            millis late_by = person % 7 ? 0 : MILLIS_DAY; /* and the second came after the third */
            struct columns_row row = {.time = (millis)(seq * 1000 + i * person) - late_by,
                                      .seq = i == 1   ? seq + 3
                                             : i == 2 ? seq - 3
                                                      : seq,
                                      .node = person * 3 + i / 3,
                                      .device = i % 2 ? person : 0,
                                      .kind = i % 2,
                                      .cells = cells,
                                      .cell_count = i == 0       ? 3
                                                    : person % 2 ? 2
                                                                 : 1};

            must(columns_writer_row(writer, &row) == OK);
        }
    }
}

static void write_file(void)
{
    struct columns_about about = {.first_seq = 1, .next_seq = 100000};
    struct columns_kind kind = {EVENT_TRACK, S("an event")};
    struct columns_writer *writer;
    uint32_t number;

    must(columns_writer_open(pristine.sys, "a.columns", workspace, 0, &writer) == OK);
    for (int i = 0; i < 2; i++)
        must(columns_writer_kind(writer, &kind, &number) == OK);
    must(columns_writer_property(writer, S("one"), &number) == OK);
    must(columns_writer_property(writer, S("other"), &number) == OK);
    must(columns_writer_property(writer, S("seldom"), &number) == OK);
    add_values(writer);
    add_rows(writer);
    must(columns_writer_finish(writer, &about) == OK);
    columns_writer_close(writer);
}

static void make_pristine(void)
{
    static char packed[MOST];
    struct columns_head head;
    struct file *file;
    uint64_t size;

    pristine.sys = sim_open(1);
    must(pristine.sys != NULL);
    write_file();
    must(file_open(pristine.sys, "a.columns", FILE_READ, &file) == OK);
    must(file_size(file, &size) == OK && size < MOST);
    must(file_read_all(file, 0, packed, size) == OK);
    file_close(file);
    memcpy(&head, packed, sizeof head);
    memcpy(pristine.bytes, packed, head.directory_at);
    must(head.directory_at + head.directory_bytes < MOST);
    if (size - head.directory_at == head.directory_bytes)
        memcpy(pristine.bytes, packed, size);
    else
        must(ZSTD_decompress(pristine.bytes + head.directory_at, head.directory_bytes,
                             packed + head.directory_at,
                             size - head.directory_at) == head.directory_bytes);
    pristine.size = head.directory_at + head.directory_bytes;
    head.size = pristine.size;
    memcpy(pristine.bytes, &head, sizeof head);
}

static void edit(char *bytes, const uint8_t *how)
{
    size_t at = (size_t)(how[1] | how[2] << 8 | how[3] << 16) % pristine.size;
    size_t len = how[5] % 64u, left = pristine.size - at;

    len = len < left ? len : left;
    switch (how[0] % 4) {
    case 0:
        bytes[at] = (char)how[4];
        break;
    case 1:
        bytes[at] = (char)(bytes[at] ^ 1 << how[4] % 8);
        break;
    case 2:
        memset(bytes + at, how[4], len);
        break;
    case 3: /* what stood elsewhere */
        memmove(bytes + at, bytes + (at + how[4] * 31u) % (pristine.size - len), len);
        break;
    }
}

/* Checksums that fit what now stands there, as if it had been written so. */
static void reseal(char *bytes)
{
    struct columns_head head;
    size_t pieces;

    memcpy(&head, bytes, sizeof head);
    if (head.directory_at > pristine.size || head.directory_at < sizeof head)
        return;
    pieces = head.directory_at + (size_t)head.stripes * sizeof(struct columns_stripe_entry);
    for (uint32_t i = 0; i < head.pieces; i++) {
        size_t at = pieces + i * sizeof(struct columns_piece);
        struct columns_piece piece;

        if (at + sizeof piece > pristine.size)
            break;
        memcpy(&piece, bytes + at, sizeof piece);
        if (piece.at > pristine.size || piece.bytes > pristine.size - piece.at)
            continue;
        piece.checksum = columns_format_checksum(bytes + piece.at, piece.bytes, piece.at);
        memcpy(bytes + at, &piece, sizeof piece);
    }
    head.directory_checksum = columns_format_checksum(
        bytes + head.directory_at, pristine.size - head.directory_at, head.directory_at);
    head.checksum = columns_format_head_checksum(&head);
    memcpy(bytes, &head, sizeof head);
}

static uint64_t sum_of_value(const struct columns_value *value)
{
    uint64_t sum = value->type;

    if (value->type == COLUMNS_TEXT)
        for (size_t i = 0; i < value->text.len; i++)
            sum += (unsigned char)value->text.data[i];
    for (uint32_t i = 0; value->type == COLUMNS_LIST && i < value->count; i++)
        sum += sum_of_value(&value->items[i]);
    for (uint32_t i = 0; value->type == COLUMNS_OBJECT && i < value->count; i++)
        sum += sum_of_value(&value->members[i].value) + value->members[i].path.len;
    return sum;
}

/* Each code of a block has a value, and no row is beyond its end. */
static void use_block(struct columns *columns, uint32_t stripe, uint32_t property)
{
    const struct columns_value *values;
    struct columns_block block;
    uint32_t count;

    if (columns_hold(columns, stripe, (int)property, &block) != OK)
        return;
    if (columns_dictionary(columns, property, &values, &count) == OK)
        for (uint32_t row = 0; row < columns_stripe(columns, stripe)->rows; row++) {
            uint32_t code = columns_code(&block, row);

            must(code <= count);
            if (code && row < 16)
                must(sum_of_value(&values[code - 1]) < UINT64_MAX);
        }
    columns_release(columns, &block);
}

static void use_stripe(struct columns *columns, uint32_t stripe)
{
    if (columns_stripe(columns, stripe)->rows > MOST_ROWS_HELD)
        return;
    for (int column = COLUMNS_KINDS; column < 0; column++) {
        struct columns_block block;

        if (columns_hold(columns, stripe, column, &block) == OK)
            columns_release(columns, &block);
    }
    for (uint32_t i = 0; i < columns_about(columns)->properties; i++)
        use_block(columns, stripe, i);
}

static void ignore(void *argument, const char *sentence)
{
    (void)argument;
    (void)sentence;
}

static void read_file(void)
{
    const struct columns_value *values;
    struct columns_cache *cache;
    struct columns *columns;
    bool is_small = true;
    uint32_t count;

    must(columns_cache_open(1 << 16, &cache) == OK);
    if (columns_open(pristine.sys, "b.columns", workspace, cache, &columns) == OK) {
        for (uint32_t i = 0; i < columns_about(columns)->properties; i++)
            if (columns_dictionary(columns, i, &values, &count) == OK && count)
                must(sum_of_value(&values[count - 1]) < UINT64_MAX);
        for (uint32_t i = 0; i < columns_about(columns)->stripes; i++) {
            use_stripe(columns, i);
            is_small = is_small && columns_stripe(columns, i)->rows <= MOST_ROWS_HELD;
        }
        columns_close(columns);
        if (is_small && columns_check(pristine.sys, "b.columns", workspace, ignore, NULL) != OK)
            must(err_text()[0] != 0);
    }
    columns_cache_close(cache);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[MOST];
    struct file *file;

    if (!pristine.sys)
        make_pristine();
    memcpy(bytes, pristine.bytes, pristine.size);
    for (size_t i = 0; i + 6 <= size && i < 6 * MOST_EDITS; i += 6)
        edit(bytes, data + i);
    reseal(bytes);
    must(file_open(pristine.sys, "b.columns", FILE_READ | FILE_WRITE | FILE_CREATE, &file) == OK);
    must(file_write(file, 0, bytes, pristine.size) == OK && file_sync(file) == OK);
    file_close(file);
    read_file();
    return 0;
}
