/* test_access.c - a key's life, and what it allows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/access.h"

#include "base/mem.h"
#include "store/catalog.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <string.h>

struct world {
    struct sys *sys;
    struct catalog *catalog;
    struct access *access;
};

static void reopen(struct world *w)
{
    access_close(w->access);
    catalog_close(w->catalog);
    CHECK_OK(catalog_open(w->sys, "catalog.db", &w->catalog));
    CHECK_OK(access_open(w->sys, w->catalog, &w->access));
}

static struct world open_world(void)
{
    struct world w = {.sys = sim_open(3)};

    reopen(&w);
    return w;
}

static void close_world(struct world *w)
{
    access_close(w->access);
    catalog_close(w->catalog);
    sim_close(w->sys);
}

static str add(struct world *w, unsigned scopes, millis expires_at)
{
    str secret;

    CHECK_OK(access_add(
        w->access,
        &(struct access_wish){.scopes = scopes, .name = S("shop"), .expires_at = expires_at}, 10,
        test_mem, NULL, &secret));
    return secret;
}

TEST(access_allows_by_scope)
{
    static const unsigned kinds[] = {ACCESS_WRITE, ACCESS_API, ACCESS_ADMIN, ACCESS_QUERY,
                                     ACCESS_EXPORT | ACCESS_PEOPLE};
    static const struct {
        unsigned needed;
        bool allowed[5]; /* to a key of each kind */
    } cases[] = {
        {ACCESS_WRITE, {true, false, true, false, false}},
        {ACCESS_QUERY, {false, true, true, true, false}},
        {ACCESS_EXPORT, {false, true, true, false, true}},
        {ACCESS_PEOPLE, {false, false, true, false, true}},
        {ACCESS_MANAGE, {false, false, true, false, false}},
        {ACCESS_ROOT, {false, false, true, false, false}},
    };
    struct world w = open_world();
    struct access_grant grant;

    for (int i = 0; i < 5; i++) {
        str secret = add(&w, kinds[i], 0);

        EACH_CASE(c, cases)
        {
            enum err err = access_check(w.access, secret, c->needed, 20, &grant);

            CHECK_INT(err, c->allowed[i] ? OK : ERR_DENIED);
            if (err)
                continue;
            CHECK_INT(grant.scopes, kinds[i]);
            CHECK_INT(grant.workspace_id, 1);
            CHECK_INT(grant.key_id, i + 1);
        }
    }
    close_world(&w);
}

TEST(access_reads_and_writes_scopes_as_words)
{
    static const struct {
        const char *text;
        unsigned scopes;
        const char *written;
    } cases[] = {
        {"write", ACCESS_WRITE, "write"},
        {"api", ACCESS_API, "api"},
        {"admin", ACCESS_ADMIN, "admin"},
        {"export,query", ACCESS_API, "api"},
        {" people  query ", ACCESS_PEOPLE | ACCESS_QUERY, "query people"},
        {"manage api", ACCESS_MANAGE | ACCESS_API, "api manage"},
        {"", 0, NULL},
        {" ", 0, NULL},
        {"root", 0, NULL},
        {"query Write", 0, NULL},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};
        unsigned scopes = 0;

        CHECK_INT(access_scope_parse(str_of(c->text), &scopes), c->written ? OK : ERR_INVALID);
        CHECK_INT(scopes, c->scopes);
        if (c->written) {
            access_scope_write(scopes, &out);
            CHECK_STR(buf_str(&out), c->written);
        }
        buf_done(&out);
    }
}

TEST(access_gives_a_key_that_collects_no_other_scope)
{
    static const unsigned refused[] = {0, ACCESS_WRITE | ACCESS_QUERY,
                                       ACCESS_ADMIN & ~ACCESS_MANAGE, ACCESS_ROOT,
                                       ACCESS_ROOT | ACCESS_QUERY};
    struct world w = open_world();
    str secret;

    EACH_CASE(scopes, refused)
    CHECK_ERR(ERR_INVALID,
              access_add(w.access, &(struct access_wish){.scopes = *scopes, .name = S("n")}, 1,
                         test_mem, NULL, &secret));
    close_world(&w);
}

