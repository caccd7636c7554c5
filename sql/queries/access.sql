-- name: key_add
INSERT INTO key (workspace_id, name, scope, secret_hash, secret_end, created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);


-- name: key_list
SELECT id, workspace_id, name, scope, secret_end, created_at, expires_at, revoked_at
FROM key
ORDER BY id;

-- name: key_list_valid
SELECT id, workspace_id, scope, secret_hash, expires_at
FROM key
WHERE revoked_at IS NULL
ORDER BY id;

-- name: key_revoke
UPDATE key
SET revoked_at = ?2
WHERE id = ?1 AND revoked_at IS NULL;
