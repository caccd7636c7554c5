/* users.c - rows of the tables `user`, `member` and `user_link`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/users_int.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "store/access.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { RANDOM = 32, PREFIX = 3, ROW_MEMORY = 1 << 16 };
enum { BASE64URL = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

static const struct {
    const char *name;
    unsigned scopes;
} ROLES[USERS_ROLES] = {
    [USERS_VIEWER] = {"viewer", ACCESS_QUERY},
    [USERS_ANALYST] = {"analyst", ACCESS_QUERY | ACCESS_EXPORT},
    [USERS_MARKETER] = {"marketer", ACCESS_QUERY | ACCESS_EXPORT | ACCESS_PEOPLE},
    [USERS_DEVELOPER] = {"developer", ACCESS_QUERY | ACCESS_EXPORT | ACCESS_MANAGE | ACCESS_KEYS},
    [USERS_OWNER] = {"owner", ACCESS_ADMIN},
};

const char *users_role_name(enum users_role role)
{
    return ROLES[role].name;
}

unsigned users_scopes(enum users_role role)
{
    return ROLES[role].scopes;
}

fallible users_role_parse(str name, enum users_role *out_role)
{
    for (int i = 0; i < USERS_ROLES; i++)
        if (str_equals(name, str_of(ROLES[i].name))) {
            *out_role = (enum users_role)i;
            return OK;
        }
    return fail(ERR_INVALID, "\"role\" must be owner, marketer, analyst, viewer or developer");
}

/* The key of hashes: made once. */
struct secret {
    unsigned char *bytes;
    struct arena *mem;
    bool is_there;
};

static enum err take_secret(void *argument, struct row *row)
{
    struct secret *secret = argument;
    str bytes = catalog_row_blob(row, 0, secret->mem);

    if (bytes.len != USERS_SECRET)
        return arena_exhausted();
    memcpy(secret->bytes, bytes.data, USERS_SECRET);
    secret->is_there = true;
    return OK;
}

static fallible read_secret(struct users *users)
{
    struct secret secret = {users->secret, arena_open(ROW_MEMORY), false};
    struct tx *tx;
    enum err err = secret.mem ? catalog_begin(users->catalog, &tx) : arena_exhausted();

    if (!err) {
        err = catalog_each(tx, SQL_USER_SECRET_GET, NO_BIND, take_secret, &secret);
        if (!err && !secret.is_there) {
            entropy_fill(users->sys, users->secret, USERS_SECRET);
            err = catalog_run(tx, SQL_USER_SECRET_PUT,
                              BIND(B_BLOB(str_from(users->secret, USERS_SECRET))));
        }
        err = catalog_end(tx, err);
    }
    arena_close(secret.mem);
    return err;
}

fallible users_open(const struct users_config *config, struct users **out_users)
{
    struct users *users = mem_alloc(sizeof *users);
    enum err err;

    if (!users)
        return mem_exhausted();
    users->sys = config->sys;
    users->catalog = config->catalog;
    users->lock = mutex_open();
    err = users->lock ? password_room_open(config->sys, &config->cost, &users->room)
                      : mem_exhausted();
    if (!err)
        err = read_secret(users);
    if (!err)
        err = sessions_open(config->sys, config->catalog, clock_now(config->sys), &users->sessions);
    if (err)
        users_close(users);
    else
        *out_users = users;
    return err;
}

void users_close(struct users *users)
{
    if (!users)
        return;
    sessions_close(users->sessions);
    password_room_close(users->room);
    mutex_close(users->lock);
    mem_free(users);
}

struct sessions *users_sessions(struct users *users)
{
    return users->sessions;
}

/* Reading */

struct reading {
    struct arena *mem;
    struct user *list;
    size_t count;
};

