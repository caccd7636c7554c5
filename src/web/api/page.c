/* page.c - GET /: one plain page that shows events arriving and asks a question.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/api.h"
#include "web/asset.h"
#include "web/web.h"

static void send(struct exchange *x, const struct asset *asset)
{
    exchange_add_header(x, S("Content-Security-Policy"),
                        S("default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                          "'self'; img-src data:; form-action 'none'; base-uri 'none'; "
                          "frame-ancestors 'none'"));
    exchange_add_header(x, S("X-Frame-Options"), S("DENY")); /* for browsers older than CSP 2 */
    exchange_add_header(x, S("Cross-Origin-Opener-Policy"), S("same-origin"));
    exchange_add_header(x, S("Referrer-Policy"), S("no-referrer"));
    exchange_add_header(x, S("Cache-Control"), S("no-cache"));
    exchange_answer(x, 200, str_of(asset->media), str_from(asset->bytes, asset->size));
}

void page_index(struct exchange *x)
{
    send(x, &asset_page);
}

void page_script(struct exchange *x)
{
    send(x, &asset_page_script);
}

void page_style(struct exchange *x)
{
    send(x, &asset_page_style);
}
