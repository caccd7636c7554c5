/* catalog_check.c - proving a catalog sound, and copying a live one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "store/audit.h"
#include "store/catalog_int.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <stdio.h>
#include <string.h>

enum { PAGES_AT_ONCE = 64 };

struct check {
    void (*report)(void *, const char *);
    void *argument;
    bool found;
};

static void found(struct check *check, const char *line)
{
    check->found = true;
    check->report(check->argument, line);
}

static enum err report_integrity(void *argument, const char *line)
{
    if (!str_equals(str_of(line), S("ok")))
        found(argument, line);
    return OK;
}

static enum err report_foreign_key(void *argument, const char *table)
{
    char line[128];

    snprintf(line, sizeof line, "a row of table %s refers to one that is not there", table);
    found(argument, line);
    return OK;
}

static void report_audit(void *argument, const char *sentence)
{
    found(argument, sentence);
}

static enum err take_version(void *argument, const char *text)
{
    if (!str_to_i64(str_of(text), argument))
        return fail(ERR_CORRUPT, "catalog: \"%s\" is no version", text);
    return OK;
}

/* The version from which on a catalog has an audit log. */
static int64_t audited_since(void)
{
    int64_t version = 1;

    while (!str_equals(str_of(catalog_sql_migrations[version - 1].name), S("users")))
        version++;
    return version;
}

static fallible check_audit(const struct connection *connection, struct check *check)
{
    struct audit_walk walk = {.report = report_audit, .argument = check};
    int64_t version = 0;

    TRY(catalog_each_text(connection, "PRAGMA user_version", take_version, &version));
    if (version < audited_since() || version > MIGRATION_COUNT)
        return OK;
    TRY(catalog_each_text(connection, catalog_sql_texts[SQL_AUDIT_TOLD], audit_walk_record, &walk));
    TRY(catalog_each_text(connection, catalog_sql_texts[SQL_AUDIT_HEAD_TOLD], audit_walk_head,
                          &walk));
    if (!walk.has_head)
        found(check, "the audit log is damaged: it has no head");
    return OK;
}

static fallible check_through_sqlite(struct sys *sys, const char *path, struct check *check)
{
    struct connection connection;
    enum err err;

    TRY(catalog_connect(sys, path, &connection));
    err = catalog_keep_log(&connection);
    if (!err)
        err = catalog_each_text(&connection, "PRAGMA integrity_check", report_integrity, check);
    if (!err)
        err = catalog_each_text(&connection, "PRAGMA foreign_key_check", report_foreign_key, check);
    if (!err)
        err = check_audit(&connection, check);
    catalog_disconnect(&connection);
    return err;
}

fallible catalog_check(struct sys *sys, const char *path, void (*report)(void *, const char *),
                       void *argument)
{
    struct check check = {.report = report, .argument = argument};
    enum err err;

    TRY(vfs_check_pages(sys, path, report, argument, &check.found));
    err = check_through_sqlite(sys, path, &check);
    if (err == ERR_CORRUPT)
        found(&check, err_text());
    else if (err)
        return err;
    return check.found ? fail(ERR_CORRUPT, "the catalog %s is damaged", path) : OK;
}

/* A few pages at a time, so that transactions go on between; those that change a page already
 * copied change the copy too, for they run on this very connection. */
static fallible copy_pages(struct catalog *catalog, struct connection *copy)
{
    sqlite3_backup *backup;
    enum err err;
    int code;

    mutex_lock(catalog->mutex);
    (void)vfs_take_failure(catalog->connection.vfs);
    backup = sqlite3_backup_init(copy->db, "main", catalog->connection.db, "main");
    mutex_unlock(catalog->mutex);
    if (!backup)
        return catalog_fail(copy, sqlite3_errcode(copy->db));
    do {
        mutex_lock(catalog->mutex);
        code = sqlite3_backup_step(backup, PAGES_AT_ONCE);
        mutex_unlock(catalog->mutex);
    } while (code == SQLITE_OK);
    mutex_lock(catalog->mutex);
    err = code == SQLITE_DONE ? OK : vfs_take_failure(catalog->connection.vfs);
    code = sqlite3_backup_finish(backup);
    mutex_unlock(catalog->mutex);
    return !err && code ? catalog_fail(copy, code) : err;
}

fallible catalog_backup(struct catalog *catalog, const char *path)
{
    struct connection copy;
    enum err err;

    if (file_exists(catalog->sys, path))
        return fail(ERR_CONFLICT, "%s is already there", path);
    TRY(catalog_connect(catalog->sys, path, &copy));
    /* Nobody reads a copy that was not finished, so it needs no journal; it is synced at its end.
     */
    err = catalog_run_text(&copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL");
    if (!err)
        err = copy_pages(catalog, &copy);
    if (err) {
        char sentence[512];

        snprintf(sentence, sizeof sentence, "%s", err_text());
        catalog_disconnect(&copy);
        if (file_remove(catalog->sys, path))
            return fail(err, "%s; what was written of %s is still there", sentence, path);
        return fail(err, "%s", sentence);
    }
    catalog_disconnect(&copy);
    return OK;
}
