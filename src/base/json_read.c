/* json_read.c - from the structural index to nodes, in one pass over the index.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Between two places of the index stands one value (or one bracket, comma, colon) and white
 * space. So a value ends where the white space before the next place begins, and its closing
 * quote need not be looked for. The last place is followed by one that holds the text's length.
 */
#include "base/json.h"

#include "base/json_int.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"

#include <assert.h>
#include <string.h>

enum { DEEPEST = 10000, BOM_LEN = 3, ALWAYS_FINITE_DIGITS = 300 };
static const size_t LONGEST = UINT32_MAX - JSON_PADDING;

struct json_reader {
    struct json_index *index;
    struct json_node *nodes;
    size_t node_room;
    struct json_defect *defects;
    uint32_t defect_count;
    uint32_t defect_room;
    bool is_out_of_memory;  /* while noting a defect */
    uint32_t open[DEEPEST]; /* nodes of the containers around the current place */
};

/* One pass over one document. */
struct pass {
    struct json_reader *reader;
    const char *text;
    uint32_t len;
    uint32_t skipped;       /* bytes before `text` that messages count */
    const uint32_t *place;  /* of what is looked at */
    const uint32_t *last;   /* the place that holds `len` */
    struct json_node *node; /* the next to be filled */
    uint32_t depth;         /* containers around */
    uint32_t backslash;     /* the first at or behind the current place; `len` for none */
};

struct json_reader *json_reader_open(void)
{
    struct json_reader *reader = mem_alloc(sizeof *reader);

    if (!reader)
        return NULL;
    reader->index = json_index_open();
    if (!reader->index) {
        mem_free(reader);
        return NULL;
    }
    return reader;
}

void json_reader_close(struct json_reader *reader)
{
    if (!reader)
        return;
    json_index_close(reader->index);
    mem_free(reader->nodes);
    mem_free(reader->defects);
    mem_free(reader);
}

static void note(struct json_reader *reader, enum json_defect_kind kind, uint32_t at)
{
    if (reader->defect_count == reader->defect_room) {
        uint32_t room = reader->defect_room ? reader->defect_room * 2 : 16;
        struct json_defect *grown = mem_grow(reader->defects, room * sizeof *grown);
        if (!grown) {
            reader->is_out_of_memory = true;
            return;
        }
        reader->defects = grown;
        reader->defect_room = room;
    }
    reader->defects[reader->defect_count++] = (struct json_defect){kind, at};
}

