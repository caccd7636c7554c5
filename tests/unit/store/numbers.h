/* numbers.h - a log that has sequence numbers to be named, and nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "crash/world.h"

/* Its numbers reach beyond `end`. */
struct world numbers_log(uint32_t end);
