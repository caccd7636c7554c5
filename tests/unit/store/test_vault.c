/* test_vault.c - keys that are there before they are needed, and gone when destroyed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/vault.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <string.h>

enum { CHUNK = 4096, SLOTS_AT = 32, SLOT = 40 };

static struct vault *open_vault(struct sys *sys, bool create)
{
    struct vault *vault;

    CHECK_OK(vault_open(sys, "keys", create, &vault));
    return vault;
}

static void seal(struct vault *vault, node_id node, char *out)
{
    CHECK_OK(vault_seal(vault, node, S("bound"), S("hello"), out));
}

static void expect_opens(struct vault *vault, node_id node, const char *sealed)
{
    char text[5];

    CHECK_OK(vault_unseal(vault, node, S("bound"), str_from(sealed, 5 + VAULT_OVERHEAD), text));
    CHECK_STR(str_from(text, 5), "hello");
}

static void count(void *argument, const char *sentence)
{
    (void)sentence;
    ++*(unsigned *)argument;
}

TEST(vault_opens_what_it_sealed_also_after_power_loss)
{
    struct sys *sys = sim_open(1);
    struct vault *vault;
    char sealed[2][5 + VAULT_OVERHEAD];

    CHECK_OK(folder_sync(sys, "."));
    vault = open_vault(sys, true);
    CHECK_OK(folder_sync(sys, "."));
    CHECK_OK(vault_reserve(vault, 2 * CHUNK));
    CHECK_INT(vault_reserved(vault), 2 * CHUNK);
    seal(vault, 0, sealed[0]);
    seal(vault, 2 * CHUNK - 1, sealed[1]);
    CHECK(memmem(sealed[0], sizeof sealed[0], "hello", 5) == NULL);
    vault_close(vault);
    sim_lose_power(sys, SIM_CLEAN, 1);
    vault = open_vault(sys, false);
    expect_opens(vault, 0, sealed[0]);
    expect_opens(vault, 2 * CHUNK - 1, sealed[1]);
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_fetches_keys_ahead_until_all_are_there)
{
    struct sys *sys = sim_open(1);
    struct vault *vault;
    char sealed[5 + VAULT_OVERHEAD];
    unsigned fetched = 0;

    vault = open_vault(sys, true);
    CHECK_OK(vault_reserve(vault, 3 * CHUNK));
    seal(vault, 2 * CHUNK, sealed);
    vault_close(vault);
    vault = open_vault(sys, false);
    expect_opens(vault, 2 * CHUNK, sealed);
    while (vault_fetch(vault))
        fetched++;
    CHECK_INT(fetched, 2);
    expect_opens(vault, 2 * CHUNK, sealed);
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_refuses_what_was_bound_to_something_else)
{
    struct sys *sys = sim_open(1);
    struct vault *vault = open_vault(sys, true);
    char sealed[5 + VAULT_OVERHEAD], text[5];
    str whole = {sealed, sizeof sealed};

    seal(vault, 1, sealed);
    CHECK_ERR(ERR_CORRUPT, vault_unseal(vault, 1, S("other"), whole, text));
    CHECK_ERR(ERR_CORRUPT, vault_unseal(vault, 2, S("bound"), whole, text));
    CHECK_ERR(ERR_CORRUPT, vault_unseal(vault, 1, S("bound"), str_slice(whole, 0, 20), text));
    CHECK_ERR(ERR_CORRUPT, vault_unseal(vault, CHUNK, S("bound"), whole, text)); /* no key */
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 4;
        CHECK_ERR(ERR_CORRUPT, vault_unseal(vault, 1, S("bound"), whole, text));
        sealed[i] ^= 4;
    }
    expect_opens(vault, 1, sealed);
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_hashes_by_its_secret_and_domain)
{
    struct sys *sys = sim_open(1), *other_sys = sim_open(2);
    struct vault *vault = open_vault(sys, true), *other = open_vault(other_sys, true);
    hash128 hash = vault_hash(vault, 1, S("ada"));

    CHECK(!hash_equals(hash, vault_hash(vault, 2, S("ada"))));
    CHECK(!hash_equals(hash, vault_hash(vault, 1, S("adb"))));
    CHECK(!hash_equals(hash, vault_hash(other, 1, S("ada"))));
    CHECK(memcmp(vault_workspace_id(vault), vault_workspace_id(other), VAULT_ID_SIZE) != 0);
    vault_close(vault);
    vault = open_vault(sys, false);
    CHECK(hash_equals(hash, vault_hash(vault, 1, S("ada"))));
    vault_close(vault);
    vault_close(other);
    sim_close(sys);
    sim_close(other_sys);
}

