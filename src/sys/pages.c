/* pages.c - mmap without a file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/pages.h"

#include <sys/mman.h>

void *pages_take(size_t size)
{
#ifdef __SANITIZE_ADDRESS__
    (void)size;
    return NULL; /* a sanitizer sees nothing of it */
#else
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
#endif
}

void pages_give(void *memory, size_t size)
{
    /* To give up a part of what the system keeps as one may be one part too many. */
    if (munmap(memory, size))
        (void)madvise(memory, size, MADV_DONTNEED);
}
