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
    TEXTS = 5,
};

/* Browsers inside of applications: their names in it say what shows the page, not who asks. */
static const struct agent_rule shells[] = {{"; wv\\)|Electron/|QtWebEngine/", false, NULL, NULL}};

struct rules {
    const struct agent_rule *rules;
    size_t count;
    pcre2_code **codes;
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
    pcre2_general_context_free(agents->general);
    agents->data = NULL;
    agents->stack = NULL;
    agents->context = NULL;
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

static fallible compile(pcre2_general_context *general, const struct agent_rule *table,
                        size_t count, struct rules *out)
{
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    enum err err = OK;

    *out = (struct rules){table, count, mem_alloc(count * sizeof *out->codes)};
    if (!context || !out->codes)
        err = mem_exhausted();
    for (size_t i = 0; i < count && !err; i++) {
        int code;
        PCRE2_SIZE at;

        out->codes[i] =
            pcre2_compile((PCRE2_SPTR)table[i].pattern, PCRE2_ZERO_TERMINATED,
                          table[i].ignores_case ? PCRE2_CASELESS : 0, &code, &at, context);
        if (!out->codes[i])
            err = code == PCRE2_ERROR_HEAP_FAILED
                      ? mem_exhausted()
                      : fail(ERR_INVALID, "the expression %s cannot be read", table[i].pattern);
        else
            (void)pcre2_jit_compile(out->codes[i], PCRE2_JIT_COMPLETE); /* else it is interpreted */
    }
    pcre2_compile_context_free(context);
    return err;
}

static fallible make_ready(struct agent_reader *agents)
{
    agents->general = pcre2_general_context_create(take, give, NULL);
    if (!agents->general)
        return mem_exhausted();
    agents->context = pcre2_match_context_create(agents->general);
    agents->data = pcre2_match_data_create(GROUPS, agents->general);
    agents->stack = pcre2_jit_stack_create(STACK_LEAST, STACK_MOST, agents->general);
    if (!agents->context || !agents->data || !agents->stack)
        return mem_exhausted();
    pcre2_set_match_limit(agents->context, MATCH_LIMIT);
    pcre2_jit_stack_assign(agents->context, NULL, agents->stack);
    TRY(compile(agents->general, agent_browsers, agent_browsers_count, &agents->browsers));
    TRY(compile(agents->general, agent_systems, agent_systems_count, &agents->systems));
    TRY(compile(agents->general, agent_devices, agent_devices_count, &agents->devices));
    TRY(compile(agents->general, agent_machines, agent_machines_count, &agents->machines));
    TRY(compile(agents->general, agent_crawlers, agent_crawlers_count, &agents->crawlers));
    TRY(compile(agents->general, shells, sizeof shells / sizeof *shells, &agents->shells));
    agents->is_ready = true;
    return OK;
}

/* Matching */

struct found {
    const struct agent_rule *rule; /* NULL: none */
    int groups;                    /* with the whole match */
    const PCRE2_SIZE *places;
};

/* What goes beyond the limits does not match; a text that was made to do so again and again matches
 * nothing. */
static struct found find(struct agent_reader *agents, const struct rules *rules, str text)
{
    for (size_t i = 0; i < rules->count && agents->patience; i++) {
        int groups = pcre2_match(rules->codes[i], (PCRE2_SPTR)text.data, text.len, 0, 0,
                                 agents->data, agents->context);

        if (groups >= 0)
            return (struct found){&rules->rules[i], groups ? groups : GROUPS,
                                  pcre2_get_ovector_pointer(agents->data)};
        if (groups == PCRE2_ERROR_MATCHLIMIT || groups == PCRE2_ERROR_JIT_STACKLIMIT)
            agents->patience--;
    }
    return (struct found){0};
}

static str group_of(const struct found *found, str text, int number)
{
    PCRE2_SIZE from, to;

    if (number >= found->groups)
        return (str){NULL, 0};
    from = found->places[2 * number];
    to = found->places[2 * number + 1];
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

static fallible read_family(struct agent_reader *agents, const struct rules *rules, str text,
                            struct arena *mem, str *out_family, str *out_major)
{
    struct found found = find(agents, rules, text);

    *out_family = S("Other");
    if (out_major)
        *out_major = (str){NULL, 0};
    if (!found.rule)
        return OK;
    TRY(fill(&found, text, found.rule->family, 1, mem, out_family));
    if (!out_family->data)
        *out_family = S("Other");
    return out_major ? fill(&found, text, found.rule->version, 2, mem, out_major) : OK;
}

static fallible read_all(struct agent_reader *agents, str text, struct arena *mem,
                         struct agent *out)
{
    agents->patience = PATIENCE;
    TRY(read_family(agents, &agents->browsers, text, mem, &out->browser, &out->browser_major));
    TRY(read_family(agents, &agents->systems, text, mem, &out->system, &out->system_major));
    TRY(read_family(agents, &agents->devices, text, mem, &out->device, NULL));
    out->is_crawler =
        find(agents, &agents->machines, text).rule ||
        (find(agents, &agents->crawlers, text).rule && !find(agents, &agents->shells, text).rule);
    return OK;
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

fallible agent_prepare(struct agent_reader *agents)
{
    enum err err;

    mutex_lock(agents->lock);
    err = prepare(agents);
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
