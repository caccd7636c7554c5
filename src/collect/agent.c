/* agent.c - uap-core's expressions in order, by PCRE2's compiler, within bounds.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: uap-core, "Specification" (docs/specification.md): the first expression that matches
 * anywhere counts; a replacement's $N are its groups, and what is left of it is trimmed.
 */
#include "collect/agent.h"

#include "base/buf.h"
#include "base/mem.h"
#include "collect/agent_rules.h"
#include "collect/memo.h"
#include "sys/thread.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

enum {
    GROUPS = 10,
    MATCH_LIMIT = 20000, /* steps of one expression */
    PATIENCE = 3,        /* expressions of one agent that may come to it */
    STACK_LEAST = 32 << 10,
    STACK_MOST = 1 << 20,
    MEMO_ENTRIES = 4096,
    TRIGRAM = 3,
    TRIGRAM_BITS = 13,
    TRIGRAM_PLACES = 1 << TRIGRAM_BITS,
    GATE_MANY = TRIGRAM_PLACES,
    GATE_OPEN,
    TEXTS = 5,
};

/* Browsers inside of applications: their names in it say what shows the page, not who asks. */
static const struct agent_rule shells[] = {
    {"; wv\\)|Electron/|QtWebEngine/", false, NULL, NULL, "; wv)\nelectron/\nqtwebengine/"}};

struct rules {
    const struct agent_rule *rules;
    size_t count;
    pcre2_code **codes; /* NULL: not compiled yet */
    uint16_t *gates;    /* the place of what a rule needs first, or GATE_MANY or GATE_OPEN */
};

/* Which runs of three letters stand in a text: most rules need one that does not. */
struct trigrams {
    uint64_t bits[TRIGRAM_PLACES / 64];
};

struct agent_reader {
    struct memo *memo;
    struct mutex *lock;
    /* Under the lock: */
    bool is_ready;
    struct rules browsers, systems, devices, machines, crawlers, shells;
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
    pcre2_compile_context *compiling;
    struct trigrams seen; /* in the text at hand */
    int patience;
};

static void *take(PCRE2_SIZE size, void *owner)
{
    (void)owner;
    return mem_alloc(size);
}

static void give(void *memory, void *owner)
{
    (void)owner;
    mem_free(memory);
}

fallible agent_open(struct agent_reader **out_agents)
{
    struct agent_reader *agents = mem_alloc(sizeof *agents);

    if (!agents)
        return mem_exhausted();
    agents->lock = mutex_open();
    if (!agents->lock || memo_open(MEMO_ENTRIES, &agents->memo)) {
        mutex_close(agents->lock);
        mem_free(agents);
        return mem_exhausted();
    }
    *out_agents = agents;
    return OK;
}

static void forget(struct rules *rules)
{
    for (size_t i = 0; rules->codes && i < rules->count; i++)
        pcre2_code_free(rules->codes[i]);
    mem_free(rules->codes);
    mem_free(rules->gates);
    *rules = (struct rules){0};
}

static void forget_all(struct agent_reader *agents)
{
    forget(&agents->browsers);
    forget(&agents->systems);
    forget(&agents->devices);
    forget(&agents->machines);
    forget(&agents->crawlers);
    forget(&agents->shells);
    pcre2_match_data_free(agents->data);
    pcre2_jit_stack_free(agents->stack);
    pcre2_match_context_free(agents->context);
    pcre2_compile_context_free(agents->compiling);
    pcre2_general_context_free(agents->general);
    agents->data = NULL;
    agents->stack = NULL;
    agents->context = NULL;
    agents->compiling = NULL;
    agents->general = NULL;
}

void agent_close(struct agent_reader *agents)
{
    if (!agents)
        return;
    forget_all(agents);
    memo_close(agents->memo);
    mutex_close(agents->lock);
    mem_free(agents);
}

/* Compiling */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static uint16_t trigram_at(const char *at)
{
    uint32_t letters = (uint32_t)(unsigned char)lower(at[0]) |
                       (uint32_t)(unsigned char)lower(at[1]) << 8 |
                       (uint32_t)(unsigned char)lower(at[2]) << 16;

    return (uint16_t)(letters * 0x9e3779b1u >> (32 - TRIGRAM_BITS));
}

static void find_trigrams(str text, struct trigrams *out)
{
    *out = (struct trigrams){0};
    for (size_t i = 0; i + TRIGRAM <= text.len; i++) {
        uint16_t place = trigram_at(text.data + i);

        out->bits[place / 64] |= UINT64_C(1) << place % 64;
    }
}

static bool has_trigram(const struct trigrams *seen, uint16_t place)
{
    return seen->bits[place / 64] >> place % 64 & 1;
}

static fallible list(const struct agent_rule *table, size_t count, struct rules *out)
{
    *out = (struct rules){table, count, mem_alloc(count * sizeof *out->codes),
                          mem_alloc(count * sizeof *out->gates)};
    if (!out->codes || !out->gates)
        return mem_exhausted();
    for (size_t i = 0; i < count; i++) {
        str needs = str_of(table[i].needs);

        if (needs.len < TRIGRAM)
            out->gates[i] = GATE_OPEN;
        else
            out->gates[i] =
                str_find(needs, '\n') < 0 ? trigram_at(needs.data) : (uint16_t)GATE_MANY;
    }
    return OK;
}

