/* test_guesses.c - wrong passwords on a clock of their own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/guesses.h"

#include "store/catalog.h"
#include "support/test.h"
#include "sys/sim.h"

#define SECRET S("0123456789abcdef0123456789abcdef")

static struct catalog *open_catalog(struct sys *sys)
{
    struct catalog *catalog;

    CHECK_OK(catalog_open(sys, "catalog.db", &catalog));
    return catalog;
}

static struct guesses_name name(const char *account, const char *network, bool is_known)
{
    struct guesses_name made;

    guesses_hash(SECRET, str_of(account), str_of(network), &made);
    made.is_known = is_known;
    return made;
}

/* How long it has to wait; 0: it was counted. */
static millis take(struct catalog *catalog, struct guesses_name guess, millis now)
{
    millis wait = 0;
    struct tx *tx;
    enum err err;

    CHECK_OK(catalog_begin(catalog, &tx));
    err = catalog_end(tx, guesses_take(tx, &guess, now, &wait));
    CHECK_INT(err, wait ? ERR_BUSY : OK);
    return wait;
}

static void give_back(struct catalog *catalog, struct guesses_name guess)
{
    struct tx *tx;

    CHECK_OK(catalog_begin(catalog, &tx));
    CHECK_OK(catalog_end(tx, guesses_give_back(tx, &guess)));
}

TEST(guesses_wait_longer_and_longer)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    struct guesses_name ann = name("ann@x", "net", true);
    millis now = 1000000;

    for (int i = 0; i < GUESSES_FREE; i++)
        CHECK_INT(take(catalog, ann, now), 0);
    for (millis wait = MILLIS_SECOND; wait < 2 * GUESSES_MOST; wait *= 2) {
        millis want = wait < GUESSES_MOST ? wait : GUESSES_MOST;

        CHECK_INT(take(catalog, ann, now), want);
        CHECK_INT(take(catalog, ann, now + want - 1), 1); /* who tries in between adds nothing */
        now += want;
        CHECK_INT(take(catalog, ann, now), 0);
    }
    CHECK_INT(take(catalog, ann, now), GUESSES_MOST);
    catalog_close(catalog);
    catalog = open_catalog(sys); /* nor does a restart */
    CHECK_INT(take(catalog, ann, now), GUESSES_MOST);
    CHECK_INT(take(catalog, ann, now - MILLIS_DAY), GUESSES_MOST); /* nor the clock set back */
    CHECK_INT(take(catalog, name("bob@x", "net", true), now), 0);
    CHECK_INT(take(catalog, ann, now + GUESSES_FORGET), 0);
    for (int i = 1; i < GUESSES_FREE; i++)
        CHECK_INT(take(catalog, ann, now + GUESSES_FORGET), 0);
    CHECK(take(catalog, ann, now + GUESSES_FORGET) > 0);
    catalog_close(catalog);
    sim_close(sys);
}

TEST(guesses_of_strangers_hold_a_user_up_a_minute_at_most)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    millis now = 1000000, wait;
    int counted = 0;

    for (int i = 0; i < 2000; i++) { /* a botnet: each try from a network of its own */
        struct guesses_name stranger =
            name("ann@x", arena_print(test_mem, "bot %d", i).data, false);

        wait = take(catalog, stranger, now);
        CHECK(wait <= GUESSES_MOST_ALL);
        counted += !wait;
        now += 100;
    }
    CHECK(counted >= GUESSES_FREE_ALL);
    CHECK(counted < GUESSES_FREE_ALL + 10); /* 200 seconds: 1 + 2 + 4 + ... */
    CHECK_INT(take(catalog, name("ann@x", "home", true), now), 0);
    wait = take(catalog, name("ann@x", "hotel", false), now);
    CHECK(wait > 0 && wait <= GUESSES_MOST_ALL);
    CHECK_INT(take(catalog, name("ann@x", "hotel", false), now + wait), 0);
    catalog_close(catalog);
    sim_close(sys);
}

TEST(guesses_that_were_right_do_not_count)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    struct guesses_name ann = name("ann@x", "net", false);

    for (int i = 0; i < 100; i++) {
        CHECK_INT(take(catalog, ann, 1000), 0);
        give_back(catalog, ann);
    }
    for (int i = 0; i < GUESSES_FREE; i++)
        CHECK_INT(take(catalog, ann, 1000), 0);
    CHECK_INT(take(catalog, ann, 1000), MILLIS_SECOND);
    catalog_close(catalog);
    sim_close(sys);
}

TEST(guesses_keep_accounts_and_networks_apart)
{
    struct guesses_name one = name("ab", "c", false), other = name("a", "bc", false);

    CHECK(!str_equals(str_from(one.pair, GUESSES_HASH), str_from(other.pair, GUESSES_HASH)));
    CHECK(!str_equals(str_from(one.account, GUESSES_HASH), str_from(other.account, GUESSES_HASH)));
    CHECK(!str_equals(str_from(one.pair, GUESSES_HASH), str_from(one.account, GUESSES_HASH)));
}
