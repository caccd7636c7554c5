/* test_views.c - saved views: who sees, shares, changes and deletes which.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/views.h"

#include "store/catalog.h"
#include "store/users.h"
#include "support/test.h"
#include "sys/sim.h"

#include <stdio.h>

static const struct audit_by BY = {{"command", 7}, {NULL, 0}};
static const struct views_by KEY = {.can_save = true, .can_share = true, .can_change_all = true};
static const struct views_by LOOKING_KEY = {0};

struct world {
    struct sys *sys;
    struct catalog *catalog;
    struct users *users;
    struct views_by owner, ann, bob, viewer;
};

static int64_t add_user(struct world *w, const char *email, enum users_role role)
{
    struct users_wish wish = {str_of(email), str_of(email), role, true};
    struct users_link link;

    CHECK_OK(users_add(w->users, &BY, &wish, 1, &link));
    return link.user_id;
}

static struct world open_world(void)
{
    struct world w = {.sys = sim_open(5)};
    struct users_config config = {.sys = w.sys, .cost = {1, 8192}};

    CHECK_OK(catalog_open(w.sys, "catalog.db", &w.catalog));
    config.catalog = w.catalog;
    CHECK_OK(users_open(&config, &w.users));
    w.owner = (struct views_by){add_user(&w, "owner@x.example", USERS_OWNER), true, true, true};
    w.ann = (struct views_by){add_user(&w, "ann@x.example", USERS_ANALYST), true, true, false};
    w.bob = (struct views_by){add_user(&w, "bob@x.example", USERS_MARKETER), true, true, false};
    w.viewer = (struct views_by){add_user(&w, "v@x.example", USERS_VIEWER), true, false, false};
    return w;
}

static void close_world(struct world *w)
{
    users_close(w->users);
    catalog_close(w->catalog);
    sim_close(w->sys);
}

static enum err try_add(struct world *w, const struct views_by *by, const char *name, bool shared,
                        struct view *out_view)
{
    struct views_wish wish = {S("trend"), str_of(name), S("by=country"), shared};

    return views_add(w->catalog, by, &wish, 7, test_mem, out_view);
}

static int64_t add(struct world *w, const struct views_by *by, const char *name, bool shared)
{
    struct view view;

    CHECK_OK(try_add(w, by, name, shared, &view));
    return view.id;
}

static enum err try_change(struct world *w, const struct views_by *by, int64_t id, const char *name,
                           bool shared)
{
    struct views_revision revision = {id, {S("trend"), str_of(name), S("by=plan"), shared}, 9};
    struct view view;

    return views_change(w->catalog, by, &revision, test_mem, &view);
}

static enum err try_get(struct world *w, const struct views_by *by, int64_t id)
{
    struct view view;

    return views_get(w->catalog, by, id, test_mem, &view);
}

static enum err try_remove(struct world *w, const struct views_by *by, int64_t id)
{
    return views_remove(w->catalog, by, id, test_mem);
}

/* Names of what `by` sees, in order. */
static str names(struct world *w, const struct views_by *by, str page, uint64_t cursor,
                 size_t limit, uint64_t *out_cursor)
{
    struct views_question question = {page, cursor, limit};
    struct view *list;
    size_t count;
    str text = S("");

    CHECK_OK(views_list(w->catalog, by, &question, test_mem, &list, &count));
    for (size_t i = 0; i < count; i++)
        text =
            arena_print(test_mem, "%.*s%s%.*s", STR_ARG(text), i ? " " : "", STR_ARG(list[i].name));
    if (out_cursor)
        *out_cursor = count == limit ? (uint64_t)list[count - 1].change : 0;
    return text;
}

static str all_names(struct world *w, const struct views_by *by)
{
    return names(w, by, (str){NULL, 0}, 0, 100, NULL);
}

