/* test_webhooks.c - destinations in the catalog: kept over a restart, secrets sealed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/webhooks.h"

#include "crash/world.h"
#include "store/catalog.h"
#include "support/test.h"
#include "sys/file.h"

#define CATALOG WORLD_FOLDER "/catalog"
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

struct shelf {
    struct world world;
    struct catalog *catalog;
};

static struct shelf open_shelf(void)
{
    struct shelf s = {.world = {.sys = sim_open(7)}};

    CHECK(s.world.sys != NULL);
    CHECK_OK(world_create(&s.world));
    CHECK_OK(world_open_log(&s.world));
    CHECK_OK(vault_reserve(s.world.vault, 1));
    CHECK_OK(catalog_open(s.world.sys, CATALOG, &s.catalog));
    return s;
}

static void reopen(struct shelf *s)
{
    catalog_close(s->catalog);
    CHECK_OK(catalog_open(s->world.sys, CATALOG, &s->catalog));
}

static void close_shelf(struct shelf *s)
{
    catalog_close(s->catalog);
    world_done(&s->world);
}

static struct webhook *list(struct shelf *s, size_t want)
{
    struct webhook *webhooks;
    size_t count;

    CHECK_OK(webhooks_list(s->catalog, s->world.vault, test_mem, &webhooks, &count));
    CHECK_INT(count, want);
    return webhooks;
}

static int64_t add(struct shelf *s, str url)
{
    struct webhook webhook = {.url = url,
                              .events = S("[\"Order Completed\"]"),
                              .secrets = S(SECRET),
                              .in_flight = 3,
                              .place = 42,
                              .created_at = 1000};
    int64_t id;

    CHECK_OK(webhooks_add(s->catalog, s->world.vault, test_mem, &webhook, &id));
    return id;
}

TEST(webhooks_are_kept_as_they_were_made)
{
    struct shelf s = open_shelf();
    int64_t a = add(&s, S("https://a.example/")), b = add(&s, S("https://b.example/"));
    struct webhook *webhooks;

    reopen(&s);
    webhooks = list(&s, 2);
    CHECK_INT(webhooks[0].id, a);
    CHECK_INT(webhooks[1].id, b);
    CHECK_STR(webhooks[0].url, "https://a.example/");
    CHECK_STR(webhooks[0].events, "[\"Order Completed\"]");
    CHECK_STR(webhooks[0].secrets, SECRET);
    CHECK_STR(webhooks[0].reason, "");
    CHECK_INT(webhooks[0].in_flight, 3);
    CHECK_INT(webhooks[0].place, 42);
    CHECK_INT(webhooks[0].created_at, 1000);
    CHECK_INT(webhooks[0].state, WEBHOOK_ACTIVE);
    CHECK_INT(webhooks[0].failing_since, 0);
    close_shelf(&s);
}

TEST(webhooks_are_changed_saved_and_removed_by_id)
{
    struct shelf s = open_shelf();
    int64_t a = add(&s, S("https://a.example/")), b = add(&s, S("https://b.example/"));
    struct webhook webhook = *list(&s, 2);
    const struct webhook *changed = &webhook;

    webhook.url = S("https://c.example/");
    webhook.secrets = S(SECRET " " SECRET);
    CHECK_OK(webhooks_change(s.catalog, s.world.vault, test_mem, &webhook));
    webhook.state = WEBHOOK_DISABLED;
    webhook.reason = S("it is gone");
    webhook.place = 77;
    webhook.failures = 4;
    webhook.failing_since = 5000;
    webhook.retry_at = 6000;
    CHECK_OK(webhooks_save(s.catalog, &changed, 1));
    CHECK_OK(webhooks_remove(s.catalog, b));
    CHECK_ERR(ERR_ABSENT, webhooks_remove(s.catalog, b));
    webhook.id = b;
    CHECK_ERR(ERR_ABSENT, webhooks_change(s.catalog, s.world.vault, test_mem, &webhook));
    reopen(&s);
    webhook = *list(&s, 1);
    CHECK_INT(webhook.id, a);
    CHECK_STR(webhook.url, "https://c.example/");
    CHECK_STR(webhook.secrets, SECRET " " SECRET);
    CHECK_STR(webhook.reason, "it is gone");
    CHECK_INT(webhook.state, WEBHOOK_DISABLED);
    CHECK_INT(webhook.place, 77);
    CHECK_INT(webhook.failures, 4);
    CHECK_INT(webhook.failing_since, 5000);
    CHECK_INT(webhook.retry_at, 6000);
    close_shelf(&s);
}

TEST(webhooks_are_held_by_one_call)
{
    struct shelf s = open_shelf();
    struct webhook webhook;
    const struct webhook *changed = &webhook;

    add(&s, S("https://a.example/"));
    add(&s, S("https://b.example/"));
    webhook = list(&s, 2)[0];
    webhook.state = WEBHOOK_DISABLED;
    webhook.reason = S("it is gone");
    CHECK_OK(webhooks_save(s.catalog, &changed, 1));
    CHECK_OK(webhooks_hold(s.catalog, S("restored")));
    CHECK_INT(list(&s, 2)[0].state, WEBHOOK_DISABLED);
    CHECK_STR(list(&s, 2)[0].reason, "it is gone");
    CHECK_INT(list(&s, 2)[1].state, WEBHOOK_PAUSED);
    CHECK_STR(list(&s, 2)[1].reason, "restored");
    close_shelf(&s);
}

TEST(webhooks_secrets_are_nowhere_in_the_clear)
{
    static const char *const files[] = {CATALOG, CATALOG "-wal"};
    struct shelf s = open_shelf();

    add(&s, S("https://a.example/"));
    for (int closed = 0; closed < 2; closed++) {
        EACH_CASE(c, files)
        {
            str bytes;

            if (file_load(s.world.sys, *c, 1 << 20, test_mem, &bytes) != OK)
                continue; /* a catalog that is shut has one file */
            CHECK(!str_contains(bytes, S("MfKQ9r8GKYqr")));
        }
        if (!closed)
            catalog_close(s.catalog);
    }
    world_done(&s.world);
}
