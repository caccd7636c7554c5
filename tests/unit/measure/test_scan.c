/* test_scan.c - what a plan gives: which persons, which hits, which marks and values.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Segments and conditions are judged by tests/cases/measure and the comparison with the reference.
 */
#include "measure/scan.h"

#include "base/mem.h"
#include "unit/measure/fold.h"
#include "support/test.h"

#define AT(hour) "\"timestamp\":\"1970-01-01T" hour ":00:00Z\""
#define HOUR(n) ((n)*MILLIS_HOUR)

/* Persons 1 (device d1 and user u1), 3 (u2), 4 (d2), 5 (u3, who has a late event alone). */
static const char *const messages[] = {
    "{\"type\":\"page\",\"anonymousId\":\"d1\"," AT("01") ",\"properties\":{\"p\":1}}",
    "{\"type\":\"track\",\"event\":\"page\",\"anonymousId\":\"d1\"," AT("02") "}",
    "{\"type\":\"identify\",\"anonymousId\":\"d1\",\"userId\":\"u1\"," AT(
        "03") ",\"traits\":{\"vip\":true}}",
    "{\"type\":\"track\",\"event\":\"Buy\",\"userId\":\"u1\"," AT(
        "05") ",\"properties\":{\"p\":7}}",
    "{\"type\":\"track\",\"event\":\"Buy\",\"userId\":\"u1\",\"anonymousId\":\"d2\"," AT(
        "04") ",\"properties\":{\"p\":6}}",
    "{\"type\":\"screen\",\"userId\":\"u2\"," AT("02") ",\"properties\":{\"p\":3}}",
    "{\"type\":\"track\",\"event\":\"Buy\",\"userId\":\"u2\"," AT(
        "06") ",\"properties\":{\"p\":2}}",
    "{\"type\":\"group\",\"userId\":\"u3\"," AT("08") "}",
};

static const struct query_event page = {.name = {"page", 4}}, buy = {.name = {"Buy", 3}},
                                any = {.name = {"*", 1}}, never = {.name = {"Never", 5}};
static const struct query_value three = {.type = QUERY_NUMBER, .number = {.digits = 3}};
static const struct query_condition over_three = {.kind = CONDITION_TEST,
                                                  .test = TEST_GT,
                                                  .property = {"p", 1},
                                                  .values = &three,
                                                  .value_count = 1};

struct world {
    struct fold fold;
    struct source source;
    struct scan_plan *plan;
};

static void world_open(struct world *world, struct scan_bounds bounds,
                       const struct query_condition *where)
{
    CHECK_OK(fold_open(&world->fold));
    EACH_CASE(message, messages)
    CHECK_OK(fold_take(&world->fold, str_of(*message)));
    events_begin(world->fold.events, &world->source);
    CHECK_OK(scan_plan_open(test_mem, &world->source, bounds, where, &world->plan));
}

static void world_done(struct world *world)
{
    events_end(world->fold.events);
    fold_done(&world->fold);
}

static const struct scan_bounds unbounded = {0, HOUR(24), HOUR(24)};

/* Tells a scan as text: "ID:TIME=MARKS(SLOTS) ..." with hours, and a person a line. */
struct telling {
    struct buf text;
    size_t slots;
    size_t most_hits;
    size_t batches;
};

static void tell_value(struct buf *out, const struct value *value)
{
    if (value->type == VALUE_NUMBER)
        buf_add_i64(out, value->number.digits);
    else if (value->type == VALUE_TEXT)
        buf_print(out, "text%u", value->code > 0);
    else
        buf_add(out, value->type == VALUE_NULL ? S("-") : S("+"));
}

static enum err tell(void *argument, const struct scan_batch *batch)
{
    struct telling *telling = argument;
    struct buf *out = &telling->text;

