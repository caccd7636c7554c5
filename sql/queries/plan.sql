-- name: plan_event_list
SELECT name, description, mode, schema, changed_at
FROM plan_event
ORDER BY name;

-- name: plan_event_put
INSERT INTO plan_event (name, description, mode, schema, changed_at)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (name) DO UPDATE
SET description = ?2, mode = ?3, schema = ?4, changed_at = ?5;

-- name: plan_event_remove
DELETE FROM plan_event
WHERE name = ?1;

-- name: plan_setting_get
SELECT unplanned
FROM plan_setting
WHERE id = 1;

-- name: plan_setting_put
UPDATE plan_setting
SET unplanned = ?1
WHERE id = 1;
