/* entropy.c - random bytes from whichever world it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/entropy.h"

#include "sys/sys_int.h"

void entropy_fill(struct sys *sys, void *out, size_t len)
{
    sys->verbs->fill(sys, out, len);
}
