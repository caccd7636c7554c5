/* json.h - JSON text in, as a flat list of values that point into the text; JSON text out.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A parsed document is an array of nodes in the order of the text. An object's children are key,
 * value, key, value ...; `next` of a node is the index behind its whole subtree. Nothing is
 * recursive. Values keep the place they came from, so the text of any value (and every digit of a
 * number) is at hand.
 *
 * The reader is strict about structure (RFC 8259) and tolerant about what one value may spoil:
 * a number too large for a double, a lone surrogate, bytes that are not UTF-8 (read as U+FFFD)
 * and nesting deeper than JSON_DEPTH are *defects*: the document is read, and each defect is
 * listed with its place, so that of a batch only the event around it is refused.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"

enum { JSON_PADDING = 64, JSON_DEPTH = 32 };

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

enum json_defect_kind {
    JSON_BAD_NUMBER, /* does not fit a double, such as 1e999 */
    JSON_LONE_SURROGATE,
    JSON_BAD_UTF8, /* one for a run of bad bytes */
    JSON_TOO_DEEP, /* a value within more than JSON_DEPTH brackets, counted from the root */
};

struct json_node {
    uint8_t type;       /* enum json_type */
    uint8_t is_escaped; /* a string with a backslash in it: its value differs from its text */
    uint16_t depth;     /* the root has 0; saturates */
    uint32_t start;     /* place of the first byte in json.text (of a string: behind the quote) */
    uint32_t end;       /* behind the last byte (of a string: of the closing quote) */
    uint32_t next;      /* index of the node behind this one's subtree */
};

struct json_defect {
    enum json_defect_kind kind;
    uint32_t at; /* place in json.text */
};

struct json {
    str text; /* what the nodes point into; repaired where it was not UTF-8 */
    struct json_node *nodes;
    uint32_t count;
    struct json_defect *defects; /* by place */
    uint32_t defect_count;
};

struct json_reader; /* scratch memory reused from document to document; one thread at a time */

struct json_reader *json_reader_open(void); /* NULL without memory */
void json_reader_close(struct json_reader *reader);

/* Parses one document. JSON_PADDING bytes behind `text` must be readable. Nodes live in the
 * reader until its next parse; repaired text in `mem`. ERR_INVALID says what is wrong and at
 * which byte (also for more than 10,000 levels); ERR_LIMIT without memory or over 4 GiB. */
fallible json_parse(struct json_reader *reader, struct arena *mem, str text, struct json *out);
/* The same for text that nobody padded: copies it into `mem` first. */
fallible json_parse_copy(struct json_reader *reader, struct arena *mem, str text, struct json *out);

/* Walking. Indexes are into json.nodes; 0 is the root. */
#define JSON_ABSENT UINT32_MAX
/* The value under `key` (the last of equal keys), or JSON_ABSENT; also when `object` is none. */
uint32_t json_find(const struct json *doc, uint32_t object, str key);
enum json_type json_type_of(const struct json *doc, uint32_t at);
/* The text of a value as it stands in the document, a string with its quotes. */
str json_raw(const struct json *doc, uint32_t at);
/* The value of a string: borrowed from the document when it holds no escape, else unescaped into
 * `mem`; an absent str when `at` is no string or without memory. */
str json_string(const struct json *doc, uint32_t at, struct arena *mem);
/* Does the key or string at `at` equal `text`, escapes resolved? */
bool json_is_string(const struct json *doc, uint32_t at, str text);
/* A whole number within int64 (1e3 and 5.0 count); false otherwise. */
bool json_to_i64(const struct json *doc, uint32_t at, int64_t *out_number);
bool json_to_double(const struct json *doc, uint32_t at, double *out_number);
/* The first defect inside the value at `at`, or NULL. Defects of JSON_TOO_DEEP inside are those
 * deeper than JSON_DEPTH below `at` itself, whatever depth `at` has. */
const struct json_defect *json_defect_in(const struct json *doc, uint32_t at);
const char *json_defect_text(enum json_defect_kind kind);

/* EACH_MEMBER(doc, object, key, value) { ... }  and  EACH_ELEMENT(doc, array, value) { ... } */
#define EACH_MEMBER(doc, object, key, value)                                                       \
    for (uint32_t key = (object) + 1, value = key + 1; key < (doc)->nodes[object].next;            \
         key = (doc)->nodes[value].next, value = key + 1)
#define EACH_ELEMENT(doc, array, value)                                                            \
    for (uint32_t value = (array) + 1; value < (doc)->nodes[array].next;                           \
         value = (doc)->nodes[value].next)

/* Writing: values in turn, commas by themselves.
 *   struct json_writer w = {.out = &buf};
 *   json_open(&w, '{'); json_key(&w, S("count")); json_u64(&w, 7); json_shut(&w, '}');        */
struct json_writer {
    struct buf *out;
    bool needs_comma;
};

void json_open(struct json_writer *w, char bracket); /* '{' or '[' */
void json_shut(struct json_writer *w, char bracket); /* '}' or ']' */
void json_key(struct json_writer *w, str name);
void json_text(struct json_writer *w, str text); /* bad UTF-8 as U+FFFD; '<' as \u003c */
void json_u64(struct json_writer *w, uint64_t number);
void json_i64(struct json_writer *w, int64_t number);
/* The shortest text that reads back as `number`; null when it is not finite. */
void json_double(struct json_writer *w, double number);
void json_bool(struct json_writer *w, bool yes);
void json_null(struct json_writer *w);
void json_time(struct json_writer *w, millis at); /* RFC 3339 in UTC; years 0001 to 9999 */
/* A member: that, or null for 0. */
void json_key_time(struct json_writer *w, str name, millis at);
void json_verbatim(struct json_writer *w, str json); /* a value that is JSON already */
