/* shapes.c - a tree of the texts between values.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A node stands for the text from one value to the next, quotes included; its children are the
 * texts that were seen behind the value that follows. In two messages what stands between values
 * can only be the beginning of another such text where one value is a string and the other is not,
 * so at most one child fits.
 *
 * Why a match can be trusted: the shape was taken from a document that the JSON reader accepted.
 * Each value is replaced by another one: a string by a string of valid UTF-8 and escapes
 * without quotes and control characters, a number or word by a number or word. So the whole is JSON
 * again, of the same keys and nesting, and which values are properties depends on nothing else, but
 * for the `name` of a page or screen, which counts only if it is not empty.
 */
#include "measure/shapes.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "measure/events.h"

#ifdef __SSE2__ /* all of amd64 */
#include <emmintrin.h>
#endif
#include <string.h>

enum {
    MOST_VALUES = 200, /* in one message */
    MOST_SIBLINGS = 32,
    MOST_NODES = 1 << 13,
    MOST_PLANS = 1 << 9,
    MOST_RUNS = 1 << 12,
    MOST_ITEMS = 1 << 14,
    LITERAL_BYTES = 1 << 18,
    LEARN_EVERY = 16, /* of the unknown, where learning seems to be of little use */
};

#define NONE UINT32_MAX

enum slot { SLOT_TEXT, SLOT_BARE, SLOT_END };

struct node {
    uint32_t literal; /* where it begins */
    uint32_t len;
    uint32_t sibling;
    uint32_t child;
    uint32_t plan;  /* of SLOT_END */
    enum slot slot; /* what follows */
};

struct run {
    uint32_t first;
    uint32_t count;
};

struct plan {
    uint32_t run; /* the first of its runs; the sources of items count from there */
    uint32_t run_count;
    uint32_t name;               /* value that is the event's name, or NONE */
    uint32_t filled;             /* value that must not be empty, or NONE */
    bool is_wanted[MOST_VALUES]; /* does anything need the value? */
};

/* What the message in hand consists of. Kept with the rest, as the compiler would clear it for each
 * message on the stack. */
struct scratch {
    str values[MOST_VALUES];
    bool is_text[MOST_VALUES];
    bool is_escaped[MOST_VALUES];
    uint32_t count;
    struct cell cells[MOST_VALUES]; /* of the values */
    str texts[MOST_VALUES];
    uint32_t codes[MOST_VALUES];
    uint8_t places[MOST_VALUES]; /* of the texts among the values */
    struct cell run[FLATTEN_TRACED_ITEMS];
    uint32_t runs[FLATTEN_TRACED_RUNS];
};

struct shapes {
    uint32_t roots[EVENT_ALIAS + 1];
    uint32_t node_count; /* [0] is not used */
    uint32_t plan_count;
    uint32_t run_count;
    uint32_t item_count;
    uint32_t literal_len;
    bool is_full; /* a shape found no room */
    bool was_full;
    bool is_in_vain; /* the latest attempt to learn */
    uint32_t unknown;
    struct flatten_trace trace;
    struct scratch scratch;
    struct node nodes[MOST_NODES];
    struct plan plans[MOST_PLANS];
    struct run runs[MOST_RUNS];
    struct flatten_item items[MOST_ITEMS]; /* the source of a value is its place among values */
    char literals[LITERAL_BYTES];
};

struct shapes *shapes_open(void)
{
    struct shapes *shapes = mem_alloc(sizeof *shapes);

    if (shapes)
        shapes->node_count = 1;
    return shapes;
}

void shapes_close(struct shapes *shapes)
{
    mem_free(shapes);
}

uint64_t shapes_bytes(const struct shapes *shapes)
{
    return shapes->node_count * sizeof *shapes->nodes + shapes->plan_count * sizeof *shapes->plans +
           shapes->run_count * sizeof *shapes->runs + shapes->item_count * sizeof *shapes->items +
           shapes->literal_len;
}

/* Cutting a message into its values. */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Of eight bytes marks the first that is a quote, a backslash, a control character or no ASCII;
 * further ones may be marked wrongly. */
