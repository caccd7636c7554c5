/* analysis.h - tells the static analyser what it cannot see across files: failing is not OK.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Included in front of every file by tools/check.sh, never by the build. Without it the analyser
 * follows paths on which fail() returns OK and outputs stay unwritten.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#define fail(code, ...) ((void)fail(code, __VA_ARGS__), (code))
#define mem_exhausted() fail(ERR_LIMIT, "no memory")
#define arena_exhausted() fail(ERR_LIMIT, "no memory")
