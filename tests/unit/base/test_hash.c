/* test_hash.c - published vectors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/hash.h"
#include "support/test.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

TEST(hash_is_siphash_with_128_bits)
{
    /* From the reference implementation's vectors: key 00 01 .. 0f, input 00 01 .. */
    static const unsigned char of_none[] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                            0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
    static const unsigned char of_one[] = {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
                                           0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45};
    hash_key key;
    hash128 none, one;

    for (unsigned char i = 0; i < 16; i++)
        key.bytes[i] = i;
    none = hash_keyed(&key, S(""));
    one = hash_keyed(&key, str_from("\0", 1));
    CHECK(memcmp(&none, of_none, 16) == 0);
    CHECK(memcmp(&one, of_one, 16) == 0);
    CHECK(hash_equals(none, none) && !hash_equals(none, one));
    key.bytes[15] ^= 1;
    CHECK(!hash_equals(none, hash_keyed(&key, S(""))));
}

TEST(hash_checksum_is_xxh3)
{
    CHECK(hash_checksum("", 0) == 0x2D06800538D394C2u);
    CHECK(hash_checksum("abc", 3) == 0x78AF5F94892F3950u);
    CHECK(hash_checksum_seeded("abc", 3, 0) == hash_checksum("abc", 3));
    CHECK(hash_checksum_seeded("abc", 3, 1) != hash_checksum("abc", 3));
}

TEST(hash_checksum_of_any_length_is_the_same_on_every_processor)
{
    enum { MOST = 2100 };
    static char bytes[MOST];

    for (size_t i = 0; i < MOST; i++)
        bytes[i] = (char)(i * 31 + i / 7);
    for (size_t len = 0; len < MOST; len += len < 300 ? 1 : 61) {
        CHECK(hash_checksum(bytes, len) == XXH3_64bits(bytes, len));
        CHECK(hash_checksum_seeded(bytes, len, 42) == XXH3_64bits_withSeed(bytes, len, 42));
    }
}