static inline uint64_t mark_special(uint64_t bytes)
{
    return (((bytes ^ EACH_BYTE('"')) - EACH_BYTE(1)) | ((bytes ^ EACH_BYTE('\\')) - EACH_BYTE(1)) |
            (bytes - EACH_BYTE(0x20)) | bytes) &
           EACH_BYTE(0x80);
}

/* The first such byte, or the place from which fewer than eight are left. */
static inline const char *find_special(const char *at, const char *end)
{
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* As signed numbers what is no ASCII is below the space, too. */
        __m128i special = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),
                                       _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
        unsigned marks = (unsigned)_mm_movemask_epi8(special);

        if (marks)
            return at + __builtin_ctz(marks);
    }
#endif
    while (end - at >= 8) {
        uint64_t bytes, marks;

        memcpy(&bytes, at, sizeof bytes);
        marks = mark_special(bytes);
        if (marks)
            return at + __builtin_ctzll(marks) / 8;
        at += sizeof bytes;
    }
    return at;
}

/* The length of the escape at `at`; 0: it is none. Halves of surrogate pairs count as one. */
static size_t escape_len(const char *at, const char *end)
{
    if (end - at < 6 || !memchr("\"\\/bfnrtu", at[1], 9))
        return 0;
    for (int i = 2; i < 6 && at[1] == 'u'; i++)
        if (!memchr("0123456789abcdefABCDEF", at[i], 22))
            return 0;
    return at[1] == 'u' ? 6 : 2;
}

