/* test_users.c - users, their roles and links, on a simulated disk and clock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/users_sign_in.h"

#include "base/mem.h"
#include "store/access.h"
#include "store/catalog.h"
#include "support/test.h"
#include "sys/clock.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <string.h>

#define PASSWORD S("four words of nonsense")

static const struct audit_by BY = {{"command", 7}, {NULL, 0}};
static const struct users_sign_in_visit HOME = {{"home", 4}, {"192.0.2.0/24", 12}, {"Firefox", 7}};

struct world {
    struct sys *sys;
    struct catalog *catalog;
    struct users *users;
};

static void reopen(struct world *w)
{
    struct users_config config = {.sys = w->sys, .cost = {1, 8192}};

    users_close(w->users);
    catalog_close(w->catalog);
    CHECK_OK(catalog_open(w->sys, "catalog.db", &w->catalog));
    config.catalog = w->catalog;
    CHECK_OK(users_open(&config, &w->users));
}

static struct world open_world(void)
{
    struct world w = {.sys = sim_open(3)};

    sim_set_clock(w.sys, 20000 * MILLIS_DAY);
    reopen(&w);
    return w;
}

static void close_world(struct world *w)
{
    users_close(w->users);
    catalog_close(w->catalog);
    sim_close(w->sys);
}

static struct users_link add(struct world *w, const char *email, enum users_role role, bool joined)
{
    struct users_wish wish = {str_of(email), S(""), role, joined};
    struct users_link link;

    CHECK_OK(users_add(w->users, &BY, &wish, clock_now(w->sys), &link));
    return link;
}

static enum err enter(struct world *w, const struct users_link *link, struct users_sign_in *out)
{
    struct users_sign_in_link by = {.token = str_of(link->token)};

    if (link->is_invitation) {
        by.name = S("Name");
        by.password = PASSWORD;
    }
    return users_sign_in_by_link(w->users, &by, &HOME, test_mem, out);
}

static enum err sign_in(struct world *w, const char *email, str password, struct users_sign_in *out)
{
    struct users_sign_in_wish wish = {str_of(email), password};
    millis wait;

    return users_sign_in_by_password(w->users, &wish, &HOME, test_mem, out, &wait);
}

static enum err check(struct world *w, const struct users_sign_in *session)
{
    struct sessions_grant grant;

    return sessions_check(users_sessions(w->users), str_of(session->token), clock_now(w->sys),
                          &grant);
}

static enum err set_role(struct world *w, int64_t id, enum users_role role)
{
    return users_set(w->users, &BY, id, &(struct users_change){.role = &role}, clock_now(w->sys));
}

static enum err set_disabled(struct world *w, int64_t id, bool is_disabled)
{
    return users_set(w->users, &BY, id, &(struct users_change){.is_disabled = &is_disabled},
                     clock_now(w->sys));
}

TEST(users_are_found_however_their_address_is_typed)
{
    struct world w = open_world();
    struct users_wish wish = {S("ANN@shop.example"), S(""), USERS_VIEWER, false};
    struct users_link link = add(&w, "Ann@shop.example", USERS_ANALYST, false);
    struct user user;

    CHECK_OK(users_find(w.users, S("aNN@shop.example"), test_mem, &user));
    CHECK_INT(user.id, link.user_id);
    CHECK_STR(user.email, "Ann@shop.example");
    CHECK_INT(user.role, USERS_ANALYST);
    CHECK_INT(user.joined_at, 0);
    CHECK_ERR(ERR_CONFLICT, users_add(w.users, &BY, &wish, 1, &link));
    CHECK_ERR(ERR_ABSENT, users_find(w.users, S("an@shop.example"), test_mem, &user));
    reopen(&w);
    CHECK_OK(users_get(w.users, user.id, test_mem, &user));
    close_world(&w);
}

TEST(users_may_what_their_role_says)
{
    static const struct {
        const char *name;
        unsigned scopes;
    } cases[] = {
        {"viewer", ACCESS_QUERY},
        {"analyst", ACCESS_QUERY | ACCESS_EXPORT},
        {"marketer", ACCESS_QUERY | ACCESS_EXPORT | ACCESS_PEOPLE},
        {"developer", ACCESS_QUERY | ACCESS_EXPORT | ACCESS_MANAGE | ACCESS_KEYS},
        {"owner", ACCESS_ADMIN},
    };
    enum users_role role;

    EACH_CASE(c, cases)
    {
        CHECK_OK(users_role_parse(str_of(c->name), &role));
        CHECK_INT(users_scopes(role), c->scopes);
        CHECK_STR(str_of(users_role_name(role)), c->name);
    }
    CHECK_ERR(ERR_INVALID, users_role_parse(S("Owner"), &role));
    CHECK_ERR(ERR_INVALID, users_role_parse((str){NULL, 0}, &role));
}

TEST(the_last_owner_stays)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, true);
    struct users_link bob = add(&w, "bob@x", USERS_OWNER, false);
    struct users_sign_in session;

    CHECK_ERR(ERR_CONFLICT, set_role(&w, ann.user_id, USERS_VIEWER));
    CHECK_ERR(ERR_CONFLICT, set_disabled(&w, ann.user_id, true));
    CHECK_ERR(ERR_CONFLICT, users_remove(w.users, &BY, ann.user_id, 1));
    CHECK_OK(enter(&w, &bob, &session)); /* now there are two */
    CHECK_OK(set_disabled(&w, bob.user_id, true));
    CHECK_ERR(ERR_CONFLICT, set_role(&w, ann.user_id, USERS_DEVELOPER));
    CHECK_OK(set_disabled(&w, bob.user_id, false));
    CHECK_OK(set_role(&w, ann.user_id, USERS_VIEWER));
    CHECK_ERR(ERR_CONFLICT, users_remove(w.users, &BY, bob.user_id, 1));
    CHECK_OK(users_remove(w.users, &BY, ann.user_id, 1));
    CHECK_ERR(ERR_ABSENT, users_remove(w.users, &BY, ann.user_id, 1));
    CHECK_ERR(ERR_ABSENT, set_role(&w, ann.user_id, USERS_OWNER));
    close_world(&w);
}

