/* roster_block_pack.c - records of a block in as few bytes as they need.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   body      number of records; arrays (store/columns_pack.h): a byte each (kind, enum mark),
 *             distances of their sequence numbers from the one before, nodes that are not the one
 *             behind that of the record of a node before; clear parts, kind by kind; identifiers
 *   parts     lengths, then, where all have the same and it is small, a plane for each byte of
 *             them, else one with all bytes
 *   identifiers   their forms; UUIDs as parts of 16 bytes; number of templates, each with its count
 *             of digits, the length of what comes before them, this, and an array of the numbers;
 *             other texts, their lengths and one plane
 */
#include "people/roster_block.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum {
    UUID_BYTES = 16,
    UUID_TEXT = 36,
    MOST_PLANES = 64,
    MOST_TEMPLATES = 16,
    MOST_PREFIX = 32,
    MOST_DIGITS = 18,
    LEAST_USES = 4, /* of a template */
};

enum mark {
    KINDS = 0x0f,
    IS_NEXT = 0x10, /* its node is not told */
    HAS_PAYLOAD = 0x20,
    IS_TOLD = 0x40,      /* there is no clear part */
    IS_ANONYMOUS = 0x80, /* the node, if there is none */
};

enum form { FORM_TEXT, FORM_UUID, FORM_NUMBERED /* and above: which template */ };

/* Texts that are the same but for a number of so many digits. */
struct template
{
    str prefix;
    unsigned digits;
    uint32_t uses;
    uint8_t form;
};

/* A block on its way, in either direction. */
struct work {
    struct roster_item *items;
    size_t count;
    struct buf *bytes; /* the parts of its records */
    uint64_t *numbers; /* one a record */
    uint32_t *chosen;  /* records that a list is of */
    size_t chosen_count;
    char *plane; /* a byte a record */
    struct template templates[MOST_TEMPLATES];
    size_t template_count;
};

static fallible begin(struct work *work, struct roster_block *block)
{
    *work = (struct work){.items = (struct roster_item *)(void *)block->items.data,
                          .count = roster_block_count(block),
                          .bytes = &block->bytes};
    work->numbers = mem_grow(NULL, work->count * sizeof *work->numbers);
    work->chosen = mem_grow(NULL, work->count * sizeof *work->chosen);
    work->plane = mem_grow(NULL, work->count);
    return work->numbers && work->chosen && work->plane ? OK : mem_exhausted();
}

static void end(struct work *work)
{
    mem_free(work->numbers);
    mem_free(work->chosen);
    mem_free(work->plane);
}

static void choose_clear(struct work *work, unsigned kind)
{
    work->chosen_count = 0;
    for (size_t i = 0; i < work->count; i++) {
        work->chosen[work->chosen_count] = (uint32_t)i;
        work->chosen_count += work->items[i].kind == kind && !work->items[i].told;
    }
}

static void choose_payloads(struct work *work)
{
    work->chosen_count = 0;
    for (size_t i = 0; i < work->count; i++) {
        work->chosen[work->chosen_count] = (uint32_t)i;
        work->chosen_count += work->items[i].has_payload;
    }
}

static void choose_form(struct work *work, unsigned form)
{
    work->chosen_count = 0;
    for (size_t i = 0; i < work->count; i++) {
        work->chosen[work->chosen_count] = (uint32_t)i;
        work->chosen_count += work->items[i].has_payload && work->items[i].form == form;
    }
}

static struct roster_item *chosen(const struct work *work, size_t at)
{
    return &work->items[work->chosen[at]];
}

