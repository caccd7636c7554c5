/* sim.h - a world in memory: virtual clock, a disk that knows what was synced, faults on demand.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Deterministic: the same seed and the same calls give the same bytes. One thread. Every bare call
 * that touches a file or folder is one *operation*, counted from 1: what is interrupted or goes by
 * parts counts again, file_load and file_replace are several.
 *
 * The disk keeps for each file what was synced and, as pieces in order, what was written since;
 * for each folder the entries that a folder_sync made last and the creations, renames and removals
 * since. A file's own sync does not make its folder entry last. sim_lose_power() decides what of
 * the unsynced survives, forgets every open handle and lock, resets every connection, and leaves a
 * disk to start from. A move between folders lasts in both or in neither: syncing one of them makes
 * all changes of folders last, as a journal does. Paths with ".." are refused.
 *
 * The network (net.h) is memory too; a poller_wait with nothing ready returns at once. While the
 * power is gone nothing can be sent or accepted. Entropy differs after each power loss.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

struct sys;

enum sim_loss {
    SIM_CLEAN,     /* everything unsynced is gone */
    SIM_KEPT,      /* everything survives, as after a kill of the process alone; what was not synced
                      still is not */
    SIM_TORN,      /* a prefix of the unsynced operations survives; of the last piece, some of its
                      512-byte sectors */
    SIM_REORDERED, /* each sector and each size comes back as it was at some instant since the sync,
                      each at its own; any subset of the folder changes survives */
};

enum sim_fault {
    SIM_EIO,
    SIM_ENOSPC, /* only where an operation takes room: growing, creating, renaming */
    SIM_EINTR,  /* interrupted once: the call must go on by itself and succeed */
    SIM_SHORT,  /* transfers a part first: the call must go on by itself and succeed */
};

struct sys *sim_open(uint64_t seed); /* NULL without memory */
void sim_close(struct sys *sys);     /* NULL is fine; close files, sockets and pollers before */

void sim_set_clock(struct sys *sys, millis now); /* wall clock; may go back */
void sim_advance(struct sys *sys, millis span);  /* both clocks */

uint64_t sim_operations(const struct sys *sys);
/* Operation number `operation` (counted from the start) meets `fault`. 0 turns it off. A failed
 * sync leaves its unsynced pieces in doubt: dropped or kept by the seed, and reported clean by a
 * second sync, as Linux does. */
void sim_fail_at(struct sys *sys, uint64_t operation, enum sim_fault fault);
/* Power goes at this operation: it and every later one fails with ERR_IO without any effect
 * (what the operation would have done counts as unsynced: it may survive in part). 0: off. */
void sim_stop_at(struct sys *sys, uint64_t operation);
bool sim_is_stopped(const struct sys *sys);
/* Ends the stop; what is not synced is decided by `loss` and `seed`. All handles are dead: closing
 * them is still needed. */
void sim_lose_power(struct sys *sys, enum sim_loss loss, uint64_t seed);

/* A bound for all bytes on the disk (allocated counts): beyond it ERR_FULL. 0: none. */
void sim_set_room(struct sys *sys, uint64_t bytes);
/* Mutations for testing the tests: calls that lie. */
void sim_ignore_file_syncs(struct sys *sys, bool ignored);
void sim_ignore_folder_syncs(struct sys *sys, bool ignored);

/* Direct access for tests: flips bit `bit` of byte `offset` of a file; ERR_ABSENT. */
fallible sim_flip(struct sys *sys, const char *path, uint64_t offset, unsigned bit);
/* All files as "path size" lines, each folder's names by bytes; and a digest over names and
 * contents. */
struct buf;
void sim_list(const struct sys *sys, struct buf *out);
uint64_t sim_digest(const struct sys *sys);