/* Compiles the rule; JIT may refuse, then it is interpreted. */
static fallible compile(struct agent_reader *agents, struct rules *rules, size_t i)
{
    const struct agent_rule *rule = &rules->rules[i];
    int code;
    PCRE2_SIZE at;

    if (rules->codes[i])
        return OK;
    rules->codes[i] =
        pcre2_compile((PCRE2_SPTR)rule->pattern, PCRE2_ZERO_TERMINATED,
                      rule->ignores_case ? PCRE2_CASELESS : 0, &code, &at, agents->compiling);
    if (!rules->codes[i])
        return code == PCRE2_ERROR_HEAP_FAILED
                   ? mem_exhausted()
                   : fail(ERR_INVALID, "the expression %s cannot be read", rule->pattern);
    (void)pcre2_jit_compile(rules->codes[i], PCRE2_JIT_COMPLETE);
    return OK;
}

static fallible make_ready(struct agent_reader *agents)
{
    agents->general = pcre2_general_context_create(take, give, NULL);
    if (!agents->general)
        return mem_exhausted();
    agents->context = pcre2_match_context_create(agents->general);
    agents->data = pcre2_match_data_create(GROUPS, agents->general);
    agents->stack = pcre2_jit_stack_create(STACK_LEAST, STACK_MOST, agents->general);
    agents->compiling = pcre2_compile_context_create(agents->general);
    if (!agents->context || !agents->data || !agents->stack || !agents->compiling)
        return mem_exhausted();
    pcre2_set_match_limit(agents->context, MATCH_LIMIT);
    pcre2_jit_stack_assign(agents->context, NULL, agents->stack);
    TRY(list(agent_browsers, agent_browsers_count, &agents->browsers));
    TRY(list(agent_systems, agent_systems_count, &agents->systems));
    TRY(list(agent_devices, agent_devices_count, &agents->devices));
    TRY(list(agent_machines, agent_machines_count, &agents->machines));
    TRY(list(agent_crawlers, agent_crawlers_count, &agents->crawlers));
    TRY(list(shells, sizeof shells / sizeof *shells, &agents->shells));
    agents->is_ready = true;
    return OK;
}

/* Matching */

struct found {
    const struct agent_rule *rule; /* NULL: none */
    int groups;                    /* with the whole match */
    const PCRE2_SIZE *places;
};

static bool may_match(const struct trigrams *seen, const struct rules *rules, size_t i)
{
    str needs;

    if (rules->gates[i] < TRIGRAM_PLACES && !has_trigram(seen, rules->gates[i]))
        return false;
    if (rules->gates[i] == GATE_OPEN)
        return true;
    needs = str_of(rules->rules[i].needs);
    while (needs.data) {
        str literal = str_cut(&needs, '\n');
        size_t at = 0;

        while (at + TRIGRAM <= literal.len && has_trigram(seen, trigram_at(literal.data + at)))
            at++;
        if (at + TRIGRAM > literal.len)
            return true;
    }
    return false;
}

/* What goes beyond the limits does not match; a text that was made to do so again and again matches
 * nothing. */
static fallible find(struct agent_reader *agents, struct rules *rules, str text, struct found *out)
{
    *out = (struct found){0};
    for (size_t i = 0; i < rules->count && agents->patience; i++) {
        int groups;

        if (!may_match(&agents->seen, rules, i))
            continue;
        TRY(compile(agents, rules, i));
        groups = pcre2_match(rules->codes[i], (PCRE2_SPTR)text.data, text.len, 0, 0, agents->data,
                             agents->context);
        if (groups >= 0) {
            *out = (struct found){&rules->rules[i], groups ? groups : GROUPS,
                                  pcre2_get_ovector_pointer(agents->data)};
            return OK;
        }
        if (groups == PCRE2_ERROR_MATCHLIMIT || groups == PCRE2_ERROR_JIT_STACKLIMIT)
            agents->patience--;
    }
    return OK;
}

static str group_of(const struct found *found, str text, int number)
{
    PCRE2_SIZE from, to;

    if (number >= found->groups)
        return (str){NULL, 0};
    from = found->places[2 * (size_t)number];
    to = found->places[2 * (size_t)number + 1];
    return from == PCRE2_UNSET ? (str){NULL, 0} : str_slice(text, from, to);
}

/* A template with its groups put in, or group `number` without one; absent when nothing is left. */
static fallible fill(const struct found *found, str text, const char *form, int number,
                     struct arena *mem, str *out)
{
    struct buf filled = {0};
    str rest = form ? str_of(form) : S(""), value;

