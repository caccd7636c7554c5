/* operator.c - the table of kinds, and what they share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/operator.h"

#define OPERATOR(kind) extern const struct operator op_##kind;
#include "measure/operators.def"
#undef OPERATOR

static const struct operator* const operators[] = {
#define OPERATOR(kind) &op_##kind,
#include "measure/operators.def"
#undef OPERATOR
};

enum { OPERATOR_COUNT = sizeof operators / sizeof *operators };

const struct operator* operator_find(str kind)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (str_equals(kind, str_of(operators[i]->kind)))
            return operators[i];
    return NULL;
}

void operator_list(struct buf *out)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++) {
        if (i)
            buf_add(out, S(", "));
        buf_add(out, str_of(operators[i]->kind));
    }
}

void operator_write_time(const struct operator_shared *shared, struct json_writer *out, millis at)
{
    struct buf text = {0};

    time_write_local(&text, at, zone_offset(shared->query->zone, at));
    if (buf_is_broken(&text))
        out->out->broken = true;
    json_text(out, buf_str(&text));
    buf_done(&text);
}

void operator_write_number(struct json_writer *out, decimal number)
{
    struct buf text = {0};

    decimal_write(&text, number);
    if (buf_is_broken(&text))
        out->out->broken = true;
    json_verbatim(out, buf_str(&text));
    buf_done(&text);
}

fallible operator_check_answer(const struct operator_shared *shared, const struct json_writer *out)
{
    if (buf_is_broken(out->out) || out->out->len > shared->answer_bytes)
        return fail(ERR_LIMIT, "the answer is too long: ask for a lower \"limit\", a shorter range "
                               "or a longer \"interval\"");
    return OK;
}

fallible operator_exhausted(void)
{
    return fail(ERR_LIMIT, "the question needs more memory than one question may take: ask for a "
                           "shorter range, a longer \"interval\" or a \"by\" with fewer values");
}
