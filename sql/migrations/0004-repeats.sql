-- Requests that carried an Idempotency-Key, and how they were answered. Nothing of them can be read
-- here: hashes, and an answer sealed under the API key.
CREATE TABLE repeat (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name_hash    BLOB    NOT NULL UNIQUE CHECK (length(name_hash) = 32),
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    run          BLOB    NOT NULL CHECK (length(run) = 16), -- the start of the program it came to
    made_at      INTEGER NOT NULL,
    status       INTEGER, -- NULL: it is not answered
    answer       BLOB
) STRICT;

CREATE INDEX repeat_by_age ON repeat (made_at);
