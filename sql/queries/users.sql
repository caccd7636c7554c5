-- name: user_add
INSERT INTO user (email, email_key, name, created_at, joined_at)
VALUES (?1, ?2, ?3, ?4, ?5);

-- name: user_newest
SELECT max(id)
FROM user;

-- name: user_count
SELECT count(*)
FROM user;

-- name: user_list
SELECT user.id, email, name, password, created_at, joined_at, seen_at, disabled_at, role,
       workspace_id
FROM user
JOIN member ON member.user_id = user.id
WHERE user.id > ?1
ORDER BY user.id
LIMIT ?2;

-- name: user_get
SELECT user.id, email, name, password, created_at, joined_at, seen_at, disabled_at, role,
       workspace_id
FROM user
JOIN member ON member.user_id = user.id
WHERE user.id = ?1;

-- name: user_find
SELECT user.id, email, name, password, created_at, joined_at, seen_at, disabled_at, role,
       workspace_id
FROM user
JOIN member ON member.user_id = user.id
WHERE email_key = ?1;

-- name: user_other_owners
SELECT count(*)
FROM user
JOIN member ON member.user_id = user.id
WHERE role = 'owner' AND disabled_at IS NULL AND joined_at IS NOT NULL AND user.id <> ?1;

-- name: user_change
UPDATE user
SET name = ?2, disabled_at = ?3
WHERE id = ?1;

-- name: user_set_password
UPDATE user
SET password = ?2
WHERE id = ?1;

-- name: user_join
UPDATE user
SET name = ?2, password = ?3, joined_at = ?4
WHERE id = ?1;

-- name: user_seen
UPDATE user
SET seen_at = ?2
WHERE id = ?1 AND (seen_at IS NULL OR seen_at < ?2);

-- name: user_remove
DELETE FROM user
WHERE id = ?1;

-- name: member_put
INSERT INTO member (user_id, workspace_id, role)
VALUES (?1, ?2, ?3)
ON CONFLICT (user_id, workspace_id) DO UPDATE
SET role = ?3;

-- name: member_remove
DELETE FROM member
WHERE user_id = ?1;

-- name: user_link_put
INSERT INTO user_link (user_id, token_hash, kind, expires_at)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (user_id) DO UPDATE
SET token_hash = ?2, kind = ?3, expires_at = ?4;

-- name: user_link_find
SELECT user_id, kind, expires_at
FROM user_link
WHERE token_hash = ?1;

-- name: user_link_spend
DELETE FROM user_link
WHERE token_hash = ?1;

-- name: user_link_remove
DELETE FROM user_link
WHERE user_id = ?1;

-- name: user_link_remove_all
DELETE FROM user_link;

-- name: user_network_find
SELECT count(*)
FROM user_network
WHERE user_id = ?1 AND network_hash = ?2;

-- name: user_network_put
INSERT INTO user_network (user_id, network_hash, seen_at)
VALUES (?1, ?2, ?3)
ON CONFLICT (user_id, network_hash) DO UPDATE
SET seen_at = ?3;

-- name: user_network_trim
DELETE FROM user_network
WHERE user_id = ?1 AND network_hash NOT IN (
    SELECT network_hash
    FROM user_network
    WHERE user_id = ?1
    ORDER BY seen_at DESC
    LIMIT ?2
);

-- name: user_network_remove
DELETE FROM user_network
WHERE user_id = ?1;

-- name: user_secret_get
SELECT secret
FROM user_secret
WHERE id = 1;

-- name: user_secret_put
INSERT INTO user_secret (id, secret)
VALUES (1, ?1);
