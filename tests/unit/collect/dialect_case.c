/* dialect_case.c - a request made of a line of a table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"

#include "support/headers.h"
#include "support/test.h"

static const millis RECEIVED = INT64_C(1795000000678);

/* A copy with `to` for `from`, padded for json_parse; absent stays so. */
static str replaced(str text, char from, char to)
{
    char *copy = text.data ? arena_take(test_mem, text.len + JSON_PADDING) : NULL;

    for (size_t i = 0; copy && i < text.len; i++)
        copy[i] = text.data[i] == from ? to : text.data[i];
    return (str){copy, text.len};
}

static str quoted(const char *text)
{
    return replaced(str_of(text), '\'', '"');
}

/* Without what stands around the messages of a batch. */
static str messages_of(str batch, str sent_at)
{
    str before = S("{\"batch\":["), behind = S("]}");

    if (sent_at.data)
        behind = arena_print(test_mem, "],\"sentAt\":\"%.*s\"}", STR_ARG(sent_at));
    CHECK(str_starts(batch, before) && str_ends(batch, behind));
    return str_slice(batch, before.len, batch.len - behind.len);
}

struct dialect_told dialect_case_tell(const struct dialect *dialect,
                                      const struct dialect_case *request)
{
    str body = request->bytes.data ? replaced(request->bytes, 0, 0) : quoted(request->body);
    struct dialect_request given = {
        .path = str_of(request->path),
        .query = quoted(request->query),
        .media = str_of(request->media),
        .body = body.data ? body : replaced(S(""), 0, 0),
        .address = S("192.0.2.1"),
        .received = RECEIVED,
        .header = headers_find,
        .owner = request->headers,
    };
    struct json_reader *reader = json_reader_open();
    struct dialect_told told = {.out = {.request = &given,
                                        .reader = reader,
                                        .mem = request->mem ? request->mem : test_mem}};
    str batch;

    CHECK(reader);
    told.err = dialect_read(dialect, &told.out, &batch);
    if (!told.err)
        told.text = replaced(messages_of(batch, told.out.sent_at), '"', '\'');
    told.out.request = NULL;
    told.out.reader = NULL;
    json_reader_close(reader);
    return told;
}

struct dialect_told dialect_case_check(const struct dialect *dialect,
                                       const struct dialect_case *request)
{
    struct dialect_told told = dialect_case_tell(dialect, request);

    CHECK_OK(told.err);
    CHECK_STR(told.text, replaced(str_of(request->want), '"', '\'').data);
    return told;
}
