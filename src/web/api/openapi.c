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
    exchange_add_header(x, S("Access-Control-Allow-Origin"), S("*"));
    asset_send(x, &asset_openapi, S("no-cache"));
}
