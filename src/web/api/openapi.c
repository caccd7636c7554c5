/* openapi.c - GET /openapi.json: the interface, told from the table of routes.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * tools/openapi.py makes the document when the program is built.
 */
#include "web/api/api.h"
#include "web/asset.h"
#include "web/web.h"

void openapi_show(struct exchange *x)
{
    str tag = arena_print(exchange_mem(x), "\"%s\"", asset_openapi.digest);

    exchange_add_header(x, S("Cache-Control"), S("no-cache"));
    exchange_add_header(x, S("ETag"), tag);
    exchange_add_header(x, S("Access-Control-Allow-Origin"), S("*"));
    if (str_equals(exchange_header(x, S("if-none-match")), tag))
        exchange_answer(x, 304, (str){NULL, 0}, (str){NULL, 0});
    else
        exchange_answer(x, 200, str_of(asset_openapi.media),
                        str_from(asset_openapi.bytes, asset_openapi.size));
}
