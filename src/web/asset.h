/* asset.h - files that are part of the binary (made at build time), and how they are sent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"

struct exchange;

struct asset {
    const char *path; /* the file's name; of the console's files with the folder they were in */
    const char *media;
    const unsigned char *bytes;
    size_t size;
    const unsigned char *packed; /* the same by gzip; NULL where that is no smaller */
    size_t packed_size;
    const char *digest; /* of its bytes, 16 hexadecimal digits */
};

extern const struct asset asset_core; /* the browser script */
extern const struct asset asset_full; /* the same with its module */
extern const struct asset asset_openapi;
extern const struct asset asset_page;
extern const struct asset asset_page_script;
extern const struct asset asset_page_style;
/* The console's files, by path; none where it could not be built. */
extern const struct asset asset_console[];
extern const size_t asset_console_count;

/* The console's file of that path, or NULL. */
const struct asset *asset_find(str path);
/* Answers with it: packed if the client takes that, 304 if it has it already. */
void asset_send(struct exchange *x, const struct asset *asset, str caching);
