/* hash.h - keyed hashes for identifiers, plain ones for checksums.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"

/* 128 bits; equal hashes are taken for equal inputs. */
typedef struct hash128 {
    uint64_t low;
    uint64_t high;
} hash128;

typedef struct hash_key {
    unsigned char bytes[16];
} hash_key;

/* SipHash-2-4 with 128 bits of output (Aumasson & Bernstein): of no use without the key. */
hash128 hash_keyed(const hash_key *key, str bytes);
bool hash_equals(hash128 a, hash128 b);
/* XXH3, 64 bits: finds damage, resists nobody. */
uint64_t hash_checksum(const void *bytes, size_t len);
uint64_t hash_checksum_seeded(const void *bytes, size_t len, uint64_t seed);
