-- name: view_list
SELECT view.id, change, user_id, user.name, page, view.name, address, shared, view.created_at,
       changed_at
FROM view
LEFT JOIN user ON user.id = user_id
WHERE (shared = 1 OR user_id = ?1) AND change < ?2 AND (?3 IS NULL OR page = ?3)
ORDER BY change DESC
LIMIT ?4;

-- name: view_get
SELECT view.id, change, user_id, user.name, page, view.name, address, shared, view.created_at,
       changed_at
FROM view
LEFT JOIN user ON user.id = user_id
WHERE view.id = ?1;

-- name: view_newest
SELECT max(id)
FROM view;

-- name: view_count
SELECT count(*)
FROM view
WHERE user_id IS ?1;

-- name: view_namesakes
SELECT count(*)
FROM view
WHERE user_id IS ?1 AND page = ?2 AND name = ?3 AND id <> ?4;

-- name: view_add
INSERT INTO view (change, user_id, page, name, address, shared, created_at, changed_at)
SELECT coalesce(max(change), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6, ?6
FROM view;

-- name: view_change
UPDATE view
SET change = (SELECT max(change) + 1 FROM view), page = ?2, name = ?3, address = ?4, shared = ?5,
    changed_at = ?6
WHERE id = ?1;

-- name: view_remove
DELETE FROM view
WHERE id = ?1;

-- name: view_remove_private
DELETE FROM view
WHERE user_id = ?1 AND shared = 0;

-- name: view_disown
UPDATE view
SET user_id = NULL
WHERE user_id = ?1;
