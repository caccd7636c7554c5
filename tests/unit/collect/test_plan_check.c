/* test_plan_check.c - what keeps a schema and what breaks it, and that nothing takes long.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The cases follow "JSON Schema Validation" (2020-12), written anew.
 */
#include "collect/plan_check.h"
#include "support/test.h"

static struct json_reader *reader;

static struct json parse(str text)
{
    struct json doc;

    if (!reader)
        reader = json_reader_open();
    CHECK_OK(json_parse_copy(reader, test_mem, text, &doc));
    return doc;
}

static struct plan_schema *compile(str text)
{
    struct json doc = parse(text);
    struct plan_schema *schema;

    CHECK_OK(plan_schema_open(&doc, 0, &schema));
    return schema;
}

static struct plan_findings check(const struct plan_schema *schema, str properties)
{
    struct json doc = parse(properties);
    struct plan_instance instance = {&doc, 0, JSON_ABSENT, {NULL, 0}};
    struct plan_findings findings;

    CHECK_OK(plan_check(schema, &instance, test_mem, &findings));
    return findings;
}

/* The rules that were broken, each with its path: "a.b type, required". */
static str told(const struct plan_findings *findings)
{
    struct buf out = {0};
    str text;

    for (size_t i = 0; i < findings->count; i++) {
        const struct plan_finding *finding = &findings->list[i];

        buf_print(&out, "%s%.*s%s%s", i ? ", " : "", STR_ARG(finding->node->path),
                  finding->node->path.len ? " " : "", plan_schema_rule_name(finding->rule));
    }
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return text;
}

#define A(schema) "{\"properties\":{\"a\":" schema "}}"