TEST(access_secrets_have_their_prefix_and_never_repeat)
{
    static const struct {
        unsigned scopes;
        const char *prefix;
    } cases[] = {
        {ACCESS_WRITE, "mw_"}, {ACCESS_API, "ma_"}, {ACCESS_ADMIN, "mx_"}, {ACCESS_MANAGE, "ma_"}};
    struct world w = open_world();

    EACH_CASE(c, cases)
    {
        str first = add(&w, c->scopes, 0), second = add(&w, c->scopes, 0);

        CHECK(str_starts(first, str_of(c->prefix)));
        CHECK_INT(first.len, 35);
        CHECK(!str_equals(first, second));
        for (size_t at = 3; at < first.len; at++)
            CHECK((first.data[at] >= '0' && first.data[at] <= '9') ||
                  (first.data[at] >= 'A' && first.data[at] <= 'Z') ||
                  (first.data[at] >= 'a' && first.data[at] <= 'z'));
    }
    close_world(&w);
}

TEST(access_knows_only_the_exact_secret)
{
    struct world w = open_world();
    str secret = add(&w, ACCESS_API, 0);
    struct access_grant grant;

    for (size_t i = 0; i < secret.len; i++) {
        char near[40];

        memcpy(near, secret.data, secret.len);
        near[i] = (char)(near[i] ^ 1);
        CHECK_ERR(ERR_ABSENT,
                  access_check(w.access, str_from(near, secret.len), ACCESS_API, 20, &grant));
        CHECK_ERR(ERR_ABSENT,
                  access_check(w.access, str_slice(secret, 0, i), ACCESS_API, 20, &grant));
    }
    CHECK_ERR(ERR_ABSENT, access_check(w.access, (str){0}, ACCESS_API, 20, &grant));
    CHECK_OK(access_check(w.access, secret, ACCESS_API, 20, &grant));
    close_world(&w);
}

TEST(access_ends_when_a_key_expires)
{
    struct world w = open_world();
    str secret = add(&w, ACCESS_API, 100);
    struct access_grant grant;

    CHECK_OK(access_check(w.access, secret, ACCESS_API, 99, &grant));
    CHECK_ERR(ERR_EXPIRED, access_check(w.access, secret, ACCESS_API, 100, &grant));
    close_world(&w);
}

TEST(access_ends_at_once_when_a_key_is_revoked_and_stays_so)
{
    struct world w = open_world();
    str kept = add(&w, ACCESS_API, 0), revoked = add(&w, ACCESS_WRITE, 0);
    struct access_grant grant;

    CHECK_OK(access_revoke(w.access, 2, 50));
    for (int i = 0; i < 2; i++) {
        CHECK_ERR(ERR_ABSENT, access_check(w.access, revoked, ACCESS_WRITE, 60, &grant));
        CHECK_OK(access_check(w.access, kept, ACCESS_API, 60, &grant));
        CHECK_ERR(ERR_ABSENT, access_revoke(w.access, 2, 70));
        reopen(&w);
    }
    CHECK_ERR(ERR_ABSENT, access_revoke(w.access, 99, 70));
    close_world(&w);
}

TEST(access_lists_keys_without_their_secrets)
{
    struct world w = open_world();
    str first = add(&w, ACCESS_ADMIN, 0), second = add(&w, ACCESS_WRITE, 500);
    struct access_key *keys;
    size_t count;

    CHECK_OK(access_revoke(w.access, 1, 33));
    CHECK_OK(access_list(w.access, 0, 100000, test_mem, &keys, &count));
    CHECK_INT(count, 2);
    CHECK_INT(keys[0].scopes, ACCESS_ADMIN);
    CHECK_INT(keys[0].revoked_at, 33);
    CHECK_INT(keys[0].expires_at, 0);
    CHECK(str_ends(first, keys[0].secret_end));
    CHECK_INT(keys[0].secret_end.len, 4);
    CHECK_INT(keys[1].id, 2);
    CHECK_STR(keys[1].name, "shop");
    CHECK_INT(keys[1].created_at, 10);
    CHECK_INT(keys[1].expires_at, 500);
    CHECK_INT(keys[1].revoked_at, 0);
    CHECK(str_ends(second, keys[1].secret_end));
    close_world(&w);
}

