/* user_write.h - users and their links as JSON, for the API and the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/json.h"
#include "store/users.h"

/* The members of {"id","email","name","role","state","has_password","created_at","joined_at",
 * "seen_at"}, without the brackets. */
void user_write_members(struct json_writer *w, const struct user *user);
void user_write_list(struct json_writer *w, const struct user *list, size_t count);
/* {"id","link","expires_at"}; `base` is the server's address, as "https://host". */
void user_write_link(struct json_writer *w, const struct users_link *link, str base);
/* The page that takes a link's token, which stands behind "#": no server is sent it. */
void user_write_url(struct buf *out, str base, const struct users_link *link);
