-- Who signs in, what each may do in which workspace, and what was done. Of tokens only hashes are
-- kept: they have 256 random bits, so a fast hash is enough. Times are milliseconds since 1970 in UTC.
CREATE TABLE user (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    email       TEXT    NOT NULL,
    email_key   TEXT    NOT NULL UNIQUE, -- the address in lower case: one person, however it is typed
    name        TEXT    NOT NULL,
    password    TEXT,                    -- argon2id with its salt and cost; NULL: there is none
    created_at  INTEGER NOT NULL,
    joined_at   INTEGER,                 -- NULL: invited
    seen_at     INTEGER,
    disabled_at INTEGER
) STRICT;

CREATE TABLE member (
    user_id      INTEGER NOT NULL REFERENCES user (id),
    workspace_id INTEGER NOT NULL,
    role         TEXT    NOT NULL
                 CHECK (role IN ('owner', 'marketer', 'analyst', 'viewer', 'developer')),
    PRIMARY KEY (user_id, workspace_id)
) STRICT, WITHOUT ROWID;

-- One-time links. A user has one at the most, and it goes when it is used.
CREATE TABLE user_link (
    user_id    INTEGER PRIMARY KEY REFERENCES user (id),
    token_hash BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    kind       TEXT    NOT NULL CHECK (kind IN ('sign_in', 'invitation')),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_session (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash   BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id      INTEGER NOT NULL REFERENCES user (id),
    workspace_id INTEGER NOT NULL,
    device       TEXT    NOT NULL, -- for people to tell sessions apart
    network      TEXT    NOT NULL,
    by_link      INTEGER NOT NULL CHECK (by_link IN (0, 1)),
    created_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX user_session_by_user ON user_session (user_id);

-- Networks that a user has signed in from: strangers' guesses do not hold her up there.
CREATE TABLE user_network (
    user_id      INTEGER NOT NULL REFERENCES user (id),
    network_hash BLOB    NOT NULL CHECK (length(network_hash) = 32),
    seen_at      INTEGER NOT NULL,
    PRIMARY KEY (user_id, network_hash)
) STRICT, WITHOUT ROWID;

-- Wrong passwords, by keyed hashes of what they were for: an address, with a network or with any.
CREATE TABLE guess (
    name_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(name_hash) = 32),
    failures  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX guess_by_age ON guess (last_at);

-- The key of those hashes.
CREATE TABLE user_secret (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    secret BLOB    NOT NULL CHECK (length(secret) = 32)
) STRICT;

-- What was done: each row's hash is over the one before and the record's bytes.
CREATE TABLE audit (
    seq    INTEGER PRIMARY KEY,
    record TEXT NOT NULL,
    hash   BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, zeroblob(32));
