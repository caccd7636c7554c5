/* arena.c - a list of blocks, each twice the size of the one before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct block {
    struct block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) char data[];
};

struct arena {
    struct block *newest;
    size_t cap;
    size_t taken; /* bytes of all blocks */
    size_t used;
    bool is_exhausted;
};

struct arena *arena_open(size_t cap_bytes)
{
    struct arena *mem = mem_alloc(sizeof *mem);

    if (mem)
        mem->cap = cap_bytes;
    return mem;
}

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *older = block->older;
        mem_free(block);
        block = older;
    }
}

void arena_close(struct arena *mem)
{
    if (!mem)
        return;
    free_blocks(mem->newest);
    mem_free(mem);
}

void arena_reset(struct arena *mem)
{
    struct block *kept = mem->newest;

    mem->used = 0;
    mem->taken = 0;
    mem->is_exhausted = false;
    if (!kept)
        return;
    free_blocks(kept->older);
    kept->older = NULL;
    memset(kept->data, 0, kept->used);
    kept->used = 0;
    mem->taken = kept->size;
}

static struct block *add_block(struct arena *mem, size_t least)
{
    size_t size = mem->newest ? mem->newest->size * 2 : FIRST_BLOCK;
    struct block *block;

    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size > mem->cap - mem->taken)
        size = mem->cap - mem->taken;
    if (size < least)
        size = least;
    if (size > mem->cap - mem->taken)
        return NULL;
    block = mem_alloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    block->older = mem->newest;
    mem->newest = block;
    mem->taken += size;
    return block;
}

void *arena_take(struct arena *mem, size_t size)
{
    struct block *block = mem->newest;
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    void *piece;

    if (rounded >= size && (!block || block->size - block->used < rounded))
        block = add_block(mem, rounded);
    if (rounded < size || !block) {
        mem->is_exhausted = true;
        return NULL;
    }
    piece = block->data + block->used;
    block->used += rounded;
    mem->used += rounded;
    return piece;
}

void *arena_array(struct arena *mem, size_t count, size_t size)
{
    size_t bytes;

    return arena_take(mem, __builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes);
}

str arena_dup(struct arena *mem, str text)
{
    char *copy = text.len < SIZE_MAX ? arena_take(mem, text.len + 1) : NULL;

    if (!copy)
        return (str){NULL, 0};
    if (text.len)
        memcpy(copy, text.data, text.len);
    return (str){copy, text.len};
}

str arena_print(struct arena *mem, const char *format, ...)
{
    va_list args, again;
    char *text = NULL;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    if (len >= 0)
        text = arena_take(mem, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text ? (str){text, (size_t)len} : (str){NULL, 0};
}

size_t arena_used(const struct arena *mem)
{
    return mem->used;
}

bool arena_is_exhausted(const struct arena *mem)
{
    return mem->is_exhausted;
}

fallible arena_exhausted(void)
{
    return fail(ERR_LIMIT, "the request needs more memory than it may use");
}
