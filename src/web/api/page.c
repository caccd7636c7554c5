/* page.c - the console, its files, and one plain page that needs no account.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/api.h"
#include "web/asset.h"
#include "web/web.h"

/* Nothing but what this server has, nothing inline, and no device of the visitor's. */
static void guard(struct exchange *x)
{
    exchange_add_header(x, S("Content-Security-Policy"),
                        S("default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                          "'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; "
                          "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"));
    exchange_add_header(x, S("Permissions-Policy"),
                        S("accelerometer=(), autoplay=(), camera=(), display-capture=(), "
                          "encrypted-media=(), geolocation=(), gyroscope=(), hid=(), "
                          "idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), "
                          "midi=(), payment=(), picture-in-picture=(), "
                          "publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), "
                          "xr-spatial-tracking=()"));
    exchange_add_header(x, S("X-Frame-Options"), S("DENY")); /* for browsers older than CSP 2 */
    exchange_add_header(x, S("Cross-Origin-Opener-Policy"), S("same-origin"));
    exchange_add_header(x, S("Cross-Origin-Resource-Policy"), S("same-origin"));
    exchange_add_header(x, S("Referrer-Policy"), S("no-referrer"));
}

static void send(struct exchange *x, const struct asset *asset, str caching)
{
    guard(x);
    asset_send(x, asset, caching);
}

void page_plain(struct exchange *x)
{
    send(x, &asset_page, S("no-cache"));
}

void page_script(struct exchange *x)
{
    send(x, &asset_page_script, S("no-cache"));
}

void page_style(struct exchange *x)
{
    send(x, &asset_page_style, S("no-cache"));
}

void page_home(struct exchange *x)
{
    const struct asset *index = asset_find(S("index.html"));

    send(x, index ? index : &asset_page, S("no-cache"));
}

/* Any of the console's addresses: its script reads which. */
void page_console(struct exchange *x)
{
    const struct asset *index = asset_find(S("index.html"));

    if (index)
        send(x, index, S("no-cache"));
    else
        exchange_answer_problem(x, 404,
                                S("this program was built without its console, which needs Node "
                                  "and npm: /plain shows events and asks questions"));
}

void page_asset(struct exchange *x)
{
    str path =
        arena_print(exchange_mem(x), "assets/%.*s", STR_ARG(exchange_path_value(x, S("name"))));
    const struct asset *asset = asset_find(path);

    if (asset)
        send(x, asset, S("public, max-age=31536000, immutable"));
    else
        exchange_answer_problem(x, 404, S("the console has no such file: load its page again"));
}