static const struct {
    const char *schema, *properties, *want;
} cases[] = {
    {"{}", "{\"a\":[1,{\"b\":null}]}", ""},
    /* type */
    {A("{\"type\":\"string\"}"), "{\"a\":\"x\"}", ""},
    {A("{\"type\":\"string\"}"), "{\"a\":1}", "a type"},
    {A("{\"type\":\"string\"}"), "{}", ""},
    {A("{\"type\":\"string\"}"), "{\"a\":null}", "a type"},
    {A("{\"type\":[\"string\",\"null\"]}"), "{\"a\":null}", ""},
    {A("{\"type\":\"number\"}"), "{\"a\":1.5}", ""},
    {A("{\"type\":\"number\"}"), "{\"a\":\"1.5\"}", "a type"},
    {A("{\"type\":\"integer\"}"), "{\"a\":1}", ""},
    {A("{\"type\":\"integer\"}"), "{\"a\":1.0}", ""}, /* zero behind the point: whole */
    {A("{\"type\":\"integer\"}"), "{\"a\":1e3}", ""},
    {A("{\"type\":\"integer\"}"), "{\"a\":-0}", ""},
    {A("{\"type\":\"integer\"}"), "{\"a\":1.5}", "a type"},
    {A("{\"type\":\"integer\"}"), "{\"a\":1e-3}", "a type"},
    {A("{\"type\":\"integer\"}"), "{\"a\":123456789012345678901234567890}", ""},
    {A("{\"type\":\"boolean\"}"), "{\"a\":false}", ""},
    {A("{\"type\":\"boolean\"}"), "{\"a\":0}", "a type"},
    {A("{\"type\":\"array\"}"), "{\"a\":[]}", ""},
    {A("{\"type\":\"array\"}"), "{\"a\":{}}", "a type"},
    {A("{\"type\":\"object\"}"), "{\"a\":[]}", "a type"},
    {A("{\"type\":\"null\"}"), "{\"a\":0}", "a type"},
    {"{\"type\":\"object\"}", "[]", "type"},
    {"{\"type\":\"object\"}", "7", "type"},
    {"{}", "\"x\"", "type"},
    /* required */
    {"{\"required\":[\"a\"]}", "{}", "a required"},
    {"{\"required\":[\"a\"]}", "null", "a required"},
    {"{\"required\":[\"a\"]}", "{\"a\":null}", ""}, /* there, whatever it is */
    {"{\"required\":[\"a\",\"b\"]}", "{\"c\":1}", "a required, b required"},
    {"{\"required\":[\"a\\u0062\"]}", "{\"ab\":1}", ""},
    {"{\"required\":[\"ab\"]}", "{\"a\\u0062\":1}", ""},
    {A("{\"required\":[\"b\"]}"), "{\"a\":{}}", "a.b required"},
    {A("{\"required\":[\"b\"]}"), "{\"a\":7}", ""}, /* says nothing of what is no object */
    {A("{\"required\":[\"b\"]}"), "{}", ""},
    /* additionalProperties */
    {"{\"additionalProperties\":false}", "{\"a\":1}", "additionalProperties"},
    {"{\"additionalProperties\":false,\"properties\":{\"a\":{}}}", "{\"a\":1}", ""},
    {"{\"additionalProperties\":{\"type\":\"number\"}}", "{\"a\":1,\"b\":\"x\"}", "* type"},
    {"{\"additionalProperties\":true}", "{\"a\":1}", ""},
    {A("{\"additionalProperties\":false}"), "{\"a\":{\"x\":1},\"y\":1}", "a additionalProperties"},
    /* enum and const */
    {A("{\"enum\":[\"x\",1,null,true]}"), "{\"a\":\"x\"}", ""},
    {A("{\"enum\":[\"x\",1,null,true]}"), "{\"a\":1.0}", ""}, /* equal as numbers are */
    {A("{\"enum\":[\"x\",1,null,true]}"), "{\"a\":null}", ""},
    {A("{\"enum\":[\"x\",1,null,true]}"), "{\"a\":\"1\"}", "a enum"},
    {A("{\"enum\":[\"x\",1,null,true]}"), "{\"a\":false}", "a enum"},
    {A("{\"enum\":[\"x\",1,null,true]}"), "{\"a\":[\"x\"]}", "a enum"},
    {A("{\"enum\":[\"\\u00e9\"]}"), "{\"a\":\"\xC3\xA9\"}", ""},
    {A("{\"const\":0}"), "{\"a\":-0.0}", ""},
    {A("{\"const\":0}"), "{\"a\":false}", "a const"},
    {A("{\"const\":\"x\",\"enum\":[\"x\",\"y\"]}"), "{\"a\":\"y\"}", "a const"},
    /* bounds */
    {A("{\"minimum\":1.1}"), "{\"a\":1.1}", ""},
    {A("{\"minimum\":1.1}"), "{\"a\":1.0999999999999999}", "a minimum"},
    {A("{\"minimum\":1.1}"), "{\"a\":\"0\"}", ""},
    {A("{\"maximum\":-2}"), "{\"a\":-2}", ""},
    {A("{\"maximum\":-2}"), "{\"a\":-1}", "a maximum"},
    {A("{\"exclusiveMinimum\":1}"), "{\"a\":1}", "a exclusiveMinimum"},
    {A("{\"exclusiveMinimum\":1}"), "{\"a\":1.000000001}", ""},
    {A("{\"exclusiveMaximum\":1}"), "{\"a\":1}", "a exclusiveMaximum"},
    {A("{\"minimum\":0,\"maximum\":1}"), "{\"a\":1e300}", "a maximum"},
    /* lengths count characters */
    {A("{\"minLength\":2}"), "{\"a\":\"x\"}", "a minLength"},
    {A("{\"minLength\":2}"), "{\"a\":\"\xF0\x9F\x98\x80\"}", "a minLength"},
    {A("{\"maxLength\":1}"), "{\"a\":\"\xF0\x9F\x98\x80\"}", ""},
    {A("{\"maxLength\":1}"), "{\"a\":\"\\ud83d\\ude00\"}", ""},
    {A("{\"maxLength\":1}"), "{\"a\":\"xy\"}", "a maxLength"},
    {A("{\"maxLength\":0}"), "{\"a\":\"\"}", ""},
    {A("{\"maxLength\":1}"), "{\"a\":[1,2]}", ""},
    /* pattern: anywhere in the text */
    {A("{\"pattern\":\"b\"}"), "{\"a\":\"abc\"}", ""},
    {A("{\"pattern\":\"^b\"}"), "{\"a\":\"abc\"}", "a pattern"},
    {A("{\"pattern\":\"^a|c$\"}"), "{\"a\":\"xc\"}", ""},
    {A("{\"pattern\":\"^a|c$\"}"), "{\"a\":\"xcx\"}", "a pattern"},
    {A("{\"pattern\":\"^x\"}"), "{\"a\":\"a\\nx\"}", "a pattern"}, /* one line */
    {A("{\"pattern\":\"x$\"}"), "{\"a\":\"x\\n\"}", "a pattern"},
    {A("{\"pattern\":\"b\"}"), "{\"a\":\"a\\nb\"}", ""},
    {A("{\"pattern\":\"^\\\\u00e9+$\"}"), "{\"a\":\"\xC3\xA9\xC3\xA9\"}", ""},
    {A("{\"pattern\":\"^.$\"}"), "{\"a\":\"\xC3\xA9\"}", ""},
    {A("{\"pattern\":\"^\\\\p{Lu}$\"}"), "{\"a\":\"\xC3\x89\"}", ""},
    {A("{\"pattern\":\"\"}"), "{\"a\":\"\"}", ""},
    {A("{\"pattern\":\"b\"}"), "{\"a\":7}", ""},
    /* format */
    {A("{\"format\":\"date-time\"}"), "{\"a\":\"2026-11-21T09:30:00Z\"}", ""},
    {A("{\"format\":\"date-time\"}"), "{\"a\":\"2026-11-21\"}", "a format"},
    {A("{\"format\":\"email\"}"), "{\"a\":\"x@y\"}", ""},
    {A("{\"format\":\"email\"}"), "{\"a\":1}", ""},
    /* lists */
    {A("{\"items\":{\"type\":\"number\"}}"), "{\"a\":[1,2]}", ""},
    {A("{\"items\":{\"type\":\"number\"}}"), "{\"a\":[1,\"2\",\"3\"]}", "a type"}, /* once */
    {A("{\"items\":{\"type\":\"number\"}}"), "{\"a\":\"x\"}", ""},
    {A("{\"minItems\":1}"), "{\"a\":[]}", "a minItems"},
    {A("{\"maxItems\":1}"), "{\"a\":[1,2]}", "a maxItems"},
    {A("{\"items\":{\"required\":[\"b\"],\"properties\":{\"b\":{\"type\":\"string\"}}}}"),
     "{\"a\":[{\"b\":\"x\"},{},{\"b\":1},{}]}", "a.b required, a.b type"},
    /* of equal keys the last counts, in both */
    {A("{\"type\":\"string\"}"), "{\"a\":1,\"a\":\"x\"}", ""},
    {A("{\"type\":\"string\"}"), "{\"a\":\"x\",\"a\":1}", "a type"},
    {"{\"properties\":{\"a\":{\"type\":\"string\"},\"a\":{\"type\":\"number\"}}}", "{\"a\":1}", ""},
    {A("{\"type\":\"string\",\"type\":\"number\"}"), "{\"a\":1}", ""},
    /* several, and what says nothing */
    {"{\"required\":[\"c\"],\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"minimum\":3}}}",
     "{\"a\":1,\"b\":2}", "c required, a type, b minimum"},
    {"{\"title\":\"t\",\"description\":\"d\",\"$comment\":\"c\",\"examples\":[1],\"default\":{},"
     "\"deprecated\":true,\"$id\":\"x\","
     "\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"}",
     "{}", ""},
};

