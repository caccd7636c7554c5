/* entropy.h - random bytes fit for keys and nonces.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stddef.h>

struct sys;

/* Never fails: the real one stops the process rather than give weak bytes. */
void entropy_fill(struct sys *sys, void *out, size_t len);
