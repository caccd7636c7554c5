/* import_source.h - the content of a file, unpacked where it is packed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct import_source;
struct sys;

/* Packed files are known by their first bytes; one that is named .gz or .zst and is not packed so
 * is refused. */
fallible import_source_open(struct sys *sys, const char *path, struct import_source **out_source);
void import_source_close(struct import_source *source); /* NULL is fine */
/* Reads at least one byte; *out_len == 0: the end. ERR_CORRUPT: an archive is damaged or cut
 * short. */
fallible import_source_read(struct import_source *source, void *out, size_t room, size_t *out_len);
/* How far it was read, in bytes of the file as it is. */
void import_source_place(const struct import_source *source, uint64_t *out_done, uint64_t *out_of);
/* The path without what says how it is packed. */
str import_source_name(str path);
