/* dialect_case.c - a request made of a line of a table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"

#include "support/test.h"

#include <string.h>

const millis dialect_case_time = INT64_C(1800000000000);

static str quoted(const char *text)
{
    str copy = text ? arena_dup(test_mem, str_of(text)) : (str){NULL, 0};

    for (size_t i = 0; i < copy.len; i++)
        if (copy.data[i] == '\'')
            ((char *)copy.data)[i] = '"';
    return copy;
}

static str header_of(const void *owner, str name)
{
    str value = str_of(((const struct dialect_case *)owner)->header);
    str given = str_cut(&value, ':');

    return str_equals_nocase(given, name) ? str_trim(value) : (str){NULL, 0};
}

static str padded(str text)
{
    char *bytes = arena_take(test_mem, text.len + JSON_PADDING);

    if (text.len)
        memcpy(bytes, text.data, text.len);
    return str_from(bytes, text.len);
}

fallible dialect_case_read(const struct dialect *dialect, const struct dialect_case *request,
                           str body, struct dialect_out *out, str *out_messages)
{
    struct dialect_request given = {
        .path = str_of(request->path),
        .query = str_of(request->query),
        .body = padded(body.data ? body : quoted(request->body)),
        .address = S("192.0.2.7"),
        .received = dialect_case_time,
        .header = header_of,
        .owner = request,
    };
    struct json_reader *reader = json_reader_open();
    str batch;
    enum err err;

    *out = (struct dialect_out){.request = &given, .reader = reader, .mem = test_mem};
    err = dialect_read(dialect, out, &batch);
    out->request = NULL;
    json_reader_close(reader);
    if (err)
        return err;
    *out_messages = str_slice(batch, sizeof "{\"batch\":[" - 1, batch.len);
    return OK;
}

void dialect_case_check(const struct dialect *dialect, const struct dialect_case *request,
                        struct dialect_out *out)
{
    str messages, want = quoted(request->want);
    str sent_at;

    CHECK_OK(dialect_case_read(dialect, request, (str){NULL, 0}, out, &messages));
    sent_at = out->sent_at.data
                  ? arena_print(test_mem, "],\"sentAt\":\"%.*s\"}", STR_ARG(out->sent_at))
                  : S("]}");
    CHECK(str_ends(messages, sent_at));
    CHECK_STR(str_slice(messages, 0, messages.len - sent_at.len), want.data);
}