/* The quote that ends the string at `at`; NULL where it is not valid. */
static inline const char *text_end(const char *at, const char *end, bool *out_is_escaped)
{
    *out_is_escaped = false;
    for (;;) {
        bool is_valid;

        at = find_special(at, end);
        if (at == end)
            return NULL;
        if (*at == '"')
            return at;
        if (*at == '\\') {
            size_t len = escape_len(at, end);

            if (!len)
                return NULL;
            at += len;
            *out_is_escaped = true;
            continue;
        }
        if ((unsigned char)*at < 0x20)
            return NULL;
        at += utf8_step(at, end, &is_valid);
        if (!is_valid)
            return NULL;
    }
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Behind the word or number at `at`; NULL where it is none of the plain ones. */
static const char *bare_end(const char *at, const char *end)
{
    static const str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    const char *digits;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (*at == *words[i].data)
            return (size_t)(end - at) > words[i].len && !memcmp(at, words[i].data, words[i].len)
                       ? at + words[i].len
                       : NULL;
    digits = at += *at == '-';
    while (at < end && is_digit(*at))
        at++;
    if (at == digits || (*digits == '0' && at - digits > 1))
        return NULL;
    if (at < end && *at == '.') {
        digits = ++at;
        while (at < end && is_digit(*at))
            at++;
        if (at == digits)
            return NULL;
    }
    return at;
}

static inline bool is_equal(const char *a, const char *b, size_t len)
{
    uint64_t left, right;

    if (len < sizeof left)
        return !memcmp(a, b, len);
    for (; len > sizeof left; a += sizeof left, b += sizeof left, len -= sizeof left) {
        memcpy(&left, a, sizeof left);
        memcpy(&right, b, sizeof right);
        if (left != right)
            return false;
    }
    memcpy(&left, a + len - sizeof left, sizeof left);
    memcpy(&right, b + len - sizeof right, sizeof right);
    return left == right;
}

/* The node of the list that begins with `*first` and fits; it becomes the first, for the next
 * message is likely to need it again. */
static inline const struct node *fitting(struct shapes *shapes, uint32_t *first, const char *at,
                                         const char *end)
{
    for (uint32_t *link = first; *link; link = &shapes->nodes[*link].sibling) {
        struct node *node = &shapes->nodes[*link];
        size_t rest = (size_t)(end - at);

        if (rest < node->len || (rest == node->len) != (node->slot == SLOT_END) ||
            (node->slot == SLOT_BARE && at[node->len] == '"') ||
            !is_equal(at, shapes->literals + node->literal, node->len))
            continue;
        if (link != first) {
            uint32_t found = *link;

            *link = node->sibling;
            node->sibling = *first;
            *first = found;
        }
        return node;
    }
    return NULL;
}

/* The plan for a message of a known shape, and its values; NULL: it is of none. */
static const struct plan *match(struct shapes *shapes, uint32_t *root, str message)
{
    struct scratch *scratch = &shapes->scratch;
    const char *at = message.data, *end = at + message.len;
    const struct node *node;

    scratch->count = 0;
    for (uint32_t *list = root; (node = fitting(shapes, list, at, end));
         list = &shapes->nodes[node - shapes->nodes].child) {
        const char *stop;

        at += node->len;
        if (node->slot == SLOT_END)
            return &shapes->plans[node->plan];
        if (scratch->count == MOST_VALUES)
            return NULL;
        stop = node->slot == SLOT_TEXT ? text_end(at, end, &scratch->is_escaped[scratch->count])
                                       : bare_end(at, end);
        if (!stop)
            return NULL;
        scratch->is_text[scratch->count] = node->slot == SLOT_TEXT;
        scratch->values[scratch->count++] = (str){at, (size_t)(stop - at)};
        at = stop;
    }
    return NULL;
}

/* Folding. */

static fallible bare_cell(struct flatten *flatten, str text, struct cell *out_cell)
{
    struct cell cell = {.type = CELL_NULL};
    decimal number;

    if (*text.data == 't') {
        cell.type = CELL_TRUE;
    } else if (*text.data == 'f') {
        cell.type = CELL_FALSE;
    } else if (*text.data != 'n') {
        TRY(decimal_parse(text, &number));
        TRY(cells_put_number(flatten->cells, number, &cell));
    }
    *out_cell = cell;
    return OK;
}

static fallible resolve(struct flatten *flatten, str escaped, str *out_text)
{
    struct json_node node = {.type = JSON_STRING, .is_escaped = 1};
    struct json doc = {.text = escaped, .nodes = &node, .count = 1};
    str text;

    if (escaped.len >= UINT32_MAX)
        return fail(ERR_LIMIT, "a text of over 4 GiB");
    node.end = (uint32_t)escaped.len + 1; /* behind the quote */
    text = json_string(&doc, 0, flatten->mem);
    if (!text.data)
        return arena_exhausted();
    *out_text = text;
    return OK;
}

static fallible make_cells(struct scratch *scratch, struct flatten *flatten,
                           const struct plan *plan)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < scratch->count; i++) {
        if (!plan->is_wanted[i])
            continue;
        if (scratch->is_text[i]) {
            scratch->places[count] = (uint8_t)i;
            scratch->texts[count] = scratch->values[i];
            if (scratch->is_escaped[i])
                TRY(resolve(flatten, scratch->values[i], &scratch->texts[count]));
            count++;
        } else {
            TRY(bare_cell(flatten, scratch->values[i], &scratch->cells[i]));
        }
    }
    TRY(dictionary_add_all(flatten->texts, scratch->texts, count, scratch->codes));
    for (uint32_t i = 0; i < count; i++)
        scratch->cells[scratch->places[i]] =
            (struct cell){.type = CELL_TEXT, .data = scratch->codes[i]};
    return OK;
}

static fallible put_runs(struct shapes *shapes, struct flatten *flatten, const struct plan *plan,
                         uint32_t *out_run)
{
    struct scratch *scratch = &shapes->scratch;

    for (uint32_t i = 0; i < plan->run_count; i++) {
        const struct run *run = &shapes->runs[plan->run + i];

        for (uint32_t k = 0; k < run->count; k++) {
            const struct flatten_item *item = &shapes->items[run->first + k];
            struct cell cell = {.type = item->type};

            if (item->type == CELL_LIST || item->type == CELL_OBJECT)
                cell.data = scratch->runs[item->source];
            else
                cell = scratch->cells[item->source];
            cell.property = item->property;
            cell.is_derived = item->is_derived;
            scratch->run[k] = cell;
        }
        TRY(cells_put(flatten->cells, scratch->run, run->count, &scratch->runs[i]));
    }
    *out_run = scratch->runs[plan->run_count - 1];
    return OK;
}

