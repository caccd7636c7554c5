-- What events must be: a JSON Schema of an event's properties, by the event's name.
CREATE TABLE plan_event (
    name        TEXT    PRIMARY KEY,
    description TEXT    NOT NULL,
    mode        TEXT    NOT NULL CHECK (mode IN ('watch', 'enforce')),
    schema      TEXT    NOT NULL, -- as it was given
    changed_at  INTEGER NOT NULL  -- milliseconds since 1970 in UTC
) STRICT, WITHOUT ROWID;

-- One row: what becomes of events that have no plan.
CREATE TABLE plan_setting (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    unplanned TEXT    NOT NULL CHECK (unplanned IN ('keep', 'watch', 'quarantine'))
) STRICT;
INSERT INTO plan_setting (id, unplanned) VALUES (1, 'keep');
