/* test_catalog_audit.c - the audit log's chain, whole and with each kind of damage.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/audit.h"
#include "store/catalog_int.h"

#include "support/test.h"
#include "sys/sim.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { RECORDS = 5 };

static const struct audit_by BY = {{"user:7", 6}, {"203.0.113.0/24", 14}};

static struct catalog *open_catalog(struct sys *sys)
{
    struct catalog *catalog;

    CHECK_OK(catalog_open(sys, "catalog.db", &catalog));
    return catalog;
}

static void write(struct catalog *catalog, int64_t number)
{
    struct audit_entry entry = {
        &BY, "key.add", arena_print(test_mem, "key:%lld", (long long)number), S("{\"n\":1}")};

    CHECK_OK(audit_write(catalog, 1000 * number, &entry));
}

static struct catalog *filled(struct sys *sys)
{
    struct catalog *catalog = open_catalog(sys);

    for (int64_t i = 1; i <= RECORDS; i++)
        write(catalog, i);
    return catalog;
}

static void note(void *argument, const char *sentence)
{
    struct buf *said = argument;

    buf_add(said, str_of(sentence));
    buf_add_byte(said, '\n');
}

/* What is reported; empty: all is well. */
static str checked(struct sys *sys)
{
    struct buf said = {0};
    enum err err = catalog_check(sys, "catalog.db", note, &said);
    str text = arena_dup(test_mem, buf_str(&said));

    CHECK_INT(err, said.len ? ERR_CORRUPT : OK);
    buf_done(&said);
    return text;
}

TEST(audit_writes_records_in_a_chain)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = filled(sys);
    unsigned char hash[AUDIT_HASH] = {0};
    struct audit_page page;

    CHECK_OK(audit_list(catalog, INT64_MAX, 100, test_mem, &page));
    CHECK_INT(page.count, RECORDS);
    CHECK_INT(page.head_seq, RECORDS);
    CHECK_STR(page.records[0].json,
              "{\"time\":\"1970-01-01T00:00:05.000Z\",\"workspace\":1,\"actor\":\"user:7\","
              "\"action\":\"key.add\",\"object\":\"key:5\",\"network\":\"203.0.113.0/24\","
              "\"details\":{\"n\":1}}");
    for (int i = RECORDS - 1; i >= 0; i--) { /* as anybody may compute it */
        const struct audit_record *record = &page.records[i];
        unsigned char text[AUDIT_HASH + 8 + 512];

        memcpy(text, hash, AUDIT_HASH);
        memset(text + AUDIT_HASH, 0, 8);
        text[AUDIT_HASH + 7] = (unsigned char)record->seq;
        memcpy(text + AUDIT_HASH + 8, record->json.data, record->json.len);
        crypto_hash_sha256(hash, text, AUDIT_HASH + 8 + record->json.len);
        CHECK_INT(record->seq, RECORDS - i);
        CHECK(str_equals(record->hash, str_from(hash, AUDIT_HASH)));
    }
    CHECK(str_equals(page.head_hash, str_from(hash, AUDIT_HASH)));
    CHECK_OK(audit_list(catalog, 3, 1, test_mem, &page));
    CHECK_INT(page.count, 1);
    CHECK_INT(page.records[0].seq, 2);
    catalog_close(catalog);
    CHECK_STR(checked(sys), "");
    sim_close(sys);
}

