/* router.c - exact paths in a hash table, the others in a list from the most to the least exact.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/router.h"

#include "base/hash.h"
#include "base/mem.h"
#include "http/request.h"

#include <stdlib.h>

enum { METHODS = HTTP_OPTIONS + 1 };

struct pattern {
    str path;
    str parts[ROUTER_PARTS_MOST];
    size_t part_count;
    size_t value_count;
    const struct route *by_method[METHODS];
    unsigned allowed;
    bool is_shared;
};

struct router {
    struct pattern *patterns; /* those with values first, then the exact ones */
    size_t count;
    size_t with_values;
    struct pattern **slots; /* exact paths by hash, open addressing; a power of two */
    size_t slot_count;
};

static bool is_value(str part)
{
    return part.len > 0 && part.data[0] == ':';
}

static size_t split_path(str path, str *parts)
{
    str rest = str_slice(path, 1, path.len);
    size_t count = 0;

    while (rest.data && count <= ROUTER_PARTS_MOST) {
        str part = str_cut(&rest, '/');

        if (count < ROUTER_PARTS_MOST)
            parts[count] = part;
        count++;
    }
    return count;
}

static fallible read_pattern(const struct route *route, struct pattern *out)
{
    str path = str_of(route->path);

    if (path.len == 0 || (path.data[0] != '/' && !str_equals(path, S("*"))))
        return fail(ERR_INVALID, "route \"%.*s\" does not begin with /", STR_ARG(path));
    out->path = path;
    out->part_count = split_path(path, out->parts);
    if (out->part_count > ROUTER_PARTS_MOST)
        return fail(ERR_INVALID, "route %.*s has too many parts", STR_ARG(path));
    for (size_t i = 0; i < out->part_count; i++)
        out->value_count += is_value(out->parts[i]);
    if (out->value_count > ROUTER_VALUES_MOST)
        return fail(ERR_INVALID, "route %.*s has too many values", STR_ARG(path));
    return OK;
}

/* Two patterns are one when they take the same paths: the names of values do not matter. */
static bool is_same(const struct pattern *a, const struct pattern *b)
{
    if (a->part_count != b->part_count)
        return false;
    for (size_t i = 0; i < a->part_count; i++)
        if (is_value(a->parts[i]) ? !is_value(b->parts[i]) : !str_equals(a->parts[i], b->parts[i]))
            return false;
    return true;
}

static fallible add_route(struct router *router, const struct route *route)
{
    struct pattern fresh = {0}, *pattern = NULL;

    TRY(read_pattern(route, &fresh));
    for (size_t i = 0; i < router->count && !pattern; i++)
        if (is_same(&router->patterns[i], &fresh))
            pattern = &router->patterns[i];
    if (!pattern) {
        pattern = &router->patterns[router->count++];
        *pattern = fresh;
    } else if (!str_equals(pattern->path, fresh.path)) {
        return fail(ERR_INVALID, "routes %.*s and %.*s name their values differently",
                    STR_ARG(pattern->path), STR_ARG(fresh.path));
    }
    if (pattern->by_method[route->method])
        return fail(ERR_INVALID, "route %.*s is there twice for one method", STR_ARG(fresh.path));
    pattern->by_method[route->method] = route;
    pattern->allowed |= 1u << route->method;
    if (route->method == HTTP_GET)
        pattern->allowed |= 1u << HTTP_HEAD;
    pattern->is_shared |= route->is_shared;
    return OK;
}

/* With values before exact; among those the one whose first differing part is exact. */
static int by_exactness(const void *left, const void *right)
{
    const struct pattern *a = left, *b = right;

    if (!a->value_count != !b->value_count)
        return a->value_count ? -1 : 1;
    for (size_t i = 0; i < a->part_count && i < b->part_count; i++)
        if (is_value(a->parts[i]) != is_value(b->parts[i]))
            return is_value(a->parts[i]) ? 1 : -1;
    return str_compare(a->path, b->path);
}

