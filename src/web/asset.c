/* asset.c - finds the console's files and sends what is part of the binary.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/asset.h"

#include "http/exchange.h"
#include "http/negotiate.h"

const struct asset *asset_find(str path)
{
    size_t from = 0, to = asset_console_count;

    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = str_compare(path, str_of(asset_console[middle].path));

        if (order == 0)
            return &asset_console[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

void asset_send(struct exchange *x, const struct asset *asset, str caching)
{
    bool is_packed = asset->packed && negotiate_gzip(exchange_header(x, S("accept-encoding")));
    /* Other bytes have another tag. */
    str tag = arena_print(exchange_mem(x), "\"%s%s\"", asset->digest, is_packed ? "-gzip" : "");

    exchange_add_header(x, S("Cache-Control"), caching);
    exchange_add_header(x, S("ETag"), tag);
    if (asset->packed)
        exchange_add_header(x, S("Vary"), S("Accept-Encoding"));
    if (negotiate_is_held(exchange_header(x, S("if-none-match")), tag)) {
        exchange_answer(x, 304, (str){NULL, 0}, (str){NULL, 0});
        return;
    }
    if (is_packed)
        exchange_add_header(x, S("Content-Encoding"), S("gzip"));
    exchange_answer(x, 200, str_of(asset->media),
                    is_packed ? str_from(asset->packed, asset->packed_size)
                              : str_from(asset->bytes, asset->size));
}
