/* flips.c - to be written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/crash.h"

void crash_flips(struct crash_run *run)
{
    run->failed++;
}