TEST(plan_check_keeps_to_json_schema)
{
    EACH_CASE(c, cases)
    {
        struct plan_schema *schema;
        struct plan_findings findings;
        str got;

        schema = compile(str_of(c->schema));
        findings = check(schema, str_of(c->properties));
        got = told(&findings);
        if (!str_equals(got, str_of(c->want)))
            fail_msg("%s on %s gave \"%.*s\"", c->schema, c->properties, STR_ARG(got));
        plan_schema_close(schema);
    }
}

TEST(plan_check_takes_a_name_from_beside_the_properties)
{
    struct plan_schema *schema =
        compile(S("{\"required\":[\"name\"],\"properties\":{\"name\":{\"type\":\"string\"}}}"));
    struct json doc = parse(S("{\"name\":\"Home\",\"properties\":{\"name\":7},\"none\":{}}"));
    struct plan_instance instance = {&doc, json_find(&doc, 0, S("none")),
                                     json_find(&doc, 0, S("name")), S("name")};
    struct plan_findings findings;

    CHECK_OK(plan_check(schema, &instance, test_mem, &findings));
    CHECK_INT(findings.count, 0);
    instance.at = JSON_ABSENT;
    CHECK_OK(plan_check(schema, &instance, test_mem, &findings));
    CHECK_INT(findings.count, 0);
    instance.at = json_find(&doc, 0, S("properties")); /* its own goes first */
    CHECK_OK(plan_check(schema, &instance, test_mem, &findings));
    CHECK_STR(told(&findings), "name type");
    plan_schema_close(schema);
}

static str sentence(const char *schema_text, const char *properties)
{
    struct plan_schema *schema = compile(str_of(schema_text));
    struct plan_findings findings = check(schema, str_of(properties));
    struct buf out = {0};
    str text;

    CHECK_INT(findings.count, 1);
    plan_check_write(&out, &findings.list[0]);
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    plan_schema_close(schema);
    return text;
}

