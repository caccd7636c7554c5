/* mem.c - heap memory with one countdown for injected failures.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, PAGE = 4096 };

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

/* A page that is touched for the first time costs a trip into the kernel, under a hypervisor one
 * further; in huge pages 512 of them cost one. It is a hint: refused, nothing is lost. */
static void *advise(void *memory, size_t size)
{
    uintptr_t from = ((uintptr_t)memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    uintptr_t to = ((uintptr_t)memory + size) & ~(uintptr_t)(PAGE - 1);

    if (memory && size >= HUGE_PAGE)
        (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
    return memory;
}

void *mem_alloc(size_t size)
{
    return note(is_refused() ? NULL : advise(calloc(1, size ? size : 1), size));
}

void *mem_alloc_aligned(size_t size, size_t alignment)
{
    size_t whole = (size + alignment - 1) / alignment * alignment;
    void *memory = is_refused() ? NULL : aligned_alloc(alignment, whole ? whole : alignment);

    return note(memory ? memset(memory, 0, whole) : NULL);
}

void *mem_alloc_slab(size_t size)
{
    size_t whole = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;

    return note(is_refused() ? NULL : advise(aligned_alloc(HUGE_PAGE, whole), whole));
}

void *mem_grow(void *old, size_t size)
{
    return note(is_refused() ? NULL : advise(realloc(old, size ? size : 1), size));
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

void mem_trim(void)
{
    (void)malloc_trim(0);
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
