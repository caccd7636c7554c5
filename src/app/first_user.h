/* first_user.h - the owner of a new data folder, and the link that lets her in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"

struct sys;

/* Where a server is, unless somebody says otherwise. */
#define FIRST_USER_URL "http://127.0.0.1:8080"

/* Makes the owner of a folder that has no user; the link's address is put into `mem`. ERR_INVALID:
 * `email` is no e-mail address. */
fallible first_user_make(struct sys *sys, const char *folder, str email, str url, struct arena *mem,
                         str *out_link);