/* --- UUIDs --- */

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False where the text is none, or not in the usual form. */
static bool read_uuid(str text, char out[UUID_BYTES])
{
    size_t used = 0;

    if (text.len != UUID_TEXT)
        return false;
    for (size_t i = 0; i < UUID_TEXT; i += is_dash(i) ? 1 : 2) {
        int high = digit_of(text.data[i]), low;

        if (is_dash(i)) {
            if (text.data[i] != '-')
                return false;
            continue;
        }
        low = digit_of(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[used++] = (char)(high << 4 | low);
    }
    return true;
}

static void write_uuid(const char bytes[UUID_BYTES], char out[UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < UUID_BYTES; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
        if (i == 3 || i == 5 || i == 7 || i == 9)
            *out++ = '-';
    }
}

/* --- Numbered texts --- */

static bool split(str text, struct template *out_template)
{
    unsigned digits = 0;

    while (digits < text.len && digits < MOST_DIGITS && text.data[text.len - 1 - digits] >= '0' &&
           text.data[text.len - 1 - digits] <= '9')
        digits++;
    *out_template =
        (struct template){.prefix = str_slice(text, 0, text.len - digits), .digits = digits};
    return digits && out_template->prefix.len <= MOST_PREFIX;
}

/* The form of a text of the template, or FORM_TEXT where it has no place. */
static uint8_t note_template(struct work *work, const struct template *wanted)
{
    size_t at = 0;

    while (at < work->template_count && (work->templates[at].digits != wanted->digits ||
                                         !str_equals(work->templates[at].prefix, wanted->prefix)))
        at++;
    if (at == MOST_TEMPLATES)
        return FORM_TEXT;
    if (at == work->template_count)
        work->templates[work->template_count++] = *wanted;
    work->templates[at].uses++;
    return (uint8_t)(FORM_NUMBERED + at);
}

static uint64_t number_of(str text, unsigned digits)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < digits; i++)
        number = number * 10 + (uint64_t)(text.data[text.len - digits + i] - '0');
    return number;
}

/* False where the number has more digits. */
static bool write_digits(uint64_t number, unsigned digits, char *out)
{
    while (digits) {
        out[--digits] = (char)('0' + number % 10);
        number /= 10;
    }
    return !number;
}

/* --- Packing --- */

struct packing {
    struct work work;
    struct columns_packer *packer;
    struct buf *out;
};

static void pack_numbers(struct packing *packing, size_t count)
{
    columns_pack(packing->packer, packing->out, packing->work.numbers, count);
}

static void pack_heads(struct packing *packing, uint64_t first_seq)
{
    struct work *work = &packing->work;
    node_id latest = 0;
    size_t nodes = 0;

    for (size_t i = 0; i < work->count; i++) {
        const struct roster_item *item = &work->items[i];
        bool is_next = item->kind == RECORD_NODE && item->node == latest + 1;

        assert(item->kind <= KINDS);
        work->plane[i] =
            (char)(item->kind | (is_next ? IS_NEXT : 0) | (item->has_payload ? HAS_PAYLOAD : 0) |
                   (item->told ? IS_TOLD : 0) | (item->told == NODE_ANONYMOUS ? IS_ANONYMOUS : 0));
        work->numbers[nodes] = item->node;
        nodes += !is_next;
        latest = item->kind == RECORD_NODE ? item->node : latest;
    }
    columns_pack_plane(packing->packer, packing->out, work->plane, work->count);
    pack_numbers(packing, nodes);
    for (size_t i = 0; i < work->count; i++)
        work->numbers[i] = work->items[i].seq - (i ? work->items[i - 1].seq : first_seq);
    pack_numbers(packing, work->count);
}

static bool are_even(const struct work *work)
{
    for (size_t i = 1; i < work->chosen_count; i++)
        if (work->numbers[i] != work->numbers[0])
            return false;
    return work->numbers[0] <= MOST_PLANES;
}

static void pack_planes(struct packing *packing, const char *bytes, size_t size)
{
    struct work *work = &packing->work;

    for (size_t byte = 0; byte < size; byte++) {
        for (size_t i = 0; i < work->chosen_count; i++)
            work->plane[i] = bytes[i * size + byte];
        columns_pack_plane(packing->packer, packing->out, work->plane, work->chosen_count);
    }
}

/* The chosen parts' lengths, which are in `numbers`, and `all` their bytes. */
static void pack_parts(struct packing *packing, const struct buf *all, bool may_be_planes)
{
    struct work *work = &packing->work;

    pack_numbers(packing, work->chosen_count);
    packing->out->broken = packing->out->broken || buf_is_broken(all);
    if (packing->out->broken)
        return;
    if (may_be_planes && are_even(work))
        pack_planes(packing, all->data, work->numbers[0]);
    else
        columns_pack_plane(packing->packer, packing->out, all->data, all->len);
}

static void pack_clear(struct packing *packing)
{
    struct work *work = &packing->work;
    struct buf all = {0};

    for (unsigned kind = 0; kind <= KINDS; kind++) {
        choose_clear(work, kind);
        if (!work->chosen_count)
            continue;
        buf_clear(&all);
        for (size_t i = 0; i < work->chosen_count; i++) {
            const struct roster_item *item = chosen(work, i);

            work->numbers[i] = item->clear_bytes;
            buf_add_bytes(&all, work->bytes->data + item->clear_at, item->clear_bytes);
        }
        pack_parts(packing, &all, true);
    }
    buf_done(&all);
}

