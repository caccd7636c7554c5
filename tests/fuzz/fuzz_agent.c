/* fuzz_agent.c - any bytes as a User-Agent: read as the rules read when each is simply tried.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * agent.c leaves rules out by the letters they need, runs compiled code and remembers. Here every
 * rule is tried in its order by PCRE2's interpreter, and its substitution writes the names. Where a
 * rule takes the interpreter long, the reader may have given up: then nothing is compared. What an
 * event gains from it must be JSON.
 */
#include "base/buf.h"
#include "base/json.h"
#include "collect/agent.h"
#include "collect/agent_rules.h"
#include "collect/enrich.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <assert.h>
#include <pcre2.h>
#include <string.h>

enum { ROOM = 1 << 20, MOST_NAME = 8192, PLAIN_STEPS = 20000 };

struct plain {
    const struct agent_rule *rules;
    size_t count;
    pcre2_code **codes;
};

struct judge {
    struct plain browsers, systems, devices, machines, crawlers;
    pcre2_code *shells;
    pcre2_match_context *context;
    pcre2_match_data *data;
    struct arena *lists, *mem;
    bool is_unsure; /* a rule took long */
};

static pcre2_code *compile(const char *pattern, bool ignores_case)
{
    int code;
    PCRE2_SIZE at;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                         ignores_case ? PCRE2_CASELESS : 0, &code, &at, NULL);

    assert(compiled);
    return compiled;
}

static struct plain list(const struct agent_rule *rules, size_t count, struct arena *mem)
{
    struct plain plain = {rules, count, arena_array(mem, count, sizeof *plain.codes)};

    assert(plain.codes);
    for (size_t i = 0; i < count; i++)
        plain.codes[i] = compile(rules[i].pattern, rules[i].ignores_case);
    return plain;
}

static bool matches(struct judge *judge, const pcre2_code *code, str text)
{
    int groups = pcre2_match(code, (PCRE2_SPTR)text.data, text.len, 0, PCRE2_NO_JIT, judge->data,
                             judge->context);

    if (groups == PCRE2_ERROR_MATCHLIMIT || groups == PCRE2_ERROR_DEPTHLIMIT)
        judge->is_unsure = true;
    return groups >= 0;
}

static ptrdiff_t first(struct judge *judge, const struct plain *plain, str text)
{
    for (size_t i = 0; i < plain->count; i++)
        if (matches(judge, plain->codes[i], text))
            return (ptrdiff_t)i;
    return -1;
}

