/* columns_format.c - checksums of a columns file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_format.h"

#include "base/hash.h"

#include <stddef.h>

_Static_assert(sizeof(struct columns_head) == 144, "a head as it stands on disk");
_Static_assert(sizeof(struct columns_stripe_entry) == 40, "a stripe as it stands on disk");
_Static_assert(sizeof(struct columns_piece) == 32, "a piece as it stands on disk");
_Static_assert(sizeof(struct columns_kind_entry) == 8, "a kind as it stands on disk");
_Static_assert(sizeof(struct columns_property_entry) == 8, "a property as it stands on disk");

uint64_t columns_format_head_checksum(const struct columns_head *head)
{
    return hash_checksum(head, offsetof(struct columns_head, checksum));
}

uint64_t columns_format_checksum(const void *bytes, size_t len, uint64_t at)
{
    return hash_checksum_seeded(bytes, len, at);
}
