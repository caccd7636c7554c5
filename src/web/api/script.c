/* script.c - GET /m.js: the browser script, for the pages of any origin.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Under its own name it may change; under the digest of its content, /m/DIGEST.js, it never does.
 */
#include "web/api/api.h"
#include "web/asset.h"
#include "web/web.h"

static void send(struct exchange *x, str caching)
{
    str digest = str_of(asset_core.digest);
    str tag = arena_print(exchange_mem(x), "\"%.*s\"", STR_ARG(digest));

    exchange_add_header(x, S("Cache-Control"), caching);
    exchange_add_header(x, S("ETag"), tag);
    exchange_add_header(x, S("Cross-Origin-Resource-Policy"), S("cross-origin"));
    if (str_equals(exchange_header(x, S("if-none-match")), tag))
        exchange_answer(x, 304, (str){NULL, 0}, (str){NULL, 0});
    else
        exchange_answer(x, 200, str_of(asset_core.media),
                        str_from(asset_core.bytes, asset_core.size));
}

void script_newest(struct exchange *x)
{
    send(x, S("public, max-age=3600, stale-while-revalidate=604800"));
}

void script_exact(struct exchange *x)
{
    str name = exchange_path_value(x, S("name"));

    if (str_ends(name, S(".js")) &&
        str_equals(str_slice(name, 0, name.len - 3), str_of(asset_core.digest)))
        send(x, S("public, max-age=31536000, immutable"));
    else
        exchange_answer_problem(x, 404, S("there is no script of that digest: use /m.js"));
}
