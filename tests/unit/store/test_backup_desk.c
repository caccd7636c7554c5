/* test_backup_desk.c - a backup of an open folder, fetched piece by piece while the log grows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/backup_desk.h"

#include "store/catalog.h"
#include "store/datadir.h"
#include "store/log.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <stdio.h>
#include <string.h>

enum { SEGMENT = 16 << 10, PAYLOAD = 1000, NODES_MOST = 10000 };

static const char copy[] = "d/catalog.copy";

struct world {
    struct sys *sys;
    struct backup_stock stock;
    struct backup_desk *desk;
    struct backup_listing listing;
};

static void open_stock(struct world *w, const char *folder)
{
    struct backup_stock *stock = &w->stock;
    struct log_config config = {.sys = w->sys, .segment_bytes = SEGMENT};

    CHECK_OK(datadir_open(w->sys, folder, &stock->datadir));
    CHECK_OK(catalog_open(w->sys, datadir_path(stock->datadir, DATADIR_CATALOG, test_mem),
                          &stock->catalog));
    CHECK_OK(vault_open(w->sys, datadir_path(stock->datadir, DATADIR_KEYS, test_mem), true,
                        &stock->vault));
    config.folder = datadir_path(stock->datadir, DATADIR_LOG, test_mem);
    config.vault = stock->vault;
    CHECK_OK(log_open(&config, &stock->log, NULL));
    stock->sys = w->sys;
}

static void close_stock(struct world *w)
{
    log_close(w->stock.log);
    vault_close(w->stock.vault);
    catalog_close(w->stock.catalog);
    datadir_close(w->stock.datadir);
}

static void open_world(struct world *w)
{
    *w = (struct world){.sys = sim_open(3)};
    CHECK(w->sys != NULL);
    CHECK_OK(datadir_create(w->sys, "d"));
    open_stock(w, "d");
    CHECK_OK(backup_desk_open(&w->stock, &w->desk));
}

static void close_world(struct world *w)
{
    backup_desk_close(w->desk);
    close_stock(w);
    sim_close(w->sys);
}

/* `count` records of a node each, every one a group of its own. */
static void put(struct world *w, unsigned count)
{
    char payload[PAYLOAD];

    for (unsigned i = 0; i < count; i++) {
        uint64_t seq = log_next_seq(w->stock.log);
        struct log_entry entry = {RECORD_EVENTS, (node_id)(seq * 50 % NODES_MOST), 1, S("clear"),
                                  str_from(payload, sizeof payload)};

        memset(payload, 'a', sizeof payload);
        memcpy(payload, &seq, sizeof seq);
        CHECK_OK(log_begin(w->stock.log, sizeof payload + 64, 1, entry.node + 1));
        log_add(w->stock.log, &entry);
        CHECK_OK(log_commit(w->stock.log));
    }
}

static void expect_records(struct world *w, uint64_t count)
{
    struct log_reader *reader;
    struct log_record record;

    CHECK_OK(log_reader_open(w->stock.log, 1, LOG_PLAIN, &reader));
    for (uint64_t seq = 1; seq <= count; seq++) {
        CHECK_OK(log_reader_next(reader, &record));
        CHECK_INT(record.seq, seq);
        CHECK_INT(record.payload.len, PAYLOAD);
        CHECK(memcmp(record.payload.data, &seq, sizeof seq) == 0);
    }
    CHECK_ERR(ERR_ABSENT, log_reader_next(reader, &record));
    log_reader_close(reader);
}

static void begin(struct world *w)
{
    CHECK_OK(backup_desk_begin(w->desk, test_mem, &w->listing));
}

static enum err fetch(void *argument, const struct backup_part *part, uint64_t offset, void *out,
                      size_t len)
{
    struct world *w = argument;
    struct backup_part *parts = w->listing.parts;

    return backup_desk_read(w->desk, w->listing.id, (uint64_t)(part - parts), offset, out, len);
}

static fallible write_fetched(struct world *w)
{
    struct backup_source source = {
        .parts = w->listing.parts, .count = w->listing.count, .read = fetch, .argument = w};

    memcpy(source.workspace, w->listing.workspace, sizeof source.workspace);
    return backup_write(w->sys, &source, "b", 1);
}

TEST(backup_desk_gives_what_was_durable_when_it_began)
{
    struct world w, restored = {0};

    open_world(&w);
    put(&w, 40); /* several segments, several chunks of keys */
    begin(&w);
    CHECK(w.listing.count > 5);
    put(&w, 60);
    CHECK_OK(write_fetched(&w));
    CHECK_OK(backup_desk_end(w.desk, w.listing.id));
    CHECK_OK(backup_restore(w.sys, "b", "b.keys", "r", NULL, NULL));
    restored.sys = w.sys;
    open_stock(&restored, "r");
    expect_records(&restored, 40);
    put(&restored, 40); /* and goes on from there */
    expect_records(&restored, 80);
    close_stock(&restored);
    open_stock(&restored, "r");
    expect_records(&restored, 80);
    close_stock(&restored);
    expect_records(&w, 100);
    close_world(&w);
}

TEST(backup_desk_of_an_empty_log_restores)
{
    struct world w, restored = {0};

    open_world(&w);
    begin(&w);
    CHECK_INT(w.listing.count, 3);
    CHECK_OK(write_fetched(&w));
    CHECK_OK(backup_restore(w.sys, "b", "b.keys", "r", NULL, NULL));
    restored.sys = w.sys;
    open_stock(&restored, "r");
    expect_records(&restored, 0);
    put(&restored, 3);
    expect_records(&restored, 3);
    close_stock(&restored);
    close_world(&w);
}

