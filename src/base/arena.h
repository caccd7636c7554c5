/* arena.h - memory of one request or job: taken piece by piece, given back at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * An arena has a cap. Over it, or when the heap is empty, arena_take returns NULL and the caller
 * answers arena_exhausted(). Pieces are zeroed and aligned for any type. Not shared by threads.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct arena;

struct arena *arena_open(size_t cap_bytes); /* NULL without memory */
void arena_close(struct arena *mem);        /* NULL is fine */
void arena_reset(struct arena *mem);        /* forgets all pieces, keeps one block for reuse */
void *arena_take(struct arena *mem, size_t size);
/* Room for `count` of `size` bytes each; NULL also when the product overflows. */
void *arena_array(struct arena *mem, size_t count, size_t size);
/* A copy with a NUL behind it; data is NULL without memory. */
str arena_dup(struct arena *mem, str text);
/* printf into the arena; an absent str without memory. */
str arena_print(struct arena *mem, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t arena_used(const struct arena *mem);
/* Was a piece refused since it was opened or reset? For who asks once, when all is done. */
bool arena_is_exhausted(const struct arena *mem);
fallible arena_exhausted(void); /* ERR_LIMIT with its sentence */