/* A template of ours in the words of pcre2_substitute. */
static str template_of(const char *form, const char *without, struct arena *mem)
{
    str rest = str_of(form ? form : without), made;
    struct buf text = {0};

    for (size_t i = 0; i < rest.len; i++) {
        char next = i + 1 < rest.len ? rest.data[i + 1] : 0;

        if (rest.data[i] != '$')
            buf_add_byte(&text, rest.data[i]);
        else if (next >= '1' && next <= '9')
            buf_add(&text, arena_print(mem, "${%c}", rest.data[++i]));
        else
            buf_add(&text, S("$$"));
    }
    made = arena_dup(mem, buf_str(&text));
    buf_done(&text);
    assert(made.data);
    return made;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Absent when nothing is left. */
static str filled(struct judge *judge, const pcre2_code *code, str text, str form)
{
    const uint32_t options = PCRE2_SUBSTITUTE_REPLACEMENT_ONLY | PCRE2_SUBSTITUTE_UNSET_EMPTY |
                             PCRE2_SUBSTITUTE_UNKNOWN_UNSET | PCRE2_NO_JIT;
    char *name = arena_take(judge->mem, MOST_NAME);
    PCRE2_SIZE len = MOST_NAME;

    assert(name);
    assert(pcre2_substitute(code, (PCRE2_SPTR)text.data, text.len, 0, options, judge->data,
                            judge->context, (PCRE2_SPTR)form.data, form.len, (PCRE2_UCHAR *)name,
                            &len) == 1);
    while (len && is_blank(name[len - 1]))
        len--;
    while (len && is_blank(*name)) {
        name++;
        len--;
    }
    return len ? str_from(name, len) : (str){NULL, 0};
}

static void judge_family(struct judge *judge, const struct plain *plain, str text, str *out_family,
                         str *out_major)
{
    ptrdiff_t at = first(judge, plain, text);
    const struct agent_rule *rule = &plain->rules[at];

    *out_family = S("Other");
    *out_major = (str){NULL, 0};
    if (at < 0 || judge->is_unsure)
        return;
    *out_family =
        filled(judge, plain->codes[at], text, template_of(rule->family, "$1", judge->mem));
    if (!out_family->data)
        *out_family = S("Other");
    *out_major =
        filled(judge, plain->codes[at], text, template_of(rule->version, "$2", judge->mem));
}

static struct judge *judge_open(void)
{
    static struct judge judge;
    struct arena *mem = judge.lists = arena_open(ROOM);

    assert(mem);
    judge.browsers = list(agent_browsers, agent_browsers_count, mem);
    judge.systems = list(agent_systems, agent_systems_count, mem);
    judge.devices = list(agent_devices, agent_devices_count, mem);
    judge.machines = list(agent_machines, agent_machines_count, mem);
    judge.crawlers = list(agent_crawlers, agent_crawlers_count, mem);
    judge.shells = compile("; wv\\)|Electron/|QtWebEngine/", false);
    judge.context = pcre2_match_context_create(NULL);
    judge.data = pcre2_match_data_create(10, NULL);
    judge.mem = arena_open(ROOM);
    assert(judge.context && judge.data && judge.mem);
    pcre2_set_match_limit(judge.context, PLAIN_STEPS);
    return &judge;
}

static void check_same(str got, str want)
{
    assert(!got.data == !want.data && str_equals(got, want));
}

static void check_read(struct judge *judge, str text, const struct agent *got)
{
    struct agent want;
    str none;

    judge->is_unsure = false;
    arena_reset(judge->mem);
    judge_family(judge, &judge->browsers, text, &want.browser, &want.browser_major);
    judge_family(judge, &judge->systems, text, &want.system, &want.system_major);
    judge_family(judge, &judge->devices, text, &want.device, &none);
    want.is_crawler =
        first(judge, &judge->machines, text) >= 0 ||
        (first(judge, &judge->crawlers, text) >= 0 && !matches(judge, judge->shells, text));
    if (judge->is_unsure)
        return;
    check_same(got->browser, want.browser);
    check_same(got->browser_major, want.browser_major);
    check_same(got->system, want.system);
    check_same(got->system_major, want.system_major);
    check_same(got->device, want.device);
    assert(got->is_crawler == want.is_crawler);
}

/* Telling */

/* The hints are the agent once more. */
static str header_of(const void *owner, str name)
{
    bool is_told = str_equals_nocase(name, S("user-agent")) || str_starts(name, S("sec-ch-ua"));

    return is_told ? *(const str *)owner : (str){NULL, 0};
}

/* What an event of such a browser gains is JSON, whatever the bytes. */
static void check_told(struct enrich *enrich, struct json_reader *reader, str text,
                       struct arena *mem)
{
    const struct enrich_request request = {
        .header = header_of, .owner = &text, .is_dialect = true, .is_secure = true};
    struct enrich_event event = {.own = JSON_ABSENT, .shared = JSON_ABSENT, .is_view = true};
    struct enrich_call *call;
    struct enriched told;
    struct json doc;
    struct buf json = {0};

    assert(json_parse_copy(reader, mem, S("{\"type\":\"page\"}"), &doc) == OK);
    assert(enrich_begin(enrich, &request, mem, &call) == OK);
    assert(enrich_read(call, &doc, &event, &told) == OK);
    for (size_t i = 0; i < told.count; i++) {
        buf_add_byte(&json, i ? ',' : '{');
        buf_add(&json, told.members[i].text);
    }
    buf_add(&json, told.count ? S("}") : S("{}"));
    assert(json_parse_copy(reader, mem, buf_str(&json), &doc) == OK);
    assert(json_type_of(&doc, 0) == JSON_OBJECT && !doc.defect_count);
    enrich_end(call);
    buf_done(&json);
}

/* Mutating: every other time a word that some rule needs is put in somewhere. */

static str word_of(unsigned seed)
{
    static const struct {
        const struct agent_rule *rules;
        const size_t *count;
    } tables[] = {{agent_browsers, &agent_browsers_count},
                  {agent_systems, &agent_systems_count},
                  {agent_devices, &agent_devices_count},
                  {agent_machines, &agent_machines_count},
                  {agent_crawlers, &agent_crawlers_count}};
    size_t table = seed % (sizeof tables / sizeof *tables);
    str words = str_of(tables[table].rules[seed / 8 % *tables[table].count].needs);
    str word = str_cut(&words, '\n');

    for (unsigned i = seed / 8192 % 4; i && words.data; i--)
        word = str_cut(&words, '\n');
    return word;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    str word = word_of(seed / 2);
    size_t at = seed / 65536 % (size + 1);

    if (seed % 2 || !word.len || word.len > most - size)
        return LLVMFuzzerMutate(data, size, most);
    memmove(data + at + word.len, data + at, size - at);
    memcpy(data + at, word.data, word.len);
    return size + word.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct enrich_config config = {.has = {[ENRICH_AGENT] = true}};
    static struct enrich *enrich;
    static struct json_reader *reader;
    static struct judge *judge;
    static struct arena *mem;
    str text = str_from((const char *)data, size);
    struct agent got, again;

    if (!judge) {
        judge = judge_open();
        mem = arena_open(ROOM);
        reader = json_reader_open();
        assert(mem && reader && agent_open(&config.agents) == OK);
        assert(agent_prepare(config.agents) == OK && enrich_open(&config, &enrich) == OK);
    }
    arena_reset(mem);
    assert(agent_read(config.agents, text, mem, &got) == OK);
    check_read(judge, str_slice(text, 0, AGENT_MOST_BYTES), &got);
    assert(agent_read(config.agents, text, mem, &again) == OK);
    check_same(again.browser, got.browser);
    check_same(again.browser_major, got.browser_major);
    check_same(again.system, got.system);
    check_same(again.system_major, got.system_major);
    check_same(again.device, got.device);
    assert(again.is_crawler == got.is_crawler);
    check_told(enrich, reader, text, mem);
    return 0;
}
