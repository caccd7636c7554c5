-- name: workspace_setting_get
SELECT name, timezone, currency
FROM workspace_setting
WHERE id = 1;

-- name: workspace_setting_put
UPDATE workspace_setting
SET name = ?1, timezone = ?2, currency = ?3
WHERE id = 1;
