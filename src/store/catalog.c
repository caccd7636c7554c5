/* catalog.c - opening, migrating and the transactions of the catalog.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "store/catalog_int.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <stdio.h>

struct row {
    sqlite3_stmt *statement;
};

static fallible bind_all(struct catalog *catalog, sqlite3_stmt *statement,
                         const struct bind *values, size_t count)
{
    int code = SQLITE_OK;

    for (size_t i = 0; !code && i < count; i++) {
        const struct bind *value = &values[i];
        const char *bytes = value->bytes.data ? value->bytes.data : "";
        int at = (int)i + 1;

        switch (value->type) {
        case BIND_NULL:
            code = sqlite3_bind_null(statement, at);
            break;
        case BIND_I64:
            code = sqlite3_bind_int64(statement, at, value->number);
            break;
        case BIND_TEXT:
            code = sqlite3_bind_text64(statement, at, bytes, value->bytes.len, SQLITE_STATIC,
                                       SQLITE_UTF8);
            break;
        case BIND_BLOB:
            code = sqlite3_bind_blob64(statement, at, bytes, value->bytes.len, SQLITE_STATIC);
            break;
        }
    }
    return code ? catalog_fail(&catalog->connection, code) : OK;
}

/* Binds, steps through all rows and leaves the statement ready for the next time. */
static fallible run_statement(struct catalog *catalog, sqlite3_stmt *statement,
                              const struct bind *values, size_t count,
                              enum err (*each)(void *, struct row *), void *argument)
{
    struct row row = {statement};
    enum err err = bind_all(catalog, statement, values, count);
    int code;

    while (!err && (code = sqlite3_step(statement)) != SQLITE_DONE) {
        if (code != SQLITE_ROW)
            err = catalog_fail(&catalog->connection, code);
        else if (each)
            err = each(argument, &row);
        else
            err = fail(ERR_INVALID, "catalog: a statement gave rows that nobody asked for");
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return err;
}

static fallible run_prepared(struct tx *tx, enum sql query, const struct bind *values, size_t count,
                             enum err (*each)(void *, struct row *), void *argument)
{
    struct catalog *catalog = tx->catalog;
    sqlite3_stmt *statement = catalog->statements[query];
    enum err err;

    if (tx->broken)
        return fail(tx->broken, "catalog: the transaction was rolled back by an error before");
    if (sqlite3_stmt_busy(statement))
        return fail(ERR_INVALID, "catalog: %s is already running", catalog_sql_names[query]);
    (void)vfs_take_failure(catalog->connection.vfs);
    err = run_statement(catalog, statement, values, count, each, argument);
    tx->rows_changed = err ? 0 : sqlite3_changes64(catalog->connection.db);
    /* After a full disk, a failed read and the like SQLite itself ends the transaction. What ran
     * from here on would be outside of one. */
    if (err && sqlite3_get_autocommit(catalog->connection.db))
        tx->broken = err;
    return err;
}

fallible catalog_begin(struct catalog *catalog, struct tx **out_tx)
{
    enum err err = OK;

    mutex_lock(catalog->mutex);
    if (vfs_is_broken(catalog->connection.vfs))
        err = fail(ERR_IO, "catalog: a write could not be made to last; what was not acknowledged "
                           "is in doubt until the program starts again");
    (void)vfs_take_failure(catalog->connection.vfs);
    if (!err)
        err = catalog_run_text(&catalog->connection, "BEGIN IMMEDIATE");
    if (err) {
        mutex_unlock(catalog->mutex);
        return err;
    }
    catalog->tx = (struct tx){.catalog = catalog};
    *out_tx = &catalog->tx;
    return OK;
}

/* Rolls back and keeps the sentence of the failure that was the reason. */
static enum err roll_back(struct catalog *catalog, enum err err)
{
    char sentence[512];

