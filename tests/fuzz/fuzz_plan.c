/* fuzz_plan.c - any bytes as a schema, a NUL, and the properties that it is about: refused, or
 * checked twice alike within its steps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/plan_check.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool parse(struct json_reader *reader, struct arena *mem, str text, struct json *out_doc)
{
    return json_parse_copy(reader, mem, text, out_doc) == OK && out_doc->defect_count == 0;
}

static void check(const struct plan_schema *schema, const struct json *doc, struct arena *mem)
{
    struct plan_instance instance = {doc, 0, JSON_ABSENT, {NULL, 0}};
    struct plan_findings findings, again;
    struct buf out = {0};

    if (plan_check(schema, &instance, mem, &findings))
        return; /* without memory */
    assert(findings.count <= PLAN_CHECK_FINDINGS);
    for (size_t i = 0; i < findings.count; i++) {
        plan_check_write(&out, &findings.list[i]);
        buf_add_byte(&out, '\n');
    }
    assert(!findings.count == !out.len);
    if (plan_check(schema, &instance, mem, &again) == OK)
        assert(again.count == findings.count);
    plan_check_count(&findings);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_reader *reader;
    static struct arena *mem;
    str text = str_from(data, size), schema_text = str_cut(&text, '\0');
    struct plan_schema *schema;
    struct json doc;
    enum err err;

    if (!reader) {
        reader = json_reader_open();
        mem = arena_open(64u << 20);
        assert(reader && mem);
    }
    arena_reset(mem);
    if (!parse(reader, mem, schema_text, &doc))
        return 0;
    err = plan_schema_open(&doc, 0, &schema);
    assert(err == OK || err_text()[0]);
    if (err)
        return 0;
    if (parse(reader, mem, text, &doc))
        check(schema, &doc, mem);
    plan_schema_close(schema);
    return 0;
}