static enum err take_user(void *argument, struct row *row)
{
    struct reading *reading = argument;
    struct arena *mem = reading->mem;
    struct user user = {
        .id = catalog_row_i64(row, 0),
        .email = catalog_row_text(row, 1, mem),
        .name = catalog_row_text(row, 2, mem),
        .created_at = catalog_row_i64(row, 4),
        .joined_at = catalog_row_i64(row, 5),
        .seen_at = catalog_row_i64(row, 6),
        .disabled_at = catalog_row_i64(row, 7),
        .workspace_id = catalog_row_i64(row, 9),
    };
    str role = catalog_row_text(row, 8, mem);

    if (!catalog_row_is_null(row, 3))
        user.password = catalog_row_text(row, 3, mem);
    if (!user.email.data || !user.name.data || !role.data || arena_is_exhausted(mem))
        return arena_exhausted();
    TRY(users_role_parse(role, &user.role));
    reading->list[reading->count++] = user;
    return OK;
}

fallible users_read(struct tx *tx, enum sql query, const struct bind *value, struct arena *mem,
                    struct user *out_user)
{
    struct user user;
    struct reading reading = {.mem = mem, .list = &user};

    TRY(catalog_each(tx, query, value, 1, take_user, &reading));
    if (!reading.count)
        return fail(ERR_ABSENT, "there is no such user");
    *out_user = user;
    return OK;
}

fallible users_list(struct users *users, int64_t after, size_t limit, struct arena *mem,
                    struct user **out_list, size_t *out_count)
{
    struct reading reading = {.mem = mem};
    struct tx *tx;
    enum err err;

    if (limit > USERS_MOST)
        limit = USERS_MOST;
    reading.list = arena_array(mem, limit, sizeof *reading.list);
    if (!reading.list)
        return arena_exhausted();
    TRY(catalog_begin(users->catalog, &tx));
    err = catalog_each(tx, SQL_USER_LIST, BIND(B_I64(after), B_I64((int64_t)limit)), take_user,
                       &reading);
    TRY(catalog_end(tx, err));
    *out_list = reading.list;
    *out_count = reading.count;
    return OK;
}

static fallible read_one(struct users *users, enum sql query, const struct bind *value,
                         struct arena *mem, struct user *out_user)
{
    struct tx *tx;

    TRY(catalog_begin(users->catalog, &tx));
    return catalog_end(tx, users_read(tx, query, value, mem, out_user));
}

fallible users_get(struct users *users, int64_t id, struct arena *mem, struct user *out_user)
{
    return read_one(users, SQL_USER_GET, &B_I64(id), mem, out_user);
}

