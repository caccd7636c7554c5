-- A key may have several scopes, belong to web sites, and tells when it was last used.
CREATE TABLE key_next (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    scope        TEXT    NOT NULL, -- words, one space between
    secret_hash  BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    secret_end   TEXT    NOT NULL, -- the last characters, for people to tell keys apart
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    origins      TEXT,    -- whose pages may use it, one space between; NULL: any
    servers      INTEGER NOT NULL DEFAULT 1 CHECK (servers IN (0, 1)), -- who tells no origin may, too
    used_at      INTEGER  -- to a quarter of an hour; NULL: it was not
) STRICT;

INSERT INTO key_next (id, workspace_id, name, scope, secret_hash, secret_end, created_at,
                      expires_at, revoked_at)
SELECT id, workspace_id, name, scope, secret_hash, secret_end, created_at, expires_at, revoked_at
FROM key;

DROP TABLE key;

ALTER TABLE key_next RENAME TO key;
