/* visitor.h - who a line of a web server's log is of, without the address being kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The anonymousId is a keyed hash of address and user agent. Its key never leaves the data folder:
 * an import over HTTP sends `visitor` instead of any identifier, "ADDRESS AGENT", and the server
 * puts the anonymousId in its place before anything is stored.
 */
#pragma once
#include "base/hash.h"

enum { VISITOR_BYTES = 32 }; /* of the anonymousId */

struct vault;

/* The folder's key of visitors. */
hash_key visitor_key(const struct vault *vault);
/* Writes VISITOR_BYTES. `who` is the address, a space, the agent: an address holds none, so no two
 * visitors write the same. */
void visitor_write(const hash_key *key, str who, char *out);
