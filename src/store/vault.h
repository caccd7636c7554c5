/* vault.h - a random key for every node, and what is sealed under it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys are made and synced in chunks before any node uses them: a node that has an id has a
 * durable key. Destroying a key makes everything sealed under it unreadable for ever. Node 0 is
 * the workspace itself. Sealing (sealer.h) is bound to the workspace, the node
 * and the caller's own words.
 *
 * Files in the folder: `secret` (workspace id, hash key) and `nodes.keys` (slots with checksums).
 * Any thread may seal, unseal and hash; reserve and destroy belong to the log-writer thread.
 */
#pragma once
#include "base/hash.h"
#include "store/record.h"
#include "store/sealer.h"

struct sys;
struct vault;

enum { VAULT_OVERHEAD = SEALER_OVERHEAD, VAULT_ID_SIZE = 16 };

/* Opens the keys in `folder`; with `create` makes the folder and a new secret if there is none. */
fallible vault_open(struct sys *sys, const char *folder, bool create, struct vault **out_vault);
void vault_close(struct vault *vault); /* wipes the keys from memory; NULL is fine */

const unsigned char *vault_workspace_id(const struct vault *vault); /* VAULT_ID_SIZE bytes */
/* Keyed hash of an identifier; `domain` keeps kinds apart (a node kind, or any other byte). */
hash128 vault_hash(const struct vault *vault, unsigned char domain, str text);

/* Makes sure that every node below `count` has a durable key. ERR_FULL, ERR_IO. */
fallible vault_reserve(struct vault *vault, node_id count);
/* Makes some keys ahead of need, if there are few: vault_reserve then finds them made and synced.
 * Called now and then off the thread that reserves. ERR_FULL, ERR_IO, ERR_LIMIT. */
fallible vault_prepare(struct vault *vault);
node_id vault_reserved(const struct vault *vault);
/* How much of `nodes.keys` is durable: what a backup copies. Any thread. */
uint64_t vault_bytes(const struct vault *vault);
/* After the log was read: nodes from `used` on never held anything; slots among them that
 * hold no key get one. ERR_CORRUPT if a slot below `used` is damaged. */
fallible vault_settle(struct vault *vault, node_id used);

/* Makes sure that vault_seal cannot fail for this node: its key is in memory, alive and sound.
 * ERR_EXPIRED, ERR_CORRUPT, ERR_LIMIT, ERR_IO. */
fallible vault_ready(struct vault *vault, node_id node);
/* Brings keys of some of the newest nodes into memory, ahead of need; any thread, now and then.
 * False: all that are worth it are there, or it failed, of which whoever needs them will hear. */
bool vault_fetch(struct vault *vault);
/* Fetches what sealing for this node will touch, ahead of need. */
void vault_warm(const struct vault *vault, node_id node);
/* Writes text.len + VAULT_OVERHEAD bytes to `out`. The node's key must be reserved and alive. */
fallible vault_seal(struct vault *vault, node_id node, str associated, str text, void *out);
/* Writes sealed.len - VAULT_OVERHEAD bytes to `out`. ERR_EXPIRED: the key was destroyed;
 * ERR_CORRUPT: the bytes or the key are damaged. */
fallible vault_unseal(struct vault *vault, node_id node, str associated, str sealed, void *out);
/* Destroys the node's key, durably. */
fallible vault_destroy(struct vault *vault, node_id node);

/* Verifies every slot; those from node `used` on (see log_check) never held anything and may be
 * torn. Calls `report` with a sentence for each damage. */
fallible vault_check(struct vault *vault, node_id used, void (*report)(void *, const char *),
                     void *argument);