TEST(a_link_is_good_once_and_for_its_time)
{
    static const struct {
        bool joined;
        millis span;
    } cases[] = {{true, USERS_SIGN_IN_SPAN}, {false, USERS_INVITATION_SPAN}};

    EACH_CASE(c, cases)
    {
        struct world w = open_world();
        struct users_link link = add(&w, "ann@x", USERS_OWNER, c->joined), newer;
        struct users_sign_in session;

        CHECK_INT(link.expires_at, clock_now(w.sys) + c->span);
        sim_advance(w.sys, c->span);
        CHECK_ERR(ERR_EXPIRED, enter(&w, &link, &session));
        CHECK_OK(users_make_link(w.users, &BY, link.user_id, clock_now(w.sys), &link));
        CHECK_OK(users_make_link(w.users, &BY, link.user_id, clock_now(w.sys), &newer));
        CHECK_INT(newer.is_invitation, !c->joined);
        CHECK_ERR(ERR_EXPIRED, enter(&w, &link, &session)); /* only the newest counts */
        sim_advance(w.sys, c->span - 1);
        CHECK_OK(enter(&w, &newer, &session));
        CHECK_OK(check(&w, &session));
        CHECK_ERR(ERR_EXPIRED, enter(&w, &newer, &session));
        close_world(&w);
    }
}

TEST(a_link_of_who_is_disabled_or_gone_is_void)
{
    struct world w = open_world();
    struct users_link owner = add(&w, "ann@x", USERS_OWNER, true);
    struct users_link link = add(&w, "bob@x", USERS_VIEWER, false);
    struct users_sign_in session;

    CHECK_OK(set_disabled(&w, link.user_id, true));
    CHECK_ERR(ERR_EXPIRED, enter(&w, &link, &session));
    CHECK_ERR(ERR_DENIED, users_make_link(w.users, &BY, link.user_id, 1, &link));
    CHECK_OK(set_disabled(&w, link.user_id, false));
    CHECK_OK(users_make_link(w.users, &BY, link.user_id, clock_now(w.sys), &link));
    CHECK_OK(users_remove(w.users, &BY, link.user_id, 1));
    CHECK_ERR(ERR_EXPIRED, enter(&w, &link, &session));
    CHECK_OK(enter(&w, &owner, &session));
    close_world(&w);
}

TEST(a_password_lets_in_its_user_alone)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "Ann@x", USERS_OWNER, false);
    struct users_link bob = add(&w, "bob@x", USERS_OWNER, true);
    struct users_sign_in session;

    CHECK_ERR(ERR_DENIED, sign_in(&w, "ann@x", PASSWORD, &session)); /* has not joined */
    CHECK_OK(enter(&w, &ann, &session));
    CHECK_OK(sign_in(&w, "aNN@X", PASSWORD, &session));
    CHECK_INT(session.user.id, ann.user_id);
    CHECK_ERR(ERR_DENIED, sign_in(&w, "ann@x", S("four words of nonsensf"), &session));
    CHECK_ERR(ERR_DENIED, sign_in(&w, "bob@x", PASSWORD, &session)); /* has none */
    CHECK_ERR(ERR_DENIED, sign_in(&w, "bob@x", S(""), &session));
    CHECK_ERR(ERR_DENIED, sign_in(&w, "nobody@x", PASSWORD, &session));
    CHECK_OK(enter(&w, &bob, &session));
    CHECK_OK(set_disabled(&w, ann.user_id, true));
    CHECK_ERR(ERR_DENIED, sign_in(&w, "ann@x", PASSWORD, &session));
    close_world(&w);
}

