/* catalog.h - SQLite for what was promised: one connection, statements prepared at start.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * WAL, synchronous=FULL, STRICT tables, opened through a VFS over the seam that keeps a checksum
 * in every page. SQL stands in sql/: numbered migrations (sql/migrations/NNNN-name.sql) and
 * queries (sql/queries/MODULE.sql, "-- name: key_find"), which the build turns into one enum.
 * A `catalog` may be shared by threads; one transaction runs at a time.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"
#include "store/catalog_sql.h" /* generated: enum sql */

struct sys;
struct catalog;
struct tx;

/* Opens or creates and migrates. ERR_CONFLICT when a newer program wrote it: nothing was changed.
 * ERR_CORRUPT for a page whose checksum is wrong. */
fallible catalog_open(struct sys *sys, const char *path, struct catalog **out_catalog);
void catalog_close(struct catalog *catalog);

enum bind_type { BIND_NULL, BIND_I64, BIND_TEXT, BIND_BLOB };
struct bind {
    enum bind_type type;
    int64_t number;
    str bytes;
};
#define B_NULL ((struct bind){.type = BIND_NULL})
#define B_I64(n) ((struct bind){.type = BIND_I64, .number = (n)})
#define B_TEXT(s) ((struct bind){.type = BIND_TEXT, .bytes = (s)})
#define B_BLOB(s) ((struct bind){.type = BIND_BLOB, .bytes = (s)})
#define BIND(...)                                                                                  \
    (const struct bind[]){__VA_ARGS__},                                                            \
        sizeof((const struct bind[]){__VA_ARGS__}) / sizeof(struct bind)
#define NO_BIND NULL, 0

/* Begins a transaction that may write; waits for the one before. */
fallible catalog_begin(struct catalog *catalog, struct tx **out_tx);
/* Commits when `err` is OK, else rolls back; returns `err` or what went wrong. ERR_FULL: nothing of
 * it was done, and later ones go on when there is room. ERR_IO after a write or a sync that failed:
 * whether it was done shows when the catalog is opened anew; until then every begin is ERR_IO. */
fallible catalog_end(struct tx *tx, enum err err);
/* Runs a statement that gives no rows. ERR_CONFLICT for a broken constraint. */
fallible catalog_run(struct tx *tx, enum sql query, const struct bind *values, size_t count);
int64_t catalog_rows_changed(struct tx *tx);
/* Calls `each` for every row; stops early when it fails and returns that. Column accessors below.
 */
struct row;
fallible catalog_each(struct tx *tx, enum sql query, const struct bind *values, size_t count,
                      enum err (*each)(void *argument, struct row *row), void *argument);
int64_t catalog_row_i64(struct row *row, int column);
str catalog_row_text(struct row *row, int column, struct arena *mem); /* copied into mem */
str catalog_row_blob(struct row *row, int column, struct arena *mem);
bool catalog_row_is_null(struct row *row, int column);

/* Copies a consistent state into a new file at `path` while others go on. ERR_CONFLICT when it is
 * there; after any failure it is not. */
fallible catalog_backup(struct catalog *catalog, const char *path);
/* Verifies page checksums and SQLite's own integrity; reports each finding. ERR_CORRUPT when there
 * is one. No process may have the catalog open. */
fallible catalog_check(struct sys *sys, const char *path, void (*report)(void *, const char *),
                       void *argument);
