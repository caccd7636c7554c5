/* users_sign_in.c - a password or a link becomes a session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/users_sign_in.h"

#include "base/mem.h"
#include "store/guesses.h"
#include "store/users_int.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <stdio.h>
#include <string.h>

enum { NETWORKS = 20, MEMORY = 1 << 16 };

/* One person at the door, from the first look to the session. */
struct visit {
    struct users *users;
    const struct users_sign_in_visit *from;
    struct arena *mem;
    millis now;
    struct user user;
    bool is_user;
    struct guesses_name guesses;
    char renewed[PASSWORD_TEXT]; /* a hash at today's cost; empty: the stored one has it */
    /* Where she comes by a link */
    const struct users_sign_in_link *link;
    str link_password; /* a hash; absent where the link only signs in */
};

static fallible refused(void)
{
    return fail(ERR_DENIED, "this e-mail address and this password do not belong together");
}

static fallible over(void)
{
    return fail(ERR_EXPIRED, "this link was used or is over: ask for another");
}

static str network_hash(const struct visit *v, struct guesses_name *room)
{
    guesses_hash(str_from(v->users->secret, USERS_SECRET), S(""), v->from->network, room);
    return str_from(room->pair, GUESSES_HASH);
}

static enum err take_number(void *argument, struct row *row)
{
    *(int64_t *)argument = catalog_row_i64(row, 0);
    return OK;
}

/* Whose account it is, if anybody's, and whether she is known where she comes from. */
static fallible look(struct visit *v, struct tx *tx, str key)
{
    struct guesses_name network;
    int64_t count = 0;
    enum err err = users_read(tx, SQL_USER_FIND, &B_TEXT(key), v->mem, &v->user);

    if (err && err != ERR_ABSENT)
        return err;
    v->is_user = !err;
    guesses_hash(str_from(v->users->secret, USERS_SECRET), key, v->from->network, &v->guesses);
    TRY(catalog_each(tx, SQL_USER_NETWORK_FIND,
                     BIND(B_I64(v->is_user ? v->user.id : 0), B_BLOB(network_hash(v, &network))),
                     take_number, &count));
    v->guesses.is_known = count > 0;
    return OK;
}

static fallible begin(struct visit *v, str key, millis *out_wait)
{
    struct tx *tx;
    enum err err;

    TRY(catalog_begin(v->users->catalog, &tx));
    err = look(v, tx, key);
    if (!err)
        err = guesses_take(tx, &v->guesses, v->now, out_wait);
    return catalog_end(tx, err);
}

/* The first of an hour are told one by one, the others by their number with the next. */
static fallible audit_refusal(struct visit *v, struct tx *tx)
{
    struct users *users = v->users;
    struct audit_by by = {S("nobody"), v->from->shown};
    struct audit_entry entry = {.by = &by, .action = "session.refuse"};
    char object[32], details[64];

    if (v->now - users->refusals_since >= MILLIS_HOUR || v->now < users->refusals_since) {
        users->refusals_since = v->now;
        users->refusals = 0;
    }
    if (users->refusals >= USERS_SIGN_IN_REFUSALS) {
        users->unrecorded++;
        return OK;
    }
    if (v->is_user) {
        snprintf(object, sizeof object, "user:%lld", (long long)v->user.id);
        entry.object = str_of(object);
    }
    if (users->unrecorded) {
        snprintf(details, sizeof details, "{\"unrecorded\":%lld}", (long long)users->unrecorded);
        entry.details = str_of(details);
    }
    TRY(audit_add(tx, v->now, &entry));
    users->refusals++;
    users->unrecorded = 0;
    return OK;
}

static fallible refuse(struct visit *v)
{
    struct tx *tx;
    enum err err;

    mutex_lock(v->users->lock);
    err = catalog_begin(v->users->catalog, &tx);
    if (!err)
        err = catalog_end(tx, audit_refusal(v, tx));
    mutex_unlock(v->users->lock);
    return err ? err : refused();
}

