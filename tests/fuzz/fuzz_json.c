/* fuzz_json.c - any bytes as JSON: the nodes must keep what json.h promises.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "base/utf8.h"

#include <assert.h>

enum { MOST_NODES_PARSED_AGAIN = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
    struct arena *mem;
    struct json_reader *reader;
    struct json_reader *second; /* reads values of the first's document again */
};

static void check_leaf(const struct json *doc, uint32_t at, struct arena *mem)
{
    const struct json_node *node = &doc->nodes[at];
    double number;
    int64_t whole;

    assert(node->next == at + 1);
    if (node->type == JSON_NUMBER) {
        bool fits = json_to_double(doc, at, &number);
        assert(fits != (json_defect_in(doc, at) != NULL));
        if (json_to_i64(doc, at, &whole))
            assert(fits && number == (double)whole);
    } else if (node->type == JSON_STRING) {
        str value = json_string(doc, at, mem);
        assert(value.data && utf8_is_valid(value));
        assert(json_is_string(doc, at, value));
        assert(node->is_escaped || value.len == json_raw(doc, at).len - 2);
    }
}

/* Walks a container's children; returns how many nodes they have in all. */
static uint32_t check_children(const struct json *doc, uint32_t at)
{
    const struct json_node *node = &doc->nodes[at];
    uint32_t place = node->start, reached = 0;
    bool is_key = true;

    for (uint32_t child = at + 1; child < node->next; child = doc->nodes[child].next) {
        const struct json_node *inner = &doc->nodes[child];
        assert(inner->next > child && inner->next <= node->next);
        assert(inner->depth == node->depth + 1);
        assert(inner->start > place && inner->end < node->end);
        assert(node->type != JSON_OBJECT || !is_key || inner->type == JSON_STRING);
        place = inner->end;
        is_key = !is_key;
        reached += inner->next - child;
    }
    assert(node->type != JSON_OBJECT || is_key); /* as many values as keys */
    return reached;
}

static void check_again(struct fuzz *fuzz, const struct json *doc, uint32_t at)
{
    const struct json_node *node = &doc->nodes[at];
    struct json again;
    enum err err = json_parse_copy(fuzz->second, fuzz->mem, json_raw(doc, at), &again);

    assert(err == OK);
    assert(again.count == node->next - at);
    for (uint32_t i = 0; i < again.count; i++) {
        assert(again.nodes[i].type == doc->nodes[at + i].type);
        assert(again.nodes[i].next + at == doc->nodes[at + i].next);
    }
}

static void check_document(struct fuzz *fuzz, const struct json *doc)
{
    assert(doc->count > 0 && doc->nodes[0].next == doc->count && doc->nodes[0].depth == 0);
    assert(utf8_is_valid(doc->text));
    for (uint32_t at = 0; at < doc->count; at++) {
        const struct json_node *node = &doc->nodes[at];
        assert(node->start < node->end && node->end <= doc->text.len);
        if (node->type == JSON_ARRAY || node->type == JSON_OBJECT) {
            uint32_t reached = check_children(doc, at);
            assert(reached == node->next - at - 1);
        } else {
            check_leaf(doc, at, fuzz->mem);
        }
        if (doc->count <= MOST_NODES_PARSED_AGAIN)
            check_again(fuzz, doc, at);
    }
    for (uint32_t i = 0; i < doc->defect_count; i++) {
        assert(doc->defects[i].at < doc->text.len);
        assert(i == 0 || doc->defects[i - 1].at <= doc->defects[i].at);
    }
    assert((doc->defect_count > 0) == (json_defect_in(doc, 0) != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz fuzz; /* scratch that lives as long as the process */
    struct json doc;

    if (!fuzz.mem) {
        fuzz.mem = arena_open(64u << 20);
        fuzz.reader = json_reader_open();
        fuzz.second = json_reader_open();
        assert(fuzz.mem && fuzz.reader && fuzz.second);
    }
    arena_reset(fuzz.mem);
    if (json_parse_copy(fuzz.reader, fuzz.mem, str_from(data, size), &doc) == OK)
        check_document(&fuzz, &doc);
    return 0;
}
