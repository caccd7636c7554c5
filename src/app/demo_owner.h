/* demo_owner.h - who signs in to a demo: a password when it is made, a link whenever it starts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "store/users.h"

struct sys;

#define DEMO_OWNER_EMAIL "owner@bookshop.example"

/* Makes the owner of a folder that has no user and that nobody serves; it becomes her shop's. */
fallible demo_owner_make(struct sys *sys, const char *folder, struct arena *mem, str *out_password);
/* A new link for her. `*out_has` is false where she was removed, or may not come in any more. */
fallible demo_owner_link(struct sys *sys, const char *folder, struct arena *mem,
                         struct users_link *out_link, bool *out_has);
