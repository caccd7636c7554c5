/* verdicts.h - which events turned out to be a machine's, or a human's, after they were stored.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event tells the verdict that it came with; a revision, a RECORD_VERDICTS of the log, outranks
 * it, and a later one outranks that. This is the fold of them: a revision of several parts is taken
 * in whole, once its last part is there. Any thread may ask; one at a time changes anything.
 */
#pragma once
#include "base/time.h"
#include "store/deleted.h"

struct log;
struct log_record;
struct verdicts;

enum verdict { VERDICT_UNREVISED, VERDICT_HUMAN, VERDICT_MACHINE };

/* `part_bytes`: a record of ranges is ended there; 0: 1 MiB. */
fallible verdicts_open(size_t part_bytes, struct verdicts **out_verdicts);
void verdicts_close(struct verdicts *verdicts); /* NULL is fine */

/* Folds one record of that kind. ERR_LIMIT: the same may be given again. ERR_CORRUPT. */
fallible verdicts_apply(struct verdicts *verdicts, const struct log_record *record);

struct verdicts_revision {
    millis at;
    enum verdict verdict; /* of all of them */
};
/* Writes a revision of what was found, which must not be empty, to the log and takes it in: on
 * return it is durable, `found` empty. For the log's writer, outside a group. ERR_FULL, ERR_LIMIT:
 * nothing has changed. */
fallible verdicts_write(struct verdicts *verdicts, struct log *log,
                        const struct verdicts_revision *revision, struct deleted *found);

/* As it was last revised; any thread; of NULL: it was not. */
enum verdict verdicts_find(struct verdicts *verdicts, uint64_t seq);

/* For who keeps changes away; of NULL: none was. */
enum verdict verdicts_look(const struct verdicts *verdicts, uint64_t seq);
/* Was any of [from, to) revised? */
bool verdicts_has(const struct verdicts *verdicts, uint64_t from, uint64_t to);
/* A number that grows with each revision of some of [from, to), or of what lies beside them. */
uint64_t verdicts_version(const struct verdicts *verdicts, uint64_t from, uint64_t to);