static size_t slot_of(const struct router *router, str path)
{
    return hash_checksum(path.data, path.len) & (router->slot_count - 1);
}

static fallible fill_slots(struct router *router)
{
    router->slot_count = 16;
    while (router->slot_count < router->count * 2)
        router->slot_count *= 2;
    router->slots = mem_alloc(router->slot_count * sizeof router->slots[0]);
    if (!router->slots)
        return mem_exhausted();
    for (size_t i = router->with_values; i < router->count; i++) {
        size_t slot = slot_of(router, router->patterns[i].path);

        while (router->slots[slot])
            slot = (slot + 1) & (router->slot_count - 1);
        router->slots[slot] = &router->patterns[i];
    }
    return OK;
}

fallible router_open(const struct route *routes, size_t count, struct router **out_router)
{
    struct router *router = mem_alloc(sizeof *router);
    enum err err = OK;

    if (!router)
        return mem_exhausted();
    router->patterns = mem_alloc(count * sizeof router->patterns[0]);
    if (!router->patterns)
        err = mem_exhausted();
    for (size_t i = 0; i < count && !err; i++)
        err = add_route(router, &routes[i]);
    if (!err) {
        if (router->count)
            qsort(router->patterns, router->count, sizeof router->patterns[0], by_exactness);
        while (router->with_values < router->count &&
               router->patterns[router->with_values].value_count)
            router->with_values++;
        err = fill_slots(router);
    }
    if (err)
        router_close(router);
    else
        *out_router = router;
    return err;
}

void router_close(struct router *router)
{
    if (!router)
        return;
    mem_free(router->slots);
    mem_free(router->patterns);
    mem_free(router);
}

static const struct pattern *find_exact(const struct router *router, str path)
{
    size_t slot = slot_of(router, path);

    for (; router->slots[slot]; slot = (slot + 1) & (router->slot_count - 1))
        if (str_equals(router->slots[slot]->path, path))
            return router->slots[slot];
    return NULL;
}

static bool is_matching(const struct pattern *pattern, const str *parts, size_t count,
                        struct router_match *out)
{
    if (pattern->part_count != count)
        return false;
    out->value_count = 0;
    for (size_t i = 0; i < count; i++) {
        str want = pattern->parts[i];

        if (!is_value(want)) {
            if (!str_equals(want, parts[i]))
                return false;
        } else if (parts[i].len == 0) {
            return false;
        } else {
            out->values[out->value_count++] =
                (struct router_value){str_slice(want, 1, want.len), parts[i]};
        }
    }
    return true;
}

static const struct route *route_for(const struct pattern *pattern, enum http_method method)
{
    const struct route *route = pattern->by_method[method];

    return !route && method == HTTP_HEAD ? pattern->by_method[HTTP_GET] : route;
}

void router_find(const struct router *router, enum http_method method, str path,
                 struct router_match *out)
{
    const struct pattern *exact = find_exact(router, path);
    str parts[ROUTER_PARTS_MOST];
    size_t count;

    out->route = exact ? route_for(exact, method) : NULL;
    out->allowed = exact ? exact->allowed : 0;
    out->is_shared = exact && exact->is_shared;
    out->value_count = 0;
    if (out->route || router->with_values == 0)
        return;
    count = split_path(path, parts);
    if (count > ROUTER_PARTS_MOST)
        return;
    for (size_t i = 0; i < router->with_values && !out->route; i++) {
        if (!is_matching(&router->patterns[i], parts, count, out))
            continue;
        out->route = route_for(&router->patterns[i], method);
        out->allowed |= router->patterns[i].allowed;
        out->is_shared |= router->patterns[i].is_shared;
    }
}

void router_write_allow(unsigned allowed, struct buf *out)
{
    bool is_first = true;

    for (unsigned method = 0; method < METHODS; method++) {
        if (!(allowed & 1u << method))
            continue;
        if (!is_first)
            buf_add(out, S(", "));
        buf_add(out, request_method_name((enum http_method)method));
        is_first = false;
    }
}