TEST(vault_destroys_a_key_for_ever)
{
    struct sys *sys = sim_open(1);
    struct vault *vault = open_vault(sys, true);
    char sealed[2][5 + VAULT_OVERHEAD], text[5];
    unsigned damages = 0;

    CHECK_OK(folder_sync(sys, "."));
    seal(vault, 7, sealed[0]);
    seal(vault, 8, sealed[1]);
    CHECK_OK(vault_destroy(vault, 7));
    for (int round = 0; round < 2; round++) {
        CHECK_ERR(ERR_EXPIRED,
                  vault_unseal(vault, 7, S("bound"), str_from(sealed[0], sizeof sealed[0]), text));
        CHECK_ERR(ERR_EXPIRED, vault_ready(vault, 7));
        CHECK_ERR(ERR_EXPIRED, vault_seal(vault, 7, S("bound"), S("hello"), sealed[0]));
        expect_opens(vault, 8, sealed[1]);
        CHECK_OK(vault_check(vault, 9, count, &damages));
        CHECK_INT(damages, 0);
        vault_close(vault);
        sim_lose_power(sys, SIM_CLEAN, 3);
        vault = open_vault(sys, false);
    }
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_makes_unused_keys_anew_and_keeps_used_ones)
{
    struct sys *sys = sim_open(1);
    struct vault *vault = open_vault(sys, true);
    char sealed[5 + VAULT_OVERHEAD];
    unsigned damages = 0;

    seal(vault, 9, sealed);
    vault_close(vault);
    CHECK_OK(sim_flip(sys, "keys/nodes.keys", SLOTS_AT + 10 * SLOT + 3, 0));
    vault = open_vault(sys, false);
    CHECK_ERR(ERR_CORRUPT, vault_ready(vault, 10));
    CHECK_OK(vault_check(vault, 10, count, &damages));
    CHECK_INT(damages, 1); /* told, though nobody needs it */
    CHECK_ERR(ERR_CORRUPT, vault_settle(vault, 11));
    CHECK_OK(vault_settle(vault, 10));
    CHECK_OK(vault_ready(vault, 10));
    expect_opens(vault, 9, sealed);
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_takes_torn_slots_of_unused_keys_for_no_damage)
{
    static const char zeros[512];
    struct sys *sys = sim_open(1);
    struct vault *vault = open_vault(sys, true);
    unsigned damages = 0;
    struct file *file;

    vault_close(vault);
    CHECK_OK(file_open(sys, "keys/nodes.keys", FILE_WRITE, &file));
    CHECK_OK(file_write(file, 1024, zeros, sizeof zeros)); /* cuts nodes 24 and 37 in two */
    file_close(file);
    vault = open_vault(sys, false);
    CHECK_OK(vault_check(vault, 24, count, &damages));
    CHECK_INT(damages, 0);
    CHECK_OK(vault_check(vault, 26, count, &damages));
    CHECK_INT(damages, 2);
    CHECK_ERR(ERR_CORRUPT, vault_settle(vault, 25));
    CHECK_OK(vault_settle(vault, 24));
    CHECK_OK(vault_ready(vault, 30));
    CHECK_OK(vault_check(vault, 40, count, &damages));
    CHECK_INT(damages, 2);
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_refuses_keys_older_than_the_log)
{
    struct sys *sys = sim_open(1);
    struct vault *vault = open_vault(sys, true);
    unsigned damages = 0;

    CHECK_ERR(ERR_CORRUPT, vault_settle(vault, CHUNK + 1));
    CHECK_OK(vault_check(vault, CHUNK + 1, count, &damages));
    CHECK_INT(damages, 1);
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_without_room_reserves_nothing_and_recovers)
{
    struct sys *sys = sim_open(1);
    struct vault *vault = open_vault(sys, true);
    char sealed[5 + VAULT_OVERHEAD];

    sim_set_room(sys, 1);
    CHECK_ERR(ERR_FULL, vault_reserve(vault, CHUNK + 1));
    CHECK_INT(vault_reserved(vault), CHUNK);
    sim_set_room(sys, 0);
    CHECK_OK(vault_reserve(vault, CHUNK + 1));
    seal(vault, CHUNK, sealed);
    expect_opens(vault, CHUNK, sealed);
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_makes_keys_ahead_of_need)
{
    struct sys *sys = sim_open(1);
    struct vault *vault;
    char sealed[5 + VAULT_OVERHEAD];
    uint64_t operations;

    vault_close(open_vault(sys, true));
    CHECK_OK(folder_sync(sys, "."));
    vault = open_vault(sys, false);
    CHECK_OK(vault_prepare(vault));
    CHECK_INT(vault_reserved(vault), CHUNK); /* nobody has asked for any */
    CHECK_OK(vault_reserve(vault, 10));
    for (unsigned i = 0; i < 5; i++)
        CHECK_OK(vault_prepare(vault));
    CHECK_INT(vault_reserved(vault), 3 * CHUNK); /* enough is enough */
    operations = sim_operations(sys);
    CHECK_OK(vault_reserve(vault, 2 * CHUNK));
    CHECK_OK(vault_ready(vault, 2 * CHUNK - 1));
    CHECK_INT(sim_operations(sys), operations); /* who reserves need not touch the disk */
    seal(vault, 2 * CHUNK - 1, sealed);
    vault_close(vault);
    sim_lose_power(sys, SIM_CLEAN, 1);
    vault = open_vault(sys, false);
    expect_opens(vault, 2 * CHUNK - 1, sealed);
    vault_close(vault);
    sim_close(sys);
}

