/* script.c - GET /m.js, /m.full.js: the browser script, for the pages of any origin.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Under its own name it may change; under the digest of its content, /m/DIGEST.js, it never does.
 */
#include "web/api/api.h"
#include "web/asset.h"
#include "web/web.h"

static void send(struct exchange *x, const struct asset *script, str caching)
{
    exchange_add_header(x, S("Cross-Origin-Resource-Policy"), S("cross-origin"));
    asset_send(x, script, caching);
}

static void send_newest(struct exchange *x, const struct asset *script)
{
    send(x, script, S("public, max-age=3600, stale-while-revalidate=604800"));
}

void script_newest(struct exchange *x)
{
    send_newest(x, &asset_core);
}

void script_newest_full(struct exchange *x)
{
    send_newest(x, &asset_full);
}

void script_exact(struct exchange *x)
{
    static const struct asset *const scripts[] = {&asset_core, &asset_full};
    str name = exchange_path_value(x, S("name"));
    str digest = str_ends(name, S(".js")) ? str_slice(name, 0, name.len - 3) : (str){NULL, 0};

    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (str_equals(digest, str_of(scripts[i]->digest))) {
            send(x, scripts[i], S("public, max-age=31536000, immutable"));
            return;
        }
    exchange_answer_problem(x, 404,
                            S("there is no script of that digest: use /m.js or /m.full.js"));
}