TEST(guesses_at_a_password_have_to_wait_and_the_right_one_ends_it)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, false);
    struct users_sign_in_wish wish = {S("ann@x"), S("wrong")};
    struct users_sign_in session;
    millis wait = 0;

    CHECK_OK(enter(&w, &ann, &session));
    for (int i = 0; i < 5; i++)
        CHECK_ERR(ERR_DENIED, sign_in(&w, "ann@x", S("wrong"), &session));
    CHECK_ERR(ERR_BUSY,
              users_sign_in_by_password(w.users, &wish, &HOME, test_mem, &session, &wait));
    CHECK_INT(wait, MILLIS_SECOND);
    CHECK_ERR(ERR_BUSY, sign_in(&w, "ann@x", PASSWORD, &session));
    reopen(&w);
    CHECK_ERR(ERR_BUSY, sign_in(&w, "ann@x", PASSWORD, &session));
    sim_advance(w.sys, MILLIS_SECOND);
    CHECK_OK(sign_in(&w, "ann@x", PASSWORD, &session));
    for (int i = 0; i < 5; i++)
        CHECK_ERR(ERR_DENIED, sign_in(&w, "ann@x", S("wrong"), &session));
    close_world(&w);
}

TEST(refusals_are_recorded_up_to_a_bound)
{
    struct world w = open_world();
    struct users_sign_in session;
    struct audit_page page;

    for (int i = 0; i < USERS_SIGN_IN_REFUSALS + 7; i++)
        CHECK_ERR(ERR_DENIED,
                  sign_in(&w, arena_print(test_mem, "u%d@x", i).data, PASSWORD, &session));
    CHECK_OK(audit_list(w.catalog, INT64_MAX, 500, test_mem, &page));
    CHECK_INT(page.count, USERS_SIGN_IN_REFUSALS);
    sim_advance(w.sys, MILLIS_HOUR);
    CHECK_ERR(ERR_DENIED, sign_in(&w, "u@x", PASSWORD, &session));
    CHECK_OK(audit_list(w.catalog, INT64_MAX, 500, test_mem, &page));
    CHECK_INT(page.count, USERS_SIGN_IN_REFUSALS + 1);
    CHECK(str_contains(page.records[0].json, S("\"details\":{\"unrecorded\":7}")));
    close_world(&w);
}

TEST(a_password_gets_a_new_hash_when_the_cost_is_another)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, false);
    struct users_config dearer = {.sys = w.sys, .catalog = w.catalog, .cost = {2, 16384}};
    struct users_sign_in session;
    struct user user;

    CHECK_OK(enter(&w, &ann, &session));
    users_close(w.users);
    CHECK_OK(users_open(&dearer, &w.users));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(sign_in(&w, "ann@x", PASSWORD, &session));
        CHECK_OK(users_get(w.users, ann.user_id, test_mem, &user));
        CHECK(str_starts(user.password, S("$argon2id$v=19$m=16,t=2,p=1$")));
    }
    close_world(&w);
}

/* Sessions */

TEST(a_session_ends_when_it_is_idle_or_old)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, false);
    struct users_sign_in session, other;

    CHECK_OK(enter(&w, &ann, &session));
    CHECK_OK(sign_in(&w, "ann@x", PASSWORD, &other));
    for (int day = 1; day < 30; day++) {
        sim_advance(w.sys, MILLIS_DAY);
        CHECK_OK(check(&w, &session)); /* used daily */
        if (day % 3 == 0) {
            CHECK_OK(sessions_save(users_sessions(w.users)));
            reopen(&w);
        }
        if (day == 6)
            CHECK_OK(check(&w, &other));
    }
    CHECK_ERR(ERR_ABSENT, check(&w, &other)); /* used last on day 6 */
    sim_advance(w.sys, MILLIS_DAY - 1);
    CHECK_OK(check(&w, &session));
    sim_advance(w.sys, 1);
    CHECK_ERR(ERR_ABSENT, check(&w, &session));
    reopen(&w);
    CHECK_ERR(ERR_ABSENT, check(&w, &session));
    close_world(&w);
}

