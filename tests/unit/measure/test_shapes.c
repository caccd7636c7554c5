/* test_shapes.c - messages of a known shape fold as if they had been walked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/shapes.h"

#include "base/random.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

struct world {
    struct flatten flatten;
    struct cells cells;
    struct dictionary texts;
    struct dictionary paths;
    uint64_t refused;
    struct json_reader *reader;
    struct shapes *shapes; /* NULL: every message is walked */
};

static void world_open(struct world *world, bool has_shapes)
{
    *world = (struct world){.reader = json_reader_open()};
    cells_init(&world->cells);
    dictionary_init(&world->texts, 1);
    dictionary_init(&world->paths, 2);
    world->flatten = (struct flatten){.cells = &world->cells,
                                      .texts = &world->texts,
                                      .paths = &world->paths,
                                      .refused = &world->refused,
                                      .mem = test_mem};
    world->shapes = has_shapes ? shapes_open() : NULL;
}

static void world_done(struct world *world)
{
    flatten_done(&world->flatten);
    cells_done(&world->cells);
    dictionary_done(&world->texts);
    dictionary_done(&world->paths);
    json_reader_close(world->reader);
    shapes_close(world->shapes);
}

static void show_run(const struct world *world, uint32_t run, struct buf *out)
{
    uint32_t count;
    const struct cell *cells = cells_get(&world->cells, run, &count);

    buf_add_byte(out, '(');
    for (uint32_t i = 0; i < count; i++) {
        buf_add(out, dictionary_text(&world->paths, cells[i].property));
        buf_print(out, "%s%u:", cells[i].is_derived ? "*" : "=", (unsigned)cells[i].type);
        if (cells[i].type == CELL_TEXT)
            buf_add(out, dictionary_text(&world->texts, cells[i].data));
        else if (cells[i].type == CELL_LIST || cells[i].type == CELL_OBJECT)
            show_run(world, cells[i].data, out);
        else if (cells[i].type == CELL_NUMBER)
            buf_add_bytes(out, cells_get(&world->cells, cells[i].data, &count), sizeof(decimal));
        else
            buf_print(out, "%u", cells[i].data);
        buf_add_byte(out, ' ');
    }
    buf_add_byte(out, ')');
}

/* Folds a message and shows its name and run; false if it is not JSON. */
static bool fold(struct world *world, enum event_type type, str text, struct buf *out,
                 bool *out_is_known)
{
    struct record_event event = {.type = type, .json = text};
    uint32_t name = DICTIONARY_NONE, run;
    bool is_view = type == EVENT_PAGE || type == EVENT_SCREEN;
    struct json doc;

    *out_is_known = false;
    if (world->shapes)
        CHECK_OK(shapes_fold(world->shapes, &world->flatten, &event, &name, &run, out_is_known));
    if (!*out_is_known) {
        uint32_t at;

        if (json_parse_copy(world->reader, test_mem, text, &doc) ||
            json_type_of(&doc, 0) != JSON_OBJECT)
            return false;
        at = json_find(&doc, 0, S("event"));
        if (type == EVENT_TRACK && at != JSON_ABSENT && json_type_of(&doc, at) == JSON_STRING)
            CHECK_OK(dictionary_add(&world->texts, json_string(&doc, at, test_mem), &name));
        world->flatten.trace = world->shapes ? shapes_trace(world->shapes, type) : NULL;
        if (flatten_message(&world->flatten, &doc, is_view, &run))
            return false;
        if (world->flatten.trace)
            shapes_learn(world->shapes, &doc, type);
    }
    if (name != DICTIONARY_NONE)
        buf_add(out, dictionary_text(&world->texts, name));
    show_run(world, run, out);
    return true;
}

#define ORDER                                                                                      \
    "{\"type\":\"track\",\"event\":\"Order\",\"properties\":{\"z\":1,\"total\":12.50,"             \
    "\"products\":[{\"id\":\"a\",\"n\":1,\"o\":{\"k\":true}},{\"id\":\"b\",\"tags\":[\"x\",2]}],"  \
    "\"z\":\"last\",\"none\":{},\"list\":[]},\"context\":{\"page\":{\"title\":\"Jacket - "         \
    "Shop\"}}}"
#define PAGE "{\"name\":\"Home\",\"properties\":{\"url\":\"/\"}}"