TEST(plan_check_says_how_to_mend_and_no_value)
{
    static const struct {
        const char *schema, *properties, *want;
    } sentences[] = {
        {A("{\"type\":[\"number\",\"null\"]}"), "{\"a\":\"secret\"}",
         "\"a\" is a string, must be number, null (rule type): send it as number, null"},
        {"{\"required\":[\"a\"]}", "{}", "\"a\" is missing (rule required): send it"},
        {"{\"additionalProperties\":false}", "{\"a\":\"secret\"}",
         "\"a\" of the event's properties is not in the plan (rule additionalProperties): leave it "
         "out or plan it"},
        {A("{\"additionalProperties\":false}"), "{\"a\":{\"b\":1}}",
         "\"b\" of \"a\" is not in the plan (rule additionalProperties): leave it out or plan it"},
        {A("{\"enum\":[1.50,null,true,\"x\"]}"), "{\"a\":\"secret\"}",
         "\"a\" is none of the values that are allowed (rule enum): send 1.5, null, true, \"x\""},
        {A("{\"enum\":[1,2,3,4,5,6]}"), "{\"a\":0}",
         "\"a\" is none of the values that are allowed (rule enum): send 1, 2, 3, 4, 5 or another "
         "of the 6 in the plan"},
        {A("{\"const\":\"x\"}"), "{\"a\":0}",
         "\"a\" is not the one value that is allowed (rule const): send \"x\""},
        {A("{\"minimum\":1}"), "{\"a\":0}", "\"a\" is below 1 (rule minimum): send at least 1"},
        {A("{\"maximum\":1}"), "{\"a\":2}", "\"a\" is above 1 (rule maximum): send at most 1"},
        {A("{\"exclusiveMinimum\":1}"), "{\"a\":1}",
         "\"a\" is not above 1 (rule exclusiveMinimum): send more than 1"},
        {A("{\"exclusiveMaximum\":1}"), "{\"a\":1}",
         "\"a\" is not below 1 (rule exclusiveMaximum): send less than 1"},
        {A("{\"minLength\":9}"), "{\"a\":\"secret\"}",
         "\"a\" has fewer characters than 9 (rule minLength): send more of it"},
        {A("{\"maxLength\":1}"), "{\"a\":\"secret\"}",
         "\"a\" has more characters than 1 (rule maxLength): send less of it"},
        {A("{\"pattern\":\"^[0-9]+$\"}"), "{\"a\":\"secret\"}",
         "\"a\" does not match \"^[0-9]+$\" (rule pattern): send a text that does"},
        {A("{\"format\":\"date\"}"), "{\"a\":\"secret\"}",
         "\"a\" is no date (rule format): send one such as 2026-11-21"},
        {A("{\"minItems\":1}"), "{\"a\":[]}",
         "\"a\" has fewer elements than 1 (rule minItems): send more of them"},
        {A("{\"maxItems\":1}"), "{\"a\":[1,2]}",
         "\"a\" has more elements than 1 (rule maxItems): send fewer of them"},
        {"{}", "\"secret\"",
         "the event's properties is a string, must be object (rule type): send it as object"},
    };

    EACH_CASE(c, sentences)
    CHECK_STR(sentence(c->schema, c->properties), c->want);
}

static str repeat(const char *head, const char *piece, size_t times, const char *tail)
{
    struct buf out = {0};
    str text;

    buf_add(&out, str_of(head));
    for (size_t i = 0; i < times; i++) {
        if (i)
            buf_add_byte(&out, ',');
        buf_add(&out, str_of(piece));
    }
    buf_add(&out, str_of(tail));
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return text;
}

/* A schema of many properties, as that of a list's elements, against as many empty elements as fit
 * into an event; and an expression that is slow on purpose. All of it ends as rule "size". */
TEST(plan_check_gives_up_after_so_many_steps)
{
    struct buf names = {0};
    struct plan_schema *schema;
    struct plan_findings findings;

    for (int i = 0; i < 900; i++)
        buf_print(&names, "%s\"p%d\":{}", i ? "," : "", i);
    schema = compile(
        arena_print(test_mem, A("{\"items\":{\"properties\":{%.*s}}}"), STR_ARG(buf_str(&names))));
    findings = check(schema, repeat("{\"a\":[", "{}", 10, "]}"));
    CHECK_INT(findings.count, 0);
    findings = check(schema, repeat("{\"a\":[", "{}", 10000, "]}"));
    CHECK_STR(told(&findings), "size");
    plan_schema_close(schema);
    buf_done(&names);
    schema = compile(S(A("{\"items\":{\"pattern\":\"^(a+)+$\"}}")));
    findings = check(schema, S("{\"a\":[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"]}"));
    CHECK_STR(told(&findings), "a size");
    findings = check(schema, repeat("{\"a\":[", "\"aaa\"", 5000, "]}"));
    CHECK_STR(told(&findings), "size");
    plan_schema_close(schema);
}

TEST(plan_check_counts_an_event_once_a_rule)
{
    struct plan_schema *schema = compile(S(A("{\"items\":{\"type\":\"number\"}}")));
    struct plan_findings findings;

    for (int i = 0; i < 3; i++) {
        findings = check(schema, S("{\"a\":[\"x\",\"y\"]}"));
        plan_check_count(&findings);
    }
    CHECK_INT(atomic_load(&((struct plan_node *)findings.list[0].node)->counts[PLAN_RULE_TYPE]), 3);
    plan_schema_close(schema);
}
