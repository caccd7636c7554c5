-- name: migration_add
INSERT INTO migration (version, name, program, applied_at)
VALUES (?1, ?2, ?3, ?4);

-- name: migration_list
SELECT version, name, program, applied_at
FROM migration
ORDER BY version;
