/* seen_filter.c - tells of most new ids that they are not in a run, without touching the disk.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A split-block Bloom filter as in Apache Parquet: of one block of eight words, one bit in each.
 * Ids are keyed hashes already, so their own bits serve.
 */
#include "store/seen_filter.h"

#include "base/mem.h"

enum { BITS_PER_ID = 12, BLOCK_SIZE = 32 };

uint64_t seen_filter_blocks(uint64_t ids)
{
    return ids * BITS_PER_ID / (8 * BLOCK_SIZE) + 1;
}

bool seen_filter_open(struct seen_filter *filter, uint64_t ids)
{
    uint64_t block_count = seen_filter_blocks(ids);
    char *memory = mem_alloc(block_count * BLOCK_SIZE + BLOCK_SIZE);

    if (!memory)
        return false;
    filter->memory = memory;
    /* Aligned, so that no block lies in two cache lines. */
    filter->blocks = (void *)(memory + (BLOCK_SIZE - (uintptr_t)memory % BLOCK_SIZE) % BLOCK_SIZE);
    filter->block_count = block_count;
    return true;
}

void seen_filter_close(struct seen_filter *filter)
{
    mem_free(filter->memory);
    *filter = (struct seen_filter){0};
}

static uint32_t bit_of(hash128 id, unsigned word)
{
    static const uint32_t salts[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                      0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

    return 1u << ((uint32_t)id.high * salts[word] >> 27);
}

struct seen_filter_bits seen_filter_bits_of(hash128 id)
{
    struct seen_filter_bits bits;
    uint32_t words[8];

    _Static_assert(sizeof words == sizeof bits, "a block");
    for (unsigned word = 0; word < 8; word++)
        words[word] = bit_of(id, word);
    memcpy(&bits, words, sizeof bits);
    return bits;
}

void seen_filter_add(struct seen_filter *filter, hash128 id)
{
    struct seen_filter_bits bits = seen_filter_bits_of(id);
    uint32_t *block = seen_filter_block(filter, id);
    uint64_t words[4];

    memcpy(words, block, sizeof words);
    for (unsigned i = 0; i < 4; i++)
        words[i] |= bits.words[i];
    memcpy(block, words, sizeof words);
}
