/* catalog_connection.c - one SQLite database through its own VFS.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/catalog_int.h"

static enum err code_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_CONSTRAINT:
        return ERR_CONFLICT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_DATA)
            return ERR_CORRUPT;
        return code == SQLITE_IOERR_NOMEM ? ERR_LIMIT : ERR_IO;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERR_IO;
    default:
        return ERR_INVALID;
    }
}

enum err catalog_fail(const struct connection *connection, int code)
{
    enum err seam = vfs_take_failure(connection->vfs);
    enum err err = code_of(code);

    /* What the seam said tells more, unless SQLite speaks of something else. */
    if (seam && err != ERR_INVALID && err != ERR_CONFLICT)
        return seam;
    return fail(err, "catalog: %s", sqlite3_errmsg(connection->db));
}

fallible catalog_run_text(const struct connection *connection, const char *sql)
{
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);

    return code ? catalog_fail(connection, code) : OK;
}

fallible catalog_each_text(const struct connection *connection, const char *sql,
                           enum err (*each)(void *argument, const char *text), void *argument)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    enum err err = OK;

    if (code)
        return catalog_fail(connection, code);
    while (!err && (code = sqlite3_step(statement)) != SQLITE_DONE) {
        const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;

        if (code != SQLITE_ROW)
            err = catalog_fail(connection, code);
        else
            err = each(argument, text ? (const char *)text : "");
    }
    sqlite3_finalize(statement);
    return err;
}

static fallible set_keeps_log(const struct connection *connection, int keeps)
{
    int code = sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keeps, NULL);

    return code ? catalog_fail(connection, code) : OK;
}

fallible catalog_keep_log(const struct connection *connection)
{
    return set_keeps_log(connection, 1);
}

static fallible prepare_access(const struct connection *connection)
{
    static const int on[] = {SQLITE_DBCONFIG_DEFENSIVE};
    static const int off[] = {SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML,
                              SQLITE_DBCONFIG_TRUSTED_SCHEMA};
    int reserved = VFS_RESERVED, code;

    sqlite3_extended_result_codes(connection->db, 1);
    code = sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    for (size_t i = 0; !code && i < sizeof on / sizeof on[0]; i++)
        code = sqlite3_db_config(connection->db, on[i], 1, NULL);
    for (size_t i = 0; !code && i < sizeof off / sizeof off[0]; i++)
        code = sqlite3_db_config(connection->db, off[i], 0, NULL);
    if (code)
        return catalog_fail(connection, code);
    return catalog_run_text(connection, "PRAGMA locking_mode = EXCLUSIVE;"
                                        "PRAGMA page_size = 4096;"
                                        "PRAGMA auto_vacuum = NONE;"
                                        "PRAGMA temp_store = MEMORY;"
                                        "PRAGMA cell_size_check = ON;"
                                        "PRAGMA foreign_keys = ON;"
                                        "PRAGMA trusted_schema = OFF;");
}

fallible catalog_connect(struct sys *sys, const char *path, struct connection *out_connection)
{
    struct connection connection = {0};
    enum err err;
    int code;

    TRY(vfs_open(sys, &connection.vfs));
    code = sqlite3_open_v2(path, &connection.db,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                           vfs_name(connection.vfs));
    /* What cannot be opened is left as it is, its log as well. */
    err = code ? catalog_fail(&connection, code) : set_keeps_log(&connection, 1);
    if (!err)
        err = prepare_access(&connection);
    if (!err)
        err = set_keeps_log(&connection, 0);
    if (err)
        catalog_disconnect(&connection);
    else
        *out_connection = connection;
    return err;
}

void catalog_disconnect(struct connection *connection)
{
    sqlite3_close(connection->db);
    vfs_close(connection->vfs);
    *connection = (struct connection){0};
}