fallible shapes_fold(struct shapes *shapes, struct flatten *flatten,
                     const struct record_event *event, uint32_t *out_name, uint32_t *out_run,
                     bool *out_is_known)
{
    struct scratch *scratch = &shapes->scratch;
    const struct plan *plan = match(shapes, &shapes->roots[event->type], event->json);

    *out_is_known = plan && (plan->filled == NONE || scratch->values[plan->filled].len);
    if (!*out_is_known)
        return OK;
    TRY(make_cells(scratch, flatten, plan));
    TRY(put_runs(shapes, flatten, plan, out_run));
    if (plan->name != NONE)
        *out_name = scratch->cells[plan->name].data;
    return OK;
}

/* Learning. */

struct flatten_trace *shapes_trace(struct shapes *shapes, enum event_type type)
{
    /* An identify call makes two runs, and is rare. */
    if (type == EVENT_IDENTIFY ||
        ((shapes->was_full || shapes->is_in_vain) && shapes->unknown++ % LEARN_EVERY))
        return NULL;
    shapes->trace.item_count = 0;
    shapes->trace.run_count = 0;
    shapes->trace.is_incomplete = false;
    return &shapes->trace;
}

static bool is_leaf(const struct json *doc, uint32_t at)
{
    return json_type_of(doc, at) != JSON_OBJECT && json_type_of(doc, at) != JSON_ARRAY;
}

static bool is_key(const struct json *doc, uint32_t at)
{
    size_t behind = doc->nodes[at].end;

    while (behind < doc->text.len && doc->text.data[behind] <= ' ')
        behind++;
    return behind < doc->text.len && doc->text.data[behind] == ':';
}

/* The nodes that are values and neither objects nor lists; false: too many. */
static bool find_leaves(const struct json *doc, uint32_t leaves[MOST_VALUES], uint32_t *out_count)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < doc->count; at++) {
        if (!is_leaf(doc, at) || (json_type_of(doc, at) == JSON_STRING && is_key(doc, at)))
            continue;
        if (count == MOST_VALUES)
            return false;
        leaves[count++] = at;
    }
    *out_count = count;
    return true;
}

static uint32_t place_of(const uint32_t *leaves, uint32_t count, uint32_t node)
{
    for (uint32_t i = 0; i < count; i++)
        if (leaves[i] == node)
            return i;
    return NONE;
}

/* What decides which values become properties and is not the shape's: false if that is more than
 * a plan can say. */
static bool plan_conditions(struct plan *plan, const struct json *doc, enum event_type type,
                            const uint32_t *leaves, uint32_t count)
{
    uint32_t properties = json_find(doc, 0, S("properties"));
    uint32_t name = json_find(doc, 0, S("name"));
    uint32_t event = json_find(doc, 0, S("event"));

    plan->name = NONE;
    plan->filled = NONE;
    if (properties != JSON_ABSENT && is_leaf(doc, properties))
        return false;
    if (type == EVENT_TRACK)
        plan->name = place_of(leaves, count, event);
    if ((type == EVENT_PAGE || type == EVENT_SCREEN) && name != JSON_ABSENT && is_leaf(doc, name)) {
        if (json_type_of(doc, name) != JSON_STRING || json_is_string(doc, name, S("")))
            return false;
        plan->filled = place_of(leaves, count, name);
    }
    return true;
}

