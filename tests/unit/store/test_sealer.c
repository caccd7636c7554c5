/* test_sealer.c - what is sealed opens with the same key, words and bytes only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/sealer.h"

#include "support/test.h"
#include "sys/sim.h"

#include <sodium.h>
#include <string.h>

static const unsigned char KEY[SEALER_KEY] = {7};

static struct sealer *open_sealer(struct sys *sys)
{
    struct sealer *sealer;

    CHECK_OK(sealer_open(sys, &sealer));
    return sealer;
}

static str unhex(const char *text)
{
    str hex = str_of(text);
    unsigned char *bytes = arena_take(test_mem, hex.len / 2 + 1);
    size_t len;

    CHECK(sodium_hex2bin(bytes, hex.len / 2 + 1, hex.data, hex.len, NULL, &len, NULL) == 0);
    return str_from(bytes, len);
}

/* Test case 16 of "The Galois/Counter Mode of Operation" (McGrew and Viega). */
TEST(sealer_opens_the_published_vector)
{
    struct sys *sys = sim_open(1);
    struct sealer *sealer = open_sealer(sys);
    str key = unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    str words = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    str plain = unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    str sealed = unhex("cafebabefacedbaddecaf888"
                       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                       "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                       "76fc6ece0f4e1768cddf8853bb2d551b");
    char out[60];

    CHECK_OK(sealer_unseal(sealer, (const unsigned char *)key.data, words, sealed, out));
    CHECK(str_equals(str_from(out, sizeof out), plain));
    sealer_close(sealer);
    sim_close(sys);
}

TEST(sealer_finds_every_flipped_bit_and_every_other_word)
{
    struct sys *sys = sim_open(1);
    struct sealer *sealer = open_sealer(sys);
    unsigned char sealed[5 + SEALER_OVERHEAD], out[5];
    str all = str_from(sealed, sizeof sealed);

    CHECK_OK(sealer_seal(sealer, KEY, S("words"), S("plain"), sealed));
    CHECK_OK(sealer_unseal(sealer, KEY, S("words"), all, out));
    CHECK(memcmp(out, "plain", 5) == 0);
    CHECK_ERR(ERR_CORRUPT, sealer_unseal(sealer, KEY, S("other"), all, out));
    CHECK_ERR(ERR_CORRUPT, sealer_unseal(sealer, KEY, S("words"), str_slice(all, 0, 27), out));
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CHECK_ERR(ERR_CORRUPT, sealer_unseal(sealer, KEY, S("words"), all, out));
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    sealer_close(sealer);
    sim_close(sys);
}

TEST(sealer_never_uses_a_nonce_twice_and_seals_nothing_too)
{
    enum { MANY = 2000 };
    struct sys *sys = sim_open(1);
    struct sealer *sealer = open_sealer(sys);
    unsigned char(*sealed)[SEALER_OVERHEAD] = arena_array(test_mem, MANY, sizeof *sealed);
    char none[1];

    for (size_t i = 0; i < MANY; i++) {
        CHECK_OK(sealer_seal(sealer, KEY, S(""), S(""), sealed[i]));
        CHECK_OK(sealer_unseal(sealer, KEY, S(""), str_from(sealed[i], sizeof sealed[i]), none));
        for (size_t before = 0; before < i; before++)
            CHECK(memcmp(sealed[i], sealed[before], SEALER_NONCE) != 0);
    }
    sealer_close(sealer);
    sim_close(sys);
}

TEST(sealer_opens_what_it_seals_on_every_processor)
{
    enum { LONGEST = 600, WAYS = 3 };
    struct sys *sys = sim_open(1);
    struct sealer *ways[WAYS] = {open_sealer(sys), open_sealer(sys), open_sealer(sys)};
    unsigned char text[LONGEST], sealed[LONGEST + SEALER_OVERHEAD], out[LONGEST];

    sealer_use_libsodium(ways[1]);
    sealer_use_openssl(ways[2]);
    for (size_t i = 0; i < LONGEST; i++)
        text[i] = (unsigned char)(i * 31 + i / 256);
    for (size_t len = 0; len <= LONGEST; len += len < 70 ? 1 : 53) {
        str plain = str_from(text, len), words = str_from(text, len % 61);
        str all = str_from(sealed, len + SEALER_OVERHEAD);

        for (size_t way = 0; way < WAYS * WAYS; way++) {
            struct sealer *here = ways[way / WAYS], *there = ways[way % WAYS];

            CHECK_OK(sealer_seal(here, KEY, words, plain, sealed));
            memset(out, 0, sizeof out);
            CHECK_OK(sealer_unseal(there, KEY, words, all, out));
            CHECK(str_equals(str_from(out, len), plain));
            sealed[len + 20] ^= 1;
            CHECK_ERR(ERR_CORRUPT, sealer_unseal(there, KEY, words, all, out));
        }
    }
    for (size_t way = 0; way < WAYS; way++)
        sealer_close(ways[way]);
    sim_close(sys);
}
