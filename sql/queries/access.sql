-- name: key_add
INSERT INTO key (workspace_id, name, scope, secret_hash, secret_end, created_at, expires_at,
                 origins, servers)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: key_newest
SELECT max(id)
FROM key;

-- name: key_change
UPDATE key
SET name = ?2, expires_at = ?3, origins = ?4, servers = ?5
WHERE id = ?1 AND revoked_at IS NULL;

-- name: key_list
SELECT id, workspace_id, name, scope, secret_end, created_at, expires_at, revoked_at, origins,
       servers, used_at
FROM key
WHERE id > ?1
ORDER BY id
LIMIT ?2;

-- name: key_list_valid
SELECT id, workspace_id, scope, secret_hash, expires_at, origins, servers, used_at
FROM key
WHERE revoked_at IS NULL
ORDER BY id;

-- name: key_revoke
UPDATE key
SET revoked_at = ?2
WHERE id = ?1 AND revoked_at IS NULL;

-- name: key_used
UPDATE key
SET used_at = ?2
WHERE id = ?1 AND (used_at IS NULL OR used_at < ?2);