TEST(access_refuses_names_that_are_empty_or_too_long)
{
    struct world w = open_world();
    char name[101];
    str secret;

    memset(name, 'n', sizeof name);
    CHECK_ERR(ERR_INVALID,
              access_add(w.access, &(struct access_wish){.scopes = ACCESS_API, .name = S("")}, 1,
                         test_mem, NULL, &secret));
    CHECK_ERR(ERR_INVALID,
              access_add(w.access,
                         &(struct access_wish){.scopes = ACCESS_API, .name = str_from(name, 101)},
                         1, test_mem, NULL, &secret));
    CHECK_OK(access_add(w.access,
                        &(struct access_wish){.scopes = ACCESS_API, .name = str_from(name, 100)}, 1,
                        test_mem, NULL, &secret));
    close_world(&w);
}

TEST(access_stays_as_it_was_when_the_disk_fails)
{
    int failed = 0;

    for (uint64_t after = 1; after < 12; after++) {
        struct world w = open_world();
        str kept = add(&w, ACCESS_API, 0), secret;
        struct access_grant grant;
        enum err err;

        sim_fail_at(w.sys, sim_operations(w.sys) + after, SIM_EIO);
        err = access_revoke(w.access, 1, 20);
        CHECK_INT(access_check(w.access, kept, ACCESS_API, 30, &grant), err ? OK : ERR_ABSENT);
        if (!err)
            err = access_add(w.access, &(struct access_wish){.scopes = ACCESS_API, .name = S("n")},
                             1, test_mem, NULL, &secret);
        CHECK(err == OK || err == ERR_IO);
        failed += err != OK;
        close_world(&w);
    }
    CHECK(failed > 3);
}

TEST(access_stays_as_it_was_when_the_disk_is_full)
{
    struct world w = open_world();
    struct access_grant grant;
    struct access_key *keys;
    size_t count, added = 0;
    str secret, last = {0};
    enum err err = OK;

    sim_set_room(w.sys, 1);
    while (!err && added < 10000) {
        err = access_add(w.access, &(struct access_wish){.scopes = ACCESS_API, .name = S("n")}, 1,
                         test_mem, NULL, &secret);
        if (!err) {
            last = secret;
            added++;
        }
    }
    CHECK_INT(err, ERR_FULL);
    CHECK_OK(access_check(w.access, last, ACCESS_API, 30, &grant));
    CHECK_OK(access_list(w.access, 0, 100000, test_mem, &keys, &count));
    CHECK_INT(count, added);
    sim_set_room(w.sys, 0);
    CHECK_OK(access_revoke(w.access, grant.key_id, 40));
    CHECK_ERR(ERR_ABSENT, access_check(w.access, last, ACCESS_API, 50, &grant));
    close_world(&w);
}

TEST(access_stays_as_it_was_without_memory)
{
    int limited = 0;

    for (long countdown = 1; countdown < 16; countdown++) {
        struct world w = open_world();
        str kept = add(&w, ACCESS_API, 0), secret;
        struct access_grant grant;
        enum err err;

        mem_fail_after(countdown);
        err = access_add(w.access, &(struct access_wish){.scopes = ACCESS_API, .name = S("n")}, 1,
                         test_mem, NULL, &secret);
        mem_fail_after(0);
        CHECK(err == OK || err == ERR_LIMIT || err == ERR_IO); /* IO: the simulated disk's own */
        CHECK_OK(access_check(w.access, err ? kept : secret, ACCESS_API, 30, &grant));
        reopen(&w);
        CHECK_OK(access_check(w.access, err ? kept : secret, ACCESS_API, 30, &grant));
        limited += err == ERR_LIMIT;
        close_world(&w);
    }
    CHECK(limited > 2);
}

TEST(access_keeps_no_secret_on_the_disk)
{
    struct world w = open_world();
    str secret = add(&w, ACCESS_API, 0), content;

    for (int i = 0; i < 2; i++) {
        CHECK_OK(
            file_load(w.sys, i ? "catalog.db" : "catalog.db-wal", 1 << 22, test_mem, &content));
        CHECK(content.len > 4096);
        CHECK(str_contains(content, str_slice(secret, 31, 35)));
        CHECK(!str_contains(content, str_slice(secret, 0, 35)));
        CHECK(!str_contains(content, str_slice(secret, 3, 16)));
        catalog_close(i ? NULL : w.catalog);
        if (!i)
            w.catalog = NULL;
    }
    close_world(&w);
}

enum { READERS = 3 };

