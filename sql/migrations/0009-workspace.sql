-- One row: what is the same for everybody who works here.
CREATE TABLE workspace_setting (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    name     TEXT    NOT NULL,
    timezone TEXT    NOT NULL, -- of IANA: where days begin
    currency TEXT    NOT NULL  -- ISO 4217
) STRICT;
INSERT INTO workspace_setting (id, name, timezone, currency)
VALUES (1, 'My workspace', 'UTC', 'EUR');