static str text_of(const struct work *work, const struct roster_item *item)
{
    return str_from(work->bytes->data + item->payload_at, item->payload_bytes);
}

/* Gives each identifier its form. */
static void find_forms(struct work *work)
{
    char uuid[UUID_BYTES];
    struct template template;
    uint8_t next = FORM_NUMBERED;

    choose_payloads(work);
    for (size_t i = 0; i < work->chosen_count; i++) {
        str text = text_of(work, chosen(work, i));

        chosen(work, i)->form = read_uuid(text, uuid)    ? FORM_UUID
                                : split(text, &template) ? note_template(work, &template)
                                                         : FORM_TEXT;
    }
    for (size_t i = 0; i < work->template_count; i++)
        if (work->templates[i].uses >= LEAST_USES)
            work->templates[i].form = next++;
    for (size_t i = 0; i < work->chosen_count; i++)
        if (chosen(work, i)->form >= FORM_NUMBERED)
            chosen(work, i)->form = work->templates[chosen(work, i)->form - FORM_NUMBERED].form;
}

static void pack_uuids(struct packing *packing)
{
    struct work *work = &packing->work;
    struct buf all = {0};
    char uuid[UUID_BYTES];

    choose_form(work, FORM_UUID);
    for (size_t i = 0; i < work->chosen_count; i++)
        if (read_uuid(text_of(work, chosen(work, i)), uuid))
            buf_add_bytes(&all, uuid, sizeof uuid);
    packing->out->broken = packing->out->broken || buf_is_broken(&all);
    if (!packing->out->broken)
        pack_planes(packing, all.data, work->chosen_count ? UUID_BYTES : 0);
    buf_done(&all);
}

static void pack_numbered(struct packing *packing)
{
    struct work *work = &packing->work;
    size_t used = 0;

    for (size_t at = 0; at < work->template_count; at++)
        used += work->templates[at].form != FORM_TEXT;
    columns_pack_number(packing->out, used);
    for (size_t at = 0; at < work->template_count; at++) {
        const struct template *template = &work->templates[at];

        if (template->form == FORM_TEXT)
            continue;
        columns_pack_number(packing->out, template->digits);
        columns_pack_number(packing->out, template->prefix.len);
        buf_add(packing->out, template->prefix);
        choose_form(work, template->form);
        for (size_t i = 0; i < work->chosen_count; i++)
            work->numbers[i] = number_of(text_of(work, chosen(work, i)), template->digits);
        pack_numbers(packing, work->chosen_count);
    }
}

static void pack_identifiers(struct packing *packing)
{
    struct work *work = &packing->work;
    struct buf all = {0};

    find_forms(work);
    for (size_t i = 0; i < work->chosen_count; i++)
        work->numbers[i] = chosen(work, i)->form;
    pack_numbers(packing, work->chosen_count);
    pack_uuids(packing);
    pack_numbered(packing);
    choose_form(work, FORM_TEXT);
    for (size_t i = 0; i < work->chosen_count; i++) {
        str text = text_of(work, chosen(work, i));

        work->numbers[i] = text.len;
        buf_add(&all, text);
    }
    pack_parts(packing, &all, false);
    buf_done(&all);
}

fallible roster_block_pack(struct roster_block *block, uint64_t first_seq,
                           struct columns_packer *packer, struct buf *out)
{
    struct packing packing = {.packer = packer, .out = out};
    size_t before = out->len;
    enum err err;

    if (!roster_block_count(block))
        return OK;
    err = begin(&packing.work, block);
    if (!err) {
        columns_pack_number(out, packing.work.count);
        pack_heads(&packing, first_seq);
        pack_clear(&packing);
        pack_identifiers(&packing);
        if (buf_is_broken(out))
            err = mem_exhausted();
    }
    end(&packing.work);
    if (err) {
        out->len = before;
        out->broken = false;
    }
    return err;
}

/* --- Unpacking --- */

struct unpacking {
    struct work work;
    struct columns_unpacker *in;
    size_t most; /* bytes of all parts */
};

static fallible fail_unfit(void)
{
    return fail(ERR_CORRUPT, "its records do not fit");
}

/* Room for more bytes of parts, and where it is. */
static fallible add_room(struct unpacking *unpacking, size_t size, size_t *out_at)
{
    struct buf *bytes = unpacking->work.bytes;

    if (size > unpacking->most - bytes->len)
        return fail_unfit();
    if (!buf_reserve(bytes, size))
        return mem_exhausted();
    *out_at = bytes->len;
    bytes->len += size;
    return OK;
}