TEST(backup_desk_serves_one_at_a_time)
{
    struct backup_listing second;
    struct world w;
    char byte;

    open_world(&w);
    begin(&w);
    CHECK(file_exists(w.sys, copy));
    CHECK_ERR(ERR_CONFLICT, backup_desk_begin(w.desk, test_mem, &second));
    CHECK_ERR(ERR_ABSENT, backup_desk_end(w.desk, S("another")));
    CHECK_OK(backup_desk_read(w.desk, w.listing.id, 0, 0, &byte, 1));
    CHECK_OK(backup_desk_end(w.desk, w.listing.id));
    CHECK(!file_exists(w.sys, copy));
    CHECK_ERR(ERR_ABSENT, backup_desk_end(w.desk, w.listing.id));
    CHECK_ERR(ERR_ABSENT, backup_desk_read(w.desk, w.listing.id, 0, 0, &byte, 1));
    CHECK_OK(backup_desk_begin(w.desk, test_mem, &second));
    CHECK(!str_equals(second.id, w.listing.id));
    CHECK_ERR(ERR_ABSENT, backup_desk_read(w.desk, w.listing.id, 0, 0, &byte, 1));
    close_world(&w);
}

TEST(backup_desk_reads_nothing_beyond_a_part)
{
    struct world w;
    uint64_t size;
    char bytes[8];

    open_world(&w);
    put(&w, 1);
    begin(&w);
    size = w.listing.parts[1].size;
    CHECK_STR(w.listing.parts[1].name, "log/00000001.log");
    CHECK_OK(backup_desk_read(w.desk, w.listing.id, 1, size - 8, bytes, 8));
    CHECK_OK(backup_desk_read(w.desk, w.listing.id, 1, size, bytes, 0));
    CHECK_ERR(ERR_INVALID, backup_desk_read(w.desk, w.listing.id, 1, size - 7, bytes, 8));
    CHECK_ERR(ERR_INVALID, backup_desk_read(w.desk, w.listing.id, 1, UINT64_MAX, bytes, 8));
    CHECK_ERR(ERR_ABSENT, backup_desk_read(w.desk, w.listing.id, w.listing.count, 0, bytes, 8));
    CHECK_ERR(ERR_ABSENT, backup_desk_read(w.desk, w.listing.id, UINT64_MAX, 0, bytes, 8));
    close_world(&w);
}

TEST(backup_desk_ends_what_nobody_reads)
{
    struct backup_listing second;
    struct world w;
    char byte;

    open_world(&w);
    begin(&w);
    for (int i = 0; i < 3; i++) { /* each read gives it more time */
        sim_advance(w.sys, BACKUP_DESK_IDLE_MS - 1);
        backup_desk_tend(w.desk);
        CHECK_OK(backup_desk_read(w.desk, w.listing.id, 0, 0, &byte, 1));
    }
    sim_advance(w.sys, BACKUP_DESK_IDLE_MS);
    CHECK_ERR(ERR_ABSENT, backup_desk_read(w.desk, w.listing.id, 0, 0, &byte, 1));
    begin(&w);
    sim_advance(w.sys, BACKUP_DESK_IDLE_MS);
    CHECK_OK(backup_desk_begin(w.desk, test_mem, &second)); /* the idle one is in nobody's way */
    sim_advance(w.sys, BACKUP_DESK_IDLE_MS);
    CHECK(file_exists(w.sys, copy));
    backup_desk_tend(w.desk);
    CHECK(!file_exists(w.sys, copy));
    close_world(&w);
}

TEST(backup_desk_sweeps_away_what_an_earlier_process_left)
{
    struct backup_desk *desk;
    struct world w;

    open_world(&w);
    begin(&w);
    CHECK(file_exists(w.sys, copy));
    CHECK_OK(backup_desk_open(&w.stock, &desk)); /* as after a kill: nobody ended the first */
    CHECK(!file_exists(w.sys, copy));
    backup_desk_close(desk);
    CHECK_OK(file_replace(w.sys, copy, S("torn")));
    CHECK_OK(backup_desk_end(w.desk, w.listing.id));
    CHECK_OK(file_replace(w.sys, copy, S("torn")));
    begin(&w);
    CHECK_OK(write_fetched(&w)); /* of a fresh copy */
    CHECK(w.listing.parts[0].size > 4096);
    close_world(&w);
}

TEST(backup_desk_that_cannot_begin_can_begin_later)
{
    struct backup_listing listing;
    struct world w;
    uint64_t failed = 0;

    open_world(&w);
    put(&w, 3);
    for (uint64_t at = 1;; at++) {
        uint64_t end = sim_operations(w.sys) + at;
        enum err err;

        sim_fail_at(w.sys, end, SIM_ENOSPC);
        err = backup_desk_begin(w.desk, test_mem, &listing);
        end = sim_operations(w.sys) < end ? 0 : end;
        sim_fail_at(w.sys, 0, SIM_ENOSPC);
        CHECK_INT(file_exists(w.sys, copy), err == OK);
        if (err)
            failed++;
        else
            CHECK_OK(backup_desk_end(w.desk, listing.id));
        if (!end)
            break;
    }
    CHECK(failed > 0);
    close_world(&w);
}