/* Copies what was traced; false: there is no room. */
static bool plan_runs(struct shapes *shapes, struct plan *plan, const uint32_t *leaves,
                      uint32_t count)
{
    const struct flatten_trace *trace = &shapes->trace;

    if (trace->run_count > MOST_RUNS - shapes->run_count ||
        trace->item_count > MOST_ITEMS - shapes->item_count)
        return false;
    plan->run = shapes->run_count;
    plan->run_count = trace->run_count;
    for (uint32_t i = 0; i < trace->run_count; i++)
        shapes->runs[plan->run + i] =
            (struct run){shapes->item_count + trace->runs[i].first, trace->runs[i].count};
    for (uint32_t i = 0; i < trace->item_count; i++) {
        struct flatten_item item = trace->items[i];

        if (item.type != CELL_LIST && item.type != CELL_OBJECT) {
            item.source = place_of(leaves, count, item.source);
            plan->is_wanted[item.source] = true;
        }
        shapes->items[shapes->item_count + i] = item;
    }
    if (plan->name != NONE)
        plan->is_wanted[plan->name] = true;
    shapes->run_count += trace->run_count;
    shapes->item_count += trace->item_count;
    return true;
}

/* The child of `*list` with that text, a new one if need be; NULL: there is no room. */
static struct node *add_node(struct shapes *shapes, uint32_t *list, str literal, enum slot slot)
{
    struct node *node;
    uint32_t siblings = 0;

    for (uint32_t at = *list; at; at = node->sibling, siblings++) {
        node = &shapes->nodes[at];
        if (node->slot == slot &&
            str_equals(literal, str_from(shapes->literals + node->literal, node->len)))
            return node;
    }
    if (siblings == MOST_SIBLINGS)
        return NULL;
    shapes->is_full =
        shapes->node_count == MOST_NODES || literal.len > LITERAL_BYTES - shapes->literal_len;
    if (shapes->is_full)
        return NULL;
    node = &shapes->nodes[shapes->node_count];
    *node = (struct node){.literal = shapes->literal_len,
                          .len = (uint32_t)literal.len,
                          .sibling = *list,
                          .plan = NONE,
                          .slot = slot};
    memcpy(shapes->literals + shapes->literal_len, literal.data, literal.len);
    shapes->literal_len += node->len;
    *list = shapes->node_count++;
    return node;
}

static bool add_path(struct shapes *shapes, const struct json *doc, uint32_t *list,
                     const uint32_t *leaves, uint32_t count, uint32_t plan)
{
    size_t from = 0;
    struct node *node;

    for (uint32_t i = 0; i < count; i++) {
        const struct json_node *leaf = &doc->nodes[leaves[i]];
        bool is_text = leaf->type == JSON_STRING;

        node = add_node(shapes, list, str_slice(doc->text, from, leaf->start),
                        is_text ? SLOT_TEXT : SLOT_BARE);
        if (!node)
            return false;
        list = &node->child;
        from = is_text ? leaf->end - 1 : leaf->end;
    }
    node = add_node(shapes, list, str_slice(doc->text, from, doc->text.len), SLOT_END);
    if (!node || node->plan != NONE)
        return false;
    node->plan = plan;
    return true;
}

static void forget(struct shapes *shapes)
{
    memset(shapes->roots, 0, sizeof shapes->roots);
    shapes->node_count = 1;
    shapes->plan_count = 0;
    shapes->run_count = 0;
    shapes->item_count = 0;
    shapes->literal_len = 0;
    shapes->is_full = false;
    shapes->was_full = true;
}

void shapes_learn(struct shapes *shapes, const struct json *message, enum event_type type)
{
    uint32_t leaves[MOST_VALUES];
    uint32_t count;
    struct plan *plan = &shapes->plans[shapes->plan_count];
    uint32_t runs = shapes->run_count, items = shapes->item_count;

    shapes->is_in_vain = true;
    if (shapes->trace.is_incomplete || !shapes->trace.run_count || message->defect_count)
        return;
    *plan = (struct plan){0};
    if (!find_leaves(message, leaves, &count) ||
        !plan_conditions(plan, message, type, leaves, count))
        return;
    if (!plan_runs(shapes, plan, leaves, count)) {
        forget(shapes);
    } else if (add_path(shapes, message, &shapes->roots[type], leaves, count, shapes->plan_count)) {
        shapes->is_in_vain = false;
        if (++shapes->plan_count == MOST_PLANS)
            forget(shapes);
    } else {
        shapes->run_count = runs;
        shapes->item_count = items;
        if (shapes->is_full)
            forget(shapes);
    }
}
