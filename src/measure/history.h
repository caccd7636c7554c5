/* history.h - the column files of a workspace: which there are and what they cover.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files follow one another in the log: file k covers the records from where file k - 1 ends. A list
 * beside them, replaced as a whole, says which files count; others are left over from a crash and
 * are removed at opening. Not locked: whoever reads keeps those who change it away.
 */
#pragma once
#include "store/columns.h"

struct arena;
struct history;
struct mask_rows;
struct source;
struct strays_rows;
struct tally;

/* Opens or creates. ERR_CORRUPT names what is damaged. */
fallible history_open(struct sys *sys, const char *folder,
                      const unsigned char workspace[COLUMNS_WORKSPACE], size_t cache_bytes,
                      struct history **out_history);
void history_close(struct history *history); /* NULL is fine */

size_t history_count(const struct history *history);
struct columns *history_file(const struct history *history, size_t at);
/* Which rows of that file do not count for the source: see mask.h. */
fallible history_mask(const struct history *history, size_t at, const struct source *source,
                      const struct mask_rows **out_rows);
/* The same without waiting; false: it has to be made. */
bool history_mask_ready(const struct history *history, size_t at, const struct source *source,
                        const struct mask_rows **out_rows);
/* Which of its rows stand under another person than they belong to now: see strays.h. */
fallible history_strays(const struct history *history, size_t at, const struct source *source,
                        const struct strays_rows **out_rows);
/* What the rows of that file are that `rows` leaves: see tally.h. */
fallible history_tally(const struct history *history, size_t at, const struct mask_rows *rows,
                       const struct tally **out_tally);
/* All records below are in the files; 1 without files. */
uint64_t history_next_seq(const struct history *history);
/* The least identity_seq of the files: joins below it are followed everywhere. */
uint64_t history_identity_seq(const struct history *history);
const char *history_folder(const struct history *history);
const unsigned char *history_workspace(const struct history *history);
size_t history_cache_bytes(const struct history *history);

/* For a file to be written; never the same twice. Any thread. */
uint32_t history_next_number(struct history *history);
uint32_t history_number(const struct history *history, size_t at);
fallible history_path(const struct history *history, uint32_t number, struct arena *mem,
                      str *out_path);
/* Takes in the file that was written as `number`, in the place of `count` files from `at` on (0:
 * behind the last). Durable on return; the replaced files are gone. On failure the new one is. */
fallible history_replace(struct history *history, uint32_t number, size_t at, size_t count);

/* Verifies every file, the list and the roster beside them (people/roster.h); reports each damage
 * in a sentence, then ERR_CORRUPT. */
fallible history_check(struct sys *sys, const char *folder,
                       const unsigned char workspace[COLUMNS_WORKSPACE],
                       void (*report)(void *, const char *), void *argument);