    telling->batches++;
    if (batch->persons > 1 && batch->end[batch->persons - 1] > telling->most_hits)
        telling->most_hits = batch->end[batch->persons - 1];
    for (size_t person = 0; person < batch->persons; person++) {
        buf_print(out, "%u:", batch->ids[person]);
        for (uint32_t hit = batch->first[person]; hit < batch->end[person]; hit++) {
            buf_print(out, " %lld=%llu", (long long)(batch->times[hit] / MILLIS_HOUR),
                      (unsigned long long)batch->marks[hit]);
            for (size_t slot = 0; slot < telling->slots; slot++) {
                buf_add(out, S("/"));
                tell_value(out, scan_value(batch, (uint32_t)slot, hit));
            }
            if (batch->devices)
                buf_print(out, batch->devices[hit] ? "/%u" : "/-", batch->devices[hit]);
        }
        buf_add_byte(out, '\n');
    }
    return OK;
}

static str scan(const struct world *world, size_t slots)
{
    struct telling telling = {.slots = slots};
    struct scanner *scanner;
    str text;

    CHECK_OK(scan_open(world->plan, &scanner));
    CHECK_OK(scan_range(scanner, 1, source_end(&world->source), tell, &telling));
    scan_close(scanner);
    text = arena_dup(test_mem, buf_str(&telling.text));
    buf_done(&telling.text);
    return text;
}

TEST(scan_gives_hits_in_order_with_their_marks_and_nothing_else)
{
    struct world world;
    scan_marks pages, buys;

    world_open(&world, unbounded, NULL);
    CHECK_OK(scan_plan_mark(world.plan, &page, 1, 0, &pages));
    CHECK_OK(scan_plan_mark(world.plan, &buy, 1, 0, &buys));
    CHECK_INT(pages, 1);
    CHECK_INT(buys, 2);
    CHECK_STR(scan(&world, 0), "1: 1=1 2=1 4=2 5=2\n4: 6=2\n");
    world_done(&world);
}

TEST(scan_marks_are_told_apart_by_flags)
{
    static const struct {
        const struct query_event *event;
        size_t count;
        unsigned flags;
        const char *told;
    } cases[] = {
        {&page, 1, SCAN_VIEWS, "1: 1=1\n"},
        {&page, 1, SCAN_TRACKS, "1: 2=1\n"},
        {NULL, 0, SCAN_VIEWS, "1: 1=1\n4: 2=1\n"},
        {&any, 1, 0, "1: 1=1 2=1 4=1 5=1\n4: 2=1 6=1\n"},
        {NULL, 0, 0, "1: 1=1 2=1 3=1 4=1 5=1\n4: 2=1 6=1\n5: 8=1\n"},
        {NULL, 0, SCAN_IN_RANGE, "1: 2=1 3=1 4=1\n4: 2=1\n"},
        {NULL, 0, SCAN_BEFORE_END, "1: 1=1 2=1 3=1 4=1\n4: 2=1\n"},
        {&any, 1, SCAN_WHERE, "1: 4=1 5=1\n"},
        {NULL, 0, SCAN_WHERE | SCAN_IN_RANGE, "1: 4=1\n"},
        {&never, 1, 0, ""},
    };
    struct scan_bounds bounds = {HOUR(2), HOUR(5), HOUR(24)};

    EACH_CASE(c, cases)
    {
        struct world world;
        scan_marks mark;

        world_open(&world, bounds, &over_three);
        CHECK_OK(scan_plan_mark(world.plan, c->event, c->count, c->flags, &mark));
        CHECK_STR(scan(&world, 0), c->told);
        world_done(&world);
    }
}

TEST(scan_sees_nothing_later_than_as_of)
{
    struct scan_bounds bounds = {0, HOUR(24), HOUR(4)};
    struct world world;
    scan_marks mark;

    world_open(&world, bounds, NULL);
    CHECK_OK(scan_plan_mark(world.plan, NULL, 0, 0, &mark));
    CHECK_STR(scan(&world, 0), "1: 1=1 2=1 3=1 4=1\n4: 2=1\n");
    world_done(&world);
}

