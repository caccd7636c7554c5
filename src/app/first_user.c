/* first_user.c - the owner of a new data folder, and the link that lets her in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/first_user.h"

#include "app/workspace.h"
#include "store/users.h"
#include "sys/clock.h"
#include "web/api/user_write.h"

static fallible make(struct workspace *workspace, str email, str url, struct arena *mem,
                     str *out_link)
{
    struct audit_by by = {S("command"), {NULL, 0}};
    struct users_wish wish = {
        .email = email, .name = S(""), .role = USERS_OWNER, .has_joined = true};
    struct users_link link;
    struct buf text = {0};

    TRY(users_add(workspace->users, &by, &wish, clock_now(workspace->sys), &link));
    user_write_url(&text, url, &link);
    *out_link = buf_is_broken(&text) ? (str){NULL, 0} : arena_dup(mem, buf_str(&text));
    buf_done(&text);
    return out_link->data ? OK : arena_exhausted();
}

fallible first_user_make(struct sys *sys, const char *folder, str email, str url, struct arena *mem,
                         str *out_link)
{
    struct workspace workspace;
    enum err err = workspace_open_catalog(sys, folder, &workspace);

    if (!err)
        err = make(&workspace, email, url, mem, out_link);
    workspace_close(&workspace);
    return err;
}
