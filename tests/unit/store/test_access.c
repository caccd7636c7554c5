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

static str add(struct world *w, enum access_scope scope, millis expires_at)
{
    str secret;

    CHECK_OK(access_add(w->access, &(struct access_wish){scope, S("shop"), expires_at}, 10,
                        test_mem, &secret));
    return secret;
}

TEST(access_allows_by_scope)
{
    static const struct {
        enum access_scope has, needed;
        enum err want;
    } cases[] = {
        {ACCESS_WRITE, ACCESS_WRITE, OK},
        {ACCESS_WRITE, ACCESS_API, ERR_DENIED},
        {ACCESS_WRITE, ACCESS_ADMIN, ERR_DENIED},
        {ACCESS_API, ACCESS_WRITE, ERR_DENIED},
        {ACCESS_API, ACCESS_API, OK},
        {ACCESS_API, ACCESS_ADMIN, ERR_DENIED},
        {ACCESS_ADMIN, ACCESS_WRITE, OK},
        {ACCESS_ADMIN, ACCESS_API, OK},
        {ACCESS_ADMIN, ACCESS_ADMIN, OK},
    };
    struct world w = open_world();
    str secrets[] = {add(&w, ACCESS_WRITE, 0), add(&w, ACCESS_API, 0), add(&w, ACCESS_ADMIN, 0)};
    struct access_grant grant;

    EACH_CASE(c, cases)
    {
        CHECK_INT(access_check(w.access, secrets[c->has], c->needed, 20, &grant), c->want);
        if (c->want == OK) {
            CHECK_INT(grant.scope, c->has);
            CHECK_INT(grant.workspace_id, 1);
            CHECK_INT(grant.key_id, (int)c->has + 1);
        }
    }
    close_world(&w);
}

TEST(access_secrets_have_their_prefix_and_never_repeat)
{
    static const char *const prefixes[] = {"mw_", "ma_", "mx_"};
    struct world w = open_world();

    for (int i = 0; i < 3; i++) {
        str first = add(&w, (enum access_scope)i, 0), second = add(&w, (enum access_scope)i, 0);

        CHECK(str_starts(first, str_of(prefixes[i])));
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
    CHECK_OK(access_list(w.access, test_mem, &keys, &count));
    CHECK_INT(count, 2);
    CHECK_INT(keys[0].scope, ACCESS_ADMIN);
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
    CHECK_ERR(ERR_INVALID, access_add(w.access, &(struct access_wish){ACCESS_API, S(""), 0}, 1,
                                      test_mem, &secret));
    CHECK_ERR(ERR_INVALID,
              access_add(w.access, &(struct access_wish){ACCESS_API, str_from(name, 101), 0}, 1,
                         test_mem, &secret));
    CHECK_OK(access_add(w.access, &(struct access_wish){ACCESS_API, str_from(name, 100), 0}, 1,
                        test_mem, &secret));
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
            err = access_add(w.access, &(struct access_wish){ACCESS_API, S("n"), 0}, 1, test_mem,
                             &secret);
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
        err = access_add(w.access, &(struct access_wish){ACCESS_API, S("n"), 0}, 1, test_mem,
                         &secret);
        if (!err) {
            last = secret;
            added++;
        }
    }
    CHECK_INT(err, ERR_FULL);
    CHECK_OK(access_check(w.access, last, ACCESS_API, 30, &grant));
    CHECK_OK(access_list(w.access, test_mem, &keys, &count));
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
        err = access_add(w.access, &(struct access_wish){ACCESS_API, S("n"), 0}, 1, test_mem,
                         &secret);
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