str users_email_key(str email, struct arena *mem)
{
    char *text = arena_take(mem, email.len + 1);

    for (size_t i = 0; text && i < email.len; i++) {
        char byte = email.data[i];

        text[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
    }
    return text ? (str){text, email.len} : (str){NULL, 0};
}

fallible users_find(struct users *users, str email, struct arena *mem, struct user *out_user)
{
    str key = users_email_key(email, mem);

    if (!key.data)
        return arena_exhausted();
    return read_one(users, SQL_USER_FIND, &B_TEXT(key), mem, out_user);
}

/* Links */

void users_hash_token(str token, unsigned char *out)
{
    crypto_generichash(out, USERS_HASH, (const unsigned char *)token.data, token.len, NULL, 0);
}

static fallible put_link(struct users *users, struct tx *tx, int64_t id, bool is_invitation,
                         millis now, struct users_link *out_link)
{
    struct users_link link = {
        .user_id = id,
        .is_invitation = is_invitation,
        .expires_at = now + (is_invitation ? USERS_INVITATION_SPAN : USERS_SIGN_IN_SPAN),
        .token = "ml_",
    };
    unsigned char random[RANDOM], hash[USERS_HASH];

    entropy_fill(users->sys, random, sizeof random);
    sodium_bin2base64(link.token + PREFIX, sizeof link.token - PREFIX, random, RANDOM, BASE64URL);
    users_hash_token(str_of(link.token), hash);
    TRY(catalog_run(tx, SQL_USER_LINK_PUT,
                    BIND(B_I64(id), B_BLOB(str_from(hash, USERS_HASH)),
                         B_TEXT(is_invitation ? S("invitation") : S("sign_in")),
                         B_I64(link.expires_at))));
    *out_link = link;
    return OK;
}

/* Changes */

fallible users_audit(struct tx *tx, millis now, const struct audit_by *by, const char *action,
                     int64_t id, str details)
{
    char object[32];
    struct audit_entry entry = {by, action, {NULL, 0}, details};

    snprintf(object, sizeof object, "user:%lld", (long long)id);
    entry.object = str_of(object);
    return audit_add(tx, now, &entry);
}

static fallible audit_role(struct tx *tx, millis now, const struct audit_by *by, const char *action,
                           int64_t id, enum users_role role)
{
    char details[64];

    snprintf(details, sizeof details, "{\"role\":\"%s\"}", users_role_name(role));
    return users_audit(tx, now, by, action, id, str_of(details));
}

static enum err take_number(void *argument, struct row *row)
{
    *(int64_t *)argument = catalog_row_i64(row, 0);
    return OK;
}

fallible users_check_name(str name)
{
    if (name.len > USERS_NAME_MOST || !utf8_is_valid(name))
        return fail(ERR_INVALID, "\"name\" has at most %d bytes of text", USERS_NAME_MOST);
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.data[i] < ' ' || name.data[i] == 127)
            return fail(ERR_INVALID, "\"name\" is one line");
    return OK;
}

static fallible add(struct users *users, struct tx *tx, const struct audit_by *by,
                    const struct users_wish *wish, millis now, struct users_link *out_link)
{
    struct arena *mem = arena_open(ROW_MEMORY);
    str key = mem ? users_email_key(wish->email, mem) : (str){NULL, 0};
    int64_t count = 0, id = 0;
    enum err err = key.data ? catalog_each(tx, SQL_USER_COUNT, NO_BIND, take_number, &count)
                            : arena_exhausted();

    if (!err && count >= USERS_MOST)
        err = fail(ERR_LIMIT, "there are %d users, and no more can be", USERS_MOST);
    if (!err)
        err = catalog_run(tx, SQL_USER_ADD,
                          BIND(B_TEXT(wish->email), B_TEXT(key), B_TEXT(wish->name), B_I64(now),
                               wish->has_joined ? B_I64(now) : B_NULL));
    if (err == ERR_CONFLICT)
        err = fail(ERR_CONFLICT, "there is a user of this \"email\" already");
    arena_close(mem);
    if (err)
        return err;
    TRY(catalog_each(tx, SQL_USER_NEWEST, NO_BIND, take_number, &id));
    TRY(catalog_run(
        tx, SQL_MEMBER_PUT,
        BIND(B_I64(id), B_I64(USERS_WORKSPACE), B_TEXT(str_of(users_role_name(wish->role))))));
    TRY(audit_role(tx, now, by, wish->has_joined ? "user.add" : "user.invite", id, wish->role));
    return put_link(users, tx, id, !wish->has_joined, now, out_link);
}

fallible users_add(struct users *users, const struct audit_by *by, const struct users_wish *wish,
                   millis now, struct users_link *out_link)
{
    struct users_link link;
    struct tx *tx;
    enum err err;

    TRY(users_check_name(wish->name));
    TRY(catalog_begin(users->catalog, &tx));
    err = catalog_end(tx, add(users, tx, by, wish, now, &link));
    if (!err)
        *out_link = link;
    return err;
}

static fallible make_link(struct users *users, struct tx *tx, const struct audit_by *by,
                          const struct user *user, millis now, struct users_link *out_link)
{
    if (user->disabled_at)
        return fail(ERR_DENIED, "this user is disabled: enable her first");
    TRY(users_audit(tx, now, by, "user.link", user->id, (str){NULL, 0}));
    return put_link(users, tx, user->id, !user->joined_at, now, out_link);
}

