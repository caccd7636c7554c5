/* mend.c - steps, each of which writes the event anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writing goes as deep as a path has parts.
 */
#include "collect/mend.h"

#include "base/mem.h"
#include "base/number.h"

#include <string.h>

enum step_kind { STEP_REMOVE, STEP_RENAME, STEP_MOVE, STEP_CONVERT, STEP_SET };
enum convert { TO_STRING, TO_NUMBER, TO_INTEGER, TO_BOOLEAN, TO_ARRAY };

struct path {
    str parts[MEND_PARTS];
    size_t count;
};

struct step {
    enum step_kind kind;
    struct path path;
    struct path to; /* of a rename and a move */
    enum convert convert;
    str value; /* of a set: JSON */
};

struct mend {
    struct step steps[MEND_STEPS];
    size_t count;
};

static const char *const CONVERTS[] = {[TO_STRING] = "string",
                                       [TO_NUMBER] = "number",
                                       [TO_INTEGER] = "integer",
                                       [TO_BOOLEAN] = "boolean",
                                       [TO_ARRAY] = "array"};

/* Reading */

static fallible read_path(const struct json *doc, uint32_t at, struct arena *mem,
                          struct path *out_path)
{
    str text = json_string(doc, at, mem), rest;

    if (!text.data)
        return json_type_of(doc, at) == JSON_STRING
                   ? arena_exhausted()
                   : fail(ERR_INVALID, "\"map\": a path must be a text such as properties.price");
    rest = arena_dup(mem, text);
    if (!rest.data)
        return arena_exhausted();
    out_path->count = 0;
    while (rest.data) {
        str part = str_cut(&rest, '.');

        if (!part.len || out_path->count == MEND_PARTS)
            return fail(ERR_INVALID,
                        "\"map\": the path \"%.*s\" must have 1 to %d parts, with a dot between",
                        STR_ARG(str_slice(text, 0, 100)), MEND_PARTS);
        out_path->parts[out_path->count++] = part;
    }
    return OK;
}

static fallible add_step(struct mend *mend, enum step_kind kind, struct step **out_step)
{
    if (mend->count == MEND_STEPS)
        return fail(ERR_LIMIT, "\"map\" may have %d changes at the most", MEND_STEPS);
    *out_step = &mend->steps[mend->count++];
    (*out_step)->kind = kind;
    return OK;
}

static bool are_side_by_side(const struct path *a, const struct path *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i + 1 < a->count; i++)
        if (!str_equals(a->parts[i], b->parts[i]))
            return false;
    return true;
}

static fallible read_remove(struct mend *mend, const struct json *doc, uint32_t at,
                            struct arena *mem)
{
    struct step *step = NULL;

    if (json_type_of(doc, at) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"map\": \"remove\" must be a list of paths");
    EACH_ELEMENT(doc, at, element)
    {
        TRY(add_step(mend, STEP_REMOVE, &step));
        TRY(read_path(doc, element, mem, &step->path));
    }
    return OK;
}

static fallible read_rename(struct step *step, const struct json *doc, uint32_t value,
                            struct arena *mem)
{
    TRY(read_path(doc, value, mem, &step->to));
    if (!are_side_by_side(&step->path, &step->to))
        step->kind = STEP_MOVE;
    return OK;
}

static fallible read_convert(struct step *step, const struct json *doc, uint32_t value,
                             struct arena *mem)
{
    (void)mem;
    for (size_t i = 0; i < sizeof CONVERTS / sizeof CONVERTS[0]; i++)
        if (json_is_string(doc, value, str_of(CONVERTS[i]))) {
            step->convert = (enum convert)i;
            return OK;
        }
    return fail(ERR_INVALID,
                "\"map\": \"convert\" is to string, number, integer, boolean or array");
}

static fallible read_set(struct step *step, const struct json *doc, uint32_t value,
                         struct arena *mem)
{
    step->value = arena_dup(mem, json_raw(doc, value));
    return step->value.data ? OK : arena_exhausted();
}

struct section {
    str name;
    enum step_kind kind;
    fallible (*read)(struct step *step, const struct json *doc, uint32_t value, struct arena *mem);
};

/* In the order in which they are done. "remove" stands before them. */
static const struct section SECTIONS[] = {
    {{"rename", 6}, STEP_RENAME, read_rename},
    {{"convert", 7}, STEP_CONVERT, read_convert},
    {{"set", 3}, STEP_SET, read_set},
};