TEST(views_are_seen_by_their_owner_and_shared_ones_by_all)
{
    struct world w = open_world();
    int64_t own = add(&w, &w.ann, "own", false), shared = add(&w, &w.ann, "shared", true);
    struct view view;

    CHECK_STR(all_names(&w, &w.ann), "shared own");
    CHECK_STR(all_names(&w, &w.bob), "shared");
    CHECK_STR(all_names(&w, &w.owner), "shared");
    CHECK_STR(all_names(&w, &LOOKING_KEY), "shared");
    CHECK_OK(try_get(&w, &w.ann, own));
    CHECK_ERR(ERR_ABSENT, try_get(&w, &w.owner, own));
    CHECK_ERR(ERR_ABSENT, try_get(&w, &KEY, own));
    CHECK_ERR(ERR_ABSENT, try_get(&w, &w.ann, 99));
    CHECK_OK(views_get(w.catalog, &w.bob, shared, test_mem, &view));
    CHECK_INT(view.user_id, w.ann.user_id);
    CHECK_STR(view.user_name, "ann@x.example");
    CHECK_STR(view.address, "by=country");
    CHECK(view.is_shared && view.created_at == 7 && view.changed_at == 7);
    close_world(&w);
}

TEST(views_are_changed_by_their_owner_and_shared_ones_by_an_owner_of_all)
{
    struct world w = open_world();
    int64_t own = add(&w, &w.ann, "own", false), shared = add(&w, &w.ann, "shared", true);

    CHECK_ERR(ERR_ABSENT, try_change(&w, &w.bob, own, "x", false));
    CHECK_ERR(ERR_ABSENT, try_change(&w, &w.owner, own, "x", false));
    CHECK_ERR(ERR_ABSENT, try_remove(&w, &KEY, own));
    CHECK_ERR(ERR_DENIED, try_change(&w, &w.bob, shared, "x", true));
    CHECK_ERR(ERR_DENIED, try_remove(&w, &w.bob, shared));
    CHECK_ERR(ERR_DENIED, try_remove(&w, &LOOKING_KEY, shared));
    CHECK_OK(try_change(&w, &w.owner, shared, "by-owner", true));
    CHECK_OK(try_change(&w, &KEY, shared, "by-key", true));
    CHECK_STR(all_names(&w, &w.ann), "by-key own");
    CHECK_OK(try_change(&w, &w.ann, own, "own", false)); /* its own name is no namesake */
    CHECK_STR(all_names(&w, &w.ann), "own by-key");
    CHECK_OK(try_change(&w, &w.owner, shared, "taken-back", false));
    CHECK_STR(all_names(&w, &w.owner), "");
    CHECK_STR(all_names(&w, &w.ann), "taken-back own");
    CHECK_OK(try_remove(&w, &w.ann, own));
    CHECK_ERR(ERR_ABSENT, try_remove(&w, &w.ann, own));
    close_world(&w);
}

TEST(views_of_a_viewer_are_not_shared)
{
    struct world w = open_world();
    int64_t own = add(&w, &w.viewer, "own", false);
    struct views_by before = {w.viewer.user_id, true, true, false};
    int64_t shared = add(&w, &before, "from-before", true);
    struct view view;

    CHECK_ERR(ERR_DENIED, try_add(&w, &w.viewer, "x", true, &view));
    CHECK_ERR(ERR_DENIED, try_change(&w, &w.viewer, own, "own", true));
    CHECK_ERR(ERR_DENIED, try_change(&w, &w.viewer, shared, "renamed", true));
    CHECK_OK(try_change(&w, &w.viewer, shared, "renamed", false));
    close_world(&w);
}

TEST(views_of_nobody_are_shared)
{
    struct world w = open_world();
    struct view view;
    int64_t id;

    CHECK_ERR(ERR_INVALID, try_add(&w, &KEY, "x", false, &view));
    CHECK_ERR(ERR_DENIED, try_add(&w, &LOOKING_KEY, "x", true, &view));
    id = add(&w, &KEY, "x", true);
    CHECK_OK(views_get(w.catalog, &w.viewer, id, test_mem, &view));
    CHECK(!view.user_id && !view.user_name.data);
    CHECK_ERR(ERR_INVALID, try_change(&w, &w.owner, id, "x", false));
    CHECK_ERR(ERR_DENIED, try_change(&w, &w.bob, id, "y", true));
    CHECK_ERR(ERR_CONFLICT, try_add(&w, &KEY, "x", true, &view));
    close_world(&w);
}