fallible users_make_link(struct users *users, const struct audit_by *by, int64_t id, millis now,
                         struct users_link *out_link)
{
    struct arena *mem = arena_open(ROW_MEMORY);
    struct users_link link;
    struct user user;
    struct tx *tx;
    enum err err = mem ? catalog_begin(users->catalog, &tx) : arena_exhausted();

    if (!err) {
        err = users_read(tx, SQL_USER_GET, &B_I64(id), mem, &user);
        if (!err)
            err = make_link(users, tx, by, &user, now, &link);
        err = catalog_end(tx, err);
    }
    arena_close(mem);
    if (!err)
        *out_link = link;
    return err;
}

/* Would nobody be left who may do everything and can sign in? */
static fallible keep_an_owner(struct tx *tx, const struct user *user)
{
    int64_t others = 0;

    if (user->role != USERS_OWNER || user->disabled_at || !user->joined_at)
        return OK;
    TRY(catalog_each(tx, SQL_USER_OTHER_OWNERS, BIND(B_I64(user->id)), take_number, &others));
    return others ? OK
                  : fail(ERR_CONFLICT, "this is the last owner who can sign in: make another "
                                       "owner first");
}

static fallible set_role(struct tx *tx, const struct audit_by *by, const struct user *user,
                         enum users_role role, millis now)
{
    char details[96];

    if (role == user->role)
        return OK;
    TRY(keep_an_owner(tx, user));
    TRY(catalog_run(
        tx, SQL_MEMBER_PUT,
        BIND(B_I64(user->id), B_I64(user->workspace_id), B_TEXT(str_of(users_role_name(role))))));
    snprintf(details, sizeof details, "{\"from\":\"%s\",\"to\":\"%s\"}",
             users_role_name(user->role), users_role_name(role));
    return users_audit(tx, now, by, "user.role", user->id, str_of(details));
}

static fallible set_disabled(struct tx *tx, const struct audit_by *by, struct user *user,
                             bool is_disabled, millis now)
{
    if (is_disabled == (user->disabled_at != 0))
        return OK;
    if (is_disabled) {
        TRY(keep_an_owner(tx, user));
        TRY(sessions_end_others(tx, user->id, 0));
        TRY(catalog_run(tx, SQL_USER_LINK_REMOVE, BIND(B_I64(user->id))));
    }
    user->disabled_at = is_disabled ? now : 0;
    return users_audit(tx, now, by, is_disabled ? "user.disable" : "user.enable", user->id,
                       (str){NULL, 0});
}

static fallible set(struct tx *tx, const struct audit_by *by, struct user *user,
                    const struct users_change *change, millis now)
{
    if (change->role) {
        TRY(set_role(tx, by, user, *change->role, now));
        user->role = *change->role;
    }
    if (change->is_disabled)
        TRY(set_disabled(tx, by, user, *change->is_disabled, now));
    if (change->name.data)
        user->name = change->name;
    return catalog_run(tx, SQL_USER_CHANGE,
                       BIND(B_I64(user->id), B_TEXT(user->name),
                            user->disabled_at ? B_I64(user->disabled_at) : B_NULL));
}

fallible users_set(struct users *users, const struct audit_by *by, int64_t id,
                   const struct users_change *change, millis now)
{
    struct arena *mem;
    struct user user;
    struct tx *tx;
    enum err err;

    TRY(users_check_name(change->name));
    mem = arena_open(ROW_MEMORY);
    if (!mem)
        return arena_exhausted();
    mutex_lock(users->lock);
    err = catalog_begin(users->catalog, &tx);
    if (!err) {
        err = users_read(tx, SQL_USER_GET, &B_I64(id), mem, &user);
        if (!err)
            err = set(tx, by, &user, change, now);
        err = catalog_end(tx, err);
    }
    if (!err && user.disabled_at)
        sessions_drop_others(users->sessions, id, 0);
    else if (!err)
        sessions_set_role(users->sessions, id, user.role);
    mutex_unlock(users->lock);
    arena_close(mem);
    return err;
}

