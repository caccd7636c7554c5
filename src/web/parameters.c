/* parameters.c - looks into parameters.def for each query string; management has time for that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/parameters.h"

#include "http/server.h"
#include "proto/form.h"

#include <assert.h>

enum { KB = 1024, MB = 1024 * 1024 };
#define MOST_NUMBER UINT64_MAX
#define MOST_CURSOR ((uint64_t)INT64_MAX)

struct parameter {
    enum http_method method;
    const char *path;
    const char *name;
    bool is_number;
    bool repeats;
    uint64_t least, most, fallback;
};

static const struct parameter PARAMETERS[] = {
#define QUERY_NUMBER(method, path, name, least, most, fallback, help)                              \
    {HTTP_##method, path, #name, true, false, least, most, fallback},
#define QUERY_TEXT(method, path, name, most, help)                                                 \
    {HTTP_##method, path, #name, false, false, 0, most, 0},
#define QUERY_TEXTS(method, path, name, most, help)                                                \
    {HTTP_##method, path, #name, false, true, 0, most, 0},
#include "web/parameters.def"
#undef QUERY_TEXTS
#undef QUERY_TEXT
#undef QUERY_NUMBER
};
enum { COUNT = sizeof PARAMETERS / sizeof PARAMETERS[0] };

static const struct parameter *find(const struct route *route, str name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (PARAMETERS[i].method == route->method &&
            str_equals(str_of(PARAMETERS[i].path), str_of(route->path)) &&
            str_equals(str_of(PARAMETERS[i].name), name))
            return &PARAMETERS[i];
    return NULL;
}

static fallible refuse(const struct route *route, str name)
{
    struct buf known = {0};
    enum err err;

    for (size_t i = 0; i < COUNT; i++) {
        if (PARAMETERS[i].method != route->method ||
            !str_equals(str_of(PARAMETERS[i].path), str_of(route->path)))
            continue;
        buf_add(&known, known.len ? S(", ") : S("; it takes "));
        buf_add(&known, str_of(PARAMETERS[i].name));
    }
    err = fail(ERR_INVALID, "this route takes no parameter \"%.*s\"%.*s",
               STR_ARG(str_slice(name, 0, 80)), STR_ARG(buf_str(&known)));
    buf_done(&known);
    return err;
}

fallible parameters_check(struct exchange *x)
{
    const struct route *route = exchange_route(x);
    str rest = exchange_request(x)->query, name, value;
    const struct parameter *seen[COUNT];
    size_t count = 0;

    while (form_next(&rest, &name, &value)) {
        const struct parameter *parameter;

        name = form_decode(exchange_mem(x), name, true);
        parameter = find(route, name);
        if (!parameter)
            return refuse(route, name);
        for (size_t i = 0; i < count; i++)
            if (seen[i] == parameter)
                return fail(ERR_INVALID, "\"%s\" is there twice", parameter->name);
        if (!parameter->is_number && value.len > parameter->most)
            return fail(ERR_INVALID, "\"%s\" has at most %llu bytes", parameter->name,
                        (unsigned long long)parameter->most);
        if (!parameter->repeats)
            seen[count++] = parameter;
    }
    return OK;
}

fallible parameters_number(struct exchange *x, str name, uint64_t *out_number)
{
    const struct parameter *parameter = find(exchange_route(x), name);
    str text = exchange_query_value(x, name);
    uint64_t number;

    assert(parameter && parameter->is_number);
    number = parameter->fallback;
    if (text.data &&
        (!str_to_u64(text, &number) || number < parameter->least || number > parameter->most))
        return fail(ERR_INVALID, "\"%s\" must be a whole number from %llu to %llu", parameter->name,
                    (unsigned long long)parameter->least, (unsigned long long)parameter->most);
    *out_number = number;
    return OK;
}