/* Inside the room: counts, verifies. ERR_DENIED is recorded. */
static fallible verify(struct visit *v, str key, str password, millis *out_wait)
{
    bool is_right;

    TRY(begin(v, key, out_wait));
    TRY(password_verify(v->users->room, v->is_user ? v->user.password : (str){NULL, 0}, password,
                        &is_right));
    if (!is_right || v->user.disabled_at)
        return refuse(v);
    return password_is_outdated(v->users->room, v->user.password)
               ? password_hash(v->users->room, password, v->renewed)
               : OK;
}

/* Sessions */

static fallible remember_network(struct visit *v, struct tx *tx)
{
    struct guesses_name network;

    TRY(catalog_run(tx, SQL_USER_NETWORK_PUT,
                    BIND(B_I64(v->user.id), B_BLOB(network_hash(v, &network)), B_I64(v->now))));
    return catalog_run(tx, SQL_USER_NETWORK_TRIM, BIND(B_I64(v->user.id), B_I64(NETWORKS)));
}

static fallible audit_as_user(struct visit *v, struct tx *tx, const char *action)
{
    char actor[32];
    struct audit_by by = {{NULL, 0}, v->from->shown};

    snprintf(actor, sizeof actor, "user:%lld", (long long)v->user.id);
    by.actor = str_of(actor);
    return users_audit(tx, v->now, &by, action, v->user.id, (str){NULL, 0});
}

static fallible add_session(struct visit *v, struct tx *tx, bool by_link,
                            struct sessions_new *out_session)
{
    struct sessions_wish wish = {
        .user_id = v->user.id,
        .workspace_id = v->user.workspace_id,
        .role = v->user.role,
        .device = v->from->device,
        .network = v->from->shown,
        .by_link = by_link,
    };

    TRY(remember_network(v, tx));
    TRY(catalog_run(tx, SQL_USER_SEEN, BIND(B_I64(v->user.id), B_I64(v->now))));
    TRY(audit_as_user(v, tx, by_link ? "session.begin_by_link" : "session.begin"));
    return sessions_add(v->users->sessions, tx, &wish, v->now, out_session);
}

static void take(struct visit *v, struct sessions_new *session, int64_t id,
                 struct users_sign_in *out)
{
    out->user = v->user;
    out->user.seen_at = v->now;
    out->session_id = id;
    memcpy(out->token, session->token, sizeof out->token);
}

/* She may have been changed while her password was looked at. */
static enum err complete(struct visit *v, struct tx *tx, struct sessions_new *out_session)
{
    str password = v->user.password;
    enum err err = users_read(tx, SQL_USER_GET, &B_I64(v->user.id), v->mem, &v->user);

    if (err == ERR_ABSENT)
        return refused();
    TRY(err);
    if (v->user.disabled_at || !str_equals(v->user.password, password))
        return refused();
    TRY(guesses_give_back(tx, &v->guesses));
    if (v->renewed[0])
        TRY(catalog_run(tx, SQL_USER_SET_PASSWORD,
                        BIND(B_I64(v->user.id), B_TEXT(str_of(v->renewed)))));
    return add_session(v, tx, false, out_session);
}

/* `may` says in the transaction whether she comes in, and adds the session. */
static fallible begin_session(struct visit *v,
                              enum err (*may)(struct visit *v, struct tx *tx,
                                              struct sessions_new *out_session),
                              struct users_sign_in *out)
{
    struct sessions_new session = {0};
    struct tx *tx;
    enum err err;
    int64_t id;

    mutex_lock(v->users->lock);
    err = catalog_begin(v->users->catalog, &tx);
    if (!err)
        err = catalog_end(tx, may(v, tx, &session));
    id = session.entry ? sessions_id(&session) : 0;
    if (session.entry)
        sessions_publish(v->users->sessions, &session, !err);
    mutex_unlock(v->users->lock);
    if (!err)
        take(v, &session, id, out);
    return err;
}

