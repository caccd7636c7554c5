-- name: guess_find
SELECT failures, last_at
FROM guess
WHERE name_hash = ?1;

-- name: guess_put
INSERT INTO guess (name_hash, failures, last_at)
VALUES (?1, ?2, ?3)
ON CONFLICT (name_hash) DO UPDATE
SET failures = ?2, last_at = ?3;

-- name: guess_less
UPDATE guess
SET failures = failures - 1
WHERE name_hash = ?1 AND failures > 0;

-- name: guess_forget
DELETE FROM guess
WHERE name_hash = ?1;

-- name: guess_forget_old
DELETE FROM guess
WHERE last_at <= ?1;

-- name: guess_trim
DELETE FROM guess
WHERE name_hash IN (
    SELECT name_hash
    FROM guess
    ORDER BY last_at DESC
    LIMIT -1 OFFSET ?1
);
