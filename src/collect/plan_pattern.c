/* plan_pattern.c - expressions compiled so that one bound holds for the whole search.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * PCRE2 counts its steps anew for each place where a match may begin. So the search is made part
 * of the expression, which then has a single place to begin: the start of the text.
 */
#include "collect/plan_pattern.h"

#include "base/buf.h"
#include "base/mem.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    HEAP_KIB = 256,
    REASON = 128,
    NESTING = 50,
    STACK_LEAST = 32 << 10,
    STACK_MOST = 512 << 10,
    FEW = 200, /* steps that nearly every search is over within, */
    FEW_A_BYTE = 4,
};

struct plan_pattern {
    pcre2_code *code;
};

struct plan_search {
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *stack; /* NULL until it is needed */
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

static fallible compile(pcre2_general_context *general, str text, pcre2_code **out_code)
{
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    unsigned char reason[REASON] = {0};
    PCRE2_SIZE place;
    int code;

    if (!context)
        return mem_exhausted();
    pcre2_set_parens_nest_limit(context, NESTING);
    *out_code = pcre2_compile((PCRE2_SPTR)text.data, text.len,
                              PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_ALT_BSUX |
                                  PCRE2_DOLLAR_ENDONLY,
                              &code, &place, context);
    pcre2_compile_context_free(context);
    if (*out_code)
        return OK;
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return mem_exhausted();
    pcre2_get_error_message(code, reason, sizeof reason);
    return fail(ERR_INVALID, "it cannot be read: %s, at byte %zu", (char *)reason, (size_t)place);
}

/* By itself it must be whole: else it could end the group that it is put into. */
static fallible compile_search(pcre2_general_context *general, str text, pcre2_code **out_code)
{
    struct buf search = {0};
    pcre2_code *bare;
    enum err err;

    TRY(compile(general, text, &bare));
    pcre2_code_free(bare);
    buf_add(&search, S("\\A(?s:.*?)(?:"));
    buf_add(&search, text);
    buf_add(&search, S(")"));
    err = buf_is_broken(&search) ? mem_exhausted() : compile(general, buf_str(&search), out_code);
    buf_done(&search);
    return err;
}

fallible plan_pattern_open(str text, struct plan_pattern **out_pattern)
{
    pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
    struct plan_pattern *pattern = mem_alloc(sizeof *pattern);
    enum err err = general && pattern ? OK : mem_exhausted();

    if (!err)
        err = compile_search(general, text, &pattern->code);
    if (!err)
        (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE); /* else it is interpreted */
    pcre2_general_context_free(general);
    if (err)
        plan_pattern_close(pattern);
    else
        *out_pattern = pattern;
    return err;
}

void plan_pattern_close(struct plan_pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    mem_free(pattern);
}

void plan_pattern_close_search(struct plan_search *search)
{
    if (!search)
        return;
    pcre2_jit_stack_free(search->stack);
    pcre2_match_data_free(search->data);
    pcre2_match_context_free(search->context);
    pcre2_general_context_free(search->general);
    mem_free(search);
}

static fallible open_search(struct plan_search **out_search)
{
    struct plan_search *search = mem_alloc(sizeof *search);

    if (!search)
        return mem_exhausted();
    search->general = pcre2_general_context_create(take, give, NULL);
    if (search->general) {
        search->context = pcre2_match_context_create(search->general);
        search->data = pcre2_match_data_create(1, search->general);
    }
    if (!search->context || !search->data) {
        plan_pattern_close_search(search);
        return mem_exhausted();
    }
    pcre2_set_heap_limit(search->context, HEAP_KIB);
    *out_search = search;
    return OK;
}

/* Few expressions need more than the stack that the compiled code has by itself. */
static int search_deep(const struct plan_pattern *pattern, str text, struct plan_search *search)
{
    if (!search->stack)
        search->stack = pcre2_jit_stack_create(STACK_LEAST, STACK_MOST, search->general);
    if (!search->stack)
        return PCRE2_ERROR_NOMEMORY;
    pcre2_jit_stack_assign(search->context, NULL, search->stack);
    return pcre2_match(pattern->code, (PCRE2_SPTR)text.data, text.len, 0, 0, search->data,
                       search->context);
}

static int search_within(const struct plan_pattern *pattern, str text, uint32_t limit,
                         struct plan_search *search, uint32_t *steps)
{
    int found;

    *steps -= limit < *steps ? limit : *steps;
    pcre2_set_match_limit(search->context, limit);
    pcre2_set_depth_limit(search->context, limit);
    found = pcre2_match(pattern->code, (PCRE2_SPTR)text.data, text.len, 0, 0, search->data,
                        search->context);
    return found == PCRE2_ERROR_JIT_STACKLIMIT ? search_deep(pattern, text, search) : found;
}

fallible plan_pattern_find(const struct plan_pattern *pattern, str text,
                           struct plan_search **search, uint32_t *steps,
                           enum plan_pattern_answer *out_answer)
{
    uint32_t few = FEW + FEW_A_BYTE * (uint32_t)text.len;
    int found = PCRE2_ERROR_MATCHLIMIT;

    if (!*search)
        TRY(open_search(search));
    if (!text.data)
        text = S("");
    if (text.len <= PLAN_PATTERN_TEXT)
        found = search_within(pattern, text, few, *search, steps);
    if (found == PCRE2_ERROR_MATCHLIMIT && text.len <= PLAN_PATTERN_TEXT && *steps)
        found = search_within(pattern, text, PLAN_PATTERN_STEPS, *search, steps);
    if (found == PCRE2_ERROR_NOMEMORY)
        return mem_exhausted();
    *out_answer = found >= 0                     ? PLAN_PATTERN_FOUND
                  : found == PCRE2_ERROR_NOMATCH ? PLAN_PATTERN_NONE
                                                 : PLAN_PATTERN_UNDECIDED;
    return OK;
}