TEST(vault_promises_nothing_after_a_failed_write_or_sync)
{
    for (uint64_t k = 1; k <= 4; k++) { /* allocate, read, write, sync */
        struct sys *sys = sim_open(k);
        struct vault *vault = open_vault(sys, true);

        sim_fail_at(sys, sim_operations(sys) + k, SIM_EIO);
        CHECK_ERR(ERR_IO, vault_reserve(vault, CHUNK + 1));
        CHECK_INT(vault_reserved(vault), CHUNK);
        if (k > 2)
            CHECK_ERR(ERR_IO, vault_reserve(vault, CHUNK + 1));
        vault_close(vault);
        sim_close(sys);
    }
}

TEST(vault_refuses_damaged_or_foreign_files)
{
    static const struct {
        const char *path;
        uint64_t byte;
        enum err want;
    } cases[] = {
        {"keys/secret", 3, ERR_CORRUPT},
        {"keys/secret", 30, ERR_CORRUPT},
        {"keys/nodes.keys", 0, ERR_CORRUPT},
        {"keys/nodes.keys", 20, ERR_CORRUPT},
    };

    EACH_CASE(c, cases)
    {
        struct sys *sys = sim_open(1);
        struct vault *vault = open_vault(sys, true);

        vault_close(vault);
        CHECK_OK(sim_flip(sys, c->path, c->byte, 5));
        CHECK_ERR(c->want, vault_open(sys, "keys", false, &vault));
        sim_close(sys);
    }
}

TEST(vault_is_not_made_by_opening)
{
    struct sys *sys = sim_open(1);
    struct vault *vault;

    CHECK_ERR(ERR_ABSENT, vault_open(sys, "keys", false, &vault));
    sim_close(sys);
}