static fallible unpack_kinds(struct unpacking *unpacking)
{
    struct work *work = &unpacking->work;
    const uint8_t *marks;

    TRY(columns_unpack_plane(unpacking->in, work->count, &marks));
    for (size_t i = 0; i < work->count; i++) {
        uint8_t mark = marks[i];
        struct roster_item item = {.kind = mark & KINDS, .has_payload = mark & HAS_PAYLOAD};

        if (mark & IS_TOLD)
            item.told = mark & IS_ANONYMOUS ? NODE_ANONYMOUS : NODE_USER;
        if (item.has_payload ? item.kind != RECORD_NODE : item.told)
            return fail_unfit();
        item.node = mark & IS_NEXT ? 1 : 0; /* until nodes are unpacked */
        work->items[i] = item;
    }
    return OK;
}

static fallible unpack_nodes(struct unpacking *unpacking)
{
    struct work *work = &unpacking->work;
    size_t count = 0, at = 0;
    node_id latest = 0;

    for (size_t i = 0; i < work->count; i++)
        count += !work->items[i].node;
    TRY(columns_unpack(unpacking->in, work->numbers, count));
    for (size_t i = 0; i < work->count; i++) {
        struct roster_item *item = &work->items[i];
        uint64_t node = item->node ? latest + 1ull : work->numbers[at++];

        if (node > UINT32_MAX)
            return fail_unfit();
        item->node = (node_id)node;
        latest = item->kind == RECORD_NODE ? item->node : latest;
    }
    return OK;
}

static fallible unpack_seqs(struct unpacking *unpacking, uint64_t first_seq, uint64_t next_seq)
{
    struct work *work = &unpacking->work;
    uint64_t seq = first_seq;

    TRY(columns_unpack(unpacking->in, work->numbers, work->count));
    for (size_t i = 0; i < work->count; i++) {
        if (work->numbers[i] >= next_seq - seq)
            return fail_unfit();
        seq += work->numbers[i];
        work->items[i].seq = seq;
    }
    return OK;
}

static fallible unpack_planes(struct unpacking *unpacking, char *out, size_t size)
{
    struct work *work = &unpacking->work;
    const uint8_t *plane;

    for (size_t byte = 0; byte < size; byte++) {
        TRY(columns_unpack_plane(unpacking->in, work->chosen_count, &plane));
        for (size_t i = 0; i < work->chosen_count; i++)
            out[i * size + byte] = (char)plane[i];
    }
    return OK;
}

/* The chosen parts; their lengths are left in `numbers`, the first begins at `*out_at`. */
static fallible unpack_parts(struct unpacking *unpacking, bool may_be_planes, size_t *out_at)
{
    struct work *work = &unpacking->work;
    size_t total = 0, at;
    const uint8_t *all;

    TRY(columns_unpack(unpacking->in, work->numbers, work->chosen_count));
    for (size_t i = 0; i < work->chosen_count; i++)
        if (work->numbers[i] > UINT32_MAX ||
            __builtin_add_overflow(total, work->numbers[i], &total))
            return fail_unfit();
    TRY(add_room(unpacking, total, &at));
    if (may_be_planes && are_even(work)) {
        TRY(unpack_planes(unpacking, work->bytes->data + at, work->numbers[0]));
    } else {
        TRY(columns_unpack_plane(unpacking->in, total, &all));
        if (total)
            memcpy(work->bytes->data + at, all, total);
    }
    *out_at = at;
    return OK;
}

static fallible unpack_clear(struct unpacking *unpacking)
{
    struct work *work = &unpacking->work;
    size_t at;

    for (unsigned kind = 0; kind <= KINDS; kind++) {
        choose_clear(work, kind);
        if (!work->chosen_count)
            continue;
        TRY(unpack_parts(unpacking, true, &at));
        for (size_t i = 0; i < work->chosen_count; i++) {
            chosen(work, i)->clear_at = (uint32_t)at;
            chosen(work, i)->clear_bytes = (uint32_t)work->numbers[i];
            at += work->numbers[i];
        }
    }
    return OK;
}

static fallible unpack_uuids(struct unpacking *unpacking)
{
    struct work *work = &unpacking->work;
    size_t at, from;

    choose_form(work, FORM_UUID);
    if (!work->chosen_count)
        return OK;
    TRY(add_room(unpacking, work->chosen_count * UUID_TEXT, &at));
    TRY(add_room(unpacking, work->chosen_count * UUID_BYTES, &from));
    TRY(unpack_planes(unpacking, work->bytes->data + from, UUID_BYTES));
    for (size_t i = 0; i < work->chosen_count; i++, at += UUID_TEXT) {
        write_uuid(work->bytes->data + from + i * UUID_BYTES, work->bytes->data + at);
        chosen(work, i)->payload_at = (uint32_t)at;
        chosen(work, i)->payload_bytes = UUID_TEXT;
    }
    work->bytes->len = from;
    return OK;
}