TEST(equal_wishes_share_a_mark)
{
    struct query_condition same = over_three, other = over_three;
    const struct query_event both[] = {page, buy}, turned[] = {buy, page};
    struct query_event a = {.name = buy.name, .where = &over_three};
    struct query_event b = {.name = buy.name, .where = &same};
    struct query_event c = {.name = buy.name, .where = &other};
    struct world world;
    scan_marks first, second;

    other.test = TEST_GTE;
    world_open(&world, unbounded, NULL);
    CHECK_OK(scan_plan_mark(world.plan, &a, 1, 0, &first));
    CHECK_OK(scan_plan_mark(world.plan, &b, 1, SCAN_WHERE, &second)); /* there is no "where" */
    CHECK_INT(first, second);
    CHECK_OK(scan_plan_mark(world.plan, &c, 1, 0, &second));
    CHECK(first != second);
    CHECK_OK(scan_plan_mark(world.plan, &a, 1, SCAN_IN_RANGE, &second));
    CHECK(first != second);
    CHECK_OK(scan_plan_mark(world.plan, both, 2, 0, &first));
    CHECK_OK(scan_plan_mark(world.plan, both, 2, 0, &second));
    CHECK_INT(first, second);
    CHECK_OK(scan_plan_mark(world.plan, turned, 2, 0, &second));
    CHECK(first != second);
    world_done(&world);
}

TEST(a_mark_of_several_matchers_takes_what_one_of_them_takes)
{
    const struct query_event several[] = {
        {.name = buy.name, .where = &over_three}, page, {.name = buy.name, .where = &over_three}};
    struct world world;
    scan_marks mark;

    world_open(&world, unbounded, NULL);
    CHECK_OK(scan_plan_mark(world.plan, several, 3, 0, &mark));
    CHECK_STR(scan(&world, 0), "1: 1=1 2=1 4=1 5=1\n");
    world_done(&world);
}

TEST(slots_hold_values_where_the_hit_has_their_mark)
{
    struct world world;
    scan_marks buys, views;
    uint32_t slot, same;

    world_open(&world, unbounded, NULL);
    CHECK_OK(scan_plan_mark(world.plan, &buy, 1, 0, &buys));
    CHECK_OK(scan_plan_mark(world.plan, NULL, 0, SCAN_VIEWS, &views));
    CHECK_OK(scan_plan_slot(world.plan, S("p"), buys, &slot));
    CHECK_INT(slot, 0);
    CHECK_OK(scan_plan_slot(world.plan, S("person.vip"), buys | views, &slot));
    CHECK_INT(slot, 1);
    scan_plan_devices(world.plan);
    CHECK_OK(scan_plan_slot(world.plan, S("p"), buys, &same));
    CHECK_INT(same, 0);
    CHECK_STR(scan(&world, 2), "1: 1=2/-/+/1 4=1/6/+/3 5=1/7/+/-\n4: 2=2/-/-/- 6=1/2/-/-\n");
    world_done(&world);
}

/* Learned shapes cut messages without reading them. */
TEST(a_device_is_known_for_messages_of_a_known_shape)
{
    struct telling telling = {0};
    struct scanner *scanner;
    struct world world;
    struct buf message = {0};
    scan_marks views;

    world_open(&world, unbounded, NULL);
    events_end(world.fold.events);
    for (int i = 0; i < 4; i++) {
        buf_clear(&message);
        buf_print(&message,
                  "{\"type\":\"page\",\"anonymousId\":\"x%d\",\"userId\":\"u2\"," AT("09") "}", i);
        CHECK_OK(fold_take(&world.fold, buf_str(&message)));
    }
    events_begin(world.fold.events, &world.source);
    CHECK_OK(scan_plan_mark(world.plan, &page, 1, SCAN_VIEWS, &views));
    scan_plan_devices(world.plan);
    CHECK_OK(scan_open(world.plan, &scanner));
    CHECK_OK(scan_range(scanner, 4, 5, tell, &telling));
    CHECK_STR(buf_str(&telling.text), "4: 9=1/6 9=1/7 9=1/8 9=1/9\n");
    scan_close(scanner);
    buf_done(&telling.text);
    buf_done(&message);
    world_done(&world);
}

TEST(everyone_are_persons_with_any_event_up_to_as_of)
{
    struct scan_bounds bounds = {0, HOUR(24), HOUR(7)};
    struct world world;
    scan_marks mark;

    world_open(&world, bounds, NULL);
    CHECK_OK(scan_plan_mark(world.plan, &page, 1, SCAN_VIEWS, &mark));
    scan_plan_everyone(world.plan);
    CHECK_STR(scan(&world, 0), "1: 1=1\n4:\n");
    world_done(&world);
}

