-- name: repeat_find
SELECT request_hash, run, status, answer
FROM repeat
WHERE name_hash = ?1;

-- name: repeat_count
SELECT coalesce(max(id) - min(id) + 1, 0)
FROM repeat;

-- name: repeat_add
INSERT INTO repeat (name_hash, request_hash, run, made_at)
VALUES (?1, ?2, ?3, ?4);

-- name: repeat_answer
UPDATE repeat
SET status = ?2, answer = ?3
WHERE name_hash = ?1;

-- name: repeat_forget
DELETE FROM repeat
WHERE name_hash = ?1;

-- name: repeat_forget_old
DELETE FROM repeat
WHERE made_at <= ?1;