/* The texts of one template. */
static fallible unpack_template(struct unpacking *unpacking)
{
    struct work *work = &unpacking->work;
    uint64_t digits, prefix_bytes;
    const uint8_t *prefix;
    size_t size, at;

    TRY(columns_unpack_number(unpacking->in, MOST_DIGITS, &digits));
    TRY(columns_unpack_number(unpacking->in, MOST_PREFIX, &prefix_bytes));
    TRY(columns_unpack_raw(unpacking->in, prefix_bytes, &prefix));
    TRY(columns_unpack(unpacking->in, work->numbers, work->chosen_count));
    size = prefix_bytes + digits;
    TRY(add_room(unpacking, work->chosen_count * size, &at));
    for (size_t i = 0; i < work->chosen_count; i++, at += size) {
        char *out = work->bytes->data + at;

        memcpy(out, prefix, prefix_bytes);
        if (!write_digits(work->numbers[i], (unsigned)digits, out + prefix_bytes))
            return fail_unfit();
        chosen(work, i)->payload_at = (uint32_t)at;
        chosen(work, i)->payload_bytes = (uint32_t)size;
    }
    return OK;
}

static fallible unpack_numbered(struct unpacking *unpacking)
{
    struct work *work = &unpacking->work;
    uint64_t count;

    TRY(columns_unpack_number(unpacking->in, MOST_TEMPLATES, &count));
    choose_payloads(work);
    for (size_t i = 0; i < work->chosen_count; i++)
        if (chosen(work, i)->form >= FORM_NUMBERED + count)
            return fail_unfit();
    for (uint64_t i = 0; i < count; i++) {
        choose_form(work, (unsigned)(FORM_NUMBERED + i));
        TRY(unpack_template(unpacking));
    }
    return OK;
}

static fallible unpack_identifiers(struct unpacking *unpacking)
{
    struct work *work = &unpacking->work;
    size_t at;

    choose_payloads(work);
    TRY(columns_unpack(unpacking->in, work->numbers, work->chosen_count));
    for (size_t i = 0; i < work->chosen_count; i++) {
        if (work->numbers[i] >= FORM_NUMBERED + MOST_TEMPLATES)
            return fail_unfit();
        chosen(work, i)->form = (uint8_t)work->numbers[i];
    }
    TRY(unpack_uuids(unpacking));
    TRY(unpack_numbered(unpacking));
    choose_form(work, FORM_TEXT);
    TRY(unpack_parts(unpacking, false, &at));
    for (size_t i = 0; i < work->chosen_count; i++) {
        chosen(work, i)->payload_at = (uint32_t)at;
        chosen(work, i)->payload_bytes = (uint32_t)work->numbers[i];
        at += work->numbers[i];
    }
    return OK;
}

static fallible unpack_all(struct unpacking *unpacking, uint64_t first_seq, uint64_t next_seq)
{
    TRY(unpack_kinds(unpacking));
    TRY(unpack_nodes(unpacking));
    TRY(unpack_seqs(unpacking, first_seq, next_seq));
    TRY(unpack_clear(unpacking));
    TRY(unpack_identifiers(unpacking));
    return columns_unpack_end(unpacking->in);
}

fallible roster_block_unpack(struct roster_block *block, uint64_t first_seq, uint64_t next_seq,
                             str body, struct columns_unpacker *unpacker)
{
    struct unpacking unpacking = {.in = unpacker, .most = ROSTER_MOST_BODY};
    uint64_t count;
    enum err err;

    roster_block_clear(block);
    if (!body.len)
        return OK;
    unpacker->at = (const uint8_t *)body.data;
    unpacker->end = unpacker->at + body.len;
    TRY(columns_unpack_number(unpacker, ROSTER_BLOCK_RECORDS, &count));
    if (!count)
        return fail_unfit();
    if (!buf_reserve(&block->items, count * sizeof(struct roster_item)))
        return mem_exhausted();
    block->items.len = count * sizeof(struct roster_item);
    err = begin(&unpacking.work, block);
    if (!err)
        err = unpack_all(&unpacking, first_seq, next_seq);
    end(&unpacking.work);
    if (err)
        roster_block_clear(block);
    return err;
}
