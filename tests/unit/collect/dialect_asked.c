/* dialect_asked.c - a request made of C strings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_asked.h"

#include "proto/form.h"
#include "support/test.h"

#include <assert.h>
#include <string.h>

static str header_of(const void *owner, str name)
{
    const struct dialect_out *out = owner;

    return form_find(out->request->referrer, name, test_mem);
}

fallible dialect_asked(const struct dialect *dialect, const struct asked_request *request,
                       struct dialect_out *out, str *out_batch)
{
    str body = str_of(request->body);
    char *padded = arena_take(test_mem, body.len + JSON_PADDING);
    struct dialect_request given = {
        .path = str_of(request->path),
        .query = str_of(request->query),
        .media = str_of(request->media),
        .body = str_from(padded, body.len),
        .address = S("192.0.2.1"),
        .referrer = str_of(request->headers), /* no dialect here asks for it */
        .received = 1795000000000,
        .header = header_of,
        .owner = out,
    };
    enum err err;

    assert(padded);
    if (body.len)
        memcpy(padded, body.data, body.len);
    out->request = &given;
    out->reader = json_reader_open();
    assert(out->reader);
    err = dialect_read(dialect, out, out_batch);
    json_reader_close(out->reader);
    out->reader = NULL;
    out->request = NULL;
    return err;
}
