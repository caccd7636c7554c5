-- name: session_add
INSERT INTO user_session (token_hash, user_id, workspace_id, device, network, by_link, created_at,
                          seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7);

-- name: session_newest
SELECT max(id)
FROM user_session;

-- name: session_load
SELECT user_session.id, token_hash, user_session.user_id, user_session.workspace_id, by_link,
       created_at, seen_at, role
FROM user_session
JOIN member ON member.user_id = user_session.user_id
           AND member.workspace_id = user_session.workspace_id
ORDER BY user_session.id;

-- name: session_list
SELECT id, device, network, created_at
FROM user_session
WHERE user_id = ?1
ORDER BY id DESC
LIMIT ?2;

-- name: session_end
DELETE FROM user_session
WHERE id = ?1 AND user_id = ?2;

-- name: session_end_others
DELETE FROM user_session
WHERE user_id = ?1 AND id <> ?2;

-- name: session_end_all
DELETE FROM user_session;

-- name: session_end_old
DELETE FROM user_session
WHERE created_at <= ?1 OR seen_at <= ?2;

-- name: session_seen
UPDATE user_session
SET seen_at = ?2
WHERE id = ?1 AND seen_at < ?2;
