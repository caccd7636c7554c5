-- Which steps made this catalog what it is; the number of the last one is also its user_version.
CREATE TABLE migration (
    version    INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    program    TEXT    NOT NULL, -- the version of Myriad that took the step
    applied_at INTEGER NOT NULL
) STRICT;