fallible users_sign_in_by_password(struct users *users, const struct users_sign_in_wish *wish,
                                   const struct users_sign_in_visit *visit, struct arena *mem,
                                   struct users_sign_in *out, millis *out_wait)
{
    struct visit v = {.users = users, .from = visit, .mem = mem, .now = clock_now(users->sys)};
    str key = users_email_key(wish->email, mem);
    enum err err;

    *out_wait = 0;
    if (!key.data)
        return arena_exhausted();
    TRY(password_enter(users->room));
    err = verify(&v, key, wish->password, out_wait);
    password_leave(users->room);
    return err ? err : begin_session(&v, complete, out);
}

/* Links */

struct link_row {
    struct arena *mem;
    int64_t user_id;
    str kind;
    millis expires_at;
};

static enum err take_link(void *argument, struct row *row)
{
    struct link_row *link = argument;

    link->user_id = catalog_row_i64(row, 0);
    link->kind = catalog_row_text(row, 1, link->mem);
    link->expires_at = catalog_row_i64(row, 2);
    return link->kind.data ? OK : arena_exhausted();
}

static fallible find_link(struct tx *tx, str token, millis now, struct arena *mem,
                          struct user *out_user, struct users_link *out_link)
{
    struct link_row row = {.mem = mem};
    unsigned char hash[USERS_HASH];
    enum err err;

    users_hash_token(token, hash);
    TRY(catalog_each(tx, SQL_USER_LINK_FIND, BIND(B_BLOB(str_from(hash, USERS_HASH))), take_link,
                     &row));
    if (!row.user_id || row.expires_at <= now)
        return over();
    err = users_read(tx, SQL_USER_GET, &B_I64(row.user_id), mem, out_user);
    if (err == ERR_ABSENT || (!err && out_user->disabled_at))
        return over();
    *out_link = (struct users_link){
        .user_id = row.user_id,
        .is_invitation = str_equals(row.kind, S("invitation")),
        .expires_at = row.expires_at,
    };
    return err;
}

fallible users_sign_in_look(struct users *users, str token, struct arena *mem,
                            struct user *out_user, struct users_link *out_link)
{
    struct tx *tx;

    TRY(catalog_begin(users->catalog, &tx));
    return catalog_end(tx, find_link(tx, token, clock_now(users->sys), mem, out_user, out_link));
}

static fallible hash_password(struct users *users, str password, char out[PASSWORD_TEXT])
{
    enum err err;

    TRY(password_enter(users->room));
    err = password_hash(users->room, password, out);
    password_leave(users->room);
    return err;
}

static fallible check_wish(const struct users_sign_in_link *link, bool is_invitation, str email)
{
    if (!is_invitation)
        return link->name.data || link->password.data
                   ? fail(ERR_INVALID, "this link signs in: it takes no \"name\" and no "
                                       "\"password\"")
                   : OK;
    if (!link->name.len || !link->password.data)
        return fail(ERR_INVALID, "this link is an invitation: give a \"name\" and a \"password\"");
    TRY(users_check_name(link->name));
    return password_check(link->password, email);
}

static enum err spend(struct visit *v, struct tx *tx, struct sessions_new *out_session)
{
    const struct users_sign_in_link *link = v->link;
    str password = v->link_password;
    unsigned char hash[USERS_HASH];
    struct users_link found;

    TRY(find_link(tx, link->token, v->now, v->mem, &v->user, &found));
    users_hash_token(link->token, hash);
    TRY(catalog_run(tx, SQL_USER_LINK_SPEND, BIND(B_BLOB(str_from(hash, USERS_HASH)))));
    if (!catalog_rows_changed(tx) || found.is_invitation != (password.data != NULL))
        return over();
    if (found.is_invitation) {
        TRY(catalog_run(
            tx, SQL_USER_JOIN,
            BIND(B_I64(v->user.id), B_TEXT(link->name), B_TEXT(password), B_I64(v->now))));
        TRY(audit_as_user(v, tx, "user.join"));
        v->user.name = link->name;
        v->user.joined_at = v->now;
        v->user.password = password;
    }
    return add_session(v, tx, !found.is_invitation, out_session);
}

