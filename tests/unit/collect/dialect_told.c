/* dialect_told.c - one request read by a dialect, in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_told.h"

#include "support/test.h"

#include <string.h>

static const millis RECEIVED = 1767323045678;

static char *replaced(str text, char from, char to)
{
    char *copy = arena_take(test_mem, text.len + JSON_PADDING);

    CHECK(copy);
    for (size_t i = 0; i < text.len; i++)
        copy[i] = text.data[i] == from ? to : text.data[i];
    return copy;
}

static str request_text(const char *text)
{
    str given = str_of(text);

    return given.data ? str_from(replaced(given, '\'', '"'), given.len) : given;
}

struct dialect_told dialect_told(const struct dialect *dialect, const char *path, const char *query,
                                 const char *body)
{
    static const size_t before = sizeof "{'batch':[" - 1, behind = sizeof "]}" - 1;
    struct dialect_request request = {.path = str_of(path),
                                      .query = request_text(query),
                                      .body = request_text(body),
                                      .address = S("192.0.2.1"),
                                      .received = RECEIVED};
    struct json_reader *reader = json_reader_open();
    struct dialect_out out = {.request = &request, .reader = reader, .mem = test_mem};
    struct dialect_told told = {.text = NULL};
    str batch = {NULL, 0};

    CHECK(reader);
    told.err = dialect_read(dialect, &out, &batch);
    json_reader_close(reader);
    told.status = out.status;
    told.media = out.media;
    told.body = out.body;
    told.key = out.key;
    if (!told.err)
        told.text = replaced(str_slice(batch, before, batch.len - behind), '"', '\'');
    return told;
}
