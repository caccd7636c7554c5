/* key_origins.h - the web origins whose pages may use a key.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A list is text with one space between origins, each a scheme, a host and perhaps a port, as in
 * "https://shop.example". A host may begin with "*.", for one or more labels. Browsers tell a
 * page's origin; others may tell any: a list keeps a key from being used by other people's pages,
 * not from being used.
 */
#pragma once
#include "base/arena.h"

enum { KEY_ORIGINS_MOST = 50, KEY_ORIGIN_LENGTH = 255 };

/* Reads origins with spaces or commas between, into a list in lower case; empty gives an absent
 * one. ERR_INVALID names the one that is none. */
fallible key_origins_read(str text, struct arena *mem, str *out_list);
/* Does the list have this origin? An absent or empty `origin` is in none. */
bool key_origins_have(str list, str origin);
/* The origin of a page's address: "https://shop.example" of "https://shop.example/a?b"; absent
 * where it has none. */
str key_origins_of_page(str url);
