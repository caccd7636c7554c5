-- Where events are sent as webhooks, how far each destination is, and how it fares. Times are
-- milliseconds since 1970 in UTC; of events and secrets the bytes are Myriad's own.
CREATE TABLE webhook (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    url           TEXT    NOT NULL,
    events        TEXT    NOT NULL, -- a JSON array of names; empty: all
    secrets       BLOB    NOT NULL, -- sealed, the newest first
    in_flight     INTEGER NOT NULL CHECK (in_flight BETWEEN 1 AND 64),
    state         TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'blocked', 'disabled')),
    reason        TEXT    NOT NULL, -- why it is blocked or disabled, or what failed last
    place         INTEGER NOT NULL, -- events below are delivered or were not wanted
    failures      INTEGER NOT NULL, -- of the oldest message under way
    failing_since INTEGER,          -- since then nothing was delivered
    retry_at      INTEGER,
    created_at    INTEGER NOT NULL
) STRICT;