struct reader {
    struct access *access;
    str kept;
    str revoked;
    atomic_bool *is_over;
    long checks;
    bool is_wrong;
};

static void check_again(void *argument)
{
    struct reader *reader = argument;
    struct access_grant grant;

    do {
        enum err err = access_check(reader->access, reader->revoked, ACCESS_WRITE, 5, &grant);

        reader->is_wrong |= err && err != ERR_ABSENT;
        reader->is_wrong |= access_check(reader->access, reader->kept, ACCESS_API, 5, &grant) != OK;
        reader->checks += 2;
    } while (!atomic_load(reader->is_over));
}

TEST(access_is_checked_by_threads_while_keys_change)
{
    struct world w = open_world();
    str kept = add(&w, ACCESS_API, 0), revoked = add(&w, ACCESS_WRITE, 0);
    struct reader readers[READERS];
    struct thread *threads[READERS];
    struct access_grant grant;
    atomic_bool is_over = false;

    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){w.access, kept, revoked, &is_over, 0, false};
        CHECK_OK(thread_start("reader", check_again, &readers[i], &threads[i]));
    }
    for (int i = 0; i < 50; i++)
        (void)add(&w, ACCESS_WRITE, 0);
    CHECK_OK(access_revoke(w.access, 2, 9));
    CHECK_ERR(ERR_ABSENT, access_check(w.access, revoked, ACCESS_WRITE, 10, &grant));
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++) {
        thread_join(threads[i]);
        CHECK(!readers[i].is_wrong);
        CHECK(readers[i].checks > 0);
    }
    close_world(&w);
}

TEST(access_refuses_an_end_that_is_past)
{
    struct access_wish wish = {.scopes = ACCESS_API, .name = S("n"), .expires_at = 50};
    struct world w = open_world();
    str secret;

    CHECK_ERR(ERR_INVALID, access_add(w.access, &wish, 50, test_mem, NULL, &secret));
    CHECK_OK(access_add(w.access, &wish, 49, test_mem, NULL, &secret));
    CHECK_ERR(ERR_INVALID, access_change(w.access, 1, &wish, 51));
    close_world(&w);
}

TEST(access_keeps_a_key_to_its_origins)
{
    static const struct {
        const char *list;
        bool servers;
        const char *origin;
        bool allowed;
    } cases[] = {
        {NULL, false, "https://any.example", true},
        {NULL, false, NULL, true},
        {"https://a.example", false, "https://a.example", true},
        {"https://a.example", false, "https://b.example", false},
        {"https://a.example", false, NULL, false},
        {"https://a.example", true, NULL, true},
        {"https://a.example", true, "https://b.example", false},
        {"https://b.example https://*.a.example", false, "https://x.a.example", true},
    };

    EACH_CASE(c, cases)
    {
        struct world w = open_world();
        struct access_grant grant;
        str secret;

        CHECK_OK(access_add(w.access,
                            &(struct access_wish){.scopes = ACCESS_WRITE,
                                                  .name = S("n"),
                                                  .origins = str_of(c->list),
                                                  .servers = c->servers},
                            1, test_mem, NULL, &secret));
        reopen(&w);
        CHECK_OK(access_check(w.access, secret, ACCESS_WRITE, 2, &grant));
        CHECK_INT(access_check_origin(&grant, str_of(c->origin)), c->allowed ? OK : ERR_DENIED);
        CHECK_INT(access_has_origin(w.access, str_of(c->origin), 2), c->allowed);
        close_world(&w);
    }
}

TEST(access_has_an_origin_while_one_key_that_collects_has_it)
{
    str origin = S("https://a.example");
    struct access_wish wish = {.scopes = ACCESS_WRITE, .name = S("n"), .expires_at = 100};
    struct world w = open_world();
    str secret;

    (void)add(&w, ACCESS_ADMIN, 0);
    CHECK(!access_has_origin(w.access, origin, 2));
    wish.origins = origin;
    CHECK_OK(access_add(w.access, &wish, 1, test_mem, NULL, &secret));
    wish.origins = S("https://b.example");
    CHECK_OK(access_add(w.access, &wish, 1, test_mem, NULL, &secret));
    CHECK(access_has_origin(w.access, origin, 2));
    CHECK(!access_has_origin(w.access, origin, 100));
    CHECK(!access_has_origin(w.access, S("https://c.example"), 2));
    CHECK_OK(access_revoke(w.access, 2, 3));
    CHECK(!access_has_origin(w.access, origin, 2));
    CHECK(access_has_origin(w.access, S("https://b.example"), 2));
    close_world(&w);
}