    snprintf(sentence, sizeof sentence, "%s", err_text());
    if (!sqlite3_get_autocommit(catalog->connection.db))
        sqlite3_exec(catalog->connection.db, "ROLLBACK", NULL, NULL, NULL);
    return fail(err, "%s", sentence);
}

fallible catalog_end(struct tx *tx, enum err err)
{
    struct catalog *catalog = tx->catalog;

    if (!err && tx->broken)
        err = fail(tx->broken, "catalog: the transaction was rolled back by an error before");
    if (!err) {
        (void)vfs_take_failure(catalog->connection.vfs);
        err = catalog_run_text(&catalog->connection, "COMMIT");
    }
    if (err)
        err = roll_back(catalog, err);
    mutex_unlock(catalog->mutex);
    return err;
}

fallible catalog_run(struct tx *tx, enum sql query, const struct bind *values, size_t count)
{
    return run_prepared(tx, query, values, count, NULL, NULL);
}

int64_t catalog_rows_changed(struct tx *tx)
{
    return tx->rows_changed;
}

fallible catalog_each(struct tx *tx, enum sql query, const struct bind *values, size_t count,
                      enum err (*each)(void *argument, struct row *row), void *argument)
{
    return run_prepared(tx, query, values, count, each, argument);
}

int64_t catalog_row_i64(struct row *row, int column)
{
    return sqlite3_column_int64(row->statement, column);
}

str catalog_row_text(struct row *row, int column, struct arena *mem)
{
    const void *text = sqlite3_column_text(row->statement, column);

    return arena_dup(mem, str_from(text, (size_t)sqlite3_column_bytes(row->statement, column)));
}

str catalog_row_blob(struct row *row, int column, struct arena *mem)
{
    const void *bytes = sqlite3_column_blob(row->statement, column);

    return arena_dup(mem, str_from(bytes, (size_t)sqlite3_column_bytes(row->statement, column)));
}

bool catalog_row_is_null(struct row *row, int column)
{
    return sqlite3_column_type(row->statement, column) == SQLITE_NULL;
}

static fallible prepare(struct catalog *catalog, enum sql query)
{
    const struct connection *connection = &catalog->connection;
    int code = sqlite3_prepare_v3(connection->db, catalog_sql_texts[query], -1,
                                  SQLITE_PREPARE_PERSISTENT, &catalog->statements[query], NULL);

    if (!code)
        return OK;
    if ((code & 0xff) == SQLITE_ERROR)
        return fail(ERR_INVALID, "catalog: %s: %s", catalog_sql_names[query],
                    sqlite3_errmsg(connection->db));
    return catalog_fail(connection, code);
}

static fallible apply(struct catalog *catalog, int version)
{
    const struct catalog_migration *step = &catalog_sql_migrations[version - 1];
    char set_version[64];

    TRY(catalog_run_text(&catalog->connection, step->text));
    if (!catalog->statements[SQL_MIGRATION_ADD])
        TRY(prepare(catalog, SQL_MIGRATION_ADD));
    TRY(run_statement(catalog, catalog->statements[SQL_MIGRATION_ADD],
                      BIND(B_I64(version), B_TEXT(str_of(step->name)), B_TEXT(S(MYRIAD_VERSION)),
                           B_I64(clock_now(catalog->sys))),
                      NULL, NULL));
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", version);
    return catalog_run_text(&catalog->connection, set_version);
}

/* Each step is a transaction of its own: after a crash the next start goes on from there. */
static fallible migrate(struct catalog *catalog, int64_t version)
{
    while (version < MIGRATION_COUNT) {
        struct tx *tx;

        TRY(catalog_begin(catalog, &tx));
        TRY(catalog_end(tx, apply(catalog, (int)++version)));
    }
    return OK;
}

static enum err read_number(void *out_number, const char *text)
{
    if (!str_to_i64(str_of(text), out_number))
        return fail(ERR_CORRUPT, "catalog: \"%s\" is no version", text);
    return OK;
}

static enum err expect_wal(void *argument, const char *mode)
{
    (void)argument;
    if (!str_equals(str_of(mode), S("wal")))
        return fail(ERR_IO, "catalog: SQLite stays in journal mode %s", mode);
    return OK;
}

static fallible open_all(struct catalog *catalog)
{
    const struct connection *connection = &catalog->connection;
    int64_t version = 0;

    TRY(catalog_each_text(connection, "PRAGMA user_version", read_number, &version));
    if (version > MIGRATION_COUNT) {
        TRY(catalog_keep_log(connection));
        return fail(ERR_CONFLICT,
                    "the catalog was written by a newer Myriad (version %lld, this program knows "
                    "up to %d): use that program",
                    (long long)version, MIGRATION_COUNT);
    }
    TRY(catalog_each_text(connection, "PRAGMA journal_mode = WAL", expect_wal, NULL));
    TRY(catalog_run_text(connection, "PRAGMA synchronous = FULL"));
    TRY(migrate(catalog, version));
    for (int query = 0; query < SQL_COUNT; query++) {
        if (!catalog->statements[query])
            TRY(prepare(catalog, (enum sql)query));
    }
    return OK;
}

/* Closing may fail in its turn: the sentence of the first failure stays. */
static enum err close_failed(struct catalog *catalog, enum err err)
{
    char sentence[512];

    snprintf(sentence, sizeof sentence, "%s", err_text());
    catalog_close(catalog);
    return fail(err, "%s", sentence);
}

fallible catalog_open(struct sys *sys, const char *path, struct catalog **out_catalog)
{
    struct catalog *catalog = mem_alloc(sizeof *catalog);
    enum err err;

    if (!catalog)
        return mem_exhausted();
    catalog->sys = sys;
    catalog->mutex = mutex_open();
    err = catalog->mutex ? catalog_connect(sys, path, &catalog->connection) : mem_exhausted();
    if (!err)
        err = open_all(catalog);
    if (err)
        return close_failed(catalog, err);
    *out_catalog = catalog;
    return OK;
}

void catalog_close(struct catalog *catalog)
{
    if (!catalog)
        return;
    for (int query = 0; query < SQL_COUNT; query++)
        sqlite3_finalize(catalog->statements[query]);
    catalog_disconnect(&catalog->connection);
    mutex_close(catalog->mutex);
    mem_free(catalog);
}