__attribute__((cold, noinline)) static enum err wrong(const struct pass *pass, uint32_t at,
                                                      const char *what)
{
    return fail(ERR_INVALID, "not JSON at byte %zu: %s", (size_t)at + pass->skipped, what);
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Behind the last byte of the value at the current place. */
static inline uint32_t value_end(const struct pass *pass)
{
    uint32_t end = pass->place[1];

    while (is_blank(pass->text[end - 1]))
        end--;
    return end;
}

static inline void add_leaf(struct pass *pass, enum json_type type, uint32_t start, uint32_t end)
{
    struct json_node *node = pass->node++;

    node->type = (uint8_t)type;
    node->is_escaped = 0;
    node->depth = (uint16_t)pass->depth;
    node->start = start;
    node->end = end;
    node->next = (uint32_t)(pass->node - pass->reader->nodes);
}

static bool hex4(const char *at, const char *end, uint32_t *out_code)
{
    uint32_t code = 0;

    if (end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = at[i], low = (char)(c | 0x20);
        if (is_digit(c))
            code = code << 4 | (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            code = code << 4 | (uint32_t)(low - 'a' + 10);
        else
            return false;
    }
    *out_code = code;
    return true;
}

/* Checks the escapes of a string that holds one; lone surrogates are defects. */
static fallible check_escapes(struct pass *pass, uint32_t start, uint32_t end)
{
    const char *text = pass->text, *stop = text + end;
    const char *at = text + start;
    uint32_t code, low;

    while ((at = memchr(at, '\\', (size_t)(stop - at)))) {
        const char *escape = at;
        at += 2;
        if (escape[1] != 'u') {
            if (!memchr("\"\\/bfnrt", escape[1], 8))
                return wrong(pass, (uint32_t)(escape - text), "there is no such escape");
            continue;
        }
        if (!hex4(at, stop, &code))
            return wrong(pass, (uint32_t)(escape - text), "\\u needs four hexadecimal digits");
        at += 4;
        if (code < 0xD800 || code > 0xDFFF)
            continue;
        if (code < 0xDC00 && stop - at >= 6 && at[0] == '\\' && at[1] == 'u' &&
            hex4(at + 2, stop, &low) && low >= 0xDC00 && low <= 0xDFFF)
            at += 6;
        else
            note(pass->reader, JSON_LONE_SURROGATE, (uint32_t)(escape - text));
    }
    return OK;
}

__attribute__((noinline)) static fallible read_escaped(struct pass *pass, uint32_t start,
                                                       uint32_t end)
{
    const char *found;

    TRY(check_escapes(pass, start, end - 1));
    pass->node[-1].is_escaped = 1;
    found = memchr(pass->text + end, '\\', pass->len - end);
    pass->backslash = found ? (uint32_t)(found - pass->text) : pass->len;
    return OK;
}

static inline fallible read_string(struct pass *pass)
{
    uint32_t start = *pass->place + 1, end = value_end(pass);

    assert(end > start && pass->text[end - 1] == '"'); /* what the index promises */
    add_leaf(pass, JSON_STRING, start, end);
    return pass->backslash < end ? read_escaped(pass, start, end) : OK;
}

/* The grammar of RFC 8259, section 6, over all of [at, end). `may_overflow` is set where the
 * number's size is not plain from its length. */
static bool is_number(const char *at, const char *end, bool *out_may_overflow)
{
    const char *digits = at += *at == '-';

    while (at < end && is_digit(*at))
        at++;
    if (at == digits || (*digits == '0' && at - digits > 1))
        return false;
    *out_may_overflow = at - digits > ALWAYS_FINITE_DIGITS;
    if (at < end && *at == '.') {
        digits = ++at;
        while (at < end && is_digit(*at))
            at++;
        if (at == digits)
            return false;
    }
    if (at < end && (*at | 0x20) == 'e') {
        *out_may_overflow = true;
        at++;
        at += at < end && (*at == '+' || *at == '-');
        digits = at;
        while (at < end && is_digit(*at))
            at++;
        if (at == digits)
            return false;
    }
    return at == end;
}

static fallible read_number(struct pass *pass)
{
    uint32_t start = *pass->place, end = value_end(pass);
    bool may_overflow;
    double number;

    if (!is_number(pass->text + start, pass->text + end, &may_overflow))
        return wrong(pass, start, "a number is not written like this");
    if (may_overflow && !number_to_double(str_from(pass->text + start, end - start), &number))
        note(pass->reader, JSON_BAD_NUMBER, start);
    add_leaf(pass, JSON_NUMBER, start, end);
    return OK;
}

static inline fallible read_word(struct pass *pass, enum json_type type, str word)
{
    uint32_t start = *pass->place, end = value_end(pass);

    if (end - start != word.len || memcmp(pass->text + start, word.data, word.len) != 0)
        return wrong(pass, start, "a word other than true, false and null needs quotes");
    add_leaf(pass, type, start, end);
    return OK;
}

/* Reads the leaf at the current place. */
static inline fallible read_leaf(struct pass *pass)
{
    char first = pass->text[*pass->place];

    if (first == '"')
        return read_string(pass);
    if (is_digit(first) || first == '-')
        return read_number(pass);
    if (first == 't')
        return read_word(pass, JSON_TRUE, S("true"));
    if (first == 'f')
        return read_word(pass, JSON_FALSE, S("false"));
    if (first == 'n')
        return read_word(pass, JSON_NULL, S("null"));
    return wrong(pass, *pass->place, "a value should stand here");
}

/* Enters the container at the current place. */
static inline fallible open_container(struct pass *pass, char bracket)
{
    uint32_t start = *pass->place;

    if (pass->depth == DEEPEST)
        return wrong(pass, start, "nested too deeply");
    pass->reader->open[pass->depth] = (uint32_t)(pass->node - pass->reader->nodes);
    add_leaf(pass, bracket == '{' ? JSON_OBJECT : JSON_ARRAY, start, start);
    pass->depth++;
    return OK;
}

/* Leaves the innermost container, whose closing bracket stands at the current place. Returns the
 * bracket that closes the one around it. */
static inline char close_container(struct pass *pass)
{
    struct json_reader *reader = pass->reader;
    struct json_node *node = &reader->nodes[reader->open[--pass->depth]];

    node->end = *pass->place + 1;
    node->next = (uint32_t)(pass->node - reader->nodes);
    if (pass->depth == 0)
        return '\0';
    return reader->nodes[reader->open[pass->depth - 1]].type == JSON_OBJECT ? '}' : ']';
}

/* Reads a key and its colon; the current place becomes the value's. */
static inline fallible read_key(struct pass *pass)
{
    if (pass->text[*pass->place] != '"')
        return wrong(pass, *pass->place, "a key in quotes should stand here");
    TRY(read_string(pass));
    if (pass->text[pass->place[1]] != ':')
        return wrong(pass, pass->place[1], "a colon should stand here");
    pass->place += 2;
    return OK;
}

/* Reads a document whose root is a container. The caller has seen that the last place holds the
 * bracket that closes such a root: no other step than closing can run past it. */
static fallible read_tree(struct pass *pass)
{
    char first = pass->text[*pass->place], closer = '\0';

    for (;;) {
        bool is_open = first == '{' || first == '[';
        if (is_open) {
            TRY(open_container(pass, first));
            closer = (char)(first + 2); /* in ASCII both pairs lie 2 apart */
        } else {
            TRY(read_leaf(pass));
        }
        pass->place++;
        if (!is_open || pass->text[*pass->place] == closer) {
            while (pass->text[*pass->place] == closer) {
                closer = close_container(pass);
                pass->place++;
                if (pass->depth == 0)
                    return OK;
                if (pass->place == pass->last)
                    return wrong(pass, pass->len, "a bracket is not closed");
            }
            if (pass->text[*pass->place] != ',')
                return wrong(pass, *pass->place,
                             closer == '}' ? "a comma or } should stand here"
                                           : "a comma or ] should stand here");
            pass->place++;
        } else if (pass->depth > JSON_DEPTH) {
            note(pass->reader, JSON_TOO_DEEP, *pass->place);
        }
        if (closer == '}')
            TRY(read_key(pass));
        first = pass->text[*pass->place];
    }
}

static bool reserve_nodes(struct json_reader *reader, size_t count)
{
    if (count <= reader->node_room)
        return true;
    mem_free(reader->nodes); /* their content is of no use any more */
    reader->node_room = 0;
    reader->nodes = mem_grow(NULL, count * sizeof *reader->nodes);
    if (!reader->nodes)
        return false;
    reader->node_room = count;
    return true;
}

static fallible read_document(struct pass *pass)
{
    char first = pass->text[*pass->place];
    const char *backslash = memchr(pass->text, '\\', pass->len);

    pass->backslash = backslash ? (uint32_t)(backslash - pass->text) : pass->len;
    pass->node = pass->reader->nodes;
    if (first == '{' || first == '[') {
        if (pass->text[pass->last[-1]] != first + 2)
            return wrong(pass, pass->last[-1],
                         first == '{' ? "the document's last sign is not the } that closes it"
                                      : "the document's last sign is not the ] that closes it");
        TRY(read_tree(pass));
    } else {
        TRY(read_leaf(pass));
        pass->place++;
    }
    if (pass->place != pass->last)
        return wrong(pass, *pass->place, "something stands behind the document");
    return OK;
}

/* Finds the control character or the open string that kept the index from being made. */
static fallible explain(const struct pass *pass, bool is_control)
{
    uint32_t quote = 0;
    bool is_inside = false;

    for (uint32_t at = 0; at < pass->len; at++) {
        char c = pass->text[at];
        if (c == '\\') {
            at++;
        } else if (c == '"') {
            is_inside = !is_inside;
            quote = at;
        } else if (is_control && is_inside && (unsigned char)c < 0x20) {
            return wrong(pass, at, "a control character in a string must be escaped");
        }
    }
    return wrong(pass, quote,
                 is_control ? "a control character in a string must be escaped"
                            : "the string that starts here has no end");
}

/* Indexes and reads one text; *out_is_utf8 tells whether all of it is UTF-8. */
static fallible read_text(struct pass *pass, bool *out_is_utf8)
{
    struct json_reader *reader = pass->reader;
    enum json_index_state state;
    uint32_t count = 0;

    reader->defect_count = 0;
    reader->is_out_of_memory = false;
    state = json_index_run(reader->index, pass->text, pass->len, &pass->place, &count);
    switch (state) {
    case JSON_INDEX_NO_MEMORY:
        return mem_exhausted();
    case JSON_INDEX_EMPTY:
        return wrong(pass, 0, "there is no value");
    case JSON_INDEX_UNCLOSED:
    case JSON_INDEX_CONTROL:
        return explain(pass, state == JSON_INDEX_CONTROL);
    case JSON_INDEX_GOOD:
    case JSON_INDEX_BAD_UTF8:
        break;
    }
    pass->last = pass->place + count;
    if (!reserve_nodes(reader, count)) /* no place gives more than one node */
        return mem_exhausted();
    TRY(read_document(pass));
    if (reader->is_out_of_memory)
        return mem_exhausted();
    *out_is_utf8 = state == JSON_INDEX_GOOD;
    return OK;
}

/* Copies the text with U+FFFD for what is not UTF-8. Notes nothing: see note_repairs. */
static fallible repair(struct arena *mem, str text, str *out_text)
{
    const char *end = text.data + text.len;
    size_t len = 0;
    bool is_valid;
    char *to;

    for (const char *at = text.data; at < end;) {
        size_t step = utf8_step(at, end, &is_valid);
        len += is_valid ? step : UTF8_REPLACEMENT.len;
        at += step;
    }
    if (len > LONGEST)
        return fail(ERR_LIMIT, "JSON of over 4 GiB is not read");
    to = arena_take(mem, len + JSON_PADDING);
    if (!to)
        return arena_exhausted();
    *out_text = str_from(to, len);
    for (const char *at = text.data; at < end;) {
        size_t step = utf8_step(at, end, &is_valid);
        str part = is_valid ? str_from(at, step) : UTF8_REPLACEMENT;
        memcpy(to, part.data, part.len);
        to += part.len;
        at += step;
    }
    return OK;
}

/* Notes the earlier defects that lie before `place`, and takes them off the list. */
static void note_earlier(struct json_reader *reader, const struct json_defect **at,
                         const struct json_defect *end, uint32_t place)
{
    for (; *at < end && (*at)->at < place; (*at)++)
        note(reader, (*at)->kind, (*at)->at);
}

/* Puts the places of repaired bytes among the other defects. A run of bad bytes lies within one
 * string and counts once. */
static fallible note_repairs(struct json_reader *reader, str text)
{
    struct json_defect *others = reader->defects;
    const struct json_defect *other = others,
                             *others_end = others ? others + reader->defect_count : NULL;
    const char *end = text.data + text.len;
    bool is_valid, was_valid = true;
    uint32_t place = 0;

    reader->defects = NULL;
    reader->defect_count = reader->defect_room = 0;
    for (const char *at = text.data; at < end; was_valid = is_valid) {
        size_t step = utf8_step(at, end, &is_valid);
        if (!is_valid && was_valid) {
            note_earlier(reader, &other, others_end, place);
            note(reader, JSON_BAD_UTF8, place);
        }
        place += (uint32_t)(is_valid ? step : UTF8_REPLACEMENT.len);
        at += step;
    }
    note_earlier(reader, &other, others_end, place);
    mem_free(others);
    return reader->is_out_of_memory ? mem_exhausted() : OK;
}

fallible json_parse(struct json_reader *reader, struct arena *mem, str text, struct json *out)
{
    struct pass pass = {.reader = reader};
    bool is_utf8;
    str repaired;

    if (str_starts(text, S("\xEF\xBB\xBF"))) {
        pass.skipped = BOM_LEN;
        text = str_slice(text, BOM_LEN, text.len);
    }
    if (text.len > LONGEST)
        return fail(ERR_LIMIT, "JSON of over 4 GiB is not read");
    pass.text = text.data;
    pass.len = (uint32_t)text.len;
    TRY(read_text(&pass, &is_utf8));
    if (!is_utf8) {
        /* Its structure is sound, so all bad bytes lie within strings. */
        TRY(repair(mem, text, &repaired));
        pass =
            (struct pass){.reader = reader, .text = repaired.data, .len = (uint32_t)repaired.len};
        TRY(read_text(&pass, &is_utf8));
        TRY(note_repairs(reader, text));
        text = repaired;
    }
    *out = (struct json){.text = text,
                         .nodes = reader->nodes,
                         .count = (uint32_t)(pass.node - reader->nodes),
                         .defects = reader->defects,
                         .defect_count = reader->defect_count};
    return OK;
}

fallible json_parse_copy(struct json_reader *reader, struct arena *mem, str text, struct json *out)
{
    char *copy;

    if (text.len > LONGEST)
        return fail(ERR_LIMIT, "JSON of over 4 GiB is not read");
    copy = arena_take(mem, text.len + JSON_PADDING);
    if (!copy)
        return arena_exhausted();
    if (text.len)
        memcpy(copy, text.data, text.len);
    return json_parse(reader, mem, str_from(copy, text.len), out);
}
