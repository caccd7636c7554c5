/* demo_state.c - a small file of JSON, replaced as a whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/demo_state.h"

#include "base/json.h"
#include "base/mem.h"
#include "sys/file.h"

enum { MOST_BYTES = 64 * 1024 };

static bool read_number(const struct json *doc, str name, int64_t *out_number)
{
    uint32_t at = json_find(doc, 0, name);

    return at != JSON_ABSENT && json_to_i64(doc, at, out_number);
}

static bool read_text(const struct json *doc, str name, struct arena *mem, str *out_text)
{
    uint32_t at = json_find(doc, 0, name);

    if (at == JSON_ABSENT)
        return false;
    *out_text = json_string(doc, at, mem);
    return out_text->data != NULL;
}

static bool read_state(const struct json *doc, struct arena *mem, struct demo_state *out)
{
    int64_t seed, people, days, place;
    uint32_t pace = json_find(doc, 0, S("pace"));

    if (!read_number(doc, S("seed"), &seed) || !read_number(doc, S("people"), &people) ||
        !read_number(doc, S("days"), &days) || !read_number(doc, S("place"), &place) ||
        !read_number(doc, S("from"), &out->world.from) ||
        !read_number(doc, S("living"), &out->world.living) || pace == JSON_ABSENT ||
        !json_to_double(doc, pace, &out->world.pace))
        return false;
    out->world.seed = (uint64_t)seed;
    out->world.people = (uint32_t)people;
    out->world.days = (uint32_t)days;
    out->place = (uint64_t)place;
    return read_text(doc, S("write_key"), mem, &out->write_key) &&
           read_text(doc, S("api_key"), mem, &out->api_key) &&
           read_text(doc, S("password"), mem, &out->password);
}

fallible demo_state_load(struct sys *sys, const char *path, struct arena *mem,
                         struct demo_state *out_state)
{
    struct demo_state state = {0};
    struct json_reader *reader;
    struct json doc;
    enum err err;
    str content;

    TRY(file_load(sys, path, MOST_BYTES, mem, &content));
    reader = json_reader_open();
    if (!reader)
        return mem_exhausted();
    err = json_parse_copy(reader, mem, content, &doc);
    if (!err && !read_state(&doc, mem, &state))
        err = ERR_CORRUPT;
    json_reader_close(reader);
    if (err)
        return fail(ERR_CORRUPT, "%s cannot be read: remove it and the demo's data, and start anew",
                    path);
    *out_state = state;
    return OK;
}

fallible demo_state_save(struct sys *sys, const char *path, const struct demo_state *state)
{
    const struct bookshop_options *world = &state->world;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    const struct {
        str name;
        int64_t number;
    } numbers[] = {{S("seed"), (int64_t)world->seed}, {S("people"), world->people},
                   {S("days"), world->days},          {S("from"), world->from},
                   {S("living"), world->living},      {S("place"), (int64_t)state->place}};
    enum err err;

    json_open(&w, '{');
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_key(&w, numbers[i].name);
        json_i64(&w, numbers[i].number);
    }
    json_key(&w, S("pace"));
    json_double(&w, world->pace);
    json_key(&w, S("write_key"));
    json_text(&w, state->write_key);
    json_key(&w, S("api_key"));
    json_text(&w, state->api_key);
    json_key(&w, S("password"));
    json_text(&w, state->password);
    json_shut(&w, '}');
    buf_add_byte(&out, '\n');
    err = buf_is_broken(&out) ? mem_exhausted() : file_replace(sys, path, buf_str(&out));
    buf_done(&out);
    return err;
}
