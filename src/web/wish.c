/* wish.c - small JSON bodies: an object of a few texts and switches, and nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/wish.h"

#include "web/web.h"

static fallible read_text(const struct json *doc, uint32_t at, struct arena *mem,
                          const struct wish_member *member)
{
    str text;

    if (json_type_of(doc, at) != JSON_STRING || json_defect_in(doc, at))
        return fail(ERR_INVALID, "\"%s\" must be a text", member->name);
    text = json_string(doc, at, mem);
    if (text.data)
        text = arena_dup(mem, text); /* views of the reader do not outlive it */
    if (!text.data)
        return arena_exhausted();
    *member->text = text;
    return OK;
}

static fallible read_member(const struct json *doc, uint32_t at, struct arena *mem,
                            const struct wish_member *member)
{
    enum json_type type = json_type_of(doc, at);

    if (member->is_given)
        *member->is_given = true;
    if (member->kind == WISH_TEXT)
        return read_text(doc, at, mem, member);
    if (type != JSON_TRUE && type != JSON_FALSE)
        return fail(ERR_INVALID, "\"%s\" must be true or false", member->name);
    *member->is_true = type == JSON_TRUE;
    return OK;
}

static fallible unknown(const struct json *doc, uint32_t key, const struct wish_member *members,
                        size_t count)
{
    struct buf known = {0};
    enum err err;

    for (size_t i = 0; i < count; i++)
        buf_print(&known, "%s%s", i ? ", " : "", members[i].name);
    err = fail(ERR_INVALID, "there is no %.*s here: %.*s",
               STR_ARG(str_slice(json_raw(doc, key), 0, 80)), STR_ARG(buf_str(&known)));
    buf_done(&known);
    return err;
}

static fallible read_all(struct exchange *x, struct json_reader *reader,
                         const struct wish_member *members, size_t count)
{
    struct json doc;

    TRY(web_read_object(x, reader, &doc));
    EACH_MEMBER(&doc, 0, key, value)
    {
        size_t i = 0;

        while (i < count && !json_is_string(&doc, key, str_of(members[i].name)))
            i++;
        if (i == count)
            return unknown(&doc, key, members, count);
        TRY(read_member(&doc, value, exchange_mem(x), &members[i]));
    }
    return OK;
}

fallible wish_read(struct exchange *x, const struct wish_member *members, size_t count)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    enum err err = reader ? read_all(x, reader, members, count) : arena_exhausted();

    if (reader)
        web_give_reader(web_of(x), reader);
    return err;
}
