-- The keys that programs show. Of a secret only the hash is kept: it has 190 random bits, so a
-- fast hash is enough. Times are milliseconds since 1970 in UTC.
CREATE TABLE key (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    scope        TEXT    NOT NULL CHECK (scope IN ('write', 'api', 'admin')),
    secret_hash  BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    secret_end   TEXT    NOT NULL, -- the last characters, for people to tell keys apart
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER
) STRICT;
