/* answers.c - the same questions to what settled and to the whole log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/answers.h"

#include "crash/plan.h"
#include "measure/answer.h"
#include "measure/events.h"
#include "measure/machines.h"
#include "measure/source.h"

enum { MOST_SAID = 3000, NAMES_APART = 7 };

static enum err ask(struct world *world, struct events *events, str question, struct buf *out)
{
    struct answer_options options = {.sys = world->sys};
    struct source source;
    enum err err;

    buf_clear(out);
    events_begin(events, &source);
    err = answer_query(&source, &options, question, out);
    events_end(events);
    while (!err && out->len && !str_ends(buf_str(out), S("\"meta\"")))
        out->len--; /* what it cost may differ */
    return err;
}

struct asking {
    struct world *world;
    struct world_fold anew;
    struct buf settled;
    struct buf whole;
    struct buf *trouble;
    bool allows_errors;
};

static bool is_same(struct asking *asking, str question)
{
    enum err err = ask(asking->world, asking->world->events, question, &asking->settled);

    if (err && asking->allows_errors)
        return true;
    if (!err)
        err = ask(asking->world, asking->anew.events, question, &asking->whole);
    if (err)
        buf_print(asking->trouble, "no answer to %.*s: %s", STR_ARG(question), err_text());
    else if (!str_equals(buf_str(&asking->settled), buf_str(&asking->whole)))
        buf_print(asking->trouble, "%.*s is answered %.*s instead of %.*s", STR_ARG(question),
                  STR_ARG(str_slice(buf_str(&asking->settled), 0, MOST_SAID)),
                  STR_ARG(str_slice(buf_str(&asking->whole), 0, MOST_SAID)));
    else
        return true;
    return false;
}

static bool ask_all(struct asking *asking)
{
    static const char *const questions[] = {
        "{\"kind\":\"people\",\"segment\":{\"did\":\"*\"},\"limit\":100000}",
        "{\"kind\":\"people\",\"segment\":{\"not\":{\"did\":\"*\"}},\"limit\":100000}",
        "{\"kind\":\"people\",\"segment\":{\"did\":\"*\"},\"traffic\":\"raw\",\"limit\":100000}",
        "{\"kind\":\"trend\",\"event\":\"*\",\"measure\":\"people\",\"by\":\"variant\","
        "\"interval\":\"all\"}",
    };
    unsigned first = (unsigned)(log_next_seq(asking->world->log) % NAMES_APART);
    bool is_good = true;

    for (size_t i = 0; is_good && i < sizeof questions / sizeof questions[0]; i++)
        is_good = is_same(asking, str_of(questions[i]));
    for (unsigned name = 2 + first; is_good && name < PLAN_NAMES; name += NAMES_APART) {
        struct buf question = {0};
        char room[16];

        buf_print(&question, "{\"kind\":\"timeline\",\"person\":\"%.*s\",\"limit\":100000}",
                  STR_ARG(plan_name(name, room)));
        is_good = is_same(asking, buf_str(&question));
        buf_done(&question);
    }
    return is_good;
}

static bool compare(struct asking *asking)
{
    bool is_good = asking->allows_errors;

    if (world_fold(asking->world) == OK && world_fold_anew(asking->world, &asking->anew) == OK)
        is_good = ask_all(asking);
    else if (!is_good)
        buf_print(asking->trouble, "the log cannot be folded: %s", err_text());
    world_fold_done(&asking->anew);
    buf_done(&asking->settled);
    buf_done(&asking->whole);
    return is_good;
}

bool answers_agree(struct world *world, struct buf *out_trouble)
{
    return compare(&(struct asking){.world = world, .trouble = out_trouble});
}

bool answers_count(struct world *world, uint64_t events, uint64_t humans, struct buf *out_trouble)
{
    struct source_span span = {0}, human = {0};
    struct source source;
    enum err err = world_fold(world);

    events_begin(world->events, &source);
    if (!err)
        err = source_span(&source, &span);
    machines_leave(&source);
    if (!err)
        err = source_span(&source, &human);
    events_end(world->events);
    if (err)
        buf_print(out_trouble, "events cannot be counted: %s", err_text());
    else if (span.events != events || human.events != humans)
        buf_print(out_trouble, "questions see %llu events (%llu of humans) instead of %llu (%llu)",
                  (unsigned long long)span.events, (unsigned long long)human.events,
                  (unsigned long long)events, (unsigned long long)humans);
    else
        return true;
    return false;
}

bool answers_trust(struct world *world, struct buf *out_trouble)
{
    return compare(&(struct asking){.world = world, .trouble = out_trouble, .allows_errors = true});
}
