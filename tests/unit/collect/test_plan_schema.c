/* test_plan_schema.c - schemas that are refused, each with the keyword's name and the place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/plan_schema.h"
#include "support/test.h"

static enum err compile(str text, struct plan_schema **out_schema)
{
    struct json_reader *reader = json_reader_open();
    struct json doc;
    enum err err;

    CHECK_OK(json_parse_copy(reader, test_mem, text, &doc));
    err = plan_schema_open(&doc, 0, out_schema);
    json_reader_close(reader);
    return err;
}

TEST(plan_schema_refuses_what_it_would_not_check)
{
    static const struct {
        const char *schema, *told;
    } cases[] = {
        {"[]", "\"schema\" must be a JSON Schema"},
        {"true", "\"schema\" must be a JSON Schema"},
        {"{\"allOf\":[]}", "schema: \"allOf\" is a keyword that is not supported"},
        {"{\"Type\":\"object\"}", "\"Type\" is a keyword that is not supported"},
        {"{\"properties\":{\"a\":{\"multipleOf\":2}}}", "schema of \"a\": \"multipleOf\" is a"},
        {"{\"properties\":{\"a\":{\"items\":{\"uniqueItems\":true}}}}",
         "schema of \"a\": \"uniqueItems\""},
        {"{\"properties\":{\"a\":{\"properties\":{\"b\":{\"if\":{}}}}}}",
         "schema of \"a.b\": \"if\""},
        {"{\"additionalProperties\":{\"not\":{}}}", "schema of \"*\": \"not\""},
        {"{\"type\":\"array\"}", "can only be object"},
        {"{\"type\":[\"object\",\"null\"]}", "can only be object"},
        {"{\"properties\":{\"a\":{\"type\":\"text\"}}}", "\"type\" must be string, number"},
        {"{\"properties\":{\"a\":{\"type\":[]}}}", "\"type\" must name a type"},
        {"{\"properties\":{\"a\":{\"type\":7}}}", "\"type\" must be string, number"},
        {"{\"properties\":[]}", "\"properties\" must be an object"},
        {"{\"properties\":{\"a\":false}}", "schema of \"a\": must be an object or true"},
        {"{\"properties\":{\"a\":{\"items\":[{}]}}}", "schema of \"a\": must be an object or true"},
        {"{\"required\":{}}", "\"required\" must be a list of names"},
        {"{\"required\":[1]}", "\"required\" must be a list of names"},
        {"{\"additionalProperties\":7}", "schema of \"*\": must be an object or true"},
        {"{\"properties\":{\"a\":{\"enum\":{}}}}", "\"enum\" must be a list"},
        {"{\"properties\":{\"a\":{\"enum\":[]}}}", "\"enum\" must have 1 to 500 values"},
        {"{\"properties\":{\"a\":{\"enum\":[{}]}}}", "\"enum\" can have texts, numbers"},
        {"{\"properties\":{\"a\":{\"const\":[]}}}", "\"const\" can have texts, numbers"},
        {"{\"properties\":{\"a\":{\"maximum\":\"1\"}}}", "\"maximum\" must be a number"},
        {"{\"properties\":{\"a\":{\"maxLength\":1.5}}}", "\"maxLength\" must be a whole number"},
        {"{\"properties\":{\"a\":{\"minItems\":-1}}}", "\"minItems\" must be a whole number"},
        {"{\"properties\":{\"a\":{\"pattern\":7}}}", "\"pattern\" must be a regular expression"},
        {"{\"properties\":{\"a\":{\"pattern\":\"[\"}}}", "\"pattern\" it cannot be read: "},
        {"{\"properties\":{\"a\":{\"pattern\":\"a)|(b\"}}}", "\"pattern\" it cannot be read: "},
        {"{\"properties\":{\"a\":{\"pattern\":\"(?x)a #\"}}}", "\"pattern\" it cannot be read: "},
        {"{\"properties\":{\"a\":{\"pattern\":\"\\\\C\"}}}", "\"pattern\" it cannot be read: "},
        {"{\"properties\":{\"a\":{\"format\":\"colour\"}}}", "\"format\" must be one of date-time"},
        {"{\"properties\":{\"a\":{\"format\":7}}}", "\"format\" must be one of date-time"},
        {"{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}", "\"$schema\" must be"},
    };

    EACH_CASE(c, cases)
    {
        struct plan_schema *schema;
        enum err err = compile(str_of(c->schema), &schema);

        if (err != ERR_INVALID || !str_contains(str_of(err_text()), str_of(c->told)))
            fail_msg("%s gave %s: %s", c->schema, err_name(err), err ? err_text() : "");
    }
}

static str nested(size_t depth)
{
    struct buf out = {0};
    str text;

    for (size_t i = 0; i < depth; i++)
        buf_add(&out, S("{\"properties\":{\"a\":"));
    buf_add(&out, S("{}"));
    for (size_t i = 0; i < depth; i++)
        buf_add(&out, S("}}"));
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return text;
}

static str wide(size_t count, const char *schema)
{
    struct buf out = {0};
    str text;

    buf_add(&out, S("{\"properties\":{"));
    for (size_t i = 0; i < count; i++)
        buf_print(&out, "%s\"p%zu\":%s", i ? "," : "", i, schema);
    buf_add(&out, S("}}"));
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return text;
}

TEST(plan_schema_is_bounded)
{
    struct plan_schema *schema;
    char pattern[600];
    size_t len = 0;

    CHECK_OK(compile(nested(PLAN_SCHEMA_DEPTH), &schema));
    plan_schema_close(schema);
    CHECK_ERR(ERR_LIMIT, compile(nested(PLAN_SCHEMA_DEPTH + 1), &schema));
    CHECK_OK(compile(wide(PLAN_SCHEMA_NODES - 1, "{}"), &schema)); /* and the root */
    CHECK_INT(schema->node_count, PLAN_SCHEMA_NODES);
    CHECK(plan_schema_member(schema->root, S("p7")) != NULL);
    CHECK(plan_schema_member(schema->root, S("p999")) == NULL);
    plan_schema_close(schema);
    CHECK_ERR(ERR_LIMIT, compile(wide(PLAN_SCHEMA_NODES, "{}"), &schema));
    CHECK_OK(compile(wide(PLAN_SCHEMA_PATTERNS, "{\"pattern\":\"a\"}"), &schema));
    plan_schema_close(schema);
    CHECK_ERR(ERR_INVALID, compile(wide(PLAN_SCHEMA_PATTERNS + 1, "{\"pattern\":\"a\"}"), &schema));
    for (; len < PLAN_SCHEMA_PATTERN + 1; len++)
        pattern[len] = 'a';
    CHECK_ERR(ERR_INVALID,
              compile(arena_print(test_mem, "{\"properties\":{\"a\":{\"pattern\":\"%.*s\"}}}",
                                  (int)len, pattern),
                      &schema));
    CHECK_ERR(ERR_INVALID, compile(S("{\"properties\":{\"a\":{\"pattern\":"
                                     "\"((a{1000}){1000}){1000}\"}}}"),
                                   &schema));
}

TEST(plan_schema_names_paths_as_questions_do)
{
    struct plan_schema *schema;
    const struct plan_member *products;

    CHECK_OK(
        compile(S("{\"required\":[\"b\"],\"properties\":{\"products\":{\"items\":{\"required\":"
                  "[\"id\"]}},\"b\":{}}}"),
                &schema));
    products = plan_schema_member(schema->root, S("products"));
    CHECK_STR(products->node->path, "products");
    CHECK_STR(products->node->items->path, "products");
    CHECK(products->node->items->is_element && !products->node->is_element);
    CHECK_STR(products->node->items->members[0].node->path, "products.id");
    CHECK(plan_schema_member(schema->root, S("b"))->node->is_required);
    CHECK_INT(schema->root->member_count, 2);
    plan_schema_close(schema);
}