TEST(access_changes_all_of_a_key_but_its_scopes)
{
    struct access_wish wish = {.scopes = ACCESS_ADMIN,
                               .name = S("new"),
                               .expires_at = 500,
                               .origins = S("https://a.example")};
    struct world w = open_world();
    str secret = add(&w, ACCESS_WRITE, 0);
    struct access_grant grant;
    struct access_key *keys;
    size_t count;

    CHECK_OK(access_change(w.access, 1, &wish, 20));
    CHECK_OK(access_check(w.access, secret, ACCESS_WRITE, 499, &grant));
    CHECK_STR(grant.origins, "https://a.example");
    CHECK_ERR(ERR_EXPIRED, access_check(w.access, secret, ACCESS_WRITE, 500, &grant));
    CHECK_ERR(ERR_DENIED, access_check(w.access, secret, ACCESS_QUERY, 20, &grant));
    CHECK_OK(access_list(w.access, 0, 9, test_mem, &keys, &count));
    CHECK_INT(count, 1);
    CHECK_STR(keys[0].name, "new");
    CHECK(!keys[0].servers);
    CHECK_INT(keys[0].scopes, ACCESS_WRITE);
    CHECK_ERR(ERR_ABSENT, access_change(w.access, 2, &wish, 20));
    CHECK_OK(access_revoke(w.access, 1, 30));
    CHECK_ERR(ERR_ABSENT, access_change(w.access, 1, &wish, 40));
    close_world(&w);
}

TEST(access_lists_page_by_page)
{
    struct world w = open_world();
    struct access_key *keys;
    size_t count, seen = 0;
    int64_t after = 0;

    for (int i = 0; i < 5; i++)
        (void)add(&w, ACCESS_WRITE, 0);
    do {
        CHECK_OK(access_list(w.access, after, 2, test_mem, &keys, &count));
        for (size_t i = 0; i < count; i++)
            CHECK_INT(keys[i].id, (int64_t)++seen);
        after += 2;
    } while (count == 2);
    CHECK_INT(seen, 5);
    close_world(&w);
}

static millis used_at(struct world *w)
{
    struct access_key *keys;
    size_t count;

    CHECK_OK(access_list(w->access, 0, 1, test_mem, &keys, &count));
    CHECK_INT(count, 1);
    return keys[0].used_at;
}

TEST(access_knows_about_when_a_key_was_used)
{
    millis start = 1000 * ACCESS_USE_STEP;
    struct world w = open_world();
    str secret = add(&w, ACCESS_QUERY, 0);
    struct access_grant grant;

    CHECK_INT(used_at(&w), 0);
    CHECK_ERR(ERR_DENIED, access_check(w.access, secret, ACCESS_EXPORT, start, &grant));
    CHECK_INT(used_at(&w), 0);
    CHECK_OK(access_check(w.access, secret, ACCESS_QUERY, start, &grant));
    CHECK_OK(access_check(w.access, secret, ACCESS_QUERY, start + ACCESS_USE_STEP - 1, &grant));
    CHECK_INT(used_at(&w), start);
    (void)add(&w, ACCESS_WRITE, 0); /* another snapshot */
    CHECK_INT(used_at(&w), start);
    CHECK_OK(access_save_uses(w.access));
    CHECK_OK(access_check(w.access, secret, ACCESS_QUERY, start + ACCESS_USE_STEP, &grant));
    CHECK_INT(used_at(&w), start + ACCESS_USE_STEP);
    reopen(&w);
    CHECK_INT(used_at(&w), start);
    close_world(&w);
}

TEST(access_saves_uses_only_when_there_are_new_ones)
{
    struct world w = open_world();
    str secret = add(&w, ACCESS_QUERY, 0);
    struct access_grant grant;
    uint64_t before;

    CHECK_OK(access_check(w.access, secret, ACCESS_QUERY, 2 * ACCESS_USE_STEP, &grant));
    CHECK_OK(access_save_uses(w.access));
    before = sim_operations(w.sys);
    CHECK_OK(access_save_uses(w.access));
    CHECK_INT(sim_operations(w.sys), before);
    close_world(&w);
}