TEST(audit_check_finds_each_kind_of_damage)
{
    static const struct {
        const char *sql, *said;
    } cases[] = {
        {"UPDATE audit SET record = replace(record, 'key:3', 'key:4') WHERE seq = 3",
         "record 3 is not what was written"},
        {"UPDATE audit SET record = record || ' ' WHERE seq = 5",
         "record 5 is not what was written"},
        {"UPDATE audit SET record = cast(record || x'00' AS TEXT) WHERE seq = 1",
         "record 1 cannot be read"},
        {"UPDATE audit SET hash = zeroblob(32) WHERE seq = 2", "record 2 is not what was written"},
        {"DELETE FROM audit WHERE seq = 1", "record 1 is missing"},
        {"DELETE FROM audit WHERE seq = 3", "record 3 is missing"},
        {"DELETE FROM audit WHERE seq = 5", "record 5 and those behind it were cut off"},
        {"DELETE FROM audit WHERE seq > 2", "record 3 and those behind it were cut off"},
        {"DELETE FROM audit", "record 1 and those behind it were cut off"},
        {"DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3",
         "record 3 is not what was written"},
        {"UPDATE audit SET seq = 9 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;"
         "UPDATE audit SET seq = 3 WHERE seq = 9",
         "record 2 is not what was written"},
        {"UPDATE audit_head SET seq = 4", "record 4 is the last by the catalog, and is not"},
        {"UPDATE audit_head SET hash = zeroblob(32)",
         "record 5 is the last by the catalog, and is not"},
        {"DELETE FROM audit_head", "it has no head"},
        {"INSERT INTO audit SELECT 6, record, hash FROM audit WHERE seq = 5",
         "record 6 is not what was written"},
    };

    EACH_CASE(c, cases)
    {
        struct sys *sys = sim_open(1);
        struct catalog *catalog = filled(sys);

        CHECK_OK(catalog_run_text(&catalog->connection, c->sql));
        catalog_close(catalog);
        CHECK(str_contains(checked(sys), str_of(c->said)));
        sim_close(sys);
    }
}

TEST(audit_check_finds_every_flipped_byte_of_a_record)
{
    struct sys *sys = sim_open(1);
    struct audit_page page;
    struct catalog *catalog = filled(sys);
    size_t len;

    CHECK_OK(audit_list(catalog, 4, 1, test_mem, &page));
    len = page.records[0].json.len;
    for (size_t i = 1; i <= len; i++) {
        char sql[512];

        /* The lowest bit flips: even bytes gain one, odd ones lose it. */
        snprintf(sql, sizeof sql,
                 "UPDATE audit SET record = substr(record, 1, %zu) || "
                 "char(unicode(substr(record, %zu, 1)) + 1 - 2 * (unicode(substr(record, %zu, 1)) "
                 "& 1)) || substr(record, %zu) WHERE seq = 3",
                 i - 1, i, i, i + 1);
        CHECK_OK(catalog_run_text(&catalog->connection, sql));
        catalog_close(catalog);
        CHECK(str_contains(checked(sys), S("record 3 is not what was written")));
        catalog = open_catalog(sys);
        CHECK_OK(catalog_run_text(&catalog->connection, sql)); /* and back */
    }
    catalog_close(catalog);
    CHECK_STR(checked(sys), "");
    sim_close(sys);
}

TEST(audit_is_durable_when_it_returns)
{
    for (unsigned loss = SIM_CLEAN; loss <= SIM_REORDERED; loss++) {
        struct sys *sys = sim_open(loss + 1);
        struct catalog *catalog = filled(sys);
        struct audit_page page;

        sim_stop_at(sys, sim_operations(sys) + 1);
        sim_lose_power(sys, (enum sim_loss)loss, 5);
        catalog_close(catalog);
        catalog = open_catalog(sys);
        CHECK_OK(audit_list(catalog, INT64_MAX, 100, test_mem, &page));
        CHECK_INT(page.count, RECORDS);
        write(catalog, RECORDS + 1);
        catalog_close(catalog);
        CHECK_STR(checked(sys), "");
        sim_close(sys);
    }
}

TEST(audit_of_a_change_that_is_rolled_back_is_not_there)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = filled(sys);
    struct audit_entry entry = {.by = &BY, .action = "user.remove"};
    struct audit_page page;
    struct tx *tx;

    CHECK_OK(catalog_begin(catalog, &tx));
    CHECK_OK(audit_add(tx, 1, &entry));
    CHECK_OK(audit_add(tx, 1, &entry));
    CHECK_ERR(ERR_DENIED, catalog_end(tx, (fail)(ERR_DENIED, "no")));
    CHECK_OK(audit_list(catalog, INT64_MAX, 100, test_mem, &page));
    CHECK_INT(page.count, RECORDS);
    catalog_close(catalog);
    CHECK_STR(checked(sys), "");
    sim_close(sys);
}
