/* mem.h - heap memory that may run out, and says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every allocation of Myriad goes through here, so that a test can make the k-th one fail. All
 * return NULL when there is no memory; the caller answers ERR_LIMIT through mem_exhausted().
 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

void *mem_alloc(size_t size); /* zeroed */
/* Zeroed, at an address that is a multiple of `alignment`, a power of two. Not for mem_grow. */
void *mem_alloc_aligned(size_t size, size_t alignment);
/* Not zeroed; in huge pages where the system has them, so `size` had better be a multiple of 2 MiB:
 * for what is written from one end to the other and goes on to the next slab. Not for mem_grow. */
void *mem_alloc_slab(size_t size);
void *mem_grow(void *old, size_t size); /* like realloc; new bytes not zeroed */
void mem_free(void *memory);            /* NULL is fine */
char *mem_text(const char *text);       /* a copy of a C string, or NULL */
/* Gives what is free back to the system: after a job that took much and will not come soon. */
void mem_trim(void);
fallible mem_exhausted(void); /* ERR_LIMIT with its sentence */

/* Was an allocation of this thread refused since it last asked? Tells a machine without memory from
 * a request over its own bound, which are both ERR_LIMIT. */
bool mem_was_refused(void);

/* Test hook: the `countdown`-th allocation from now on fails once; 0 turns it off. */
void mem_fail_after(long countdown);
/* Allocations since the start of the process. */
long mem_calls(void);
