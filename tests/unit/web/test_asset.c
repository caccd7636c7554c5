/* test_asset.c - the table of the console's files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/asset.h"

#include "support/test.h"

TEST(assets_of_the_console_are_found_by_their_whole_path)
{
    for (size_t i = 0; i < asset_console_count; i++) {
        const struct asset *asset = &asset_console[i];
        str path = str_of(asset->path);

        CHECK(asset_find(path) == asset);
        CHECK(!asset_find(str_slice(path, 0, path.len - 1)));
        CHECK(!asset_find(str_slice(path, 1, path.len)));
        CHECK(i == 0 || str_compare(str_of(asset[-1].path), path) < 0);
        CHECK(!asset->packed || asset->packed_size < asset->size);
    }
    CHECK(!asset_find(S("")) && !asset_find(S("assets")) && !asset_find(S("zzz")));
}

TEST(assets_are_whole_and_in_their_place)
{
    CHECK(str_starts(str_from(asset_page.bytes, asset_page.size), S("<!doctype html>")));
    CHECK(str_starts(str_from(asset_openapi.bytes, asset_openapi.size), S("{\"openapi\"")));
    CHECK(str_ends(str_from(asset_openapi.bytes, asset_openapi.size), S("}\n")));
    CHECK(str_starts(str_from(asset_openapi.packed, asset_openapi.packed_size), S("\x1f\x8b")));
    CHECK_INT(str_of(asset_openapi.digest).len, 16);
}
