/* asset.h - files that are part of the binary (made at build time).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stddef.h>

struct asset {
    const char *media;
    const unsigned char *bytes;
    size_t size;
    const char *digest; /* of its bytes, 16 hexadecimal digits */
};

extern const struct asset asset_core; /* the browser script */
extern const struct asset asset_full; /* the same with its module */
extern const struct asset asset_openapi;
extern const struct asset asset_page;
extern const struct asset asset_page_script;
extern const struct asset asset_page_style;
