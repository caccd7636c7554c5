/* mem.c - heap memory with one countdown for injected failures.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_long calls;
static atomic_long fail_at; /* the number of the call that fails; 0 for none */

static _Thread_local bool was_refused;

static void *note(void *memory)
{
    was_refused = was_refused || !memory;
    return memory;
}

static int is_refused(void)
{
    long call = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) + 1;

    return call == atomic_load_explicit(&fail_at, memory_order_relaxed);
}

void *mem_alloc(size_t size)
{
    return note(is_refused() ? NULL : calloc(1, size ? size : 1));
}

void *mem_alloc_aligned(size_t size, size_t alignment)
{
    size_t whole = (size + alignment - 1) / alignment * alignment;
    void *memory = is_refused() ? NULL : aligned_alloc(alignment, whole ? whole : alignment);

    return note(memory ? memset(memory, 0, whole) : NULL);
}

void *mem_grow(void *old, size_t size)
{
    return note(is_refused() ? NULL : realloc(old, size ? size : 1));
}

void mem_free(void *memory)
{
    free(memory);
}

char *mem_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mem_alloc(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

bool mem_was_refused(void)
{
    bool was = was_refused;

    was_refused = false;
    return was;
}

fallible mem_exhausted(void)
{
    return fail(ERR_LIMIT, "out of memory");
}

void mem_fail_after(long countdown)
{
    atomic_store(&fail_at, countdown > 0 ? atomic_load(&calls) + countdown : 0);
}

long mem_calls(void)
{
    return atomic_load(&calls);
}