TEST(shapes_fold_the_second_message_of_a_shape_like_the_walk)
{
    static const struct {
        const char *first, *second;
        enum event_type type;
        bool is_known;
    } cases[] = {
        {ORDER, ORDER, EVENT_TRACK, true},
        {"{\"event\":\"A\",\"properties\":{\"p\":\"x\",\"n\":1}}",
         "{\"event\":\"Bee\",\"properties\":{\"p\":\"\xC3\xA4 longer than eight "
         "bytes\",\"n\":-0.5}}",
         EVENT_TRACK, true},
        {"{\"event\":\"A\",\"properties\":{\"n\":1,\"m\":null}}",
         "{\"event\":\"A\",\"properties\":{\"n\":true,\"m\":12345678901234567890}}", EVENT_TRACK,
         true},
        {PAGE, "{\"name\":\"\",\"properties\":{\"url\":\"/\"}}", EVENT_PAGE, false},
        {PAGE, "{\"name\":\"Shop\",\"properties\":{\"url\":\"/x\"}}", EVENT_PAGE, true},
        {"{\"name\":\"\",\"properties\":{\"url\":\"/\"}}", PAGE, EVENT_PAGE, false},
        {PAGE, "{\"name\":\"\",\"properties\":{\"url\":\"/\"}}", EVENT_GROUP, true},
        {"{\"properties\":0,\"traits\":{\"a\":1}}", "{\"properties\":1,\"traits\":{\"a\":1}}",
         EVENT_GROUP, false},
        {"{\"event\":\"A\",\"properties\":{\"n\":1}}",
         "{\"event\":\"A\",\"properties\":{\"n\":\"1\"}}", EVENT_TRACK, false},
        {"{\"event\":\"A\",\"properties\":{\"n\":1}}",
         "{\"event\":\"A\",\"properties\":{\"n\":1e3}}", EVENT_TRACK, false},
        {"{\"event\":\"A\",\"properties\":{\"n\":1}}",
         "{\"event\":\"A\",\"properties\":{\"n\":1}} ", EVENT_TRACK, false},
        {"{\"event\":\"A\",\"properties\":{\"p\":\"x\"}}",
         "{\"event\":\"A\",\"properties\":{\"p\":\"a\\nb\\\"\\u00e4\\ud83d\\ude00\\ud800\"}}",
         EVENT_TRACK, true},
        {"{\"event\":\"A\",\"properties\":{\"p\":\"x\"}}",
         "{\"event\":\"A\",\"properties\":{\"p\":\"bad \xFF\"}}", EVENT_TRACK, false},
    };

    EACH_CASE(c, cases)
    {
        struct world learned, walked;
        struct buf got = {0}, want = {0}, first = {0};
        bool is_known, never;

        world_open(&learned, true);
        world_open(&walked, false);
        CHECK(fold(&learned, c->type, str_of(c->first), &first, &is_known));
        CHECK(!is_known);
        CHECK(fold(&learned, c->type, str_of(c->second), &got, &is_known));
        CHECK_INT(c->is_known, is_known);
        CHECK(fold(&walked, c->type, str_of(c->second), &want, &never));
        CHECK(str_equals(buf_str(&got), buf_str(&want)));
        world_done(&learned);
        world_done(&walked);
        buf_done(&got);
        buf_done(&want);
        buf_done(&first);
    }
}

TEST(shapes_of_damaged_messages_are_never_taken_for_known_ones)
{
    static const char bytes[] = "\"\\,:{}[] 019-.eatfn\n\x80\xC3";
    struct world learned, walked;
    random_state random = {7};
    unsigned known = 0;

    world_open(&learned, true);
    world_open(&walked, false);
    for (unsigned round = 0; round < 20000; round++) {
        char text[] = ORDER;
        struct buf got = {0}, want = {0};
        bool is_known, never, was_folded;

        for (uint64_t i = 0, count = random_below(&random, 4); i < count; i++)
            text[random_below(&random, sizeof text - 1)] =
                bytes[random_below(&random, sizeof bytes - 1)];
        arena_reset(test_mem);
        was_folded = fold(&learned, EVENT_TRACK, str_of(text), &got, &is_known);
        CHECK_INT(fold(&walked, EVENT_TRACK, str_of(text), &want, &never), was_folded);
        CHECK(str_equals(buf_str(&got), buf_str(&want)));
        known += is_known;
        buf_done(&got);
        buf_done(&want);
    }
    CHECK(known > 5000);
    world_done(&learned);
    world_done(&walked);
}

TEST(shapes_end_a_text_wherever_it_ends)
{
    static const struct {
        const char *sign;
        bool is_known;
    } signs[] = {{"x", true}, {"\\n", true}, {"\xC3\xA4", true}, {"\n", false}, {"\x80", false}};
    struct world learned, walked;

    world_open(&learned, true);
    world_open(&walked, false);
    EACH_CASE(c, signs)
    for (size_t before = 0; before < 40; before++)
        for (size_t behind = 0; behind < 20; behind++) {
            struct buf text = {0}, got = {0}, want = {0};
            bool is_known, never, was_folded;

            buf_add(&text, S("{\"event\":\"A\",\"properties\":{\"p\":\""));
            for (size_t i = 0; i < before; i++)
                buf_add_byte(&text, (char)('a' + i % 26));
            buf_add(&text, str_of(c->sign));
            for (size_t i = 0; i < behind; i++)
                buf_add_byte(&text, '~');
            buf_add(&text, S("\",\"q\":1}}"));
            arena_reset(test_mem);
            was_folded = fold(&learned, EVENT_TRACK, buf_str(&text), &got, &is_known);
            CHECK_INT(fold(&walked, EVENT_TRACK, buf_str(&text), &want, &never), was_folded);
            CHECK(str_equals(buf_str(&got), buf_str(&want)));
            if (before || behind || c != signs) /* the first of all is learned */
                CHECK_INT(is_known, c->is_known);
            buf_done(&text);
            buf_done(&got);
            buf_done(&want);
        }
    world_done(&learned);
    world_done(&walked);
}