TEST(a_session_follows_its_user)
{
    struct world w = open_world();
    struct users_link owner = add(&w, "ann@x", USERS_OWNER, true);
    struct users_link bob = add(&w, "bob@x", USERS_ANALYST, false);
    struct users_sign_in session;
    struct sessions_grant grant;

    CHECK_OK(enter(&w, &bob, &session));
    CHECK_OK(set_role(&w, bob.user_id, USERS_MARKETER));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(sessions_check(users_sessions(w.users), str_of(session.token), clock_now(w.sys),
                                &grant));
        CHECK_INT(grant.role, USERS_MARKETER);
        CHECK_INT(grant.user_id, bob.user_id);
        CHECK_INT(grant.workspace_id, 1);
        reopen(&w);
    }
    CHECK_OK(set_disabled(&w, bob.user_id, true));
    CHECK_ERR(ERR_ABSENT, check(&w, &session));
    CHECK_OK(set_disabled(&w, bob.user_id, false));
    CHECK_ERR(ERR_ABSENT, check(&w, &session));
    CHECK_OK(sign_in(&w, "bob@x", PASSWORD, &session));
    CHECK_OK(users_remove(w.users, &BY, bob.user_id, 1));
    CHECK_ERR(ERR_ABSENT, check(&w, &session));
    CHECK_OK(enter(&w, &owner, &session));
    close_world(&w);
}

TEST(a_new_password_ends_the_other_sessions)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, false);
    struct users_sign_in first, second;
    struct users_sign_in_passwords change = {.next = S("another good one")};
    struct sessions_grant grant;
    millis wait;

    CHECK_OK(enter(&w, &ann, &first));
    CHECK_OK(sign_in(&w, "ann@x", PASSWORD, &second));
    CHECK_OK(
        sessions_check(users_sessions(w.users), str_of(second.token), clock_now(w.sys), &grant));
    CHECK_ERR(ERR_DENIED, users_sign_in_set_password(w.users, &grant, &change, &HOME, &wait));
    change.current = S("wrong");
    CHECK_ERR(ERR_DENIED, users_sign_in_set_password(w.users, &grant, &change, &HOME, &wait));
    change.current = PASSWORD;
    CHECK_OK(users_sign_in_set_password(w.users, &grant, &change, &HOME, &wait));
    CHECK_OK(check(&w, &second));
    CHECK_ERR(ERR_ABSENT, check(&w, &first));
    CHECK_ERR(ERR_DENIED, sign_in(&w, "ann@x", PASSWORD, &first));
    CHECK_OK(sign_in(&w, "ann@x", change.next, &first));
    close_world(&w);
}

TEST(who_came_by_a_link_sets_a_password_within_the_hour)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, false);
    struct users_sign_in session;
    struct users_sign_in_passwords change = {.next = S("another good one")};
    struct sessions_grant grant;
    millis wait;

    CHECK_OK(enter(&w, &ann, &session)); /* by an invitation: has just given one */
    CHECK_OK(
        sessions_check(users_sessions(w.users), str_of(session.token), clock_now(w.sys), &grant));
    CHECK_ERR(ERR_DENIED, users_sign_in_set_password(w.users, &grant, &change, &HOME, &wait));
    CHECK_OK(users_make_link(w.users, &BY, ann.user_id, clock_now(w.sys), &ann));
    CHECK_OK(enter(&w, &ann, &session));
    CHECK_OK(
        sessions_check(users_sessions(w.users), str_of(session.token), clock_now(w.sys), &grant));
    CHECK_OK(users_sign_in_set_password(w.users, &grant, &change, &HOME, &wait));
    sim_advance(w.sys, MILLIS_HOUR);
    CHECK_ERR(ERR_DENIED, users_sign_in_set_password(w.users, &grant, &change, &HOME, &wait));
    close_world(&w);
}