    if (!form)
        buf_add(&filled, group_of(found, text, number));
    for (size_t i = 0; i < rest.len; i++) {
        char next = i + 1 < rest.len ? rest.data[i + 1] : 0;

        if (rest.data[i] == '$' && next >= '1' && next <= '9') {
            buf_add(&filled, group_of(found, text, next - '0'));
            i++;
        } else {
            buf_add_byte(&filled, rest.data[i]);
        }
    }
    value = buf_is_broken(&filled) ? (str){NULL, 0} : arena_dup(mem, str_trim(buf_str(&filled)));
    buf_done(&filled);
    if (!value.data)
        return arena_exhausted();
    *out = value.len ? value : (str){NULL, 0};
    return OK;
}

static fallible read_family(struct agent_reader *agents, struct rules *rules, str text,
                            struct arena *mem, str *out_family, str *out_major)
{
    struct found found;

    *out_family = S("Other");
    if (out_major)
        *out_major = (str){NULL, 0};
    TRY(find(agents, rules, text, &found));
    if (!found.rule)
        return OK;
    TRY(fill(&found, text, found.rule->family, 1, mem, out_family));
    if (!out_family->data)
        *out_family = S("Other");
    return out_major ? fill(&found, text, found.rule->version, 2, mem, out_major) : OK;
}

static fallible is_crawler(struct agent_reader *agents, str text, bool *out_is_one)
{
    struct found machine, crawler, shell = {0};

    TRY(find(agents, &agents->machines, text, &machine));
    TRY(find(agents, &agents->crawlers, text, &crawler));
    if (crawler.rule)
        TRY(find(agents, &agents->shells, text, &shell));
    *out_is_one = machine.rule || (crawler.rule && !shell.rule);
    return OK;
}

static fallible read_all(struct agent_reader *agents, str text, struct arena *mem,
                         struct agent *out)
{
    agents->patience = PATIENCE;
    find_trigrams(text, &agents->seen);
    TRY(read_family(agents, &agents->browsers, text, mem, &out->browser, &out->browser_major));
    TRY(read_family(agents, &agents->systems, text, mem, &out->system, &out->system_major));
    TRY(read_family(agents, &agents->devices, text, mem, &out->device, NULL));
    return is_crawler(agents, text, &out->is_crawler);
}

/* What was read before */

struct kept {
    uint16_t len[TEXTS]; /* of the texts behind it; 0: absent */
    uint16_t is_crawler;
};

static void keep(struct agent_reader *agents, str text, const struct agent *agent)
{
    const str texts[TEXTS] = {agent->browser, agent->browser_major, agent->system,
                              agent->system_major, agent->device};
    struct kept kept = {.is_crawler = agent->is_crawler};
    char bytes[MEMO_MOST_BYTES];
    size_t len = sizeof kept;

    for (size_t i = 0; i < TEXTS; i++) {
        if (texts[i].len > sizeof bytes - len)
            return;
        kept.len[i] = (uint16_t)texts[i].len;
        if (texts[i].len)
            memcpy(bytes + len, texts[i].data, texts[i].len);
        len += texts[i].len;
    }
    memcpy(bytes, &kept, sizeof kept);
    memo_put(agents->memo, text, str_from(bytes, len));
}

static bool is_kept(struct agent_reader *agents, str text, struct arena *mem, struct agent *out)
{
    str *texts[TEXTS] = {&out->browser, &out->browser_major, &out->system, &out->system_major,
                         &out->device};
    struct kept kept;
    str bytes;

    if (!memo_find(agents->memo, text, mem, &bytes))
        return false;
    memcpy(&kept, bytes.data, sizeof kept);
    bytes = str_slice(bytes, sizeof kept, bytes.len);
    for (size_t i = 0; i < TEXTS; i++) {
        *texts[i] = kept.len[i] ? str_slice(bytes, 0, kept.len[i]) : (str){NULL, 0};
        bytes = str_slice(bytes, kept.len[i], bytes.len);
    }
    out->is_crawler = kept.is_crawler;
    return true;
}

static fallible prepare(struct agent_reader *agents)
{
    enum err err = agents->is_ready ? OK : make_ready(agents);

    if (err)
        forget_all(agents);
    return err;
}

static fallible compile_all(struct agent_reader *agents, struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        TRY(compile(agents, rules, i));
    return OK;
}

fallible agent_prepare(struct agent_reader *agents)
{
    enum err err;

    mutex_lock(agents->lock);
    err = prepare(agents);
    if (!err)
        err = compile_all(agents, &agents->browsers);
    if (!err)
        err = compile_all(agents, &agents->systems);
    if (!err)
        err = compile_all(agents, &agents->devices);
    if (!err)
        err = compile_all(agents, &agents->machines);
    if (!err)
        err = compile_all(agents, &agents->crawlers);
    mutex_unlock(agents->lock);
    return err;
}

fallible agent_read(struct agent_reader *agents, str text, struct arena *mem,
                    struct agent *out_agent)
{
    struct agent agent;
    enum err err;

    text = text.data ? str_slice(text, 0, AGENT_MOST_BYTES) : S("");
    if (is_kept(agents, text, mem, out_agent))
        return OK;
    mutex_lock(agents->lock);
    err = prepare(agents);
    if (!err)
        err = read_all(agents, text, mem, &agent);
    mutex_unlock(agents->lock);
    if (err)
        return err;
    keep(agents, text, &agent);
    *out_agent = agent;
    return OK;
}