TEST(shapes_beyond_all_room_are_still_folded_rightly)
{
    struct world learned, walked;

    world_open(&learned, true);
    world_open(&walked, false);
    for (unsigned round = 0; round < 12000; round++) {
        struct buf text = {0}, got = {0}, want = {0};
        bool is_known;

        /* Few siblings each, many nodes: the tree fills up, is forgotten and learned again. */
        buf_add(&text, S("{\"event\":\"A\",\"properties\":{"));
        for (unsigned bit = 0; bit < 13; bit++)
            buf_print(&text, "%s\"%c%u\":%u", bit ? "," : "", 'a' + (round >> bit & 1), bit, round);
        buf_add(&text, S("}}"));
        arena_reset(test_mem);
        CHECK(fold(&learned, EVENT_TRACK, buf_str(&text), &got, &is_known));
        CHECK(fold(&walked, EVENT_TRACK, buf_str(&text), &want, &is_known));
        CHECK(str_equals(buf_str(&got), buf_str(&want)));
        buf_done(&text);
        buf_done(&got);
        buf_done(&want);
    }
    CHECK(shapes_bytes(learned.shapes) < 1 << 20);
    world_done(&learned);
    world_done(&walked);
}

TEST(dictionary_gives_many_texts_the_codes_that_each_has_alone)
{
    struct dictionary texts;
    char bytes[4000][300];

    dictionary_init(&texts, 3);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t at = 0; at < 4000; at += 100) {
            str list[100];
            uint32_t codes[100], alone;

            for (uint32_t i = 0; i < 100; i++) {
                uint32_t len = (at + i) % 300;

                memset(bytes[at + i], 'x', len);
                for (uint32_t k = 0; k < 4 && k < len; k++) /* they differ in the middle, too */
                    bytes[at + i][len / 2 - (k < 2 ? 0 : 1)] = (char)('a' + (at + i) / 300);
                list[i] = str_from(bytes[at + i], len);
            }
            CHECK_OK(dictionary_add_all(&texts, list, 100, codes));
            for (uint32_t i = 0; i < 100; i++) {
                CHECK(str_equals(dictionary_text(&texts, codes[i]), list[i]));
                CHECK_INT(dictionary_find(&texts, list[i]), codes[i]);
                CHECK_OK(dictionary_add(&texts, list[i], &alone));
                CHECK_INT(alone, codes[i]);
            }
        }
    }
    dictionary_done(&texts);
}

TEST(dictionary_begins_anew_once_cleared)
{
    struct dictionary texts;
    char longest[100000];
    uint32_t code;

    memset(longest, 'l', sizeof longest);
    dictionary_init(&texts, 5);
    for (unsigned round = 0; round < 3; round++) {
        str list[2] = {S("of before"), str_from(longest, sizeof longest - round)};
        uint32_t codes[2];

        for (uint32_t i = 0; i < 3000; i++) {
            char text[16];

            snprintf(text, sizeof text, "%u-%u", round, i);
            CHECK_OK(dictionary_add(&texts, str_of(text), &code));
            CHECK_INT(code, i);
        }
        CHECK_INT(dictionary_find(&texts, list[0]), DICTIONARY_NONE);
        CHECK_OK(dictionary_add_all(&texts, list, 2, codes));
        CHECK_INT(codes[0], 3000);
        CHECK_INT(codes[1], 3001);
        CHECK(str_equals(dictionary_text(&texts, codes[1]), list[1]));
        dictionary_clear(&texts);
        CHECK_INT(texts.count, 0);
        CHECK_INT(dictionary_find(&texts, list[0]), DICTIONARY_NONE);
    }
    dictionary_done(&texts);
}

TEST(cells_use_their_memory_again)
{
    struct cells cells;
    struct cell run[900];
    uint32_t runs[2000], count;
    uint64_t bytes = 0;

    cells_init(&cells);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            for (uint32_t k = 0; k < i % 900; k++)
                run[k] =
                    (struct cell){.property = k & 0xffffff, .type = CELL_TEXT, .data = i + round};
            CHECK_OK(cells_put(&cells, run, i % 900, &runs[i]));
        }
        for (uint32_t i = 0; i < 2000; i++) {
            const struct cell *got = cells_get(&cells, runs[i], &count);

            CHECK_INT(count, i % 900);
            for (uint32_t k = 0; k < count; k++)
                CHECK(got[k].property == k && got[k].data == i + round);
        }
        CHECK(!round || cells.bytes == bytes);
        bytes = cells.bytes;
        cells_clear(&cells);
        CHECK_INT(cells.bytes, 0);
    }
    cells_done(&cells);
}
