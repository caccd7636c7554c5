/* hash.c - SipHash by libsodium, XXH3 by xxHash.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/hash.h"

#include <sodium.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { WIDE_FROM = 256 }; /* bytes: shorter ones are not summed in stripes */

_Static_assert(sizeof(hash128) == crypto_shorthash_siphashx24_BYTES, "128 bits");
_Static_assert(sizeof(hash_key) == crypto_shorthash_siphashx24_KEYBYTES, "128 bits");

hash128 hash_keyed(const hash_key *key, str bytes)
{
    hash128 hash;
    unsigned char out[sizeof hash];

    crypto_shorthash_siphashx24(out, (const unsigned char *)bytes.data, bytes.len, key->bytes);
    memcpy(&hash, out, sizeof hash);
    return hash;
}

bool hash_equals(hash128 a, hash128 b)
{
    return a.low == b.low && a.high == b.high;
}

#ifdef HAVE_XXH3_DISPATCH
/* Of the library: the same sums by the widest registers that this processor has. */
XXH64_hash_t XXH3_64bits_dispatch(const void *bytes, size_t len);
XXH64_hash_t XXH3_64bits_withSeed_dispatch(const void *bytes, size_t len, XXH64_hash_t seed);

uint64_t hash_checksum(const void *bytes, size_t len)
{
    return len < WIDE_FROM ? XXH3_64bits(bytes, len) : XXH3_64bits_dispatch(bytes, len);
}

uint64_t hash_checksum_seeded(const void *bytes, size_t len, uint64_t seed)
{
    return len < WIDE_FROM ? XXH3_64bits_withSeed(bytes, len, seed)
                           : XXH3_64bits_withSeed_dispatch(bytes, len, seed);
}
#else
uint64_t hash_checksum(const void *bytes, size_t len)
{
    return XXH3_64bits(bytes, len);
}

uint64_t hash_checksum_seeded(const void *bytes, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, len, seed);
}
#endif
