/* domain.h - names of hosts: their form for the wire, and the part that somebody registered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* The name as DNS carries it, by UTS 46 (non-transitional, with all its checks: hyphens, bidi,
 * joiners, STD3, lengths). Absent when it is no name. ERR_LIMIT. */
fallible domain_ascii(str name, struct arena *mem, str *out_ascii);
/* The public suffix and one label more, in lower case, by the Public Suffix List: "example.co.uk"
 * of "www.Example.co.uk". Absent where there is none: a suffix itself, an address, a leading dot.
 * ERR_LIMIT. */
fallible domain_registrable(str name, struct arena *mem, str *out_registrable);