static fallible read_section(struct mend *mend, const struct section *section,
                             const struct json *doc, uint32_t at, struct arena *mem)
{
    struct step *step = NULL;

    if (json_type_of(doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "\"map\": \"%.*s\" must be an object with a path a member",
                    STR_ARG(section->name));
    EACH_MEMBER(doc, at, key, value)
    {
        TRY(add_step(mend, section->kind, &step));
        TRY(read_path(doc, key, mem, &step->path));
        TRY(section->read(step, doc, value, mem));
    }
    return OK;
}

static fallible check_members(const struct json *doc, uint32_t at)
{
    if (json_type_of(doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "\"map\" must be an object");
    EACH_MEMBER(doc, at, key, value)
    {
        (void)value;
        if (!json_is_string(doc, key, S("remove")) && !json_is_string(doc, key, S("rename")) &&
            !json_is_string(doc, key, S("convert")) && !json_is_string(doc, key, S("set")))
            return fail(ERR_INVALID, "\"map\" has the members remove, rename, convert and set");
    }
    return OK;
}

fallible mend_read(const struct json *doc, uint32_t at, struct arena *mem, struct mend **out_mend)
{
    struct mend *mend = arena_take(mem, sizeof *mend);
    uint32_t part;

    if (!mend)
        return arena_exhausted();
    if (at != JSON_ABSENT) {
        TRY(check_members(doc, at));
        part = json_find(doc, at, S("remove"));
        if (part != JSON_ABSENT)
            TRY(read_remove(mend, doc, part, mem));
        for (size_t i = 0; i < sizeof SECTIONS / sizeof SECTIONS[0]; i++) {
            part = json_find(doc, at, SECTIONS[i].name);
            if (part != JSON_ABSENT)
                TRY(read_section(mend, &SECTIONS[i], doc, part, mem));
        }
    }
    *out_mend = mend;
    return OK;
}

/* Applying */

struct writing {
    const struct step *step;
    const struct json *doc;
    struct arena *mem;
    struct json_writer w;
};

static void write_raw_member(struct writing *writing, str key, str value)
{
    json_verbatim(&writing->w, key);
    buf_add_byte(writing->w.out, ':');
    writing->w.needs_comma = false;
    json_verbatim(&writing->w, value);
}

static bool is_whole(str text)
{
    struct number number;

    return number_split(text, &number) && number.exponent >= 0;
}

static bool is_number(str text)
{
    double number;

    return number_to_double(text, &number);
}

static bool to_boolean(str text, str *out)
{
    if (str_equals_nocase(text, S("true")) || str_equals(text, S("1")))
        *out = S("true");
    else if (str_equals_nocase(text, S("false")) || str_equals(text, S("0")))
        *out = S("false");
    else
        return false;
    return true;
}

static void write_converted(struct writing *writing, uint32_t at)
{
    enum json_type type = json_type_of(writing->doc, at);
    str raw = json_raw(writing->doc, at), text = raw, boolean;
    bool is_simple = type != JSON_ARRAY && type != JSON_OBJECT && type != JSON_NULL;

    if (type == JSON_STRING) {
        text = json_string(writing->doc, at, writing->mem);
        writing->w.out->broken |= !text.data;
        text = str_trim(text);
    }
    if (writing->step->convert == TO_ARRAY && type != JSON_ARRAY && type != JSON_NULL) {
        json_open(&writing->w, '[');
        json_verbatim(&writing->w, raw);
        json_shut(&writing->w, ']');
    } else if (is_simple && writing->step->convert == TO_STRING && type != JSON_STRING) {
        json_text(&writing->w, raw);
    } else if (is_simple && writing->step->convert == TO_NUMBER && is_number(text)) {
        json_verbatim(&writing->w, text);
    } else if (is_simple && writing->step->convert == TO_INTEGER && is_whole(text)) {
        json_verbatim(&writing->w, text);
    } else if (is_simple && writing->step->convert == TO_BOOLEAN && to_boolean(text, &boolean)) {
        json_verbatim(&writing->w, boolean);
    } else {
        json_verbatim(&writing->w, raw);
    }
}

/* The member that the path ends at. */
static void write_last(struct writing *writing, uint32_t object, uint32_t key, uint32_t value)
{
    const struct step *step = writing->step;
    str name = step->to.count ? step->to.parts[step->to.count - 1] : (str){NULL, 0};

    switch (step->kind) {
    case STEP_REMOVE:
        break;
    case STEP_RENAME:
        if (json_find(writing->doc, object, name) != JSON_ABSENT) {
            write_raw_member(writing, json_raw(writing->doc, key), json_raw(writing->doc, value));
        } else {
            json_key(&writing->w, name);
            json_verbatim(&writing->w, json_raw(writing->doc, value));
        }
        break;
    case STEP_CONVERT:
        json_verbatim(&writing->w, json_raw(writing->doc, key));
        buf_add_byte(writing->w.out, ':');
        writing->w.needs_comma = false;
        write_converted(writing, value);
        break;
    case STEP_SET:
    case STEP_MOVE:
        write_raw_member(writing, json_raw(writing->doc, key), step->value);
        break;
    }
}

static void write_object(struct writing *writing, uint32_t object, size_t depth);

static void write_below(struct writing *writing, uint32_t at, size_t depth)
{
    enum json_type type = json_type_of(writing->doc, at);

    if (type == JSON_OBJECT) {
        write_object(writing, at, depth);
    } else if (type == JSON_ARRAY) {
        json_open(&writing->w, '[');
        EACH_ELEMENT(writing->doc, at, element)
        {
            if (json_type_of(writing->doc, element) == JSON_OBJECT)
                write_object(writing, element, depth);
            else
                json_verbatim(&writing->w, json_raw(writing->doc, element));
        }
        json_shut(&writing->w, ']');
    } else {
        json_verbatim(&writing->w, json_raw(writing->doc, at));
    }
}

/* What a "set" did not find, from the part at `depth` on. */
static void write_new(struct writing *writing, size_t depth)
{
    const struct path *path = &writing->step->path;

    json_key(&writing->w, path->parts[depth]);
    for (size_t i = depth + 1; i < path->count; i++) {
        json_open(&writing->w, '{');
        json_key(&writing->w, path->parts[i]);
    }
    json_verbatim(&writing->w, writing->step->value);
    for (size_t i = depth + 1; i < path->count; i++)
        json_shut(&writing->w, '}');
}

static void write_object(struct writing *writing, uint32_t object, size_t depth)
{
    const struct path *path = &writing->step->path;
    bool is_last = depth + 1 == path->count, is_found = false;

    json_open(&writing->w, '{');
    EACH_MEMBER(writing->doc, object, key, value)
    {
        if (!json_is_string(writing->doc, key, path->parts[depth])) {
            write_raw_member(writing, json_raw(writing->doc, key), json_raw(writing->doc, value));
            continue;
        }
        is_found = true;
        if (is_last) {
            write_last(writing, object, key, value);
            continue;
        }
        json_verbatim(&writing->w, json_raw(writing->doc, key));
        buf_add_byte(writing->w.out, ':');
        writing->w.needs_comma = false;
        write_below(writing, value, depth + 1);
    }
    if (!is_found && writing->step->kind == STEP_SET)
        write_new(writing, depth);
    json_shut(&writing->w, '}');
}

static fallible parse_object(struct json_reader *reader, struct arena *mem, str body,
                             struct json *out_doc)
{
    TRY(json_parse_copy(reader, mem, body, out_doc));
    return json_type_of(out_doc, 0) == JSON_OBJECT
               ? OK
               : fail(ERR_INVALID, "the event is no JSON object: a map cannot mend it");
}

static fallible keep(struct buf *text, struct arena *mem, str *out)
{
    *out = buf_is_broken(text) ? (str){NULL, 0} : arena_dup(mem, buf_str(text));
    return out->data ? OK : mem_exhausted();
}

static fallible run(const struct step *step, struct json_reader *reader, struct arena *mem,
                    str *body)
{
    struct buf text = {0};
    struct json doc;
    struct writing writing = {.step = step, .doc = &doc, .mem = mem, .w = {.out = &text}};
    enum err err;

    TRY(parse_object(reader, mem, *body, &doc));
    write_object(&writing, 0, 0);
    err = keep(&text, mem, body);
    buf_done(&text);
    return err;
}

static uint32_t find(const struct json *doc, const struct path *path)
{
    uint32_t at = 0;

    for (size_t i = 0; i < path->count && at != JSON_ABSENT; i++)
        at = json_find(doc, at, path->parts[i]);
    return at;
}

/* To another object: not through lists, where it would not be known which element goes where. */
static fallible move(const struct step *step, struct json_reader *reader, struct arena *mem,
                     str *body)
{
    struct step take = {.kind = STEP_REMOVE, .path = step->path};
    struct step put = {.kind = STEP_SET, .path = step->to};
    struct json doc;
    uint32_t at;

    TRY(parse_object(reader, mem, *body, &doc));
    at = find(&doc, &step->path);
    if (at == JSON_ABSENT || find(&doc, &step->to) != JSON_ABSENT)
        return OK;
    put.value = arena_dup(mem, json_raw(&doc, at));
    if (!put.value.data)
        return arena_exhausted();
    TRY(run(&take, reader, mem, body));
    return run(&put, reader, mem, body);
}

fallible mend_apply(const struct mend *mend, struct json_reader *reader, struct arena *mem,
                    str body, str *out_body)
{
    struct json doc;
    char *padded;

    TRY(parse_object(reader, mem, body, &doc));
    for (size_t i = 0; i < mend->count; i++)
        if (mend->steps[i].kind == STEP_MOVE)
            TRY(move(&mend->steps[i], reader, mem, &body));
        else
            TRY(run(&mend->steps[i], reader, mem, &body));
    padded = arena_take(mem, body.len + JSON_PADDING);
    if (!padded)
        return arena_exhausted();
    memcpy(padded, body.data, body.len);
    *out_body = str_from(padded, body.len);
    return OK;
}
