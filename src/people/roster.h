/* roster.h - what a start needs of the log's older records, beside the column files.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Copies of all records but those of events, whose place the column files take: nodes with their
 * identifiers, joins and undos, deletions, and what came into quarantine and left it (without the
 * bodies). One file to which the fold appends whenever events settle, before the list of column
 * files names the new one: whatever that list covers is covered here, what lies behind it is cut
 * off at opening. The log stays the truth: a file that is missing or damaged is made anew from it.
 */
#pragma once
#include "store/log.h"

struct roster;
struct sys;

struct roster_config {
    struct sys *sys;
    const char *folder;
    const unsigned char *workspace; /* VAULT_ID_SIZE bytes */
    struct log *log;                /* to make the file anew from; not needed else */
    /* The hash of an identifier as it stands in records: where it is the same, it is left out, and
     * then needed to read the file. NULL: all are kept. */
    hash128 (*hash)(void *argument, enum node_kind kind, str text);
    void *argument;
};

enum { ROSTER_REASON = 512 };

extern const char roster_name[]; /* of the file in its folder */

/* Opens what covers the records below `next_seq`; with 1 it is created, or emptied. ERR_ABSENT,
 * ERR_CORRUPT (also where it ends earlier): roster_make helps. Verifies every byte. */
fallible roster_open(const struct roster_config *config, uint64_t next_seq,
                     struct roster **out_roster);
/* Makes the file anew of the log's records below `next_seq`. `progress` may be NULL; it may stop
 * the work by returning false (ERR_EXPIRED). */
fallible roster_make(const struct roster_config *config, uint64_t next_seq,
                     bool (*progress)(void *argument, uint64_t seq, uint64_t of), void *argument);
/* Opens, and where that cannot help makes the file anew before: then `out_reason`, of ROSTER_REASON
 * bytes, says why, and is empty else. ERR_CORRUPT: the log ends below `next_seq`. */
fallible roster_obtain(const struct roster_config *config, uint64_t next_seq,
                       bool (*progress)(void *argument, uint64_t seq, uint64_t of), void *argument,
                       char *out_reason, struct roster **out_roster);
void roster_close(struct roster *roster); /* NULL is fine */

/* Of what is durable. */
uint64_t roster_next_seq(const struct roster *roster); /* all records below are covered */
node_id roster_nodes(const struct roster *roster);     /* ids taken */
uint32_t roster_joins(const struct roster *roster);

/* A copied record and where it stands, for roster_text. */
struct roster_entry {
    struct log_record record;
    uint64_t place;
};
/* Takes some at a time; they are borrowed. */
typedef enum err roster_taker(void *argument, const struct roster_entry *entries, size_t count);
/* Gives all that is durable to `each`, in order of the log. */
fallible roster_read(const struct roster *roster, roster_taker *each, void *argument);
/* The same for a start, read by all cores into memory, once: nodes by their ids, the other records
 * in order of the log. roster_unload lets go of it; a second load is then a new one. */
struct roster_nodes {
    hash128 *hashes;  /* [0] is not used; whoever takes them over leaves NULL */
    uint8_t *kinds;   /* enum node_kind; 0 where no record of the node is there */
    uint64_t *places; /* for roster_text; 0 where there is no identifier */
    node_id count;
};
fallible roster_load(struct roster *roster, struct roster_nodes **out_nodes);
fallible roster_read_others(const struct roster *roster, roster_taker *each, void *argument);
void roster_unload(struct roster *roster);
/* Appends the identifier of `node`, whose record stands there. ERR_ABSENT: its key was destroyed.
 * ERR_CORRUPT, ERR_IO. */
fallible roster_text(struct roster *roster, uint64_t place, node_id node, struct buf *out_text);

/* Room for one more record, so that adding it cannot fail. */
fallible roster_reserve(struct roster *roster, const struct log_record *record);
/* Adds the log's next record and returns its place. One of events, or one that was added before, is
 * passed over: 0. */
uint64_t roster_add(struct roster *roster, const struct log_record *record);
/* Makes last what was added; all records below `next_seq` were. `nodes`: the ids taken by then.
 * ERR_FULL: everything is as it was. ERR_IO is final. */
fallible roster_commit(struct roster *roster, uint64_t next_seq, node_id nodes);
/* The same in three parts: others may read texts during the second, which is the slow one. */
fallible roster_begin_commit(struct roster *roster, uint64_t next_seq, node_id nodes);
fallible roster_write(struct roster *roster);
void roster_end_commit(struct roster *roster);
uint64_t roster_waiting(const struct roster *roster); /* bytes of memory, not yet committed */

/* Verifies what covers the records below `next_seq`: reports the damage in a sentence, then
 * ERR_CORRUPT. */
fallible roster_check(const struct roster_config *config, uint64_t next_seq,
                      void (*report)(void *, const char *), void *argument);