TEST(views_have_one_name_on_a_page)
{
    struct world w = open_world();
    struct views_wish elsewhere = {S("funnel"), S("a"), S(""), false};
    struct view view;
    int64_t second;

    add(&w, &w.ann, "a", false);
    second = add(&w, &w.ann, "b", false);
    CHECK_ERR(ERR_CONFLICT, try_add(&w, &w.ann, "a", true, &view));
    CHECK_ERR(ERR_CONFLICT, try_change(&w, &w.ann, second, "a", false));
    CHECK_OK(views_add(w.catalog, &w.ann, &elsewhere, 8, test_mem, &view));
    add(&w, &w.bob, "a", false);
    CHECK_STR(names(&w, &w.ann, S("trend"), 0, 9, NULL), "b a");
    CHECK_STR(names(&w, &w.ann, S("funnel"), 0, 9, NULL), "a");
    close_world(&w);
}

TEST(views_come_page_by_page_the_newest_change_first)
{
    struct world w = open_world();
    int64_t first = add(&w, &w.ann, "a", false);
    uint64_t cursor;

    add(&w, &w.ann, "b", false);
    add(&w, &w.bob, "hidden", false);
    add(&w, &w.ann, "c", false);
    CHECK_OK(try_change(&w, &w.ann, first, "a", false)); /* in the same millisecond or not */
    CHECK_STR(names(&w, &w.ann, (str){NULL, 0}, 0, 2, &cursor), "a c");
    CHECK(cursor > 0);
    add(&w, &w.ann, "later", false);
    CHECK_STR(names(&w, &w.ann, (str){NULL, 0}, cursor, 2, &cursor), "b");
    CHECK_INT(cursor, 0);
    close_world(&w);
}

TEST(views_of_a_removed_user_stay_where_others_see_them)
{
    struct world w = open_world();
    int64_t own = add(&w, &w.ann, "own", false), shared = add(&w, &w.ann, "shared", true);
    struct view view;

    add(&w, &w.bob, "own", false);
    add(&w, &KEY, "shared", true); /* nobody's get a namesake, and both stay */
    CHECK_OK(users_remove(w.users, &BY, w.ann.user_id, 20));
    CHECK_ERR(ERR_ABSENT, try_get(&w, &w.ann, own));
    CHECK_OK(views_get(w.catalog, &w.bob, shared, test_mem, &view));
    CHECK(!view.user_id && view.is_shared);
    CHECK_STR(all_names(&w, &w.bob), "shared own shared");
    CHECK_ERR(ERR_DENIED, try_remove(&w, &w.bob, shared));
    CHECK_ERR(ERR_CONFLICT, try_change(&w, &w.owner, shared, "shared", true));
    CHECK_OK(try_change(&w, &w.owner, shared, "another", true));
    CHECK_OK(try_remove(&w, &w.owner, shared));
    close_world(&w);
}

TEST(views_of_one_owner_are_so_many_and_no_more)
{
    struct world w = open_world();
    struct view view;
    int64_t id = 0;
    char name[16];

    for (int i = 0; i < VIEWS_MOST; i++) {
        snprintf(name, sizeof name, "n%d", i);
        id = add(&w, &w.ann, name, false);
    }
    CHECK_ERR(ERR_LIMIT, try_add(&w, &w.ann, "more", false, &view));
    CHECK_OK(try_add(&w, &w.bob, "more", false, &view));
    CHECK_OK(try_remove(&w, &w.ann, id));
    CHECK_OK(try_add(&w, &w.ann, "more", false, &view));
    CHECK(view.id > id); /* ids are not used again */
    close_world(&w);
}