static fallible remove_all(struct tx *tx, const struct audit_by *by, int64_t id, millis now)
{
    /* Of her saved views those that others see stay. */
    static const enum sql parts[] = {SQL_USER_LINK_REMOVE,    SQL_USER_NETWORK_REMOVE,
                                     SQL_VIEW_REMOVE_PRIVATE, SQL_VIEW_DISOWN,
                                     SQL_MEMBER_REMOVE,       SQL_USER_REMOVE};
    struct arena *mem = arena_open(ROW_MEMORY);
    struct user user;
    enum err err = mem ? users_read(tx, SQL_USER_GET, &B_I64(id), mem, &user) : arena_exhausted();

    if (!err)
        err = keep_an_owner(tx, &user);
    arena_close(mem);
    if (!err)
        err = sessions_end_others(tx, id, 0);
    for (size_t i = 0; !err && i < sizeof parts / sizeof parts[0]; i++)
        err = catalog_run(tx, parts[i], BIND(B_I64(id)));
    return err ? err : users_audit(tx, now, by, "user.remove", id, (str){NULL, 0});
}

fallible users_remove(struct users *users, const struct audit_by *by, int64_t id, millis now)
{
    struct tx *tx;
    enum err err;

    mutex_lock(users->lock);
    err = catalog_begin(users->catalog, &tx);
    if (!err)
        err = catalog_end(tx, remove_all(tx, by, id, now));
    if (!err)
        sessions_drop_others(users->sessions, id, 0);
    mutex_unlock(users->lock);
    return err;
}

/* One session of a user's, or all others. */
struct ending {
    int64_t user_id, session_id;
    bool is_of_others;
};

static fallible end_in(struct tx *tx, const struct audit_by *by, const struct ending *ending,
                       millis now)
{
    TRY(ending->is_of_others ? sessions_end_others(tx, ending->user_id, ending->session_id)
                             : sessions_end(tx, ending->user_id, ending->session_id));
    return users_audit(tx, now, by, ending->is_of_others ? "session.end_others" : "session.end",
                       ending->user_id, (str){NULL, 0});
}

static fallible end_sessions(struct users *users, const struct audit_by *by,
                             const struct ending *ending, millis now)
{
    struct tx *tx;
    enum err err;

    mutex_lock(users->lock);
    err = catalog_begin(users->catalog, &tx);
    if (!err)
        err = catalog_end(tx, end_in(tx, by, ending, now));
    if (!err && ending->is_of_others)
        sessions_drop_others(users->sessions, ending->user_id, ending->session_id);
    else if (!err)
        sessions_drop(users->sessions, ending->session_id);
    mutex_unlock(users->lock);
    return err;
}

fallible users_end_session(struct users *users, const struct audit_by *by, int64_t id,
                           int64_t session_id, millis now)
{
    return end_sessions(users, by, &(struct ending){id, session_id, false}, now);
}

fallible users_end_sessions(struct users *users, const struct audit_by *by, int64_t id,
                            int64_t all_but, millis now)
{
    return end_sessions(users, by, &(struct ending){id, all_but, true}, now);
}

static fallible end_all(struct tx *tx, const struct audit_by *by, millis now)
{
    struct audit_entry entry = {.by = by, .action = "restore"};

    TRY(catalog_run(tx, SQL_SESSION_END_ALL, NO_BIND));
    TRY(catalog_run(tx, SQL_USER_LINK_REMOVE_ALL, NO_BIND));
    return audit_add(tx, now, &entry);
}

fallible users_end_all(struct users *users, const struct audit_by *by, millis now)
{
    struct tx *tx;

    TRY(catalog_begin(users->catalog, &tx));
    return catalog_end(tx, end_all(tx, by, now));
}
