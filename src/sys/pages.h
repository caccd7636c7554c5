/* pages.h - memory in pages of its own, which goes back to the system at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * For what stays long and is given up by another thread than took it: the heap of each would keep
 * the holes.
 */
#pragma once
#include <stddef.h>

enum { PAGES_SIZE = 4096 };

/* Zeroed; `size` is a multiple of PAGES_SIZE. NULL also where the system has no room for one more
 * piece: then the heap may have. */
void *pages_take(size_t size);
void pages_give(void *memory, size_t size);
