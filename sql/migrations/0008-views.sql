-- What people save in the console. Times are milliseconds since 1970 in UTC.
CREATE TABLE view (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    change     INTEGER NOT NULL UNIQUE, -- counts up with every change: the order of lists
    user_id    INTEGER REFERENCES user (id), -- NULL: nobody's, a key's or a removed user's
    page       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    shared     INTEGER NOT NULL CHECK (shared IN (0, 1)),
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    CHECK (shared = 1 OR user_id IS NOT NULL),
    UNIQUE (user_id, page, name)
) STRICT;
