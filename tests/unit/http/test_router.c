/* test_router.c - which route takes a path.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/router.h"

#include "support/test.h"

static const struct route routes[] = {
    {.method = HTTP_GET, .path = "/:slug", .permission = 1},
    {.method = HTTP_GET, .path = "/", .permission = 2},
    {.method = HTTP_POST, .path = "/v1/batch", .permission = 3},
    {.method = HTTP_GET, .path = "/api/people/:id", .permission = 4},
    {.method = HTTP_DELETE, .path = "/api/people/:id", .permission = 5},
    {.method = HTTP_GET, .path = "/api/people/me", .permission = 6},
    {.method = HTTP_PUT, .path = "/api/:kind/:id/:part", .permission = 7},
    {.method = HTTP_GET, .path = "/api/:kind/all/:part", .permission = 8},
    {.method = HTTP_OPTIONS, .path = "/v1/batch", .permission = 9},
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

TEST(router_finds_the_most_exact_route)
{
    static const struct {
        enum http_method method;
        const char *path;
        int want; /* a route's permission; 0 none */
        const char *allow;
        const char *value; /* of the first part with a name */
    } cases[] = {
        {HTTP_GET, "/", 2, "GET, HEAD", NULL},
        {HTTP_HEAD, "/", 2, "GET, HEAD", NULL},
        {HTTP_POST, "/", 0, "GET, HEAD", NULL},
        {HTTP_GET, "/x", 1, "GET, HEAD", "x"},
        {HTTP_GET, "/x/", 0, "", NULL},
        {HTTP_GET, "//", 0, "", NULL},
        {HTTP_POST, "/v1/batch", 3, "POST, OPTIONS", NULL},
        {HTTP_OPTIONS, "/v1/batch", 9, "POST, OPTIONS", NULL},
        {HTTP_GET, "/v1/batch", 0, "POST, OPTIONS", NULL},
        {HTTP_POST, "/v1/batch/", 0, "", NULL},
        {HTTP_POST, "/v1/Batch", 0, "", NULL},
        {HTTP_GET, "/api/people/a%2Fb", 4, "GET, HEAD, DELETE", "a%2Fb"},
        {HTTP_DELETE, "/api/people/7", 5, "GET, HEAD, DELETE", "7"},
        {HTTP_GET, "/api/people/me", 6, "GET, HEAD", NULL},
        {HTTP_DELETE, "/api/people/me", 5, "GET, HEAD, DELETE", "me"},
        {HTTP_PATCH, "/api/people/me", 0, "GET, HEAD, DELETE", NULL},
        {HTTP_GET, "/api/people/", 0, "", NULL},
        {HTTP_PUT, "/api/x/y/z", 7, "PUT", "x"},
        {HTTP_GET, "/api/x/all/z", 8, "GET, HEAD", "x"},
        {HTTP_PUT, "/api/x/all/z", 7, "GET, HEAD, PUT", "x"},
        {HTTP_GET, "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s", 0, "", NULL},
        {HTTP_OPTIONS, "*", 0, "", NULL},
    };
    struct router *router;

    CHECK_OK(router_open(routes, ROUTES, &router));
    EACH_CASE(c, cases)
    {
        struct router_match match;
        struct buf allow = {0};

        router_find(router, c->method, str_of(c->path), &match);
        router_write_allow(match.allowed, &allow);
        if ((match.route ? match.route->permission : 0) != c->want)
            print_error("path %s\n", c->path);
        CHECK_INT(match.route ? match.route->permission : 0, c->want);
        CHECK(c->want || c->method == HTTP_PATCH || str_equals(buf_str(&allow), str_of(c->allow)));
        if (c->value)
            CHECK_STR(match.values[0].text, c->value);
        buf_done(&allow);
    }
    router_close(router);
}

TEST(router_refuses_tables_that_contradict_themselves)
{
    static const struct route tables[][2] = {
        {{.method = HTTP_GET, .path = "a"}, {.method = HTTP_GET, .path = "/b"}},
        {{.method = HTTP_GET, .path = ""}, {.method = HTTP_GET, .path = "/b"}},
        {{.method = HTTP_GET, .path = "/b"}, {.method = HTTP_GET, .path = "/b"}},
        {{.method = HTTP_GET, .path = "/:a"}, {.method = HTTP_GET, .path = "/:a"}},
        {{.method = HTTP_GET, .path = "/:a"}, {.method = HTTP_PUT, .path = "/:b"}},
        {{.method = HTTP_GET, .path = "/1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h"}, {.path = "/"}},
        {{.method = HTTP_GET, .path = "/:1/:2/:3/:4/:5/:6/:7/:8/:9"}, {.path = "/"}},
    };
    struct router *router;

    EACH_CASE(table, tables)
    CHECK_ERR(ERR_INVALID, router_open(*table, 2, &router));
}

TEST(router_of_no_routes_finds_nothing)
{
    struct router_match match;
    struct router *router;

    CHECK_OK(router_open(NULL, 0, &router));
    router_find(router, HTTP_GET, S("/"), &match);
    CHECK(!match.route && !match.allowed);
    router_close(router);
}
