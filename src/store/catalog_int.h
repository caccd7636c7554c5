/* catalog_int.h - shared by the files of the catalog.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/catalog.h"
#include "store/vfs.h"

#include <sqlite3.h>

struct mutex;

/* One database through its own VFS. */
struct connection {
    struct vfs *vfs;
    sqlite3 *db;
};

struct tx {
    struct catalog *catalog;
    enum err broken; /* SQLite has rolled back by itself: nothing more may run */
    int64_t rows_changed;
};

struct catalog {
    struct sys *sys;
    struct connection connection;
    struct mutex *mutex; /* held by whoever uses the connection */
    sqlite3_stmt *statements[SQL_COUNT + 1];
    struct tx tx;
};

/* Opens or creates the file, sets what must be set before the first access, reads nothing. */
fallible catalog_connect(struct sys *sys, const char *path, struct connection *out_connection);
void catalog_disconnect(struct connection *connection);
/* The failure that belongs to SQLite's code, with a sentence. */
enum err catalog_fail(const struct connection *connection, int code);
fallible catalog_run_text(const struct connection *connection, const char *sql);
/* Calls `each` with the first column of every row; stops when it fails and returns that. */
fallible catalog_each_text(const struct connection *connection, const char *sql,
                           enum err (*each)(void *argument, const char *text), void *argument);
/* Closing leaves the write-ahead log as it is, for those who only look. */
fallible catalog_keep_log(const struct connection *connection);