TEST(an_audience_leaves_out_who_is_not_in_it)
{
    static const struct query_bound two = {BOUND_GTE, {.digits = 13}};
    static const struct query_segment spent = {.kind = SEGMENT_DID,
                                               .events = &buy,
                                               .event_count = 1,
                                               .sum = {"p", 1},
                                               .bounds = &two,
                                               .bound_count = 1,
                                               .within = -1};
    static const struct query_segment others = {
        .kind = SEGMENT_NOT, .children = &spent, .child_count = 1, .within = -1};
    struct world world;
    scan_marks mark;

    world_open(&world, unbounded, NULL);
    CHECK_OK(scan_plan_audience(world.plan, &spent));
    CHECK_OK(scan_plan_mark(world.plan, NULL, 0, SCAN_VIEWS, &mark));
    CHECK_STR(scan(&world, 1), "1: 1=2/- 4=1/6 5=1/7\n");
    world_done(&world);
    world_open(&world, unbounded, NULL);
    CHECK_OK(scan_plan_audience(world.plan, &others));
    scan_plan_everyone(world.plan);
    CHECK_STR(scan(&world, 1), "4: 6=1/2\n5:\n");
    world_done(&world);
}

TEST(a_plan_of_too_many_marks_or_slots_is_refused)
{
    struct world world;
    scan_marks mark;
    uint32_t slot;

    world_open(&world, unbounded, NULL);
    for (int i = 0; i <= SCAN_MOST_MARKS; i++) {
        struct query_event *event = arena_take(test_mem, sizeof *event);

        event->name = arena_print(test_mem, "event %d", i);
        CHECK_INT(scan_plan_mark(world.plan, event, 1, 0, &mark),
                  i < SCAN_MOST_MARKS ? OK : ERR_LIMIT);
        CHECK_INT(scan_plan_slot(world.plan, event->name, mark, &slot),
                  i < SCAN_MOST_SLOTS ? OK : ERR_LIMIT);
    }
    world_done(&world);
}

TEST(batches_hold_whole_persons_and_are_bounded)
{
    struct telling telling = {0};
    struct scanner *scanner;
    struct world world;
    struct buf message = {0};
    scan_marks mark;
    uint64_t lines = 0;

    world_open(&world, unbounded, NULL);
    events_end(world.fold.events);
    for (int i = 0; i < 3 * SCAN_BATCH_HITS; i++) {
        buf_clear(&message);
        buf_print(&message, "{\"type\":\"page\",\"userId\":\"v%d\"," AT("09") "}",
                  i < 2 * SCAN_BATCH_HITS ? i / 1000 : 99);
        CHECK_OK(fold_take(&world.fold, buf_str(&message)));
    }
    events_begin(world.fold.events, &world.source);
    CHECK_OK(scan_plan_mark(world.plan, &page, 1, SCAN_VIEWS, &mark));
    CHECK_OK(scan_open(world.plan, &scanner));
    CHECK_OK(scan_range(scanner, 1, source_end(&world.source), tell, &telling));
    for (size_t i = 0; i < telling.text.len; i++)
        lines += telling.text.data[i] == '\n';
    CHECK_INT(lines, 11); /* d1, v0 to v8, v99 */
    CHECK(telling.batches >= 3);
    CHECK(telling.most_hits <= SCAN_BATCH_HITS);
    CHECK_INT(scan_events_read(scanner), 3 * SCAN_BATCH_HITS + sizeof messages / sizeof *messages);
    scan_close(scanner);
    buf_done(&telling.text);
    buf_done(&message);
    world_done(&world);
}

static enum err refuse(void *argument, const struct scan_batch *batch)
{
    ++*(int *)argument;
    return batch->persons ? ERR_EXPIRED : OK;
}

TEST(a_scan_fails_as_its_taker_does)
{
    struct scanner *scanner;
    struct world world;
    scan_marks mark;
    int calls = 0;

    world_open(&world, unbounded, NULL);
    CHECK_OK(scan_plan_mark(world.plan, &buy, 1, 0, &mark));
    CHECK_OK(scan_open(world.plan, &scanner));
    CHECK_ERR(ERR_EXPIRED, scan_range(scanner, 1, source_end(&world.source), refuse, &calls));
    CHECK_INT(calls, 1);
    scan_close(scanner);
    world_done(&world);
}
