/* unpack.h - what gzip (RFC 1952) and zstd (RFC 8878) packed, piece by piece.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Several members or frames one behind the other are one content, as their own tools read them.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct unpack;

enum unpack_kind { UNPACK_NOTHING, UNPACK_GZIP, UNPACK_ZSTD };

/* By the first bytes of a file. */
enum unpack_kind unpack_recognise(str head);
fallible unpack_open(enum unpack_kind kind, struct unpack **out_unpack); /* not UNPACK_NOTHING */
void unpack_close(struct unpack *unpack);                                /* NULL is fine */
/* Unpacks from the start of `*packed`, which it cuts off, into at most `room` bytes of `out`.
 * ERR_CORRUPT: damaged. Takes or gives something unless there is nothing left to take. */
fallible unpack_step(struct unpack *unpack, str *packed, void *out, size_t room, size_t *out_len);
/* May the packed bytes end here? False: they are cut short. */
bool unpack_is_whole(const struct unpack *unpack);
