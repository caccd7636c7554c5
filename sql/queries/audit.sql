-- name: audit_head_get
SELECT seq, hash
FROM audit_head
WHERE id = 1;

-- name: audit_head_put
UPDATE audit_head
SET seq = ?1, hash = ?2
WHERE id = 1;

-- name: audit_add
INSERT INTO audit (seq, record, hash)
VALUES (?1, ?2, ?3);

-- name: audit_list
SELECT seq, record, hash
FROM audit
WHERE seq < ?1
ORDER BY seq DESC
LIMIT ?2;

-- name: audit_told
SELECT seq || ' ' || hex(hash) || ' ' || length(CAST(record AS BLOB)) || ' ' || record
FROM audit
ORDER BY seq;

-- name: audit_head_told
SELECT seq || ' ' || hex(hash) || ' 0 '
FROM audit_head;