fallible users_sign_in_by_link(struct users *users, const struct users_sign_in_link *link,
                               const struct users_sign_in_visit *visit, struct arena *mem,
                               struct users_sign_in *out)
{
    struct visit v = {
        .users = users, .from = visit, .mem = mem, .now = clock_now(users->sys), .link = link};
    char *hash = arena_take(mem, PASSWORD_TEXT);
    struct users_link found;

    if (!hash)
        return arena_exhausted();
    TRY(users_sign_in_look(users, link->token, mem, &v.user, &found));
    TRY(check_wish(link, found.is_invitation, v.user.email));
    if (found.is_invitation) {
        TRY(hash_password(users, link->password, hash));
        v.link_password = str_of(hash);
    }
    return begin_session(&v, spend, out);
}

/* Passwords */

static fallible write_password(struct visit *v, struct tx *tx, const struct sessions_grant *grant,
                               const char *hash, bool was_asked)
{
    if (was_asked)
        TRY(guesses_give_back(tx, &v->guesses));
    TRY(catalog_run(tx, SQL_USER_SET_PASSWORD, BIND(B_I64(v->user.id), B_TEXT(str_of(hash)))));
    TRY(catalog_run(tx, SQL_USER_LINK_REMOVE, BIND(B_I64(v->user.id))));
    TRY(sessions_end_others(tx, v->user.id, grant->id));
    return audit_as_user(v, tx, "user.password");
}

static fallible replace_password(struct visit *v, const struct sessions_grant *grant,
                                 const char *hash, bool was_asked)
{
    struct users *users = v->users;
    struct tx *tx;
    enum err err;

    mutex_lock(users->lock);
    err = catalog_begin(users->catalog, &tx);
    if (!err)
        err = catalog_end(tx, write_password(v, tx, grant, hash, was_asked));
    if (!err)
        sessions_drop_others(users->sessions, grant->user_id, grant->id);
    mutex_unlock(users->lock);
    return err;
}

static fallible ask_current(struct visit *v, str current, millis *out_wait)
{
    str key = users_email_key(v->user.email, v->mem);
    enum err err;

    if (!key.data)
        return arena_exhausted();
    if (!current.data)
        return fail(ERR_DENIED, "give the password that counts now as \"current\"");
    TRY(password_enter(v->users->room));
    err = verify(v, key, current, out_wait);
    password_leave(v->users->room);
    return err == ERR_DENIED ? fail(ERR_DENIED, "\"current\" is not the password") : err;
}

static fallible set_password(struct visit *v, const struct sessions_grant *grant,
                             const struct users_sign_in_passwords *passwords, millis *out_wait)
{
    bool came_now = grant->by_link && v->now - grant->created_at < USERS_SIGN_IN_SPAN;
    char hash[PASSWORD_TEXT];
    bool asks;

    TRY(users_get(v->users, grant->user_id, v->mem, &v->user));
    asks = v->user.password.data && !came_now;
    TRY(password_check(passwords->next, v->user.email));
    if (asks)
        TRY(ask_current(v, passwords->current, out_wait));
    TRY(hash_password(v->users, passwords->next, hash));
    return replace_password(v, grant, hash, asks);
}

fallible users_sign_in_set_password(struct users *users, const struct sessions_grant *grant,
                                    const struct users_sign_in_passwords *passwords,
                                    const struct users_sign_in_visit *visit, millis *out_wait)
{
    struct visit v = {
        .users = users, .from = visit, .mem = arena_open(MEMORY), .now = clock_now(users->sys)};
    enum err err = v.mem ? set_password(&v, grant, passwords, out_wait) : arena_exhausted();

    arena_close(v.mem);
    return err;
}
