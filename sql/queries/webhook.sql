-- name: webhook_add
INSERT INTO webhook (url, events, secrets, in_flight, state, reason, place, failures, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, 0, ?7);

-- name: webhook_list
SELECT id, url, events, secrets, in_flight, state, reason, place, failures, failing_since, retry_at,
       created_at
FROM webhook
ORDER BY id;

-- name: webhook_last
SELECT max(id) FROM webhook;

-- name: webhook_change
UPDATE webhook
SET url = ?2, events = ?3, secrets = ?4, in_flight = ?5
WHERE id = ?1;

-- name: webhook_progress
UPDATE webhook
SET state = ?2, reason = ?3, place = ?4, failures = ?5, failing_since = ?6, retry_at = ?7
WHERE id = ?1;

-- name: webhook_remove
DELETE FROM webhook WHERE id = ?1;

-- name: webhook_hold
UPDATE webhook
SET state = 'paused', reason = ?1
WHERE state = 'active';
