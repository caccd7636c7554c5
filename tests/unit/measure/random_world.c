/* random_world.c - random messages, joins and undos for a fold.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit/measure/random_world.h"

#include "support/test.h"

static const char *pick(random_state *random, const char *const *texts, size_t count)
{
    return texts[random_below(random, count)];
}

#define PICK(random, ...)                                                                          \
    pick(random, (const char *const[]){__VA_ARGS__},                                               \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void add_who(random_state *random, bool has_joins, struct buf *out)
{
    unsigned chance = has_joins ? (unsigned)random_below(random, 10) : 0;

    if (chance < 6)
        buf_print(out, ",\"userId\":\"u%d\"", (int)random_below(random, RANDOM_WORLD_PEOPLE));
    if (chance > 4)
        buf_print(out, ",\"anonymousId\":\"a%d\"",
                  (int)random_below(random, RANDOM_WORLD_PEOPLE * 3));
}

static void make_message(random_state *random, bool has_joins, struct buf *out)
{
    buf_print(out, "{\"type\":\"%s\",\"event\":\"%s\",\"timestamp\":\"2026-01-%02dT%02d:00:0%dZ\"",
              PICK(random, "track", "track", "page", "identify", has_joins ? "alias" : "group"),
              PICK(random, "Order", "View", "Signed Up"), 1 + (int)random_below(random, 9),
              (int)random_below(random, 24), (int)random_below(random, 3));
    buf_print(out, ",\"previousId\":\"p%d\"", (int)random_below(random, 5));
    add_who(random, has_joins, out);
    buf_print(out, ",\"properties\":{\"plan\":%s",
              PICK(random, "\"red\"", "\"blue\"", "1", "1.0", "12345678901.25", "true", "null",
                   "[1,\"x\"]", "[]"));
    if (random_chance(random, 0.3))
        buf_print(out, ",\"rare%d\":%d", (int)random_below(random, 40),
                  (int)random_below(random, 1000));
    if (random_chance(random, 0.3))
        buf_print(out, ",\"products\":[{\"sku\":\"s%d\",\"price\":%d.5}]",
                  (int)random_below(random, 5), (int)random_below(random, 9));
    buf_print(out, ",\"revenue\":%d},\"traits\":{\"country\":%s}}", (int)random_below(random, 100),
              PICK(random, "\"AT\"", "\"DE\"", "null"));
}

/* Takes back one of the joins there are, if it meets one. */
static void undo(struct random_world *world, struct fold *fold)
{
    struct record_undo undo = {0};
    struct log_record record = {.kind = RECORD_UNDO};
    struct buf clear = {0};
    node_id a, b;

    for (int tries = 0; tries < 50 && !undo.join_seq; tries++) {
        uint64_t seq = 1 + random_below(&world->random, fold->next_seq);

        if (!world->is_undone[seq] && identity_ends(fold->identity, seq, &a, &b))
            undo.join_seq = seq;
    }
    if (!undo.join_seq)
        return;
    world->is_undone[undo.join_seq] = true;
    record_write_undo(&clear, &undo);
    record.clear = buf_str(&clear);
    CHECK_OK(fold_record(fold, &record));
    buf_done(&clear);
}

void random_world_take(struct random_world *world, struct fold *fold, unsigned count)
{
    struct buf text = {0};

    for (unsigned i = 0; i < count; i++) {
        buf_clear(&text);
        make_message(&world->random, world->has_joins, &text);
        if (str_contains(buf_str(&text), S("userId")) ||
            (str_contains(buf_str(&text), S("anonymousId")) &&
             !str_contains(buf_str(&text), S("\"alias\""))))
            CHECK_OK(fold_take(fold, buf_str(&text)));
        if (random_chance(&world->random, 0.02))
            undo(world, fold);
        CHECK(fold->next_seq < RANDOM_WORLD_SEQS);
    }
    buf_done(&text);
}

struct random_world *random_world_of(uint64_t seed)
{
    struct random_world *world = arena_take(test_mem, sizeof *world);

    CHECK(world);
    world->random.at = seed;
    world->has_joins = seed % 2;
    return world;
}