TEST(sessions_of_a_user_are_twenty_at_the_most)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, false);
    struct users_sign_in sessions[SESSIONS_OF_USER + 3];
    struct sessions_shown *list;
    size_t count;

    CHECK_OK(enter(&w, &ann, &sessions[0]));
    for (int i = 1; i < SESSIONS_OF_USER + 3; i++) {
        sim_advance(w.sys, MILLIS_MINUTE);
        CHECK_OK(check(&w, &sessions[0])); /* the first is in use */
        CHECK_OK(sign_in(&w, "ann@x", PASSWORD, &sessions[i]));
    }
    CHECK_OK(check(&w, &sessions[0]));
    for (int i = 1; i <= 3; i++)
        CHECK_ERR(ERR_ABSENT, check(&w, &sessions[i]));
    CHECK_OK(check(&w, &sessions[4]));
    CHECK_OK(sessions_list(users_sessions(w.users), ann.user_id, clock_now(w.sys), test_mem, &list,
                           &count));
    CHECK_INT(count, SESSIONS_OF_USER);
    CHECK_INT(list[0].id, sessions[SESSIONS_OF_USER + 2].session_id);
    CHECK_STR(list[0].device, "Firefox");
    CHECK_STR(list[0].network, "192.0.2.0/24");
    reopen(&w);
    CHECK_ERR(ERR_ABSENT, check(&w, &sessions[3]));
    CHECK_OK(check(&w, &sessions[4]));
    close_world(&w);
}

TEST(users_are_as_they_were_when_the_disk_fails)
{
    for (uint64_t at = 1; at < 400; at++) {
        struct world w = open_world();
        struct users_link ann = add(&w, "ann@x", USERS_OWNER, true);
        struct users_link bob = add(&w, "bob@x", USERS_OWNER, false);
        struct users_sign_in session;
        struct user user;
        enum err err;
        bool is_over;

        CHECK_OK(enter(&w, &bob, &session));
        sim_fail_at(w.sys, sim_operations(w.sys) + at, SIM_EIO);
        err = set_role(&w, ann.user_id, USERS_VIEWER);
        is_over = !err;
        if (!err)
            err = users_end_sessions(w.users, &BY, bob.user_id, 0, 1);
        if (!err)
            CHECK_ERR(ERR_ABSENT, check(&w, &session));
        else
            CHECK_OK(check(&w, &session)); /* who is not signed out stays in */
        sim_fail_at(w.sys, 0, SIM_EIO);
        reopen(&w);
        CHECK_OK(users_get(w.users, ann.user_id, test_mem, &user));
        if (is_over)
            CHECK_INT(user.role, USERS_VIEWER);
        close_world(&w);
        if (!err)
            return;
    }
    CHECK(false);
}

TEST(users_survive_every_failing_allocation)
{
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, false), link;
    struct users_sign_in session;
    bool done = false;

    CHECK_OK(enter(&w, &ann, &session));
    for (long k = 1; !done; k++) {
        enum users_role role = k % 2 ? USERS_OWNER : USERS_VIEWER;
        struct users_wish wish = {arena_print(test_mem, "u%ld@x", k), S(""), role, false};

        enum err err;

        mem_fail_after(k);
        err = users_add(w.users, &BY, &wish, 1, &link);
        if (!err)
            err = sign_in(&w, "ann@x", PASSWORD, &session);
        if (!err)
            err = users_set(w.users, &BY, link.user_id, &(struct users_change){.role = &role}, 1);
        mem_fail_after(0);
        done = !err;
        if (err == ERR_IO) /* the simulated disk had no memory: as after a write that failed */
            reopen(&w);
        sim_advance(w.sys, MILLIS_DAY + 1); /* no waits */
        CHECK(k < 1000);
    }
    CHECK_OK(check(&w, &session) == OK ? OK : sign_in(&w, "ann@x", PASSWORD, &session));
    close_world(&w);
}

/* Threads */

struct racer {
    struct users *users;
    const struct users_link *link;
    atomic_int *won;
};

static void run_racer(void *argument)
{
    struct racer *racer = argument;
    struct arena *mem = arena_open(1 << 16);
    struct users_sign_in_link link = {.token = str_of(racer->link->token)};
    struct users_sign_in session;

    if (users_sign_in_by_link(racer->users, &link, &HOME, mem, &session) == OK)
        atomic_fetch_add(racer->won, 1);
    arena_close(mem);
}

TEST(a_link_that_many_have_lets_one_in)
{
    enum { RACERS = 6, ROUNDS = 10 };
    struct world w = open_world();
    struct users_link ann = add(&w, "ann@x", USERS_OWNER, true);

    for (int round = 0; round < ROUNDS; round++) {
        struct thread *threads[RACERS];
        atomic_int won = 0;
        struct racer racer = {w.users, &ann, &won};

        for (int i = 0; i < RACERS; i++)
            CHECK_OK(thread_start("racer", run_racer, &racer, &threads[i]));
        for (int i = 0; i < RACERS; i++)
            thread_join(threads[i]);
        CHECK_INT(won, 1);
        CHECK_OK(users_make_link(w.users, &BY, ann.user_id, clock_now(w.sys), &ann));
    }
    close_world(&w);
}
